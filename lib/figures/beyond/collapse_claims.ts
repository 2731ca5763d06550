/**
 * What is claimed of neural collapse, and the rules.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import { short } from "../../base/terminal.ts";
import type { Claim, RunRecord } from "../figure.ts";
import { stepText } from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import {
  COLLAPSED,
  collapsedAt,
  frameOf,
  lastNc1,
} from "./collapse_measures.ts";

/** The farthest that ‖w_k‖² is from the formula. */
const offFormula = (run: RunRecord) =>
  maxOf(
    frameOf(run).classes.map(({ square, formula }) =>
      Math.abs(square - (formula ?? NaN))
    ),
  );

/** The claims of `imbalanced-collapse`. */
export const claims: readonly Claim[] = [
  {
    id: "C65",
    statement: "Gradient descent on free features ends at the general " +
      "orthogonal frame of the formula.",
    rule: "With λ 0.002, ‖w‖² of each class is within 1e-8 of √n − 76·λ, and " +
      "no |cos| between class means, or between the classifier's vectors, " +
      `is above 1e-8. ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, ["formula"], (run) => {
        const { means_cosine, classifier_cosine } = frameOf(run!);
        const off = offFormula(run!);
        const cos = Math.max(means_cosine ?? NaN, classifier_cosine ?? NaN);
        return {
          so: off <= 1e-8 && cos <= 1e-8,
          why: `${off.toExponential(1)} from the formula, largest |cos| ` +
            cos.toExponential(1),
        };
      }),
  },
  {
    id: "C66",
    statement: "A class vanishes where N²λ²/n is 1 or more, and no other.",
    rule: "With λ 0.015, where N²λ²/n is 1.30 for the class of one row and " +
      "0.26 or less for the others, ‖w‖ of the class of one row is below " +
      `1e-6 of the longest, and of no other. ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, ["dying"], (run) => {
        const gone = frameOf(run!).classes
          .filter(({ vanished }) => vanished).map(({ rows }) => rows);
        return {
          so: gone.join() === "1",
          why: gone.length === 0
            ? "none vanished"
            : `vanished: those of ${gone.join(", ")} rows`,
        };
      }),
  },
  {
    id: "C67",
    statement: "A perceptron's classifier has lengths by the formula's form: " +
      "‖w‖² rises with √n.",
    rule: "With unequal classes and one hidden layer the correlation of ‖w‖² " +
      `with √n over the classes is 0.9 or more at the end. ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, ["unequal-1"], (run) => {
        const r = frameOf(run!).root_correlation;
        return { so: r === null ? null : r >= 0.9, why: `${short(r)}` };
      }),
  },
  {
    id: "C68",
    statement: "A network with two hidden layers collapses when it groks.",
    rule:
      "It collapses at the first checkpoint (every 50 steps) whose NC1 is " +
      `1/${COLLAPSED} or less of that at the first checkpoint from 99 % ` +
      "train accuracy on. That step is at least half and at most twice the " +
      "step of 99 % test accuracy; never is after every step. A network that " +
      `does not grok says nothing. ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, ["groks"], (run) => {
        const [collapsed, grokked] = [collapsedAt(run!), run!.grokked_at];
        const ratio = (collapsed ?? Infinity) / (grokked ?? NaN);
        return {
          so: grokked === null ? null : ratio >= 0.5 && ratio <= 2,
          why: `collapses at ${stepText(collapsed)}, groks at ` +
            stepText(grokked),
          steps: [["collapse", collapsed], ["grokking", grokked]],
        };
      }),
  },
  {
    id: "C69",
    statement: "A network that groks collapses further than one that only " +
      "memorises.",
    rule: "NC1 at the end of the network with wrong labels is at least ten " +
      "times that of the one with two hidden layers that groks. Where one " +
      "does not memorise, or the other does not grok, the seed says " +
      `nothing. ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, ["groks", "memorises"], (groks, memory) => {
        const [a, b] = [lastNc1(groks!), lastNc1(memory!)];
        const says = groks!.grokked_at !== null &&
          memory!.memorised_at !== null;
        return {
          so: says ? b >= 10 * a : null,
          why: `NC1 ${short(b)} of memory, ${short(a)} where it groks`,
        };
      }),
  },
];
