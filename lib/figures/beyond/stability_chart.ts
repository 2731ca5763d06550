/**
 * The arms of the figure of SGD's stability, and what is drawn of them.
 *
 * @module
 */

import { maxOf, minOf } from "../../base/extremes.ts";
import type { Chart, Panel, Point, Series } from "../../charts/chart.ts";
import type { ConfigInput } from "../../config/config.ts";
import { median } from "../../numeric/statistics.ts";
import type { Arm, Results, Row, RunRecord } from "../figure.ts";
import { linesOf, shareAxis } from "../panels.ts";
import { mlp, parityMlp, perpGrad, sgd } from "../paper/settings.ts";
import { measured, measureOf } from "../readings.ts";
import {
  afterGrokking,
  type Curvature,
  type CurvatureName,
  ended,
  medianOver,
} from "./curvatures.ts";

const TRAIN_ROWS = 500;
/** Learning rates of parity. */
export const RATES = [0.05, 0.1] as const;
const BATCHES = [1, 4, 16, 64, null] as const;

// As many updates as make the same way: a rate times its steps is the same.
const WAY = 1000;
const descent = (lr: number, batchSize: number | null): ConfigInput => ({
  ...parityMlp,
  ...sgd,
  bits: 20,
  samples: 2 * TRAIN_ROWS,
  hidden: [64],
  loss: "mse",
  lossPrecision: "float32",
  lr,
  batchSize,
  steps: Math.round(WAY / lr),
  evalEvery: Math.round(WAY / lr / 200),
  checkpointEvery: Math.round(WAY / lr / 20),
});
const quickDescent = (lr: number): ConfigInput => ({
  hidden: [32],
  steps: Math.round(WAY / lr / 2),
  evalEvery: Math.round(WAY / lr / 200),
  checkpointEvery: Math.round(WAY / lr / 40),
});

/** What a batch size is in the names of arms; null is all rows. */
export const nameOf = (batchSize: number | null) =>
  batchSize === null ? "full" : `b${batchSize}`;
const labelOf = (batchSize: number | null) =>
  batchSize === null ? "full batch" : `B = ${batchSize}`;

/** Parity, rate by rate, batch size by batch size. */
export const ladder = RATES.flatMap((lr) =>
  BATCHES.map((batchSize) => ({
    name: `${nameOf(batchSize)}-${lr}`,
    label: `${labelOf(batchSize)}, η ${lr}`,
    lr,
    batchSize,
    config: descent(lr, batchSize),
    quick: quickDescent(lr),
  }))
);

const addition: ConfigInput = {
  ...mlp,
  ...sgd,
  modulus: 31,
  trainFraction: 0.6,
  hidden: [128],
  loss: "mse",
  lossPrecision: "float32",
  lr: 50,
  steps: 10_000,
  evalEvery: 50,
  checkpointEvery: 250,
};
const quickAddition: ConfigInput = {
  hidden: [96],
  steps: 6000,
  evalEvery: 50,
  checkpointEvery: 250,
};
// Without the gradient's length given back: with it a step never gets short.
const short = { ...perpGrad, perpRenormalise: false } as const;

/** Addition by gradient descent, without and with ⊥Grad. */
export const grokking: readonly Arm[] = [
  { name: "add", label: "GD", config: addition, quick: quickAddition },
  {
    name: "add-perp",
    label: "⊥GD",
    config: { ...addition, ...short },
    quick: quickAddition,
  },
];
/** Parity by gradient descent with ⊥Grad. */
export const parityPerp: Arm = {
  name: "full-0.1-perp",
  label: "⊥GD, parity, η 0.1",
  config: { ...descent(0.1, null), ...short },
  quick: quickDescent(0.1),
};

/** The curvature of a run's checkpoints. */
export const curvatureOf = (run: RunRecord) =>
  measureOf<Curvature>(run, "stability");
/** A number times η at the end of a run; null where there is none. */
export const atEnd = (name: CurvatureName) => (run: RunRecord) =>
  ended(curvatureOf(run), name);

// The ends of a rate's runs by batch size; the full batch at its rows.
function byBatch(
  results: Results,
  lr: number,
  name: CurvatureName,
  colour: number,
): Series {
  const points = ladder.filter((arm) => arm.lr === lr).flatMap(
    (arm): Point[] => {
      const ends = results.of(arm.name).map(atEnd(name))
        .filter((x): x is number => x !== null);
      return ends.length === 0 ? [] : [{
        x: arm.batchSize ?? TRAIN_ROWS,
        y: median(ends),
        low: minOf(ends),
        high: maxOf(ends),
      }];
    },
  );
  return { name: `parity, η ${lr}`, colour, dots: true, points };
}

const EDGE: NonNullable<Panel["published"]> = [{
  y: 2,
  colour: 7,
  name: "2, the bound",
}];

// Traces are far apart; what is near 2 is seen against it.
const scaleOf = (name: CurvatureName) =>
  name === "trace" ? { scale: "log" as const } : {};

function ladderPanel(
  results: Results,
  name: CurvatureName,
  what: string,
): Panel {
  return {
    title: `${what}·η at the end, by batch size`,
    x: { label: "rows of a batch (500 are all)", scale: "log" },
    y: { label: `${what}·η`, ...scaleOf(name) },
    series: RATES.map((lr, i) => byBatch(results, lr, name, i)),
    published: EDGE,
  };
}

function timePanel(
  results: Results,
  arms: readonly Arm[],
  name: CurvatureName,
  what: string,
): Panel {
  return {
    title: `Addition: ${what}·η`,
    x: { label: "step" },
    y: { label: `${what}·η`, ...scaleOf(name) },
    series: arms.map((arm, i) => ({
      name: arm.label,
      colour: 2 + i,
      points: medianOver(results.of(arm.name).map(curvatureOf), name),
    })),
    published: name === "trace" ? [] : EDGE,
  };
}

/** The chart. */
export function chart(results: Results): Chart {
  return {
    title: "The curvature that SGD bears, and where the edge is in grokking",
    subtitle: "Mean squared error, SGD without momentum; parity of 3 of 20 " +
      "bits by batches of B rows, addition mod 31 by full batches",
    panels: [
      ladderPanel(results, "largest", "λmax"),
      ladderPanel(results, "trace", "Tr H"),
      ladderPanel(results, "sharpness", "batch sharpness"),
      timePanel(results, grokking, "largest", "λmax"),
      timePanel(results, grokking, "trace", "Tr H"),
      {
        title: "Addition: test accuracy",
        x: { label: "step" },
        y: shareAxis("test accuracy"),
        series: linesOf(results, grokking, "test_accuracy", 2),
      },
    ],
  };
}

/** Three figures of a number; NaN and Infinity are none. */
export const figures3 = (x: number) =>
  Number.isFinite(x) ? String(Number(x.toPrecision(3))) : "none";

/** The table. */
export function rows(results: Results): Row[] {
  const ends = (arm: string, names: readonly CurvatureName[]) =>
    names.map((name) => measured(results, arm, atEnd(name), figures3))
      .join("; ");
  const all = ["largest", "trace", "frobenius", "sharpness", "moment"] as const;
  const windows = (arm: string, name: CurvatureName) =>
    (["before", "after"] as const).map((when) =>
      measured(
        results,
        arm,
        (run) => afterGrokking(run, curvatureOf(run), name)?.[when] ?? null,
        figures3,
      )
    ).join(" and ");
  return [
    ...[...ladder, { ...parityPerp, batchSize: 0 }].map((
      { name, label, batchSize },
    ) => ({
      what: `${label}: λmax, Tr H, ‖H‖_F, batch sharpness, E‖H_B‖_F²/Tr H, ` +
        "each times η, at the end",
      published: batchSize === null
        ? "λmax·η → 2"
        : batchSize === 1
        ? "Tr H·η ≤ 2"
        : batchSize === 0
        ? "–"
        : "batch sharpness·η → 2",
      measured: ends(name, all),
    })),
    ...grokking.flatMap(({ name, label }) => [
      {
        what: `addition, ${label}: λmax·η between 99 % train and 95 % test ` +
          "accuracy, and after",
        published: "–",
        measured: windows(name, "largest"),
      },
      {
        what: `addition, ${label}: Tr H·η in the same`,
        published: "–",
        measured: windows(name, "trace"),
      },
      {
        what:
          `addition, ${label}: λmax·η, and what is behind ⊥Grad, at the end`,
        published: "–",
        measured: ends(name, ["largest", "perpendicular"]),
      },
    ]),
    {
      what: `${parityPerp.label}: λmax·η behind ⊥Grad at the end`,
      published: "–",
      measured: ends(parityPerp.name, ["perpendicular"]),
    },
  ];
}
