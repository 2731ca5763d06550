/** Measures of two tasks: by hand on constructed curves, and NumPy's. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import {
  type ContinualMeasures,
  continualMeasures,
  gapOf,
  switchStep,
  windowedChange,
} from "../../../lib/probes/dynamics/stability_gap.ts";
import { NotApplicableError, probeRun } from "../../../lib/probes/mod.ts";
import { type ConfigInput, resolveConfig } from "../../../lib/config/config.ts";
import { train } from "../../../lib/train/train.ts";
import { golden } from "../../_golden.ts";
import { metricsRows, withTempDir } from "../../tasks/_run.ts";
import { assertSameRun, copyRun } from "../../train/_runs.ts";

Deno.test("measures of a first task that falls and comes back, by hand", () => {
  // Learnt at place 2; falls to a quarter at 4, is back but for a tenth at the end.
  const first = [0, 0.5, 1, 0.5, 0.25, 0.75, 0.9];
  const second = [0.1, 0, 0.2, 0.4, 0.5, 0.7, 0.8];
  const curves = { accuracies: [first, second], begins: [0, 2], ends: [2] };
  const found = continualMeasures(curves, [2, 3, 10]);
  const close = (a: number, b: number) => assertAlmostEquals(a, b, 1e-12);
  close(found.acc, 0.85);
  close(found.forg, 0.1);
  close(found.min_acc, 0.25);
  close(found.wc_acc, 0.8 / 2 + 0.25 / 2);
  // Two evaluations are neighbours: the first falls by 0.5, the second never.
  close(found.wf["2"]!, 0.25);
  close(found.wf["3"]!, 0.375);
  close(found.wf["10"]!, 0.375);
  // Rises of the first from 0.5 to 1, 0 to 1, 0 to 1; of the second from 0.2 on.
  close(found.wp["2"]!, (0.5 + 0.2) / 2);
  close(found.wp["3"]!, (1 + 0.3) / 2);
  close(found.wp["10"]!, (1 + 0.6) / 2);
  assertEquals(gapOf(first, 2, 0.95), { lowest: 4, back: null });
  assertEquals(gapOf(first, 2, 0.9), { lowest: 4, back: 6 });
  assertEquals(gapOf(first, 2, 0.75), { lowest: 4, back: 5 });
  // What is not lost yet has not come back.
  assertEquals(gapOf([1, 0.99, 0.2, 1], 0, 0.95), { lowest: 2, back: 3 });
});

Deno.test("the place before the second task is not in its gap", () => {
  const accuracies = [[0, 0.3, 0.6, 0.9], [0, 0, 0.5, 1]];
  const found = continualMeasures({ accuracies, begins: [0, 1], ends: [1] });
  assertEquals([found.min_acc, found.forg], [0.6, 0.3 - 0.9]);
});

Deno.test("a window is as many evaluations as it says", () => {
  assertEquals(windowedChange([1, 0.5, 0], 2), { fall: 0.5, rise: 0 });
  assertEquals(windowedChange([1, 0.5, 0], 3), { fall: 1, rise: 0 });
  assertEquals(windowedChange([0.5], 10), { fall: 0, rise: 0 });
});

Deno.test("measures are NumPy's", async () => {
  type Case = ContinualMeasures & {
    accuracies: number[][];
    begins: number[];
    ends: number[];
    windows: number[];
  };
  const { cases } = await golden<{ cases: Case[] }>("probes/continual");
  assert(cases.length > 2);
  for (const { accuracies, begins, ends, windows, ...expected } of cases) {
    const found = continualMeasures({ accuracies, begins, ends }, windows);
    const flat = ({ wf, wp, ...rest }: ContinualMeasures) =>
      Object.entries({
        ...rest,
        ...Object.fromEntries(
          Object.entries(wf).map(([d, x]) => [`wf${d}`, x]),
        ),
        ...Object.fromEntries(
          Object.entries(wp).map(([d, x]) => [`wp${d}`, x]),
        ),
      }).toSorted(([a], [b]) => a < b ? -1 : 1);
    const pairs = flat(expected);
    assertEquals(flat(found).map(([name]) => name), pairs.map(([n]) => n));
    for (const [i, [name, x]] of flat(found).entries()) {
      // Sums of two or three numbers below 1.
      assertAlmostEquals(x, pairs[i]![1], 1e-14, name);
    }
  }
});

Deno.test("measures of what is no sequence are refused", () => {
  const [a, b] = [[0, 1, 0.5], [0, 0, 1]];
  const refused = (curves: object, message: string, windows?: number[]) =>
    assertThrows(
      () =>
        continualMeasures({
          accuracies: [a, b],
          begins: [0, 1],
          ends: [1],
          ...curves,
        }, windows),
      RangeError,
      message,
    );
  refused({ accuracies: [a] }, "two tasks or more");
  refused({ accuracies: [a, [0, 1]] }, "at each evaluation, got 3 and 2");
  refused({ ends: [2] }, "must follow every beginning and end");
  refused({ ends: [] }, "2 beginnings and 1 ends");
  refused({ begins: [0, -1] }, "must follow");
  refused({}, "an integer of 2 or more, got 1", [1]);
});

const CONFIG: ConfigInput = {
  task: "add-then-product",
  modulus: 5,
  hidden: [8],
  steps: 24,
  evalEvery: 1,
  checkpointEvery: 4,
  threads: 1,
  switches: [{
    at: 10,
    config: { currentTask: 2, replay: 0.3, newLossWeight: 0.5 },
  }],
};

Deno.test("stability-gap reads a run, which resumes across the switch in the same bytes", () =>
  withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(CONFIG, { run: whole });
    const rows = await metricsRows(whole) as unknown as Record<
      string,
      number
    >[];
    const { probes } = await probeRun(whole, ["stability-gap"]);
    const found = probes["stability-gap"]!;
    assertEquals(
      [found.switch_at, found.evaluated_every, found.replay],
      [10, 1, 0.3],
    );
    const after = rows.filter(({ step }) => step! > 10);
    for (const part of ["train", "test"] as const) {
      const first = after.map((row) => row[`task1_${part}_accuracy`]!);
      assertEquals(found[part].min_acc, Math.min(...first));
      assertEquals(found[part].before, rows[10]![`task1_${part}_accuracy`]);
      assertEquals(
        found[part].lowest_at,
        after[first.indexOf(Math.min(...first))]!.step,
      );
    }
    // The trained rows are the new ones and the replayed ones, half and half.
    assertEquals(rows[10]!["test_loss"], rows[10]!["task2_test_loss"]);
    assertEquals(rows[9]!["test_loss"], rows[9]!["task1_test_loss"]);
    for (const last of [8, 12]) {
      const run = join(dir, `${last}`);
      await copyRun(whole, run);
      await Deno.remove(join(run, "summary.json"));
      for (const step of [12, 16, 20, 24].filter((step) => step > last)) {
        const name = `step-${String(step).padStart(8, "0")}.onnx`;
        await Deno.remove(join(run, "checkpoints", name));
      }
      await train(CONFIG, { run, resume: true });
      await assertSameRun(run, whole, `from step ${last}`);
    }
  }));

Deno.test("stability-gap says what a run lacks", () =>
  withTempDir(async (dir) => {
    const small = { ...CONFIG, modulus: 3, steps: 6, checkpointEvery: null };
    const refused = async (config: ConfigInput, message: string) => {
      const run = join(dir, message);
      await train({ ...small, ...config }, { run });
      await assertRejects(
        () => probeRun(run, ["stability-gap"]),
        NotApplicableError,
        message,
      );
    };
    await refused({ switches: [] }, "does not learn a second task");
    const at3 = [{ at: 3, config: { currentTask: 2 } }];
    await refused(
      { switches: at3, evalEvery: 2 },
      "no evaluation at the switch",
    );
  }));

Deno.test("the second task begins at the switch that names it, or at the start", () => {
  const config = resolveConfig({ ...CONFIG, switches: [] });
  assertEquals(switchStep(config), undefined);
  assertEquals(
    switchStep(resolveConfig({
      ...CONFIG,
      switches: [{ at: 3, config: { lr: 1 } }, ...CONFIG.switches!],
    })),
    10,
  );
  const from = { path: "x", step: 7, sha256: "0".repeat(64), optimizer: null };
  assertEquals(switchStep({ ...config, currentTask: 2 }), undefined);
  assertEquals(switchStep({ ...config, currentTask: 2, from }), 7);
});
