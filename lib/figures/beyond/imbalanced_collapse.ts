/**
 * Neural collapse with classes of unequal sizes, and of networks that grok.
 *
 * @module
 */

import type { Chart, Panel, Series } from "../../charts/chart.ts";
import { maxOf } from "../../base/extremes.ts";
import { short } from "../../base/terminal.ts";
import type { ConfigInput } from "../../config/config.ts";
import type { Arm, Figure, Results, Row, RunRecord } from "../figure.ts";
import { linesOf, shareAxis } from "../panels.ts";
import { mlp, sgd } from "../paper/settings.ts";
import { measured, stepText } from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import {
  checkpointFrom,
  collapse,
  COLLAPSED,
  collapsedAt,
  frameAtEnd,
  frameOf,
  lastNc1,
  nc1Curve,
} from "./collapse_measures.ts";

const COUNTS = [50, 20, 5, 1];

const free = {
  ...mlp,
  ...sgd,
  momentum: 0.9,
  task: "rows",
  classCounts: COUNTS,
  model: "free-features",
  loss: "squared-error",
  lossPrecision: "float64",
  precision: "float64",
  lr: 2,
  weightDecay: 2e-3,
  weightDecayKind: "l2",
  steps: 3000,
} as const satisfies ConfigInput;

const perceptron = {
  ...mlp,
  modulus: 31,
  hidden: [128, 128],
  trainFraction: 0.8,
  loss: "mse",
  lossPrecision: "float32",
  beta1: 0.9,
  beta2: 0.98,
  eps: 1e-8,
  lr: 0.01,
  weightDecay: 1,
  steps: 3000,
  evalEvery: 10,
  checkpointEvery: 50,
} as const satisfies ConfigInput;

const columns = ["test_accuracy"];
const shorter = { steps: 1500 };
const unequal = { classImbalance: 5, checkpointEvery: 500 } as const;

const arms: Arm[] = [
  {
    name: "formula",
    label: "free features, λ 0.002",
    config: free,
    quick: { steps: 3000 },
  },
  {
    name: "dying",
    label: "free features, λ 0.015",
    config: { ...free, weightDecay: 0.015 },
    quick: { steps: 3000 },
  },
  {
    name: "unequal-1",
    label: "unequal classes, one hidden layer",
    config: { ...perceptron, ...unequal, hidden: [128] },
    quick: shorter,
    columns,
  },
  {
    name: "unequal-2",
    label: "unequal classes, two hidden layers",
    config: { ...perceptron, ...unequal },
    quick: shorter,
    columns,
  },
  {
    name: "groks",
    label: "groks, two hidden layers",
    config: perceptron,
    quick: shorter,
    columns,
  },
  {
    name: "memorises",
    label: "memorises wrong labels, two hidden layers",
    config: { ...perceptron, labelNoise: 0.99 },
    quick: shorter,
    columns,
  },
  {
    name: "groks-1",
    label: "groks, one hidden layer",
    config: { ...perceptron, hidden: [128], trainFraction: 0.6 },
    quick: shorter,
    columns,
  },
];

const named = (...names: string[]) =>
  names.map((name) => arms.find((arm) => arm.name === name)!);

// ‖w_k‖² of every class and seed over √n_k.
const squares = (results: Results, some: readonly Arm[], first = 0): Series[] =>
  some.map(({ name, label }, i) => ({
    name: label,
    colour: first + i,
    line: "none" as const,
    points: results.of(name).flatMap((run) =>
      frameOf(run).classes.map(({ rows, square }) => ({
        x: Math.sqrt(rows),
        y: square,
      }))
    ),
  }));

const formulas = (results: Results, some: readonly Arm[]): Series[] =>
  some.map(({ name }, i) => ({
    name: "formula",
    colour: i,
    line: "dashed" as const,
    points: results.of(name).slice(0, 1).flatMap((run) =>
      frameOf(run).classes.map(({ rows, formula }) => ({
        x: Math.sqrt(rows),
        y: formula ?? NaN,
      })).toSorted((a, b) => a.x - b.x)
    ),
  }));

function chart(results: Results): Chart {
  const root = { label: "√ train rows of the class" };
  const square = { label: "‖w‖² of the class" };
  const step = { label: "step" };
  const freed = named("formula", "dying");
  const learnt = named("groks", "memorises", "groks-1");
  const panels: Panel[] = [
    {
      title: "Free features: classifier by class",
      x: root,
      y: square,
      series: [...squares(results, freed), ...formulas(results, freed)],
    },
    {
      title: "Perceptrons: classifier by class",
      x: root,
      y: square,
      series: squares(results, named("unequal-1", "unequal-2"), 2),
    },
    {
      title: "Collapse within classes",
      x: step,
      y: { label: "NC1", scale: "log" },
      series: learnt.map(({ name, label }, i) => ({
        name: label,
        colour: 4 + i,
        points: nc1Curve(results, name),
      })),
    },
    {
      title: "Grokking",
      x: step,
      y: shareAxis("test accuracy"),
      series: linesOf(results, learnt, "test_accuracy", 4),
    },
  ];
  return {
    title: "Neural collapse of unequal classes, and of networks that grok",
    subtitle: "Squared error, no biases; free features of 50, 20, 5 and 1 " +
      "rows; perceptrons on addition mod 31 with weight decay",
    panels,
    perRow: 2,
  };
}

const at = (run: RunRecord, step: number | null) =>
  checkpointFrom(run, step)?.nc1 ?? null;

// What never came to be measured is infinite.
const shortOrNever = (x: number) => Number.isFinite(x) ? short(x) : "never";

function rows(results: Results): Row[] {
  const row = (
    what: string,
    arm: string,
    value: (run: RunRecord) => number | null,
    format: (x: number) => string = shortOrNever,
    published = "–",
  ): Row => ({
    what,
    published,
    measured: measured(results, arm, value, format),
  });
  return [
    ...COUNTS.map((n, k) =>
      row(
        `free features, λ 0.002: ‖w‖² of the class of ${n}`,
        "formula",
        (run) => frameOf(run).classes[k]!.square,
        (x) => x.toFixed(4),
        `${(Math.sqrt(n) - 76 * 2e-3).toFixed(4)} (formula)`,
      )
    ),
    ...named("unequal-1", "unequal-2").map(({ name, label }) =>
      row(
        `${label}: correlation of ‖w‖² with √n`,
        name,
        (run) => frameOf(run).root_correlation,
        short,
        "1 (free features)",
      )
    ),
    ...named("groks", "memorises", "groks-1").flatMap(({ name, label }) => [
      row(`${label}: step of grokking`, name, (r) => r.grokked_at, stepText),
      row(`${label}: NC1 at memorisation`, name, (r) => at(r, r.memorised_at)),
      row(`${label}: NC1 at grokking`, name, (r) => at(r, r.grokked_at)),
      row(`${label}: NC1 at the end`, name, lastNc1),
    ]),
  ];
}

/** The farthest that ‖w_k‖² is from the formula. */
const offFormula = (run: RunRecord) =>
  maxOf(
    frameOf(run).classes.map(({ square, formula }) =>
      Math.abs(square - (formula ?? NaN))
    ),
  );

/** Neural collapse of unequal classes. */
export const imbalancedCollapse: Figure = {
  title: "Neural collapse of unequal classes",
  shows: "what features and classifier come to where classes are of unequal " +
    "sizes, and whether networks collapse when they grok",
  settings:
    "Free features (the unconstrained features model) of 50, 20, 5 and 1 rows, " +
    "half the squared error, L2 regularisation λ of features and classifier, " +
    "gradient descent with momentum 0.9, lr 2, float64, 3,000 steps. " +
    "Perceptrons 128 and 128–128 without biases on addition mod 31, mean " +
    "squared error, AdamW lr 0.01, β 0.9 and 0.98, weight decay 1: on 80 % of " +
    "the pairs with class sizes that fall geometrically to a fifth; on 80 % " +
    "(one hidden layer: 60 %) of the pairs as they are; and with 99 % of the " +
    "labels wrong. The perceptrons' settings are ours, chosen by pilots of " +
    "seed 100. Quick: perceptrons make 1,500 steps.",
  published:
    "With unequal classes, squared error and no bias the minimum is a general " +
    "orthogonal frame: classes are points, orthogonal, their lengths by size, " +
    "and small classes vanish (arXiv 2301.00437; the formula in this form is " +
    "derived here). Of networks that grok nothing.",
  arms,
  columns: ["train_loss", "train_accuracy"],
  measures: { frame: frameAtEnd, collapse },
  chart,
  rows,
  claims: [
    {
      id: "C65",
      statement: "Gradient descent on free features ends at the general " +
        "orthogonal frame of the formula.",
      rule:
        "With λ 0.002, ‖w‖² of each class is within 1e-8 of √n − 76·λ, and " +
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
      statement:
        "A perceptron's classifier has lengths by the formula's form: " +
        "‖w‖² rises with √n.",
      rule:
        "With unequal classes and one hidden layer the correlation of ‖w‖² " +
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
  ],
};
