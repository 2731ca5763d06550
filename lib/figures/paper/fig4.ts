/**
 * Figure 4: StableMax without regularisation on three tasks, and softmax with
 * encodings of the inputs.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import type { Chart } from "../../charts/chart.ts";
import type { Arm, Figure, Results, Row, RunRecord } from "../figure.ts";
import {
  accuracyAt,
  curve,
  firstAtLeast,
  GROKS,
  measured,
  most,
  percent,
  steps,
  stepText,
  wholeText,
} from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import { mlp, parityMlp, quickGrok } from "./settings.ts";

const stableMax = {
  loss: "stablemax",
  lossPrecision: "float64",
  lr: 0.01,
  beta2: 0.999,
  steps: 100_000,
} as const;
const quickModular = { ...quickGrok, steps: 8000 } as const;

const tasks = [
  {
    name: "add",
    label: "addition",
    config: { ...mlp, ...stableMax },
    quick: quickModular,
  },
  {
    name: "product",
    label: "product",
    config: { ...mlp, ...stableMax, task: "product" },
    quick: quickModular,
  },
  {
    name: "parity",
    label: "sparse parity",
    config: { ...parityMlp, ...stableMax, eps: 1e-18 },
    quick: { steps: 20_000 },
  },
] as const satisfies readonly Arm[];

const encoded = {
  ...mlp,
  loss: "softmax",
  lossPrecision: "float64",
  lr: 0.02,
  steps: 1000,
} as const;
// In the order of the number of inputs: 2, 14, 14, 226.
const encodings = [
  {
    name: "scalar",
    label: "scalar (2 inputs)",
    config: { ...encoded, encoding: "scalar", biases: true },
    quick: {},
  },
  {
    name: "base-2",
    label: "base 2 (14 inputs)",
    config: { ...encoded, encoding: "base-2", biases: true },
    quick: {},
  },
  {
    name: "binary",
    label: "random code (14 inputs)",
    config: { ...encoded, encoding: "binary", codeBits: 7, biases: true },
    quick: {},
  },
  {
    name: "two-hot",
    label: "two-hot (226 inputs)",
    config: { ...encoded, encoding: "two-hot" },
    quick: {},
  },
] as const satisfies readonly Arm[];

// Those of the paper's figure.
const published = ["scalar", "base-2", "two-hot"] as const;

const grokked = (run: RunRecord) => firstAtLeast(run, "test_accuracy", GROKS);
const highest = (run: RunRecord) => most(run, "test_accuracy");
const largest = (run: RunRecord) => most(run, "weight_norm");

function chart(results: Results): Chart {
  const full = results.scale === "full";
  const line = (arm: Arm, colour: number, column: string) => ({
    name: arm.label,
    colour,
    points: curve(results, arm.name, column),
  });
  const accuracy = {
    label: "test accuracy (%)",
    percent: true,
    domain: [0, 1],
  } as const;
  const ends = tasks.flatMap(({ name }) => results.of(name).flatMap(steps));
  const x = {
    label: "step",
    domain: [0, maxOf([full ? 100_000 : 1000, ...ends])],
  } as const;
  return {
    title: "StableMax without regularisation; softmax by the encoding",
    subtitle: "Left and middle: StableMax float64, lr 0.01; right: softmax " +
      "float64, lr 0.02",
    panels: [
      {
        title: "StableMax, three tasks",
        x,
        y: accuracy,
        series: tasks.map((arm, i) => line(arm, i, "test_accuracy")),
        published: full
          ? [
            { x: 82_500, y: 0.985, colour: 0 },
            { x: 53_000, y: 0.5, colour: 1 },
            { x: 95_000, y: 0.99, colour: 1 },
            { x: 27_500, y: 1, colour: 2 },
          ]
          : [],
      },
      {
        title: "Norm of the weights",
        x,
        y: { label: "‖θ‖₂" },
        series: tasks.map((arm, i) => line(arm, i, "weight_norm")),
        published: full ? [{ y: 33_000, colour: 0 }] : [],
      },
      {
        title: "Softmax, four encodings",
        x: { label: "step", domain: [0, 1000] },
        y: accuracy,
        series: encodings.map((arm, i) => line(arm, i + 3, "test_accuracy")),
      },
    ],
  };
}

function rows(results: Results): Row[] {
  const full = results.scale === "full";
  const [addition, product, parity] = tasks;
  const at = ({ name, label }: Arm, ...published: [number, string][]) =>
    full ? accuracyAt(results, name, label, published) : [];
  return [
    ...at(addition, [82_500, "98–99 % (read off the plot)"]),
    ...at(
      product,
      [53_000, "≈ 50 % (read off the plot)"],
      [95_000, "≈ 99 % (read off the plot)"],
    ),
    ...at(parity, [27_500, "≈ 100 %; a re-run at 65,000"]),
    ...tasks.map(({ name, label }) => ({
      what: `${label}: step of 95 % test accuracy`,
      published: "–",
      measured: measured(results, name, grokked, stepText),
    })),
    {
      what: "addition: largest norm of the weights",
      published: "≈ 33,000 (read off the plot)",
      measured: measured(results, addition.name, largest, wholeText),
    },
    ...encodings.map(({ name, label }) => ({
      what: `softmax, ${label}: highest test accuracy`,
      published: "a curve without numbers",
      measured: measured(results, name, highest, percent),
    })),
  ];
}

/** Figure 4. */
export const fig4: Figure = {
  title: "Figure 4: StableMax on three tasks; encodings",
  shows: "that StableMax groks addition, product and sparse parity without " +
    "regularisation, and that with softmax the encoding of the inputs decides",
  settings:
    "Left, middle: StableMax float64, AdamW lr 0.01, β 0.9 and 0.999, " +
    "no weight decay, 100,000 steps, full batch; addition and product mod 113 " +
    "with 40 % of the pairs, MLP 200–200, ε 1e-25; parity of 3 out of 43 bits, " +
    "1000 of 2000 samples, biases, ε 1e-18. Right: softmax float64, AdamW lr " +
    "0.02, β 0.9 and 0.99, 1,000 steps, addition mod 113 with 40 % of the " +
    "pairs: two-hot, scalars n/113, plain base 2 (7 digits of each number, the " +
    "most significant first, as the published class has it), and beside them a " +
    "variant of ours, 7 random bits for each number; all but two-hot with " +
    "biases. The scaling of the scalars is not published. Quick: " +
    "addition and product mod 59 with 80 % of the pairs, width 128 and 8,000 " +
    "steps, parity with 20,000 steps.",
  published: "Addition 98–99 % by 75,000 to 90,000; product 50 % at about " +
    "53,000 and 99 % at about 95,000; parity about 100 % by 25,000 to 30,000, " +
    "a re-run by others 65,000; the weights' norm grows to about 33,000 " +
    "(all read off the plot). Right: three curves without numbers; the " +
    "representation decides whether the network generalises. (The published " +
    "script fails at its base 2, of which its class makes one-hot labels; that " +
    "class trained by others with one seed: 96.2 % in base 2, 0.5 % where the " +
    "residues were shuffled before.)",
  arms: [...tasks, ...encodings],
  columns: ["train_accuracy", "test_accuracy", "weight_norm"],
  chart,
  rows,
  remarks: {
    full: [
      "C1 is met by seeds 0 and 2 and missed by seed 1, where addition ends " +
      "at 94.2 %, 0.8 below what the rule asks for and rising by half a point " +
      "in 5,000 steps: it groks, but late, with 50 % at step 58,500, where the " +
      "others have them at 36,500 and 41,000. Product groks with every seed, " +
      "50 % at step 35,500 to 58,500 around the published 53,000; the norm of " +
      "the weights agrees.",
      "C9 fails and C29 holds with the three seeds that have all encodings: in " +
      "base 2 networks get to 95 to 98 % (ten seeds), past 90 % by step 45 to 70, " +
      "with scalars to 69 to 73 %, and two-hot inputs stay at chance (1 in 113, " +
      "0.9 %). A random code, as wide as base 2, stays there, too: the " +
      "number of inputs is not what decides. The run " +
      "of others (96.2 %, and 0.5 % of shuffled residues) says the same.",
    ],
    quick: [
      "The four encodings are those of the full length, with one seed: 73 % with " +
      "scalars, 96 % in base 2, chance (1 in 113) with random codes and two-hot " +
      "inputs.",
    ],
  },
  claims: [
    {
      id: "C1",
      statement:
        "StableMax groks addition, product and sparse parity without " +
        "regularisation.",
      rule:
        "The test accuracy of each of the three tasks reaches 95 % within " +
        `the run. ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, tasks.map(({ name }) => name), (...runs) => ({
          so: runs.every((run) => grokked(run) !== null),
          why: runs.map((run, i) =>
            `${tasks[i]!.label} 95 % at ${stepText(grokked(run))} (at most ${
              percent(highest(run))
            })`
          ).join(", "),
          steps: runs.map((run, i) => [tasks[i]!.label, grokked(run)]),
        })),
    },
    {
      id: "C9",
      statement: "Under softmax, encodings with fewer inputs generalise " +
        "further: scalars before base 2 before two-hot.",
      rule: "The highest test accuracy within 1,000 steps is strictly higher " +
        "with scalars than in base 2, there than with two-hot " +
        "inputs, and 10 percentage points lie between the first and the last; " +
        "where two neighbours are less than 1 apart, which is chance, the seed " +
        "says nothing. " +
        "The paper shows curves without numbers and argues with the number of " +
        `inputs; this is the order that follows from it. ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, published, (...runs) => {
          const [scalar, base2, twoHot] = runs.map(highest) as [
            number,
            number,
            number,
          ];
          const apart = [scalar - base2, base2 - twoHot];
          return {
            so: apart.some((x) => Math.abs(x) < 0.01)
              ? null
              : apart.every((x) => x > 0) && scalar - twoHot >= 0.1,
            why: `scalar ${percent(scalar)}, base 2 ${percent(base2)}, ` +
              `two-hot ${percent(twoHot)}`,
          };
        }),
    },
    {
      id: "C29",
      statement:
        "Under softmax the encoding decides: with scalars and in base " +
        "2 the network generalises, with two-hot inputs it does not.",
      rule:
        "Within 1,000 steps the test accuracy reaches 50 % with scalars and " +
        "in base 2, and stays below 10 % with two-hot inputs, though that " +
        `network memorises (else the seed says nothing). ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, published, (scalar, base2, twoHot) => ({
          so: twoHot.memorised_at === null
            ? null
            : [scalar, base2].every((run) => highest(run) >= 0.5) &&
              highest(twoHot) < 0.1,
          why: `scalar ${percent(highest(scalar))}, base 2 ` +
            `${percent(highest(base2))}, two-hot ${percent(highest(twoHot))}`,
        })),
    },
  ],
};
