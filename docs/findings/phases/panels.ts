/**
 * Runs in the cells of panels, and how two panels are compared.
 *
 * @module
 */

import type { Outcome } from "./outcomes.ts";

/** The runs of a loss in a precision, by cell: share of the pairs and rate. */
export type Panel = ReadonlyMap<string, readonly Outcome[]>;

/** Panels by loss and precision: "softmax float16". */
export type Panels = ReadonlyMap<string, Panel>;

/** Cells that make a difference: a tenth of a panel. */
export const ENOUGH = 8;
/** Runs of a cell; one that has fewer yet is left out. */
export const SEEDS = 8;

/** All panels; a cell of which not all runs have ended is left out. */
export function panelsOf(outcomes: readonly Outcome[]): Panels {
  const all = Map.groupBy(
    outcomes,
    ({ loss, precision }) => `${loss} ${precision}`,
  );
  return new Map(
    [...all].map(([name, runs]) => {
      const cells = Map.groupBy(runs, ({ share, lr }) => `${share} ${lr}`);
      return [
        name,
        new Map([...cells].filter(([, runs]) => runs.length >= SEEDS)),
      ];
    }),
  );
}

/** Wilson's interval of 95 % for the share of which k of n were seen. */
export function wilson(k: number, n: number): readonly [number, number] {
  const z = 1.96, p = k / n, zz = z * z / n;
  const half = z * Math.sqrt(p * (1 - p) / n + zz / (4 * n));
  const [low, high] = [p + zz / 2 - half, p + zz / 2 + half];
  return [low / (1 + zz), high / (1 + zz)];
}

/** Whether most of the runs are so, by Wilson's interval: 7 of 8. */
export function most(
  runs: readonly Outcome[],
  so: (run: Outcome) => boolean,
): boolean {
  return wilson(runs.filter(so).length, runs.length)[0] > 0.5;
}

/** Cells in which the first panel has more, and in which the second has. */
export interface Compared {
  readonly cells: number;
  readonly more: number;
  readonly less: number;
}

function compared(
  a: Panel,
  b: Panel,
  signOf: (a: readonly Outcome[], b: readonly Outcome[]) => number,
): Compared {
  const signs = [...a].flatMap(([cell, runs]) => {
    const others = b.get(cell);
    return others ? [signOf(runs, others)] : [];
  });
  return {
    cells: signs.length,
    more: signs.filter((sign) => sign > 0).length,
    less: signs.filter((sign) => sign < 0).length,
  };
}

/** By how many runs are so: cells whose Wilson intervals do not overlap. */
export function byShare(
  a: Panel,
  b: Panel,
  so: (run: Outcome) => boolean,
): Compared {
  return compared(a, b, (ours, theirs) => {
    const [low, high] = wilson(ours.filter(so).length, ours.length);
    const [other, above] = wilson(theirs.filter(so).length, theirs.length);
    return Number(low > above) - Number(other > high);
  });
}

/**
 * By a number of each run, seed by seed: cells in which most seeds (7 of 8) have
 * at least 0.02 more.
 */
export function bySeed(
  a: Panel,
  b: Panel,
  of: (run: Outcome) => number,
): Compared {
  const ahead = (ours: readonly Outcome[], theirs: readonly Outcome[]) =>
    most(ours, (run) => {
      const other = theirs.find(({ seed }) => seed === run.seed);
      return other !== undefined && of(run) - of(other) >= 0.02;
    });
  return compared(
    a,
    b,
    (ours, theirs) => Number(ahead(ours, theirs)) - Number(ahead(theirs, ours)),
  );
}
