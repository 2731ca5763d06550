/**
 * The claims of the figure of large learning rates.
 *
 * @module
 */

import { spearman } from "../../../numeric/statistics.ts";
import type { Arm, Claim, RunRecord } from "../../figure.ts";
import { GROKS, last, percent } from "../../readings.ts";
import { BY_SEED, bySeed } from "../../rules.ts";
import type { Said } from "../../tally.ts";
import { addition, type Compressed, compressedOf, spurious } from "./arms.ts";

/** From which rank correlation on a number rises with the rate. */
const RISES = 0.5;
/** How many rates a seed must have, of parity and of addition. */
const LEAST = { spurious: 5, addition: 3 };

/** A number of a network, in words. */
export type Quantity = readonly [
  what: string,
  of: (compressed: Compressed) => number | null,
];

/** Accuracy over the rows with a random spurious bit, and with a wrong one. */
export const accuracies: readonly Quantity[] = [
  ["unbiased accuracy", ({ accuracy }) => accuracy["randomised"]!],
  ["conflicting accuracy", ({ accuracy }) => accuracy["conflicting"]!],
];
/** Areas over the rows with a random spurious bit. */
export const prunabilities: readonly Quantity[] = [
  ["prunability", ({ prunability }) => prunability["randomised"]!],
  ["low-rank area", ({ low_rank }) => low_rank["randomised"]!],
];
/** Of the features. */
export const representations: readonly Quantity[] = [
  ["class separation", ({ class_separation }) => class_separation],
  ["sparsity", ({ sparsity }) => sparsity],
];
const ofAddition: readonly Quantity[] = [
  ["sparsity", ({ sparsity }) => sparsity],
  ["prunability", ({ prunability }) => prunability["test"]!],
];

// Whether numbers of networks rise with the rate that they were trained at.
function rising(
  runs: readonly RunRecord[],
  quantities: readonly Quantity[],
  least: number,
): Said {
  const known = runs.flatMap((run) => {
    const compressed = compressedOf(run);
    const values = compressed && quantities.map(([, of]) => of(compressed));
    return values && values.every((value) => value !== null)
      ? [{ lr: run.config.lr, values }]
      : [];
  });
  const correlations = quantities.map((_, i) =>
    spearman(known.map(({ lr }) => lr), known.map(({ values }) => values[i]!))
  );
  const defined = correlations.every(Number.isFinite);
  return {
    so: known.length < least || !defined
      ? null
      : correlations.every((r) => r >= RISES),
    why: `of ${known.length} rates ` +
      quantities.map(([what], i) =>
        `${what} ${defined ? correlations[i]!.toFixed(2) : "none"}`
      ).join(", "),
  };
}

const names = (arms: readonly Arm[]) => arms.map(({ name }) => name);
const RUNS = { divergedCounts: true };

const ofSpurious = (
  id: string,
  statement: string,
  what: string,
  quantities: readonly Quantity[],
): Claim => ({
  id,
  statement,
  rule: `Over the eight rates, Spearman's rank correlation of the rate with ` +
    `${what} is ${RISES} or more, each of the two, in the network at the first ` +
    "evaluation with 100 % train accuracy. Rates that never get there, or " +
    "diverge, are left out; a seed with fewer than " +
    `${LEAST.spurious} of them says nothing. ${BY_SEED}`,
  decide: (results) =>
    bySeed(
      results,
      names(spurious),
      (...runs) => rising(runs, quantities, LEAST.spurious),
      RUNS,
    ),
});

const groks = (run: RunRecord) =>
  run.diverged_at === null && last(run, "test_accuracy") >= GROKS;

const sparser: Claim = {
  id: "C63",
  statement:
    "Networks that grok are sparser, and more of their neurons can be " +
    "deleted, the higher the learning rate.",
  rule:
    "Of the AdamW runs with weight decay 1 that end with a test accuracy of " +
    `${percent(GROKS)} or more, Spearman's rank correlation of the rate is ` +
    `${RISES} or more with the share of hidden activations that are 0, and with ` +
    "the area of the pruning curve over the test rows, both at the end. A seed " +
    `with fewer than ${LEAST.addition} such rates says nothing. ${BY_SEED}`,
  decide: (results) =>
    bySeed(
      results,
      names(addition.decay),
      (...runs) => rising(runs.filter(groks), ofAddition, LEAST.addition),
      RUNS,
    ),
};

const replaces: Claim = {
  id: "C64",
  statement: "A high learning rate replaces weight decay: without decay a " +
    "network groks at some rate.",
  rule: `Without weight decay, SGD or AdamW ends with a test accuracy of ` +
    `${
      percent(GROKS)
    } or more at one of its five rates at least. A seed with ` +
    "which AdamW with weight decay 1 gets there at none of the same rates says " +
    `nothing; a run that diverged did not get there. ${BY_SEED}`,
  decide: (results) => {
    const without = [...addition.sgd, ...addition.adamw];
    const all = [...without, ...addition.decay];
    return bySeed(results, names(all), (...runs) => {
      const there = runs.map(groks);
      const at = (from: number, to?: number) =>
        all.slice(from, to).filter((_, i) => there[from + i])
          .map(({ label }) => label).join("; ") || "none";
      const count = without.length;
      return {
        so: there.slice(count).includes(true)
          ? there.slice(0, count).includes(true)
          : null,
        why: `without: ${at(0, count)}; with: ${at(count)}`,
      };
    }, RUNS);
  },
};

/** All of them. */
export const claims: readonly Claim[] = [
  ofSpurious(
    "C60",
    "The higher the learning rate, the less a network relies on a spurious " +
      "feature, at equal train accuracy.",
    "the accuracy where the spurious bit is random (unbiased accuracy, the use " +
      "of the core), and with that where it is wrong (conflicting accuracy),",
    accuracies,
  ),
  ofSpurious(
    "C61",
    "The higher the learning rate, the more can be pruned.",
    "the area of the pruning curve, and with that of the curve of lower ranks, " +
      "both over the rows with a random spurious bit,",
    prunabilities,
  ),
  ofSpurious(
    "C62",
    "The higher the learning rate, the further apart the classes' features lie, " +
      "and the sparser the activations.",
    "class separation R², and with the share of hidden activations that are 0,",
    representations,
  ),
  sparser,
  replaces,
];
