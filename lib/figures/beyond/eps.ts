/**
 * Appendix I: Adam's ε, and networks that stop before they collapse.
 *
 * @module
 */

import type { Chart } from "../../charts/chart.ts";
import type { Arm, Figure, Results, Row, RunRecord } from "../figure.ts";
import { panelOf, shareAxis } from "../panels.ts";
import { mlp, quickGrok } from "../paper/settings.ts";
import { last, measured, most, percent } from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";

const ACCURACY = "test_accuracy";
const COLLAPSE = "softmax_collapse";
const UPDATE = "update_norm";

const epsilons = { "1e-25": 1e-25, "1e-12": 1e-12, "1e-8": 1e-8, "1e-5": 1e-5 };

const arms: Arm[] = Object.entries(epsilons).map(([text, eps]) => ({
  name: `eps${text}`,
  label: `ε ${text}`,
  config: {
    ...mlp,
    loss: "softmax",
    lossPrecision: "float64",
    trainFraction: 0.7,
    lr: 5e-4,
    eps,
    steps: 20_000,
    metrics: ["basic", "updates"],
  },
  quick: { ...quickGrok, lr: 1e-3, steps: 3000 },
}));
const [smallest, , usual, largest] = arms.map(({ name }) => name) as [
  string,
  string,
  string,
  string,
];

const highest = (run: RunRecord) => most(run, ACCURACY);
const collapse = (run: RunRecord) => most(run, COLLAPSE);

function chart(results: Results): Chart {
  return {
    title: "Generalisation, collapse and updates by Adam's ε",
    subtitle: "Addition, MLP, AdamW without weight decay, softmax " +
      "cross-entropy in float64",
    panels: [
      panelOf(results, arms, ACCURACY, "Test accuracy", shareAxis("accuracy")),
      panelOf(
        results,
        arms,
        COLLAPSE,
        "Softmax Collapse",
        shareAxis("collapsed train samples"),
      ),
      panelOf(results, arms, UPDATE, "Length of the update", {
        label: "‖Δ‖₂",
        scale: "log",
      }),
    ],
  };
}

function rows(results: Results): Row[] {
  return arms.flatMap(({ name, label }) => [
    {
      what: `${label}: highest test accuracy`,
      published: "–",
      measured: measured(results, name, highest, percent),
    },
    {
      what: `${label}: collapsed train samples, at most`,
      published: "–",
      measured: measured(results, name, collapse, percent),
    },
    {
      what: `${label}: length of the last update`,
      published: "–",
      measured: measured(
        results,
        name,
        (run) => last(run, UPDATE),
        (x) => x.toExponential(1),
      ),
    },
  ]);
}

const LEAST = 0.2;
const FEW = 0.5;

/** Adam's ε. */
export const eps: Figure = {
  title: "Appendix I: Adam's ε",
  shows:
    "what the ε in Adam's denominator does once the gradients are small, " +
    "long before the softmax collapses",
  settings:
    "Addition mod 113, 70 % of the pairs, MLP 200–200 without biases, " +
    "softmax cross-entropy in float64, AdamW lr 5e-4, β 0.9 and 0.99, no " +
    "weight decay, 20,000 steps (Figure 2c); ε 1e-25 as in the paper's code, " +
    "1e-12, 1e-8 (PyTorch's default) and 1e-5. Quick: mod 59, 80 % of the " +
    "pairs, lr 1e-3, 3,000 steps.",
  published: "A large ε can stop grokking before Softmax Collapse; no numbers.",
  arms,
  columns: [ACCURACY, "train_accuracy", COLLAPSE, UPDATE],
  chart,
  rows,
  remarks: {
    quick: [
      "C14 asks for a run that is long enough for updates to run dry. After " +
      "3,000 steps the updates are 7.3e-3 long with ε 1e-25, 2.2e-3 with 1e-8, " +
      "9.5e-4 with 1e-5, and the test accuracy is 34, 29 and 21 % (medians of " +
      "three seeds): the order is there with each, the factor of two with none.",
    ],
  },
  claims: [{
    id: "C14",
    statement: "A large ε of Adam stops grokking before Softmax Collapse.",
    rule:
      `With ε 1e-25 the highest test accuracy is at least ${percent(LEAST)} ` +
      "(else the seed says nothing); with PyTorch's 1e-8 and with 1e-5 it is " +
      `less than half of that, and at no evaluation have ${percent(FEW)} of ` +
      `the train samples collapsed. ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, [smallest, usual, largest], (small, ...large) => ({
        so: highest(small!) < LEAST
          ? null
          : large.every((run) =>
            highest(run) < highest(small!) / 2 && collapse(run) < FEW
          ),
        why: `${percent(highest(small!))} with 1e-25, ` +
          large.map((run, i) =>
            `${percent(highest(run))} with ${["1e-8", "1e-5"][i]}, where at ` +
            `most ${percent(collapse(run))} collapsed`
          ).join(", "),
      })),
  }],
};
