/**
 * Arms of each figure whose measures stand at a mark, or beside it.
 *
 * @module
 */

import { always, type Arms, type Curve, from } from "./_claims.ts";
import { spectrum, way } from "./_measures.ts";

export const test = (curve: Curve, train: Curve = from(100)) => ({
  columns: { test_accuracy: curve, train_accuracy: train },
});

export const never = always(0);

export const fig1 = (stable: Curve, soft: Curve): Arms => ({
  stablemax: test(stable),
  softmax: test(soft),
});

// Softmax a step behind the published 110 at most, the other arm as far as t.
export const fig1a = (t: number, full = 1): Arms => ({
  "perp-softmax-float32": test(from(200), from(111, full)),
  "perp-stablemax-float64": test(from(200), from(t)),
  "perp-stablemax-float32": test(from(200), from(t)),
});

export const fig12 = (gini: number, flat: number, accuracy = 1): Arms => ({
  stablemax: {
    ...test(always(accuracy)),
    measures: { spectrum: spectrum(gini) },
  },
  perp: { ...test(never), measures: { spectrum: spectrum(0) } },
  softmax: { ...test(never), measures: { spectrum: spectrum(flat) } },
});

export const fig13 = (one: number, two: number): Arms => ({
  one: test(always(one)),
  two: test(always(two)),
  three: test(never),
  "two-decay": test(never),
});

export const fig14 = (collapse: number, moved: number, decay = 0.9): Arms => ({
  plain: {
    columns: {
      softmax_collapse: always(collapse),
      zero_terms: always(1),
      // Behind the middle of the run, wherever that is.
      test_accuracy: from(1, moved),
    },
  },
  decay: test(always(decay)),
});

export const fig16 = (
  plain: number,
  hot: number,
  smooth: number,
  reached = 0.5,
) => ({
  softmax: { columns: { softmax_collapse: from(2000, plain) } },
  temperature: { columns: { softmax_collapse: from(hot) } },
  smoothing: {
    columns: {
      softmax_collapse: always(smooth),
      test_accuracy: always(reached),
    },
  },
});

export const fig4 = (add: number): Arms => ({
  add: test(always(add)),
  product: test(always(1)),
  parity: test(always(1)),
});

export const encodings = (
  scalar: number,
  base2: number,
  twoHot = 0,
): Arms => ({
  scalar: test(always(scalar)),
  "base-2": test(always(base2)),
  "two-hot": test(always(twoHot)),
});

export const fig5 = (rise: number): Arms =>
  Object.fromEntries(
    ["mlp", "mlp-biases", "transformer"].map((name) => [name, {
      columns: {
        cos_weight_neg_gradient: from(1000, rise),
        train_accuracy: from(500),
        softmax_collapse: from(3000),
      },
    }]),
  );

export const fig6 = (perp: number, plain: number): Arms => ({
  "mlp-perp-adamw": test(from(300, perp)),
  "mlp-perp-sgd": test(from(300)),
  "mlp-adamw": test(from(300, plain)),
});

export const firstOf = (high: number): Arms =>
  Object.fromEntries(
    ["add", "subtract"].flatMap((task) => [
      [`${task}-perp`, test(from(700, high))],
      [`${task}-decay`, test(from(1300))],
      [`${task}-plain`, test(never)],
    ]),
  );

export const firstOfEncoder = (high: number): Arms => ({
  "encoder-perp": test(from(700, high)),
  "encoder-decay": test(from(1300)),
  "encoder-plain": test(never),
});

export const fig7 = (
  plain: [number, number],
  perp: [number, number],
): Arms => ({
  "sgd": { measures: { trajectory: way(...plain) } },
  "perp-sgd": { measures: { trajectory: way(...perp) } },
});

export const fig8 = (
  induced: string,
  free: Curve,
  held: Curve,
  untouched = "plain",
): Arms => ({
  [untouched]: { columns: { test_accuracy: free } },
  [induced]: { columns: { test_accuracy: held } },
});

export const behind = (high: number, at = 8000): Curve => (step) =>
  step >= at ? high : 0;

export const eps = (small: number, large: number, collapse = 0): Arms => ({
  "eps1e-25": test(from(5000, small)),
  "eps1e-8": {
    columns: {
      test_accuracy: from(5000, large),
      softmax_collapse: from(9000, collapse),
    },
  },
});

export const perp = (a: number, b: number, high = 1): Arms => ({
  "adamw-tensor": test(from(a, high)),
  "adamw-global": test(from(b, high)),
  "sgd-tensor": test(from(300)),
  "sgd-global": test(from(300)),
});

export const peaks = (float64: number): Arms =>
  Object.fromEntries(
    [0.6, 0.7].flatMap((fraction) =>
      [[16, 0.02], [32, 0.04], [64, float64]].map(([bits, peak]) => [
        `float${bits}-${fraction}`,
        { columns: { test_accuracy: always(peak!) } },
      ])
    ),
  );

export const fig5Output = (highest: number): Arms =>
  Object.fromEntries(
    [["mlp", "layers.2.W"], ["mlp-biases", "layers.2.W"], [
      "transformer",
      "W_U",
    ]]
      .map(([name, output]) => [name!, {
        columns: {
          cos_weight_neg_gradient: (step: number) => step / 1e5,
          [`cos_weight_neg_gradient.${output}`]: always(highest),
          train_accuracy: from(500),
          softmax_collapse: from(3000),
        },
      }]),
  );
