/**
 * How claims are decided: seed by seed, and what all seeds come to.
 *
 * @module
 */

import { minOf } from "../base/extremes.ts";
import type { Decision, Json, Results, RunRecord } from "./figure.ts";
import { LEAST_SEEDS } from "./seeds.ts";
import { type Said, stepMedians, tallyOf } from "./tally.ts";

/** What {@link bySeed} does, in words that a rule ends with. */
export const BY_SEED =
  "It holds if this is so with every seed that is there, which are those asked " +
  `for, ${LEAST_SEEDS} at least; it fails if with fewer than half of those that ` +
  `say anything, ${LEAST_SEEDS} at least (in the quick form one). A seed of which ` +
  "a run diverged says nothing.";

/**
 * Decides a claim seed by seed, out of the seeds of which all arms are there.
 *
 * @param results The runs.
 * @param arms The arms that the claim speaks of.
 * @param judge What one seed says, given the runs of the arms in their order.
 * @param options `divergedCounts` where a run that diverged is one that did not
 * get there, as in a sweep, and the claim's rule says so.
 */
export function bySeed(
  results: Results,
  arms: readonly string[],
  judge: (...runs: RunRecord[]) => Said,
  { divergedCounts = false }: { readonly divergedCounts?: boolean } = {},
): Decision {
  const all = arms.map((arm) => results.of(arm));
  const seeds = (all[0] ?? []).map(({ seed }) => seed)
    .filter((seed) =>
      all.every((runs) => runs.some((run) => run.seed === seed))
    );
  const said = seeds.map((seed): Said & { readonly seed: number } => {
    const runs = all.map((runs) => runs.find((run) => run.seed === seed)!);
    const diverged = divergedCounts
      ? []
      : runs.filter((run) => run.diverged_at !== null);
    return {
      seed,
      ...(diverged.length > 0
        ? {
          so: null,
          why: diverged.map(({ arm, diverged_at }) =>
            `${arm} diverged at step ${diverged_at}`
          ).join(", "),
        }
        : judge(...runs)),
    };
  });
  const why = said.map(({ seed, why }) => `seed ${seed}: ${why}`).join("; ");
  const numbers = said.map(({ seed, so, why }) => ({ seed, so, why })) as Json;
  const tally = tallyOf(said, minOf(arms.map((arm) => results.wanted(arm))));
  const steps = stepMedians(said);
  const { so } = tally;
  const not = tally.saying - so;
  const least = results.scale === "quick" ? 1 : LEAST_SEEDS;
  if (so + not < least) {
    const wanted = Math.max(least, results.seeds, said.length);
    const there = said.length < wanted
      ? `${said.length} of ${wanted} seeds are there`
      : `${so + not} of ${wanted} seeds say something`;
    return {
      verdict: "inconclusive",
      why: there + (why === "" ? "" : `; ${why}`),
      numbers,
      tally,
      steps,
    };
  }
  // Of the seeds that are still to come any may differ.
  const verdict = so === Math.max(said.length, results.seeds)
    ? "holds"
    : not > so
    ? "fails"
    : "inconclusive";
  return { verdict, why, numbers, tally, steps };
}

/**
 * Whether numbers rise strictly. Infinity and null are never: after every number,
 * and null, nothing said, where only two nevers are not told apart.
 */
export function rises(values: readonly (number | null)[]): boolean | null {
  const known = values.map((value) => value ?? Infinity);
  if (known.slice(1).every((value, i) => value > known[i]!)) return true;
  const falls = known.slice(1).some((value, i) =>
    value < known[i]! || (value === known[i]! && value !== Infinity)
  );
  return falls ? false : null;
}

/** Whether all are so: not where one is not, else nothing said where one says nothing. */
export function allSo(parts: readonly (boolean | null)[]): boolean | null {
  return parts.includes(false) ? false : parts.includes(null) ? null : true;
}
