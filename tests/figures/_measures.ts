/**
 * What measures of runs look like, for figures that draw them.
 *
 * @module
 */

import type { Json } from "../../lib/figures/figure.ts";

/** A frame at a run's end, of classes of 50, 20, 5 and 1 rows. */
export function frame(
  {
    off = 0,
    meansCosine = 0,
    classifierCosine = 0,
    vanished = [],
    correlation = 1,
  }: {
    readonly off?: number;
    readonly meansCosine?: number;
    readonly classifierCosine?: number;
    readonly vanished?: readonly number[];
    readonly correlation?: number | null;
  },
): Json {
  return {
    classes: [50, 20, 5, 1].map((rows) => ({
      rows,
      square: Math.sqrt(rows) - 0.152 + (rows === 5 ? off : 0),
      formula: Math.sqrt(rows) - 0.152,
      dot: 1,
      within: 0,
      vanished: vanished.includes(rows),
    })),
    means_cosine: meansCosine,
    classifier_cosine: classifierCosine,
    root_correlation: correlation,
  };
}

/** NC1 over checkpoints every 50 of 3,000 steps. */
export function collapseOver(nc1: (step: number) => number): Json {
  return Array.from({ length: 61 }, (_, i) => ({
    step: 50 * i,
    nc1: nc1(50 * i),
    nc2: 0.1,
    nc3: 0.5,
    nc4: 0,
    within: [0.1, 0.2, 0.3],
  }));
}

/** A way that goes so far along the memorised weights, and across them. */
export function way(along: number, across: number): Json {
  const steps = [0, 10, 20, 30];
  return {
    steps,
    x: [-2, -1, 1, 2],
    y: [0, 1, 1, 0],
    explained: [0.8, 0.1],
    memorised: 1,
    nlm: [1, 0.5],
    along: [-0.5, 0, along / 2, along],
    across: [0.5, 0, across / 2, across],
  };
}

/** What the probe `compressibility` says, of some numbers. */
export function compressed(
  { accuracy = 0.5, area = 0.5, features = 0.5 }: {
    readonly accuracy?: number;
    readonly area?: number;
    readonly features?: number;
  },
): Json {
  const parts = ["train", "test", "conflicting", "randomised"];
  const all = (x: number) => Object.fromEntries(parts.map((part) => [part, x]));
  return {
    step: 100,
    accuracy: all(accuracy),
    prunability: all(area),
    low_rank: all(area),
    class_separation: features,
    sparsity: features,
  };
}

/** A spectrum of a Gini coefficient. */
export function spectrum(gini: number): Json {
  return {
    norms: [1, 0.1, 0.8, 0.1, 0.1],
    key_frequencies: [1, 3],
    power_share: 0.9,
    gini,
  };
}

/** Spikes of a loss, the first at a step. */
export function spikes(count: number, first = 100): Json {
  return {
    count,
    first: Array.from({ length: count }, (_, i) => first + 100 * i),
    losses: Array(count).fill(0.5),
  };
}

/**
 * The curvature of a run's checkpoints at 0, 2500, …, 10,000: of each number one
 * level, or one before step 5000 and one from there on.
 */
export function curvature(
  levels: Readonly<
    Partial<
      Record<
        "largest" | "trace" | "sharpness",
        number | null | readonly [before: number, after: number]
      >
    >
  >,
): Json {
  const steps = [0, 2500, 5000, 7500, 10_000];
  const of = (level: number | null | readonly [number, number] = 1) =>
    steps.map((step) =>
      level === null || typeof level === "number"
        ? level
        : level[step < 5000 ? 0 : 1]
    );
  return {
    steps,
    largest: of(levels.largest),
    trace: of(levels.trace),
    frobenius: of(),
    sharpness: of(levels.sharpness),
    moment: of(),
    perpendicular: of(null),
  };
}

/** Accuracy before, least accuracy and FORG of a first task, on train and test rows. */
export function gap(
  train: readonly [number, number, number],
  test: readonly [number, number, number],
): Json {
  const of = ([before, min_acc, forg]: typeof train) => ({
    before,
    min_acc,
    forg,
    lowest_at: 5,
    back_at: 20,
    acc: 0.9,
    wc_acc: 0.8,
    wf: { "10": 0.2, "100": 0.3 },
    wp: { "10": 0.2, "100": 0.3 },
  });
  const [switch_at, evaluated_every, replay] = [60, 1, 1];
  const parts = { train: of(train), test: of(test) };
  return { switch_at, evaluated_every, replay, ...parts };
}

/** Two groups of rows: how they move, beside random ones. */
export function opposingGroups(
  opposition: number,
  flips: number,
  leverage: number,
  random = 0.001,
  cosine = -0.9,
): Json {
  const moves = { opposition, flips, group_change: 1, leverage };
  return {
    groups: moves,
    control: { ...moves, group_change: random, leverage: random * leverage },
    total_change: 1 / leverage,
    gradients: { cosine },
    losses: { rising: [1, 2], falling: [2, 1], all: [1, 1] },
  };
}

/** The first slingshot of a run with 100 test rows. */
export function rowSwing(
  rho: number | null,
  shuffled: number | null,
  learnt = 90,
): Json {
  const at = { spike: 500, from: 450, concentration: 0.3 };
  return { ...at, learnt, rows: 100, rho, shuffled };
}

/** Measures of every run of a figure that has not got others. */
export const measures: Readonly<
  Record<string, Readonly<Record<string, Json>>>
> = {
  "imbalanced-collapse": {
    frame: frame({}),
    collapse: collapseOver(() => 1),
  },
  fig7: { trajectory: way(1, 1) },
  "large-lr": { compressed: compressed({}) },
  fig12: { spectrum: spectrum(0.5) },
  slingshots: { spikes: spikes(0), groks: null },
  opposing: { groups: opposingGroups(0, 0, 1), swings: rowSwing(0, 0) },
  "sgd-stability": { stability: curvature({}) },
  "stability-gap": {
    gap: gap([1, 0.8, 0], [1, 0.8, 0]),
    after: { train: [1, 0.8, 0.9, 1], test: [1, 0.5, 0.6, 0.8] },
  },
};
