/**
 * Figure 9: Softmax Collapse by precision under gradient descent.
 *
 * @module
 */

import type { Chart } from "../../charts/chart.ts";
import type { Figure, Results } from "../figure.ts";
import { mlp, quickMlp, sgd } from "./settings.ts";
import {
  armsBy,
  columns,
  higherBefore,
  higherPeak,
  laterCollapse,
  precisionPanels,
  precisionRows,
} from "../precisions.ts";

const STEPS = { full: 10_000, quick: 3000 } as const;

const arms = armsBy(
  (trainFraction, lossPrecision) => ({
    ...mlp,
    ...sgd,
    momentum: 0.2,
    lrOverGradientNorm: true,
    loss: "softmax",
    lossPrecision,
    trainFraction,
    lr: trainFraction === 0.4 ? 3 : 4,
    steps: STEPS.full,
  }),
  () => ({ ...quickMlp, steps: STEPS.quick }),
);

const published = { peaks: {}, collapse: {} };

function chart(results: Results): Chart {
  return {
    title: "Generalisation and Softmax Collapse under gradient descent",
    subtitle:
      "Addition, MLP, SGD with the rate divided by the gradient's norm " +
      "(3 at 40 %, 4 at 60 and 70 %), softmax cross-entropy",
    panels: precisionPanels(results, STEPS[results.scale], published),
  };
}

/** Figure 9. */
export const fig9: Figure = {
  title: "Figure 9: Softmax Collapse by precision under SGD",
  shows: "that precision decides about collapse and generalisation without " +
    "Adam, too: SGD with steps of a constant length",
  settings:
    "Addition mod 113, MLP 200–200 without biases, 40, 60 and 70 % of " +
    "the pairs; SGD with momentum 0.2, the published code's default, the " +
    "learning rate divided in each step by the norm of the whole gradient, 3 " +
    "at 40 % and 4 at 60 and 70 %; no weight decay; softmax cross-entropy in " +
    "float16, float32 and float64; 10,000 steps, full batch. Quick: mod " +
    "31, width 100, 3,000 steps.",
  published: "As Figure 2: test accuracy and the step of collapse grow with " +
    "precision; curves without numbers.",
  arms,
  columns,
  chart,
  rows: (results) => precisionRows(results, published),
  remarks: {
    quick: [
      "Mod 31 steps of a constant length are too long: every float16 run " +
      "diverges after 500 to 2,800 steps, and so do three of 18 others, and " +
      "the test accuracy is nowhere above 23 %. So C3 and C4 say nothing. " +
      "Before that collapse does come later with more precision: after 105 to " +
      "135 steps in float16, 300 to 585 in float32, and later or, once, at the " +
      "same step in float64, for each share and seed.",
    ],
  },
  claims: [
    {
      id: "C3",
      statement: "Under SGD, too, collapse comes later with more precision.",
      ...laterCollapse,
    },
    {
      id: "C4",
      statement: "Under SGD, too, the test accuracy reached before half of " +
        "the train samples have collapsed grows with precision.",
      ...higherBefore,
    },
    {
      id: "C27",
      statement: "Under SGD, too, the highest test accuracy of a run grows " +
        "with precision.",
      ...higherPeak,
    },
  ],
};
