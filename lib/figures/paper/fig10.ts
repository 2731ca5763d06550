/**
 * Figure 10: updates that are absorbed by the weights they are added to.
 *
 * @module
 */

import type { Chart } from "../../charts/chart.ts";
import type { Arm, Figure, Results, Row, RunRecord } from "../figure.ts";
import { panelOf, shareAxis } from "../panels.ts";
import {
  firstAtLeast,
  ifMemorised,
  last,
  measured,
  near,
  percent,
} from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import { mlp, quickMlp, sgd } from "./settings.ts";

const ABSORBED = "absorbed_updates";
const SCALE = "logit_scale";

const arms = [{
  name: "sgd",
  label: "SGD, softmax float32",
  config: {
    ...mlp,
    ...sgd,
    loss: "softmax",
    lossPrecision: "float32",
    trainFraction: 0.3,
    lr: 10,
    steps: 100_000,
    metrics: ["basic", "updates"],
  },
  quick: { ...quickMlp, steps: 60_000 },
}] as const satisfies readonly Arm[];

// A column when all train rows are right for the first time, and at the end.
function change(run: RunRecord, name: string): [from: number, to: number] {
  const start = firstAtLeast(run, "train_accuracy", 1);
  if (start === null) return [NaN, NaN];
  return [near(run, name, start), last(run, name)];
}

function chart(results: Results): Chart {
  return {
    title: "Absorbed updates and the size of the logits",
    subtitle: "Addition, 30 % of the pairs, MLP in float32, plain gradient " +
      "descent, lr 10, softmax cross-entropy",
    panels: [
      panelOf(
        results,
        arms,
        ABSORBED,
        "Absorbed updates",
        shareAxis("weights with w − ηg = w"),
      ),
      panelOf(results, arms, SCALE, "Logit scale", {
        label: "mean largest |logit|",
      }),
      panelOf(
        results,
        arms,
        "train_accuracy",
        "Train accuracy",
        shareAxis("train accuracy"),
      ),
    ],
  };
}

function rows(results: Results): Row[] {
  const of = (name: string, end: 0 | 1, format: (x: number) => string) =>
    measured(
      results,
      "sgd",
      (run) => change(run, name)[end],
      ifMemorised(format),
    );
  const number = (x: number) => x.toPrecision(3);
  return [
    {
      what: "absorbed updates at 100 % train accuracy",
      published: "–",
      measured: of(ABSORBED, 0, percent),
    },
    {
      what: "absorbed updates at the end",
      published: "rises (a curve without numbers)",
      measured: of(ABSORBED, 1, percent),
    },
    {
      what: "logit scale at 100 % train accuracy",
      published: "–",
      measured: of(SCALE, 0, number),
    },
    {
      what: "logit scale at the end",
      published: "rises",
      measured: of(SCALE, 1, number),
    },
  ];
}

const RISE = 0.1;

/** Figure 10. */
export const fig10: Figure = {
  title: "Figure 10: gradient absorption",
  shows: "which share of the weights a step of gradient descent does not " +
    "change at all, because w − ηg rounds to w",
  settings: "Addition mod 113, 30 % of the pairs, MLP 200–200 without biases " +
    "in float32, softmax cross-entropy in float32, SGD without momentum and " +
    "weight decay, 100,000 steps, full batch. Learning rate (10, as in Figure " +
    "6b) and length are not published: the loss falls as 1/(ηt), and so, " +
    "whatever the rate, does the update as 1/t. Quick: mod 31, 60,000 steps.",
  published: "The share rises as the logits grow.",
  arms,
  columns: [ABSORBED, SCALE, "train_accuracy", "softmax_collapse"],
  chart,
  rows,
  remarks: {
    quick: [
      "C19 asks for 10 percentage points. The share does rise with the " +
      "logits, with each of three seeds, by 5 to 6 points in 60,000 steps, " +
      "and is still rising.",
    ],
  },
  claims: [{
    id: "C19",
    statement: "More and more updates are absorbed as the logits grow.",
    rule: "From the first evaluation with 100 % train accuracy to the last, " +
      `the share of absorbed updates rises by at least ${percent(RISE)} and ` +
      "the mean largest |logit| grows. A run that does not memorise says " +
      `nothing. ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, ["sgd"], (run) => {
        const [from, to] = change(run, ABSORBED);
        const [small, large] = change(run, SCALE);
        return {
          so: Number.isNaN(from) ? null : to - from >= RISE && large > small,
          why: `absorbed ${percent(from)} to ${percent(to)}, logits ` +
            `${small.toPrecision(3)} to ${large.toPrecision(3)}`,
        };
      }),
  }],
};
