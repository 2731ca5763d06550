/**
 * What decides how far a first task falls, and of which networks.
 *
 * @module
 */

import type {
  GapMeasures,
  StabilityGapResult,
} from "../../probes/dynamics/stability_gap.ts";
import type { Claim, Results, RunRecord } from "../figure.ts";
import { GROKS, measureOf, percent } from "../readings.ts";
import { BY_SEED, bySeed, rises } from "../rules.ts";

/** How much of the first task is replayed, in per cent. */
export const REPLAYED = [0, 1, 5, 20, 100] as const;

/** Which rows. */
export type Part = "train" | "test";
// Of a run that diverged before the second task.
const NONE: GapMeasures = {
  before: NaN,
  lowest_at: NaN,
  back_at: null,
  acc: NaN,
  forg: NaN,
  min_acc: NaN,
  wc_acc: NaN,
  wf: {},
  wp: {},
};

/** What was measured on some rows. */
export function gapIn(run: RunRecord, part: Part): GapMeasures {
  const found = measureOf<StabilityGapResult | string>(run, "gap");
  return typeof found === "string" ? NONE : found[part];
}
const depth = (run: RunRecord, part: Part) => {
  const { before, min_acc } = gapIn(run, part);
  return before - min_acc;
};

// A circuit is there where unseen rows are right; memory where they are not.
const isCircuit = (run: RunRecord) =>
  gapIn(run, "train").before >= 0.99 && gapIn(run, "test").before >= GROKS;
const isMemory = (run: RunRecord) =>
  gapIn(run, "train").before >= 0.99 && gapIn(run, "test").before < 0.5;

const KINDS =
  "Where, at the switch, a network said to have grokked has less than " +
  "99 % train or 95 % test accuracy on the first task, or one said to be memory " +
  "less than 99 % train or 50 % or more test accuracy, the seed says nothing.";

// What is said of falling far and coming back, on some rows.
const comesBack = (results: Results, part: Part) =>
  bySeed(results, ["grokked-100"], (run) => {
    const { before, min_acc, forg } = gapIn(run!, part);
    return {
      so: isCircuit(run!) ? forg <= 0.01 && before - min_acc >= 0.1 : null,
      why: `${percent(before)} before, min-ACC ${percent(min_acc)}, FORG ${
        percent(forg)
      }`,
    };
  });

/** The claims. */
export const claims: readonly Claim[] = [
  {
    id: "C55",
    statement:
      "With all of it replayed a first task falls far and is back in " +
      "the end.",
    rule:
      "On the train rows of the grokked first task, all replayed: FORG at " +
      "most 1 point, and min-ACC at least 10 points below the accuracy before. " +
      `${KINDS} ${BY_SEED}`,
    decide: (results) => comesBack(results, "train"),
  },
  {
    id: "C56",
    statement: "The same holds on rows that it has not seen.",
    rule: "On the test rows of the grokked first task, all train rows " +
      "replayed: FORG at most 1 point, and min-ACC at least 10 points below " +
      `the accuracy before. ${KINDS} ${BY_SEED}`,
    decide: (results) => comesBack(results, "test"),
  },
  {
    id: "C57",
    statement: "The more is replayed, the less a first task falls.",
    rule:
      "On the train rows of the grokked first task min-ACC rises strictly " +
      `from 0 to 1, 5, 20 and 100 % replayed. ${KINDS} ${BY_SEED}`,
    decide: (results) =>
      bySeed(
        results,
        REPLAYED.map((share) => `grokked-${share}`),
        (...runs) => {
          const all = runs.map((run) => gapIn(run, "train").min_acc);
          return {
            so: runs.every(isCircuit) ? rises(all) : null,
            why: `min-ACC ${all.map((x) => percent(x)).join(", ")}`,
          };
        },
      ),
  },
  {
    id: "C58",
    statement:
      "The gap of a circuit that has grokked is smaller than that of " +
      "memory.",
    rule: "All train rows of the first task are replayed; on them the fall " +
      "from the accuracy before to min-ACC is strictly smaller of the grokked " +
      "network than of the one that has just memorised, and than of the one " +
      `trained as long without decay. ${KINDS} ${BY_SEED}`,
    decide: (results) =>
      bySeed(
        results,
        ["grokked-100", "memory-100", "long-100"],
        (circuit, just, aged) => {
          const falls = [circuit!, just!, aged!].map((run) =>
            depth(run, "train")
          ) as [number, number, number];
          const [own, ...others] = falls;
          const kinds = isCircuit(circuit!) && isMemory(just!) &&
            isMemory(aged!);
          return {
            so: kinds ? others.every((fall) => own < fall) : null,
            why: `falls by ${percent(falls[0])} of the circuit, ${
              percent(falls[1])
            } of memory, ${percent(falls[2])} of memory trained as long`,
          };
        },
      ),
  },
  {
    id: "C59",
    statement:
      "With a fifth replayed a grokked circuit keeps more than memory.",
    rule:
      "With 20 % of the first task's train rows replayed FORG on its train " +
      "rows is strictly smaller of the grokked network than of the one that " +
      `has just memorised. ${KINDS} ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, ["grokked-20", "memory-20"], (circuit, just) => {
        const [own, other] = [circuit!, just!].map((run) =>
          gapIn(run, "train").forg
        ) as [number, number];
        return {
          so: isCircuit(circuit!) && isMemory(just!) ? own < other : null,
          why: `FORG ${percent(own)} of the circuit, ${
            percent(other)
          } of memory`,
        };
      }),
  },
];
