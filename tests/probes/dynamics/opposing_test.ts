/** Rows that swing: against gradient descent in NumPy, and the table of the toy. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { resolveConfig } from "../../../lib/config/config.ts";
import { initialState } from "../../../lib/engine/state.ts";
import { makeExperiment } from "../../../lib/experiment/experiment.ts";
import { probe } from "../../../lib/probes/asking/probe_checkpoint.ts";
import {
  curveOf,
  type GroupMoves,
  groupsOf,
  movesOf,
} from "../../../lib/probes/dynamics/group_moves.ts";
import { rowLosses } from "../../../lib/probes/dynamics/row_losses.ts";
import { mean } from "../../../lib/numeric/statistics.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { checkpointPath } from "../../../lib/runs/layout.ts";
import { train } from "../../../lib/train/train.ts";
import { assertClose, golden } from "../../_golden.ts";

const TOY = {
  task: "opposing-signals",
  loss: "squared-error",
  hidden: [20],
  activation: "identity",
  init: "lecun-normal",
  initScale: 0.3,
  biases: false,
  optimizer: "sgd",
  perpGrad: false,
  precision: "float64",
  lossPrecision: "float64",
  threads: 1,
} as const;

Deno.test("rowLosses() are those of gradient descent in NumPy, and so are groups and moves", async () => {
  const { inputs, targets, W, v, k, runs } = await golden<{
    inputs: number[][];
    targets: number[][];
    W: number[][];
    v: number[];
    k: number;
    runs: {
      rate: number;
      losses: number[][];
      rising: number[];
      falling: number[];
      moves: GroupMoves;
    }[];
  }>("probes/opposing");
  const rows = { inputs, labels: [], targets };
  for (const { rate: lr, losses, rising, falling, moves } of runs) {
    const hidden = [v.length];
    const config = resolveConfig({
      ...TOY,
      lr,
      hidden,
      signalFeatures: inputs[0]!.length - 1,
    });
    const experiment = {
      ...makeExperiment(config),
      split: { train: rows, test: rows },
      params: {
        layers: {
          0: {
            W: hostTensorOf("float64", [W.length, v.length], W.flat()),
          },
          1: { W: hostTensorOf("float64", [v.length, 1], v) },
        },
      },
    };
    const state = await initialState(experiment);
    const steps = losses.length - 1;
    const found = await rowLosses(experiment, { step: 0, state }, steps);
    // Thirty updates of sums of 120 products in float64, losses up to some hundreds.
    const tolerance = { relative: 1e-9, absolute: 1e-10 };
    losses.forEach((wanted, t) => {
      assertClose(found.train[t]!, wanted, tolerance, `losses at ${t}, ${lr}`);
      assertEquals(found.test[t], found.train[t]);
    });
    const groups = groupsOf(found.train[0]!, found.train[1]!, k);
    assertEquals(groups, { rising, falling });
    const own = movesOf(
      curveOf(found.train, groups.rising),
      curveOf(found.train, groups.falling),
      found.train.map((losses) => mean(losses)),
    );
    assertEquals(
      [own.opposition, own.flips],
      [moves.opposition, moves.flips],
    );
    assertClose(
      [own.group_change, own.leverage!],
      [moves.group_change, moves.leverage!],
      { relative: 1e-6, absolute: 0 },
      "changes",
    );
  }
});

// The table of the two-layer linear network: at η 0.45, beyond 2/λ of its valley, the
// groups oppose each other and turn at every update, thousands of times as far as the
// mean over all rows; at η 0.02 they drift, and hardly ever turn.
Deno.test("opposing-signals: groups turn at every update at the edge, and not far from it", async () => {
  const at = async (lr: number) => {
    const run = await Deno.makeTempDir();
    const config = { ...TOY, lr, steps: 20, checkpointEvery: 20 };
    await train(config, { run });
    const path = checkpointPath(run, 20);
    const told = { settings: { swingSteps: 200 } };
    const { probes } = await probe(path, ["opposing-signals"], told);
    await assertRejects(
      () =>
        probe(path, ["opposing-signals"], { settings: { swingRows: 2001 } }),
      Error,
      "--swing-rows must be at most 2000",
    );
    return probes["opposing-signals"]!;
  };
  const edge = await at(0.45);
  assertEquals([edge.samples, edge.group_rows], [4000, 40]);
  assertEquals(edge.losses.all.length, 201);
  assertEquals([edge.groups.opposition, edge.groups.flips], [1, 1]);
  assert(edge.groups.leverage! > 1000, `${edge.groups.leverage}`);
  assert(edge.groups.leverage! > 10 * edge.control.leverage!);
  assert(edge.gradients.cosine! < -0.9);
  const far = await at(0.02);
  assert(far.groups.flips <= 0.02, `${far.groups.flips}`);
  assert(far.groups.leverage! < 100, `${far.groups.leverage}`);
});

Deno.test("movesOf() on curves by hand", () => {
  // +1 −1 +1 against −1 +1 +1: opposed twice of three; two turns of two, one of two.
  assertEquals(
    movesOf([0, 1, 0, 1], [2, 1, 2, 3], [0, 0.5, 0, 0.5]),
    { opposition: 2 / 3, flips: 3 / 4, group_change: 1, leverage: 2 },
  );
  assertEquals(movesOf([0, 1], [0, 1], [3, 3]).leverage, null);
});

Deno.test("groupsOf() takes the largest rises and the largest falls", () => {
  const [before, after] = [
    Float64Array.of(0, 0, 0, 0, 0),
    Float64Array.of(1, -2, 3, 0, -1),
  ];
  assertEquals(groupsOf(before, after, 2), { rising: [2, 0], falling: [1, 4] });
});
