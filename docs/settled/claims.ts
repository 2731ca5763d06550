/**
 * The claims of docs/settled.md and their rules, as they stood before the sweeps
 * were trained.
 *
 * @module
 */

import { lowerMedian } from "../../lib/numeric/statistics.ts";
import { wilson } from "../../lib/sweeps/summaries/estimates.ts";
import type { Arms, Outcome } from "./outcomes.ts";

/** Seeds of an arm that a verdict needs. */
export const SEEDS = 64;
/** Of a comparison, how many seeds must say something. */
const ENOUGH = 32;

/** What a claim comes to; "open" where runs are missing. */
export type Verdict = "holds" | "fails" | "inconclusive" | "open";

/** A claim, judged. */
export interface Judged {
  readonly verdict: Verdict;
  readonly found: string;
}

/** A claim: the sweep that it is about, and its rule. */
export interface Claim {
  readonly id: string;
  readonly sweep: string;
  readonly text: string;
  readonly judge: (arms: Arms) => Judged;
}

const late = (step: number | null) => step ?? Infinity;
const said = (step: number) => Number.isFinite(step) ? `${step}` : "never";
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const open = (found: string): Judged => ({ verdict: "open", found });

/** That it is so in most seeds: Wilson's interval lies above a half, or below it. */
function mostly(answers: readonly (boolean | null)[]): Judged {
  const told = answers.filter((answer) => answer !== null);
  const so = told.filter(Boolean).length;
  const [low, high] = wilson(so, told.length);
  const verdict = told.length < ENOUGH || (low <= 0.5 && high >= 0.5)
    ? "inconclusive"
    : low > 0.5
    ? "holds"
    : "fails";
  const silent = answers.length - told.length;
  return {
    verdict,
    found:
      `${so} of ${told.length} seeds (${percent(low)} to ${percent(high)})` +
      (silent > 0 ? `, ${silent} say nothing` : ""),
  };
}

/** Judges by the seeds that all these arms have, if there are 64. */
function bySeed(
  arms: Arms,
  names: readonly string[],
  answer: (...runs: Outcome[]) => boolean | null,
): Judged {
  const runs = names.map((name) =>
    new Map((arms[name] ?? []).map((run) => [run.seed, run]))
  );
  const seeds = [...runs[0]?.keys() ?? []].filter((seed) =>
    runs.every((of) => of.has(seed))
  );
  if (seeds.length < SEEDS) return open(`${seeds.length} of ${SEEDS} seeds`);
  return mostly(
    seeds.map((seed) => answer(...runs.map((of) => of.get(seed)!))),
  );
}

const middle = (runs: readonly Outcome[], of: (run: Outcome) => number) =>
  said(lowerMedian(runs.map(of)));

/** That an arm comes to something in most seeds. */
const reaches = (
  id: string,
  sweep: string,
  text: string,
  arm: string,
  of: (run: Outcome) => number | null,
): Claim => ({
  id,
  sweep,
  text,
  judge: (arms) => {
    const judged = bySeed(arms, [arm], (run) => of(run) !== null);
    if (judged.verdict === "open") return judged;
    const step = middle(arms[arm]!, (run) => late(of(run)));
    return { ...judged, found: `${judged.found}; median step ${step}` };
  },
});

/** That a published step is one that a seed may have: within 95 % of the 64. */
const within = (
  id: string,
  what: string,
  step: number,
  arm: string,
): Claim => ({
  id,
  sweep: "fork",
  text: `${what}: 100 % at step ${step} is within what 95 % of seeds have`,
  judge: (arms) => {
    const runs = arms[arm] ?? [];
    if (runs.length < SEEDS) return open(`${runs.length} of ${SEEDS} seeds`);
    const sorted = runs.map(({ full }) => late(full)).toSorted((a, b) => a - b);
    // The 2nd and the 63rd of 64.
    const [low, high] = [sorted[1]!, sorted.at(-2)!];
    return {
      verdict: low <= step && step <= high ? "holds" : "fails",
      found: `${said(low)} to ${said(high)}, median ${
        middle(runs, ({ full }) => late(full))
      }; 99 % held from ${middle(runs, ({ held }) => late(held))}`,
    };
  },
});

// Figure 1a as published: train accuracy is full at about step 110, test accuracy
// between about 120 and 250. The distance is that of claim C16.
function distance({ train, test }: Outcome): number {
  const s = Math.log(late(test));
  return Math.abs(Math.log(late(train)) - Math.log(110)) +
    Math.max(0, Math.log(120) - s, s - Math.log(250));
}

function isSoftmax(...[soft, ...stable]: Outcome[]): boolean | null {
  const own = distance(soft!);
  const other = Math.min(...stable.map(distance));
  if (!Number.isFinite(own) && !Number.isFinite(other)) return null;
  if (Math.abs(other - own) < Math.log(1.1)) return null;
  return own < other;
}

const FIGURE_1A = ["softmax float32", "stablemax float64", "stablemax float32"]
  .map((loss) => `⊥adamw, ${loss}, two-hot 200,200, lr 0.01 wd 0 β₂ 0.999`);
const perp6b = (beta2: number) =>
  `⊥adamw, softmax float32, two-hot 200,200, lr 0.005 wd 0 β₂ ${beta2}`;
const plain = (precision: string, lr: number, decay: number) =>
  `adamw, softmax ${precision}, two-hot 200,200, lr ${lr} wd ${decay} β₂ 0.99`;

const full = ({ full }: Outcome) => full;

/** Claims of sweeps whose settings stand from the beginning. */
export const CLAIMS: readonly Claim[] = [
  {
    id: "P1",
    sweep: "figure1a",
    text: "#7: Figure 1a is softmax in float32, not StableMax",
    judge: (arms) => bySeed(arms, FIGURE_1A, isSoftmax),
  },
  reaches(
    "P2",
    "figure6b",
    "#10: ⊥AdamW as it really ran (β 0.9, 0.999, ε 1e-8) has 100 % of the test pairs within 500 steps",
    perp6b(0.999),
    full,
  ),
  reaches(
    "P3",
    "figure6b",
    "#10: and with its command line's β 0.9, 0.99 and ε 1e-25",
    perp6b(0.99),
    full,
  ),
  within(
    "P4",
    "⊥AdamW, two-hot, two layers",
    124,
    "⊥adamw, softmax float32, two-hot 200,200, lr 0.01 wd 0 β₂ 0.99",
  ),
  within(
    "P5",
    "Weight decay, two-hot, two layers",
    143,
    plain("float32", 0.05, 4),
  ),
  within(
    "P6",
    "Weight decay, embedding, two layers",
    111,
    "adamw, softmax float32, embedding 200,200, lr 0.05 wd 2 β₂ 0.99",
  ),
  within(
    "P7",
    "⊥AdamW, embedding, two layers",
    198,
    "⊥adamw, softmax float32, embedding 200,200, lr 0.002 wd 0 β₂ 0.99",
  ),
  within(
    "P8",
    "Weight decay, two-hot, one layer",
    917,
    "adamw, softmax float32, two-hot 200, lr 0.1 wd 2 β₂ 0.99",
  ),
  ...[2, 4, 8].map((decay, i) =>
    reaches(
      `P${14 + i}`,
      "figure15a",
      `#8: lr 0.01 with weight decay ${decay} has 100 % of the test pairs within 1,000 steps`,
      plain("float32", 0.01, decay),
      full,
    )
  ),
  ...["float16", "float32"].map((precision, i) =>
    reaches(
      `P${17 + i}`,
      "figure2a",
      `#9: at 40 % half of the train pairs have collapsed by step 6,000 in ${precision}`,
      plain(precision, 5e-4, 0),
      ({ half }) => half,
    )
  ),
];

/** A choice of the grid: of which arms the best is taken. */
interface Side {
  readonly label: string;
  readonly has: (arm: string) => boolean;
}
const side = (label: string, start: string, input: string, end = "") => ({
  label,
  has: (arm: string) =>
    arm.startsWith(`${start}, `) && arm.includes(`, ${input} `) &&
    arm.includes(`${end} β₂`),
});
const SIDES = {
  decay: side("AdamW, weight decay", "adamw", "two-hot"),
  alone: side("⊥AdamW alone", "⊥adamw", "two-hot", " wd 0"),
  perp: side("⊥AdamW, weight decay", "⊥adamw", "two-hot"),
  decayEmbedded: side("AdamW, weight decay", "adamw", "embedding"),
  aloneEmbedded: side("⊥AdamW alone", "⊥adamw", "embedding", " wd 0"),
  perpEmbedded: side("⊥AdamW, weight decay", "⊥adamw", "embedding"),
  muon: side("Muon", "muon", "two-hot"),
} satisfies Record<string, Side>;

/** Seeds with which each point of the grid is tried. */
const TRIED = 3;

/**
 * The best point of a side: the smallest (lower) median of the steps at which 99 %
 * was first held, never being last; of equals the one more of whose seeds did, then
 * the first of the grid, whose rates and decays rise.
 *
 * @returns undefined while runs are missing.
 */
export function best(grid: Arms, { has }: Side): string | undefined {
  const arms = Object.entries(grid).filter(([name]) => has(name));
  if (arms.length === 0 || arms.some(([, runs]) => runs.length < TRIED)) return;
  const of = (runs: readonly Outcome[]) => runs.map(({ held }) => late(held));
  const count = (runs: readonly Outcome[]) =>
    of(runs).filter(Number.isFinite).length;
  return arms.toSorted(([, a], [, b]) => {
    const [x, y] = [lowerMedian(of(a)), lowerMedian(of(b))];
    return x < y ? -1 : x > y ? 1 : count(b) - count(a);
  })[0]![0];
}

/** The points to train with 64 seeds, each once. */
export function chosen(grid: Arms): string[] | undefined {
  const arms = Object.values(SIDES).map((of) => best(grid, of));
  return arms.every((arm) => arm !== undefined)
    ? [...new Set(arms)]
    : undefined;
}

const sooner = (
  id: string,
  text: string,
  a: Side,
  b: Side,
): Omit<Claim, "judge" | "sweep"> & {
  judge: (grid: Arms, arms: Arms) => Judged;
} => ({
  id,
  text,
  judge: (grid, arms) => {
    const [x, y] = [best(grid, a), best(grid, b)];
    if (x === undefined || y === undefined) {
      return open("the grid is not complete");
    }
    const judged = bySeed(
      arms,
      [x, y],
      (one, other) =>
        one.held === other.held ? null : late(one.held) < late(other.held),
    );
    if (judged.verdict === "open") return judged;
    const steps = [x, y].map((arm) =>
      middle(arms[arm]!, ({ held }) => late(held))
    );
    return {
      ...judged,
      found: `${judged.found}; medians ${steps[0]} (${x}) and ${
        steps[1]
      } (${y})`,
    };
  },
});

/** Claims of the best points of the grid. */
export const COMPARISONS = [
  sooner(
    "P9",
    "⊥AdamW alone groks before the best weight decay (two-hot)",
    SIDES.alone,
    SIDES.decay,
  ),
  sooner(
    "P10",
    "⊥AdamW alone groks before the best weight decay (embedding)",
    SIDES.aloneEmbedded,
    SIDES.decayEmbedded,
  ),
  sooner(
    "P11",
    "⊥AdamW with its best decay groks before AdamW with its own (two-hot)",
    SIDES.perp,
    SIDES.decay,
  ),
  sooner(
    "P12",
    "⊥AdamW with its best decay groks before AdamW with its own (embedding)",
    SIDES.perpEmbedded,
    SIDES.decayEmbedded,
  ),
  sooner("P13", "Muon groks before AdamW (two-hot)", SIDES.muon, SIDES.decay),
];
