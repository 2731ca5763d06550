/**
 * The stability gap: how far a first task falls while a second one is learnt, by
 * how much of it is replayed; of a circuit that has grokked, and of memory.
 *
 * @module
 */

import type { Chart, Panel, Series } from "../../charts/chart.ts";
import { resolveConfig } from "../../config/config.ts";
import { maxOf, minOf } from "../../base/extremes.ts";
import { median } from "../../numeric/statistics.ts";
import {
  stabilityGapOf,
  switchStep,
} from "../../probes/dynamics/stability_gap.ts";
import { readConfig, readMetrics } from "../../runs/read.ts";
import type { Arm, Figure, Json, Results, Row, RunRecord } from "../figure.ts";
import { mlp, pytorchBetas } from "../paper/settings.ts";
import { shareAxis } from "../panels.ts";
import { measured, measureOf, percent } from "../readings.ts";
import { claims, gapIn, type Part, REPLAYED } from "./stability_gap_rules.ts";

/** Updates of the second task. */
const SECOND = 400;
/** Evaluations behind the switch that a record keeps. */
const KEPT = 100;

const first = {
  ...mlp,
  ...pytorchBetas,
  task: "add-then-product",
  modulus: 31,
  hidden: [128, 128],
  trainFraction: 0.8,
  loss: "softmax",
  lossPrecision: "float32",
  lr: 0.01,
  weightDecay: 1,
  weightDecayKind: "decoupled",
  // A gap lasts some ten steps.
  evalEvery: 1,
} as const;

// When the first task ends: grokked, or only just memorised.
const GROKKED = 800;
const MEMORISED = 60;

function arm(
  name: string,
  label: string,
  at: number,
  share: number,
  decay = 1,
): Arm {
  const next = {
    currentTask: 2,
    ...(share > 0 && { replay: share / 100, newLossWeight: 0.5 }),
    ...(decay !== 1 && { weightDecay: 1 }),
  };
  return {
    name,
    label,
    config: {
      ...first,
      weightDecay: decay,
      steps: at + SECOND,
      switches: [{ at, config: next }],
    },
    // A run takes seconds as it is.
    quick: {},
  };
}

const grokked = REPLAYED.map((share) =>
  arm(`grokked-${share}`, `grokked, ${share} % replayed`, GROKKED, share)
);
const memory = [20, 100].map((share) =>
  arm(`memory-${share}`, `memory, ${share} % replayed`, MEMORISED, share)
);
const long = arm(
  "long-100",
  "memory, trained as long without decay, 100 % replayed",
  GROKKED,
  100,
  0,
);
const arms: Arm[] = [...grokked, ...memory, long];

// The measures of the probe, of every evaluation.
async function gap(run: string): Promise<Json> {
  const found = stabilityGapOf(
    resolveConfig(await readConfig(run)),
    await readMetrics(run),
  );
  return found as unknown as Json;
}

// The first task's accuracies at the switch and behind it, step by step.
async function after(run: string): Promise<Json> {
  const at = switchStep(resolveConfig(await readConfig(run))) ?? 0;
  const rows = (await readMetrics(run))
    .filter(({ step }) => step >= at && step <= at + KEPT);
  const digits = (name: string) =>
    rows.map((row) => Number(row[name]!.toPrecision(4)));
  return {
    train: digits("task1_train_accuracy"),
    test: digits("task1_test_accuracy"),
  };
}

function lines(results: Results, some: readonly Arm[], part: Part): Series[] {
  return some.map(({ name, label }, i) => {
    const curves = results.of(name).map((run) =>
      measureOf<Record<Part, number[]>>(run, "after")[part]
    );
    const length = curves.length === 0
      ? 0
      : minOf(curves.map(({ length }) => length));
    const points = Array.from({ length }, (_, x) => {
      const ys = curves.map((curve) => curve[x]!);
      return { x, y: median(ys), low: minOf(ys), high: maxOf(ys) };
    });
    return {
      name: label,
      colour: arms.findIndex((arm) => arm === some[i]),
      points,
    };
  });
}

function chart(results: Results): Chart {
  const panel = (title: string, some: readonly Arm[], part: Part): Panel => ({
    title,
    x: { label: "steps since the second task began" },
    y: shareAxis(`first task, ${part} rows`),
    series: lines(results, some, part),
  });
  const kinds = arms.filter(({ name }) => name.endsWith("-100"));
  return {
    title: "The stability gap of a grokked circuit and of memory",
    subtitle: "Addition, then multiplication mod 31, MLP 128–128, AdamW with " +
      "weight decay 1, both losses weighted alike",
    perRow: 2,
    panels: [
      panel("Grokked, train rows, by replay", grokked, "train"),
      panel("Grokked, unseen rows, by replay", grokked, "test"),
      panel("Circuit and memory, train rows", kinds, "train"),
      panel("Circuit and memory, unseen rows", kinds, "test"),
    ],
  };
}

function rows(results: Results): Row[] {
  const row = (
    { name, label }: Arm,
    what: string,
    value: (run: RunRecord) => number,
  ): Row => ({
    what: `${label}: ${what}`,
    published: "–",
    measured: measured(results, name, value, percent),
  });
  return arms.flatMap((arm) =>
    (["train", "test"] as const).flatMap((part) => [
      row(arm, `before, ${part} rows`, (run) => gapIn(run, part).before),
      row(arm, `min-ACC, ${part} rows`, (run) => gapIn(run, part).min_acc),
      row(arm, `FORG, ${part} rows`, (run) => gapIn(run, part).forg),
      row(arm, `WC-ACC, ${part} rows`, (run) => gapIn(run, part).wc_acc),
      row(arm, `WF10, ${part} rows`, (run) => gapIn(run, part).wf["10"] ?? NaN),
    ])
  );
}

/** The stability gap. */
export const stabilityGap: Figure = {
  title: "The stability gap",
  shows:
    "how far addition falls in the first steps of learning multiplication, " +
    "however little is lost in the end, and whether a circuit falls less than " +
    "memory",
  settings: "Addition mod 31, then multiplication, told apart by an operator " +
    "token; 80 % of the pairs, MLP 128–128 without biases, softmax " +
    "cross-entropy in float32, AdamW (β 0.9, 0.999, ε 1e-8) at 0.01 with " +
    "weight decay 1, full batch, its moments kept at the switch; 400 steps of " +
    "the second task, evaluated at each. The second task begins at step 800, " +
    "grokked, or at step 60, memorised; or at 800 after as many steps without " +
    "decay, memorised. Of the first task's train rows 0, 1, 5, 20 or 100 % are " +
    "replayed, with the same weight as the new ones (new-loss weight 0.5). The " +
    "paper has images, SGD and other networks: De Lange et al. (arXiv " +
    "2205.13452). The quick form is the same with a seed.",
  published:
    "With replay the accuracy on the tasks before drops steeply in the " +
    "first updates of the next, and recovers (2205.13452, Fig. 2; of other " +
    "tasks, so without numbers here). Of grokking nothing.",
  arms,
  columns: ["task1_train_accuracy", "task1_test_accuracy"],
  measures: { gap, after },
  chart,
  rows,
  remarks: {
    full: [
      "Replayed rows are learnt again, the others are lost: with 5 and 20 % " +
      "replayed the accuracy on the train rows ends near the share itself, of a " +
      "circuit as of memory. C59 holds by less than a point, which its rule lets " +
      "pass: a circuit is not rebuilt from a fifth of the rows.",
      "With all rows replayed the train rows are back within some twenty steps, " +
      "but the circuit is gone: of the unseen rows 56 points and more are lost, " +
      "so C56 fails. What is back is memory.",
      "The two kinds of memory differ more than circuit and memory do: without " +
      "decay the fall is 63 points and more, so the length and the decay of the " +
      "first task matter more than whether it was grokked.",
    ],
  },
  claims,
};
