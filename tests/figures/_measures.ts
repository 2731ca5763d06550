/**
 * What measures of runs look like, for figures that draw them.
 *
 * @module
 */

import type { Json } from "../../lib/figures/figure.ts";

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

/** Measures of every run of a figure that has not got others. */
export const measures: Readonly<
  Record<string, Readonly<Record<string, Json>>>
> = {
  fig7: { trajectory: way(1, 1) },
  fig12: { spectrum: spectrum(0.5) },
  slingshots: { spikes: spikes(0), groks: null },
};
