/**
 * Figure 16: temperature and label smoothing as ways around collapse.
 *
 * @module
 */

import type { Chart } from "../../charts/chart.ts";
import type { Arm, Figure, Results, Row, RunRecord } from "../figure.ts";
import { panelOf, shareAxis } from "../panels.ts";
import {
  firstAtLeast,
  measured,
  most,
  percent,
  stepText,
} from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import { mlp, quickGrok } from "./settings.ts";
import { THRESHOLD } from "../../runs/result.ts";

const ACCURACY = "test_accuracy";
const COLLAPSE = "softmax_collapse";

const config = {
  ...mlp,
  loss: "softmax",
  lossPrecision: "float32",
  trainFraction: 0.4,
  lr: 0.01,
  steps: 30_000,
} as const;
const quick = { ...quickGrok, steps: 4000 };

const arms: Arm[] = [
  { name: "softmax", label: "softmax", config, quick },
  {
    name: "temperature",
    label: "temperature 1e5",
    config: { ...config, temperature: 1e5 },
    quick,
  },
  {
    name: "smoothing",
    label: "label smoothing 0.1",
    config: { ...config, labelSmoothing: 0.1 },
    quick,
  },
];

const HALF = 0.5;
const collapsed = (run: RunRecord) => firstAtLeast(run, COLLAPSE, HALF);
const highest = (run: RunRecord) => most(run, ACCURACY);

function chart(results: Results): Chart {
  const panel = (name: string, title: string) =>
    panelOf(results, arms, name, title, shareAxis(title.toLowerCase()));
  return {
    title: "Softmax at a high temperature, and with smoothed labels",
    subtitle: "Addition, MLP, AdamW lr 0.01, no weight decay, softmax " +
      "cross-entropy in float32",
    panels: [
      panel(ACCURACY, "Test accuracy"),
      panel(COLLAPSE, "Collapsed train samples"),
      panelOf(results, arms, "logit_scale", "Logit scale", {
        label: "mean largest |logit|",
        scale: "log",
      }),
    ],
  };
}

function rows(results: Results): Row[] {
  const published: Readonly<Record<string, [string, string]>> = {
    softmax: ["–", "–"],
    temperature: ["later", "–"],
    smoothing: ["never", "incomplete"],
  };
  return arms.flatMap(({ name, label }) => [
    {
      what: `${label}: step of 50 % collapse`,
      published: published[name]![0],
      measured: measured(results, name, collapsed, stepText),
    },
    {
      what: `${label}: highest test accuracy`,
      published: published[name]![1],
      measured: measured(results, name, highest, percent),
    },
  ]);
}

const NONE = 0.01;
const SOME = 0.1;

/** Figure 16. */
export const fig16: Figure = {
  title: "Figure 16: temperature and label smoothing",
  shows: "whether dividing the logits by a temperature of 1e5, or smoothing " +
    "the labels, prevents Softmax Collapse, and what is learnt then",
  settings:
    "Addition mod 113, 40 % of the pairs, MLP 200–200 without biases, " +
    "softmax cross-entropy in float32, AdamW lr 0.01, β 0.9 and 0.99, ε 1e-25, " +
    "no weight decay, 30,000 steps: as it is, at the temperature 1e5, and with " +
    "label smoothing 0.1. Smoothing, rate and length are not published. " +
    "Quick: mod 59, 80 % of the pairs, 4,000 steps.",
  published: "Temperature only delays collapse; smoothing prevents it and " +
    "generalises incompletely.",
  arms,
  columns: [ACCURACY, "train_accuracy", COLLAPSE, "logit_scale"],
  chart,
  rows,
  remarks: {
    quick: [
      "C11 fails because 4,000 steps are too few: at the temperature 1e5 " +
      "the logits grow a hundred thousand times as large, and with none of " +
      "three seeds has a sample collapsed yet. C22 fails because with 80 % of " +
      "the pairs mod 59 smoothed labels are enough to generalise wholly.",
    ],
  },
  claims: [
    {
      id: "C11",
      statement: "Temperature only delays collapse; label smoothing prevents " +
        "it.",
      rule: "Half of the train samples have collapsed at the temperature 1e5 " +
        "within the run, and later than at the temperature 1; with label " +
        `smoothing never more than ${percent(NONE)} have. Where nothing ` +
        `collapses at the temperature 1, the seed says nothing. ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, arms.map(({ name }) => name), (...runs) => {
          const [plain, hot, smooth] = runs as [
            RunRecord,
            RunRecord,
            RunRecord,
          ];
          const [first, later] = [collapsed(plain), collapsed(hot)];
          const share = most(smooth, COLLAPSE);
          return {
            so: first === null
              ? null
              : later !== null && later > first && share <= NONE,
            why:
              `50 % collapse at ${stepText(first)}, at the temperature 1e5 ` +
              `at ${stepText(later)}; with smoothing at most ${percent(share)}`,
            steps: [["half collapse", first], ["at 1e5", later]],
          };
        }),
    },
    {
      id: "C22",
      statement: "With label smoothing the network generalises incompletely.",
      rule: `Its highest test accuracy lies between ${percent(SOME)} and ` +
        `${percent(THRESHOLD)}. ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, ["smoothing"], (run) => ({
          so: highest(run) >= SOME && highest(run) < THRESHOLD,
          why: `highest test accuracy ${percent(highest(run))}`,
        })),
    },
  ],
};
