/**
 * Figure 11: two other ways around collapse, Taylor softmax and a penalty on the
 * logits.
 *
 * @module
 */

import type { Chart } from "../../charts/chart.ts";
import type { Arm, Figure, Results, Row, RunRecord } from "../figure.ts";
import { panelOf, shareAxis } from "../panels.ts";
import {
  firstAtLeast,
  GROKS,
  measured,
  most,
  percent,
  stepText,
} from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import { mlp, quickGrok } from "./settings.ts";

const ACCURACY = "test_accuracy";

const common = { ...mlp, lr: 0.01, beta2: 0.999, trainFraction: 0.4 };

const plain = {
  name: "softmax",
  label: "softmax",
  config: {
    ...common,
    loss: "softmax",
    lossPrecision: "float64",
    steps: 20_000,
  },
  quick: { ...quickGrok, steps: 4000 },
} as const satisfies Arm;
const penalty = {
  name: "penalty",
  label: "softmax, logit-norm penalty 0.01",
  config: { ...plain.config, logitPenalty: 0.01 },
  quick: { ...quickGrok, steps: 4000 },
} as const satisfies Arm;
const taylor = {
  name: "taylor",
  label: "Taylor softmax of order 2",
  config: {
    ...common,
    loss: "taylor",
    taylorOrder: 2,
    lossPrecision: "float64",
    steps: 20_000,
  },
  quick: { ...quickGrok, steps: 4000 },
} as const satisfies Arm;
const arms = [plain, penalty, taylor];

const grokked = (run: RunRecord) => firstAtLeast(run, ACCURACY, GROKS);

function chart(results: Results): Chart {
  return {
    title: "A penalty on the logits, and Taylor softmax, without weight decay",
    subtitle: "Addition, MLP, AdamW lr 0.01, β 0.9 and 0.999, no weight decay",
    panels: [
      panelOf(
        results,
        arms,
        ACCURACY,
        "Test accuracy",
        shareAxis("test accuracy"),
      ),
      panelOf(
        results,
        arms,
        "softmax_collapse",
        "Samples that a softmax would lose",
        shareAxis("collapsed train samples"),
      ),
      panelOf(results, arms, "logit_scale", "Logit scale", {
        label: "mean largest |logit|",
        scale: "log",
      }),
    ],
  };
}

function rows(results: Results): Row[] {
  return arms.flatMap(({ name, label }) => [
    {
      what: `${label}: step of 95 % test accuracy`,
      published: name === "softmax" ? "never" : "groks (no numbers)",
      measured: measured(results, name, grokked, stepText),
    },
    {
      what: `${label}: highest test accuracy`,
      published: "–",
      measured: measured(results, name, (run) => most(run, ACCURACY), percent),
    },
  ]);
}

/** Figure 11. */
export const fig11: Figure = {
  title: "Figure 11: logit-norm penalty and Taylor softmax",
  shows:
    "whether keeping the logits small, or a softmax of polynomials, lets " +
    "the network grok without weight decay",
  settings:
    "Addition mod 113, 40 % of the pairs, MLP 200–200 without biases, " +
    "AdamW lr 0.01, β 0.9 and 0.999, ε 1e-25, no weight decay, as in Figure " +
    "1b. Softmax without and with a penalty of 0.01 times the logits' mean " +
    "squared norm; Taylor softmax of order 2; all in float64, 20,000 steps. " +
    "Order, precision, weight of the penalty, rate and lengths are not " +
    "published. Quick: mod 59, 80 % of the pairs.",
  published: "Both induce grokking.",
  arms,
  columns: [ACCURACY, "train_accuracy", "softmax_collapse", "logit_scale"],
  chart,
  rows,
  claims: [{
    id: "C10",
    statement: "Taylor softmax and a penalty on the logits' norm induce " +
      "grokking.",
    rule:
      "The test accuracy of both reaches 95 % within the run, and that of " +
      "plain softmax does not, though it memorises (else the seed says " +
      `nothing). ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, arms.map(({ name }) => name), (...runs) => {
        const [softmax, ...others] = runs.map(grokked);
        return {
          so: runs[0]!.memorised_at === null
            ? null
            : softmax === null && others.every((step) => step !== null),
          why: runs.map((run, i) =>
            `${arms[i]!.label} 95 % at ${stepText(grokked(run))} (at most ${
              percent(most(run, ACCURACY))
            })`
          ).join(", "),
          steps: runs.map((run, i) => [arms[i]!.label, grokked(run)]),
        };
      }),
  }],
};
