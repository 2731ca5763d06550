/**
 * Appendix H and the paper's users: grokking in float32 before float64, by
 * slingshots.
 *
 * @module
 */

import type { Chart, Panel } from "../../charts/chart.ts";
import { readMetrics } from "../../runs/read.ts";
import { THRESHOLD } from "../../runs/result.ts";
import type { Arm, Figure, Json, Results, Row, RunRecord } from "../figure.ts";
import { linesOf, panelOf, shareAxis } from "../panels.ts";
import { mlp } from "../paper/settings.ts";
import {
  GROKS,
  measured,
  measureOf,
  most,
  percent,
  stepText,
} from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import { median } from "../../numeric/statistics.ts";

const ACCURACY = "test_accuracy";

const config = {
  ...mlp,
  loss: "softmax",
  lossPrecision: "float32",
  trainFraction: 0.7,
  lr: 0.01,
  steps: 20_000,
  // A spike is over within some dozens of steps.
  evalEvery: 10,
} as const;
const quick = {
  modulus: 59,
  hidden: [128, 128],
  trainFraction: 0.7,
  steps: 4000,
};

const arms: Arm[] = [
  { name: "float32", label: "float32, lr 0.01, β₂ 0.99", config, quick },
  {
    name: "float64",
    label: "float64, lr 0.01, β₂ 0.99",
    config: { ...config, lossPrecision: "float64" },
    quick,
  },
  {
    name: "slower",
    label: "float32, lr 0.005, β₂ 0.99",
    config: { ...config, lr: 0.005 },
    quick,
  },
  {
    name: "longer",
    label: "float32, lr 0.01, β₂ 0.999",
    config: { ...config, beta2: 0.999 },
    quick,
  },
];

/** From which factor over the evaluations before it a loss is a spike. */
const FACTOR = 100;
/** How many evaluations before it: their median counts. */
const WINDOW = 10;
/** And the least loss of a spike. */
const LEAST_LOSS = 0.01;

const SPIKE =
  `A spike is an evaluation, ${WINDOW} or more after the first with 99 % train ` +
  `accuracy, whose train loss is at least ${LEAST_LOSS} and ${FACTOR} times the ` +
  `median of the ${WINDOW} evaluations before it; those of the next ${WINDOW} ` +
  "evaluations belong to the same spike.";

/**
 * The steps at which spikes of a loss begin, by the rule above.
 *
 * @param rows Step, train loss and train accuracy of each evaluation.
 */
export function spikesOf(
  rows: readonly {
    readonly step: number;
    readonly train_loss: number;
    readonly train_accuracy?: number;
  }[],
): number[] {
  const start = rows.findIndex((row) => (row.train_accuracy ?? 0) >= THRESHOLD);
  if (start < 0) return [];
  const spikes: number[] = [];
  let free = start + WINDOW;
  for (let i = start + WINDOW; i < rows.length; i++) {
    const usual = median(
      rows.slice(i - WINDOW, i).map((row) => row.train_loss),
    );
    const { step, train_loss } = rows[i]!;
    if (
      i < free || train_loss < LEAST_LOSS || train_loss < FACTOR * usual
    ) continue;
    spikes.push(step);
    free = i + WINDOW + 1;
  }
  return spikes;
}

// A record keeps every tenth evaluation, of which a spike may be none: spikes and
// the step of grokking are read off all of them.
async function spikes(run: string): Promise<Json> {
  const rows = await readMetrics(run);
  const steps = spikesOf(rows);
  const loss = new Map(rows.map((row) => [row.step, row.train_loss]));
  return {
    count: steps.length,
    // Of a run with hundreds, how many and the first ones say enough.
    first: steps.slice(0, 50),
    losses: steps.slice(0, 50)
      .map((step) => Number(loss.get(step)!.toPrecision(4))),
  };
}

async function groks(run: string): Promise<Json> {
  const rows = await readMetrics(run);
  return rows.find((row) => (row.test_accuracy ?? 0) >= GROKS)?.step ?? null;
}

const spikesIn = (run: RunRecord) =>
  measureOf<{ count: number; first: number[]; losses: number[] }>(
    run,
    "spikes",
  );
const grokked = (run: RunRecord) => measureOf<number | null>(run, "groks");

// The beginnings of spikes, of every seed.
const spikeDots = (results: Results, some: readonly Arm[], from: number) =>
  some.map(({ name }, i) => ({
    name: "a spike begins",
    colour: from + i,
    line: "none" as const,
    points: results.of(name).flatMap((run) => {
      const { first, losses } = spikesIn(run);
      return first.map((x, i) => ({ x, y: losses[i]! }));
    }),
  }));

function chart(results: Results): Chart {
  const loss: Panel = {
    title: "Train loss, float32 and float64",
    x: { label: "step" },
    y: { label: "train loss", scale: "log" },
    series: [
      ...linesOf(results, arms.slice(0, 2), "train_loss"),
      ...spikeDots(results, arms.slice(0, 2), 0),
    ],
  };
  const without: Panel = {
    ...loss,
    title: "Train loss, float32, lr 0.005 or β₂ 0.999",
    series: [
      ...linesOf(results, arms.slice(2), "train_loss", 2),
      ...spikeDots(results, arms.slice(2), 2),
    ],
  };
  return {
    title: "Grokking in float32 and float64, and the loss's spikes",
    subtitle: "Addition, 70 % of the pairs, MLP, AdamW ε 1e-25, no weight " +
      "decay, softmax cross-entropy",
    panels: [
      panelOf(
        results,
        arms,
        ACCURACY,
        "Test accuracy",
        shareAxis("test accuracy"),
      ),
      loss,
      without,
    ],
  };
}

function rows(results: Results): Row[] {
  return arms.flatMap(({ name, label }) => [
    {
      what: `${label}: step of 95 % test accuracy`,
      published: "–",
      measured: `${measured(results, name, grokked, stepText)}, at most ${
        measured(results, name, (run) => most(run, ACCURACY), percent)
      }`,
    },
    {
      what: `${label}: spikes of the train loss`,
      published: "–",
      measured: measured(
        results,
        name,
        (run) => spikesIn(run).count,
        (x) => String(Math.round(x)),
      ),
    },
  ]);
}

/** Slingshots. */
export const slingshots: Figure = {
  title: "Appendix H: slingshots",
  shows: "why float32 was seen to grok before float64: Adam with a tiny ε is " +
    "thrown out of collapse, again and again",
  settings:
    "Addition mod 113, 70 % of the pairs, MLP 200–200 without biases, " +
    "softmax cross-entropy, AdamW, ε 1e-25, no weight decay, 20,000 steps, " +
    "evaluated every 10: lr 0.01 and β₂ 0.99 in float32 and in float64; in " +
    "float32 also lr 0.005, and β₂ 0.999. Users of the paper's code report " +
    "this; share of the pairs and length are not stated. Quick: mod 59, 4,000 " +
    "steps.",
  published:
    "Float32 groks before float64, by slingshots; a rate of 0.005 or " +
    "β₂ 0.999 removes that (the paper's users, no numbers).",
  arms,
  columns: [ACCURACY, "train_accuracy", "train_loss", "softmax_collapse"],
  measures: { spikes, groks },
  chart,
  rows,
  remarks: {
    quick: [
      "With each of three seeds 4,000 steps show one slingshot in float32 and " +
      "none in float64, and no network gets far, so of C17 there is nothing to " +
      "say. With lr 0.005 it comes about a hundred steps later, with β₂ 0.999 " +
      "not at all: C24 fails, since only one of the two remedies helps.",
    ],
  },
  claims: [
    {
      id: "C17",
      statement: "Float32 groks before float64 by slingshots.",
      rule: `${SPIKE} The float32 run reaches 95 % test accuracy before the ` +
        "float64 run (never is after every step), and a spike came before " +
        "that. Where neither gets there, the seed says nothing. " + BY_SEED,
      decide: (results) =>
        bySeed(results, ["float32", "float64"], (single, double) => {
          const [first, second] = [grokked(single!), grokked(double!)];
          const { count, first: spikes } = spikesIn(single!);
          const at = spikes[0] ?? Infinity;
          return {
            so: first === null && second === null
              ? null
              : first !== null && first < (second ?? Infinity) && at < first,
            why: `95 % at ${stepText(first)} in float32 and ` +
              `${stepText(second)} in float64; ${count} spikes in float32, ` +
              `the first at ${stepText(at)}`,
            steps: [["float32 95 %", first], ["float64 95 %", second]],
          };
        }),
    },
    {
      id: "C24",
      statement: "A learning rate of 0.005, or β₂ 0.999, removes the " +
        "slingshots.",
      rule: `${SPIKE} With lr 0.005 and with β₂ 0.999 there are fewer than ` +
        "half of the spikes that the float32 run has with lr 0.01 and β₂ " +
        `0.99; where that has none, the seed says nothing. ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, ["float32", "slower", "longer"], (...runs) => {
          const [plain, slower, longer] = runs.map((run) =>
            spikesIn(run).count
          ) as [number, number, number];
          return {
            so: plain === 0 ? null : slower < plain / 2 && longer < plain / 2,
            why: `${plain} spikes; ${slower} with lr 0.005, ${longer} with ` +
              "β₂ 0.999",
          };
        }),
    },
  ],
};
