/**
 * Figure 8: collapse that is induced stops generalisation.
 *
 * @module
 */

import type { Chart, Series } from "../../charts/chart.ts";
import type { ConfigInput } from "../../config/config.ts";
import type {
  Arm,
  Decision,
  Figure,
  Results,
  Row,
  RunRecord,
} from "../figure.ts";
import { panelOf, shareAxis } from "../panels.ts";
import {
  column,
  last,
  measured,
  most,
  percent,
  steps,
  stepText,
} from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import { mlp, quickGrok } from "./settings.ts";

const ACCURACY = "test_accuracy";

const base = {
  ...mlp,
  loss: "softmax",
  lossPrecision: "float64",
  trainFraction: 0.7,
  lr: 5e-4,
  steps: 20_000,
} satisfies ConfigInput;

// When the correct class's logit is taken away from the loss: as published, and
// where this setting is about as far as the paper's 8 % at its change.
const WHEN = { full: 6000, quick: 990 } as const;
const EARLY = 600;
// How far the runs with the early change go.
const SEEN = 6000;

const quick = { ...quickGrok, lr: 1e-3, steps: 6000 };
const induced = (at: number) => ({
  switches: [{ at, config: { correctLogitScale: 0 } }],
});

const arms = [
  { name: "plain", label: "as it is", config: base, quick },
  {
    name: "induced",
    label: "collapse induced",
    config: { ...base, ...induced(WHEN.full) },
    quick: { ...quick, ...induced(WHEN.quick) },
  },
  {
    name: "early",
    label: "collapse induced early",
    config: { ...base, steps: SEEN, ...induced(EARLY) },
    quick,
  },
] as const satisfies readonly Arm[];
const [plain, late, early] = arms;

// Accuracy at the last evaluation before the loss changes, and the highest one
// from there on.
function gain(
  run: RunRecord,
  at: number,
  until = Infinity,
): [before: number, after: number] {
  const i = steps(run).findLastIndex((step) => step <= at);
  return [column(run, ACCURACY)[i] ?? NaN, most(run, ACCURACY, until, at)];
}

function chart(results: Results): Chart {
  const full = results.scale === "full";
  const at = WHEN[results.scale];
  const changes: Series[] = [EARLY, at].map((x, i) => ({
    name: i === 0 ? "changes of the loss" : "",
    colour: 6,
    line: "dashed",
    points: [0, 1].map((y) => ({ x, y })),
  }));
  const accuracy = panelOf(
    results,
    arms,
    ACCURACY,
    "Generalisation",
    shareAxis("test accuracy"),
    full ? [{ y: 0.87, colour: 0 }, { y: 0.08, colour: 1 }] : [],
  );
  const memory = panelOf(
    results,
    arms,
    "train_accuracy",
    "Memory",
    shareAxis("train accuracy"),
  );
  return {
    title: "Training without the correct class's gradient",
    subtitle: "Addition, softmax cross-entropy in float64; " +
      `from step ${stepText(EARLY)} or ${stepText(at)} on the loss sees the ` +
      "correct class's logit as 0",
    panels: [accuracy, memory].map((panel) => ({
      ...panel,
      series: [...panel.series, ...changes],
    })),
  };
}

function rows(results: Results): Row[] {
  const at = WHEN[results.scale];
  const row = (
    { name, label }: Arm,
    what: string,
    value: (run: RunRecord) => number,
    published = "–",
  ): Row => ({
    what: `${label}: ${what}`,
    published,
    measured: measured(results, name, value, percent),
  });
  const after = `highest test accuracy after step ${stepText(at)}`;
  const highest = (run: RunRecord) => gain(run, at)[1];
  const seen = `highest test accuracy from step ${stepText(EARLY)} to ` +
    stepText(SEEN);
  return [
    row(plain, after, highest, "≈ 87 %"),
    row(late, after, highest, "≈ 8 %"),
    ...[EARLY, at].map((step) =>
      row(
        plain,
        `test accuracy at step ${stepText(step)}`,
        (run) => gain(run, step)[0],
      )
    ),
    ...[plain, early].map((arm) =>
      row(arm, seen, (run) => gain(run, EARLY, SEEN)[1])
    ),
    ...arms.map((arm) =>
      row(
        arm,
        "train accuracy at the end",
        (run) => last(run, "train_accuracy"),
      )
    ),
  ];
}

const LEAST = 0.2;
const SHARE = 0.25;

const RULE =
  "From the last evaluation before the change on, the untouched run " +
  `gains at least ${percent(LEAST)} of test accuracy (else the seed says ` +
  "nothing), and the other at its highest gains less than a quarter of " +
  "what the untouched one gains.";

// Whether a change of the loss stops what the untouched run goes on to gain.
function stops(
  results: Results,
  { name }: Arm,
  at: number,
  until = Infinity,
): Decision {
  return bySeed(results, [plain.name, name], (untouched, induced) => {
    const [before, free] = gain(untouched, at, until);
    const [, held] = gain(induced, at, until);
    return {
      so: free - before < LEAST
        ? null
        : held - before < SHARE * (free - before),
      why: `${percent(before)} at step ${stepText(at)}, then up to ` +
        `${percent(free)} as it is and ${percent(held)} induced`,
    };
  });
}

/** Figure 8. */
export const fig8: Figure = {
  title: "Figure 8: collapse induced on purpose",
  shows: "whether a network goes on generalising once nothing reaches its " +
    "weights through the correct class any more, as in Softmax Collapse",
  settings:
    "Addition mod 113, MLP 200–200 without biases, 70 % of the pairs, " +
    "AdamW lr 5e-4, β 0.9 and 0.99, ε 1e-25, no weight decay, softmax " +
    "cross-entropy in float64, 20,000 steps; from step 6,000 on the loss sees " +
    "the correct class's logit multiplied by 0. The paper gives the step and " +
    "the factor; that it is Figure 2's setting which generalises is a guess. " +
    "By then this setting has generalised, so in runs of 6,000 steps the change " +
    "is made at step 600, too, where it is about as far as the paper at its " +
    "change. Quick: mod 59, 80 % of the pairs, lr 1e-3, 6,000 steps, the " +
    "changes at 990 and 600.",
  published: "Generalisation stops at about 8 % test accuracy instead of " +
    "reaching about 87 %.",
  arms,
  columns: [ACCURACY, "train_accuracy", "softmax_collapse"],
  chart,
  rows,
  remarks: {
    full: [
      "C5 can say nothing here: at step 6,000 this setting has generalised, to " +
      "82 and 95 % with seeds 1 and 0, and untouched it gains 5 and 2 points " +
      "more before its spikes begin. With the collapse induced it gains half a " +
      "point at most and falls slowly from there, without spikes.",
      "At step 600 untouched runs are at 5 to 13 %, and reach 86 to 96 %: the " +
      "published 8 and 87 % fit a change there, if the setting is this one. " +
      "C26 holds: over what it has at step 600 a run with the change gains 1.5 " +
      "to 3 points and then falls slowly, as does its train accuracy; untouched " +
      "it gains 76 to 81 by step 6,000.",
    ],
  },
  claims: [
    {
      id: "C5",
      statement: "Inducing Softmax Collapse stops generalisation.",
      rule: `${RULE} ${BY_SEED}`,
      decide: (results) => stops(results, late, WHEN[results.scale]),
    },
    {
      id: "C26",
      statement:
        `Induced at step ${stepText(EARLY)}, while the network still ` +
        "learns to generalise, Softmax Collapse stops generalisation.",
      rule: `${RULE} Both are looked at until step ${
        stepText(SEEN)
      }. ${BY_SEED}`,
      decide: (results) => stops(results, early, EARLY, SEEN),
    },
  ],
};
