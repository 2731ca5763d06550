/**
 * Neural collapse with classes of unequal sizes, and of networks that grok.
 *
 * @module
 */

import type { Chart, Panel, Series } from "../../charts/chart.ts";
import { short } from "../../base/terminal.ts";
import type { Arm, Figure, Results, Row, RunRecord } from "../figure.ts";
import { linesOf, shareAxis } from "../panels.ts";
import { measured, stepText } from "../readings.ts";
import { arms, COUNTS } from "./collapse_arms.ts";
import { claims } from "./collapse_claims.ts";
import {
  checkpointFrom,
  collapse,
  frameAtEnd,
  frameOf,
  lastNc1,
  nc1Curve,
} from "./collapse_measures.ts";

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
  claims,
};
