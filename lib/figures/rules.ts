/**
 * How claims are decided: seed by seed, and what all seeds come to.
 *
 * @module
 */

import type { Decision, Json, Results } from "./figure.ts";
import type { RunRecord } from "./record.ts";

/** Seeds that a decision at full length takes at least. */
export const LEAST_SEEDS = 3;

/** What {@link bySeed} does, in words that a rule ends with. */
export const BY_SEED =
  "It holds if this is so with every seed, and fails if with fewer than half " +
  `of those that say anything; of ${LEAST_SEEDS} seeds at least.`;

/** What one seed says of a claim. */
export interface Said {
  /** Whether the claim is so; null where this seed says nothing. */
  readonly so: boolean | null;
  /** The numbers, in a few words. */
  readonly why: string;
}

/**
 * Decides a claim seed by seed, out of the seeds of which all arms are there.
 *
 * @param results The runs.
 * @param arms The arms that the claim speaks of.
 * @param judge What one seed says, given the runs of the arms in their order.
 */
export function bySeed(
  results: Results,
  arms: readonly string[],
  judge: (...runs: RunRecord[]) => Said,
): Decision {
  const all = arms.map((arm) => results.of(arm));
  const seeds = (all[0] ?? []).map(({ seed }) => seed)
    .filter((seed) =>
      all.every((runs) => runs.some((run) => run.seed === seed))
    );
  const said = seeds.map((seed) => ({
    seed,
    ...judge(...all.map((runs) => runs.find((run) => run.seed === seed)!)),
  }));
  const why = said.map(({ seed, why }) => `seed ${seed}: ${why}`).join("; ");
  const numbers = said.map(({ seed, so, why }) => ({ seed, so, why })) as Json;
  const so = said.filter((one) => one.so === true).length;
  const not = said.filter((one) => one.so === false).length;
  const enough = results.scale === "quick"
    ? said.length > 0
    : said.length >= LEAST_SEEDS;
  if (!enough) {
    const wanted = Math.max(LEAST_SEEDS, results.seeds);
    return {
      verdict: "inconclusive",
      why:
        `${said.length} of ${
          results.scale === "quick" ? results.seeds : wanted
        } seeds are there` + (why === "" ? "" : `; ${why}`),
      numbers,
    };
  }
  const verdict = so === said.length
    ? "holds"
    : not > so
    ? "fails"
    : "inconclusive";
  return { verdict, why, numbers };
}
