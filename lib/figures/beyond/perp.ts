/**
 * ⊥Grad's two choices: tensor by tensor or over all weights, and back to the
 * gradient's length or not.
 *
 * @module
 */

import type { Chart } from "../../charts/chart.ts";
import type { Arm, Claim, Figure, Results, Row, RunRecord } from "../figure.ts";
import { panelOf, shareAxis } from "../panels.ts";
import { mlp, perpGrad, pytorchBetas, sgd } from "../paper/settings.ts";
import {
  firstAtLeast,
  GROKS,
  measured,
  most,
  percent,
  stepText,
} from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";

const ACCURACY = "test_accuracy";

const variants = [
  { name: "tensor", label: "per tensor, renormalised", change: {} },
  {
    name: "tensor-short",
    label: "per tensor, not renormalised",
    change: { perpRenormalise: false },
  },
  {
    name: "global",
    label: "global, renormalised",
    change: { perpScope: "global" },
  },
  {
    name: "global-short",
    label: "global, not renormalised (Eq. 12)",
    change: { perpScope: "global", perpRenormalise: false },
  },
] as const;

const common = { ...mlp, ...perpGrad, trainFraction: 0.4 } as const;
const bases = {
  adamw: {
    ...common,
    ...pytorchBetas,
    loss: "softmax",
    lossPrecision: "float32",
    lr: 0.01,
    steps: 500,
    evalEvery: 5,
  },
  sgd: {
    ...common,
    ...sgd,
    momentum: 0.8,
    loss: "stablemax",
    lossPrecision: "float64",
    lr: 10,
    steps: 2000,
    evalEvery: 10,
  },
} as const;
type Base = keyof typeof bases;
const labels = { adamw: "⊥AdamW", sgd: "⊥SGD" } as const;

const armsOf = (base: Base) =>
  variants.map(({ name, label, change }): Arm => ({
    name: `${base}-${name}`,
    label,
    config: { ...bases[base], ...change },
    quick: {
      modulus: 59,
      hidden: [128, 128],
      trainFraction: 0.6,
      steps: base === "sgd" ? 1000 : 400,
    },
  }));
const arms = { adamw: armsOf("adamw"), sgd: armsOf("sgd") };

const grokked = (run: RunRecord) => firstAtLeast(run, ACCURACY, GROKS);

function chart(results: Results): Chart {
  const accuracy = shareAxis("test accuracy");
  return {
    title: "⊥Grad per tensor or over all weights, renormalised or not",
    subtitle: "Addition, MLP; AdamW lr 0.01 with softmax float32, SGD lr 10 " +
      "and momentum 0.8 with StableMax float64",
    panels: [
      panelOf(results, arms.adamw, ACCURACY, "⊥AdamW", accuracy),
      panelOf(results, arms.sgd, ACCURACY, "⊥SGD", accuracy),
    ],
  };
}

function rows(results: Results): Row[] {
  return (["adamw", "sgd"] as const).flatMap((base) =>
    arms[base].map(({ name, label }) => ({
      what: `${labels[base]}, ${label}: step of 95 % test accuracy`,
      published: "–",
      measured: `${measured(results, name, grokked, stepText)}, at most ${
        measured(results, name, (run) => most(run, ACCURACY), percent)
      }`,
    }))
  );
}

// A factor between two steps; never is a step behind all.
function factor(a: number | null, b: number | null): number | null {
  if (a === null && b === null) return null;
  return (b ?? Infinity) / (a ?? Infinity);
}

const MATTERS = 1.5;

const claim = (
  id: string,
  what: string,
  of: string,
  one: string,
  other: string,
): Claim => ({
  id,
  statement: `${what} matters.`,
  rule: `The steps of 95 % test accuracy ${of} differ by a factor of ` +
    `${MATTERS} or more, or only one gets there, with ⊥AdamW or with ⊥SGD; ` +
    `where neither variant ever gets there, the optimizer says nothing. ` +
    BY_SEED,
  decide: (results) => {
    const names = (["adamw", "sgd"] as const)
      .flatMap((base) => [`${base}-${one}`, `${base}-${other}`]);
    return bySeed(results, names, (...runs) => {
      const [a, b, c, d] = runs.map(grokked) as (number | null)[];
      const factors = [factor(a!, b!), factor(c!, d!)];
      const differ = factors.map((f) =>
        f === null ? null : f >= MATTERS || f <= 1 / MATTERS
      );
      return {
        so: differ.includes(true)
          ? true
          : differ.every((d) => d === null)
          ? null
          : false,
        why: `⊥AdamW ${stepText(a!)} and ${stepText(b!)}, ` +
          `⊥SGD ${stepText(c!)} and ${stepText(d!)}`,
        steps: runs.map((run) => [run.arm, grokked(run)]),
      };
    });
  },
});

/** ⊥Grad's variants. */
export const perp: Figure = {
  title: "⊥Grad per tensor and global, renormalised and not",
  shows: "which of the two ways in which the paper's code differs from its " +
    "Equations 11 and 12 matters",
  settings:
    "Addition mod 113, 40 % of the pairs, MLP 200–200 without biases. " +
    "⊥AdamW lr 0.01, β 0.9 and 0.999, ε 1e-8, softmax float32, 500 steps " +
    "(Figure 1a); ⊥SGD lr 10, momentum 0.8, StableMax float64 (Figure 6b, the " +
    "model in float32), 2,000 steps. Quick: mod 59, 60 % of the pairs, 128 " +
    "wide, 400 and 1,000 steps.",
  published: "The paper's equations have all weights as one vector and no " +
    "renormalising, its code projects tensor by tensor and renormalises; it " +
    "does not compare them.",
  arms: [...arms.adamw, ...arms.sgd],
  columns: [ACCURACY, "train_accuracy"],
  chart,
  rows,
  remarks: {
    quick: [
      "C15 is a question, and fails says that the answer is no.",
    ],
    full: [
      "C15 is a question, and fails says that the answer is no: the projection over " +
      "all weights at once is as good as tensor by tensor, with AdamW and with SGD, " +
      "if anything sooner. C23 holds because of SGD alone, whose steps shrink with " +
      "the perpendicular part of the gradient where it is not given its length back; " +
      "Adam divides lengths away.",
    ],
  },
  claims: [
    claim(
      "C15",
      "Whether ⊥Grad projects tensor by tensor or all weights at once",
      "of the two renormalised variants",
      "tensor",
      "global",
    ),
    claim(
      "C23",
      "Whether ⊥Grad gives the gradient its length back",
      "of the two variants per tensor",
      "tensor",
      "tensor-short",
    ),
  ],
};
