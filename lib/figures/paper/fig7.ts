/**
 * Figure 7: trajectories of the weights, beside the direction of naïve loss
 * minimisation.
 *
 * @module
 */

import { hypotOf, maxOf } from "../../base/extremes.ts";
import type { Chart, Panel } from "../../charts/chart.ts";
import type { Arm, Figure, Results, Row, RunRecord } from "../figure.ts";
import { shareAxis } from "../panels.ts";
import {
  curve,
  ifMemorised,
  measured,
  measureOf,
  percent,
} from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import { type Trajectory, trajectory } from "../trajectory.ts";
import { mlp, perpGrad, sgd } from "./settings.ts";

// Plain gradient descent, so that the way is the gradient's.
const descent = {
  ...mlp,
  ...sgd,
  momentum: 0.8,
  loss: "stablemax",
  lossPrecision: "float64",
  trainFraction: 0.4,
  lr: 10,
  steps: 5000,
  checkpointEvery: 200,
} as const;
const quick = {
  modulus: 31,
  hidden: [100, 100],
  trainFraction: 0.7,
  steps: 3000,
  checkpointEvery: 120,
};

const arms = [
  { name: "sgd", label: "SGD", config: descent, quick },
  {
    name: "sgd-decay",
    label: "SGD, weight decay 1e-4",
    config: { ...descent, weightDecay: 1e-4 },
    quick,
  },
  {
    name: "perp-sgd",
    label: "⊥SGD",
    config: { ...descent, ...perpGrad },
    quick,
  },
] as const satisfies readonly Arm[];

const wayOf = (run: RunRecord) => measureOf<Trajectory>(run, "trajectory");

/**
 * The cosine between the way since memorising and the memorised weights: 1 on
 * the ray of naïve loss minimisation, negative where the weights shrink.
 */
function alignment(run: RunRecord): number | null {
  const { along, across } = wayOf(run);
  if (!along || !across) return null;
  const [x, y] = [along.at(-1)!, across.at(-1)!];
  const length = Math.hypot(x, y);
  return length === 0 ? null : x / length;
}

function plane(results: Results, arm: (typeof arms)[number], colour: number) {
  const [run] = results.of(arm.name);
  const way = run && wayOf(run);
  const axis = (name: string, i: 0 | 1) => ({
    label: name + " component" +
      (way ? ` (${percent(way.explained[i])} of the variance)` : ""),
  });
  const panel: Panel = {
    title: `${arm.label}: one seed`,
    x: axis("first", 0),
    y: axis("second", 1),
    series: way
      ? [
        {
          name: arm.label,
          colour,
          dots: true,
          points: way.x.map((x, i) => ({ x, y: way.y[i]! })),
        },
        ...ray(way),
      ]
      : [],
  };
  return panel;
}

// From θₘ along itself, as far as the trajectory reaches.
function ray({ x, y, nlm, memorised }: Trajectory): Panel["series"] {
  if (!nlm || memorised === null) return [];
  const span = maxOf(
    x.map((a, i) => Math.hypot(a - x[memorised]!, y[i]! - y[memorised]!)),
  );
  const length = hypotOf(nlm);
  if (length === 0) return [];
  return [{
    name: "naïve loss minimisation from the memorised weights on",
    colour: 6,
    line: "dashed",
    points: [0, 1].map((t) => ({
      x: x[memorised]! + t * span * nlm[0] / length,
      y: y[memorised]! + t * span * nlm[1] / length,
    })),
  }];
}

function chart(results: Results): Chart {
  return {
    title: "The way of the weights, and naïve loss minimisation",
    subtitle: "Addition, MLP, StableMax float64, SGD lr 10, momentum 0.8; a " +
      "dot is a checkpoint",
    panels: [
      ...arms.map((arm, i) => plane(results, arm, i)),
      {
        title: "The way since memorising, in lengths of θ",
        x: { label: "along θ, the way of naïve loss minimisation" },
        y: { label: "across θ" },
        series: arms.flatMap(({ name, label }, colour) =>
          results.of(name).flatMap((run) => {
            const { along, across, memorised } = wayOf(run);
            if (!along || !across || memorised === null) return [];
            return [{
              name: label,
              colour,
              dots: true,
              points: along.map((x, i) => ({ x, y: across[i]! }))
                .slice(memorised),
            }];
          })
        ),
      },
      ...(["test_accuracy", "weight_norm"] as const).map((name) => ({
        title: name === "test_accuracy"
          ? "Test accuracy"
          : "Norm of the weights",
        x: { label: "step" },
        y: name === "test_accuracy" ? shareAxis("test accuracy") : {
          label: "‖θ‖₂",
        },
        series: arms.map((arm, colour) => ({
          name: arm.label,
          colour,
          points: curve(results, arm.name, name),
        })),
      })),
    ],
  };
}

const decimals = (x: number) => x.toFixed(2);

function rows(results: Results): Row[] {
  const end = (name: "along" | "across", arm: string) =>
    measured(
      results,
      arm,
      (run) => wayOf(run)[name]?.at(-1) ?? null,
      ifMemorised(decimals),
    );
  return arms.flatMap(({ name, label }) => [
    {
      what: `${label}: cosine of the way with naïve loss minimisation`,
      published: name === "perp-sgd" ? "leaves the ray" : "–",
      measured: measured(
        results,
        name,
        alignment,
        ifMemorised(decimals),
      ),
    },
    {
      what: `${label}: way along θ, and across θ, in lengths of θ`,
      published: "–",
      measured: `${end("along", name)}; ${end("across", name)}`,
    },
  ]);
}

const ON_RAY = 0.5;

/** Figure 7. */
export const fig7: Figure = {
  title: "Figure 7: trajectories of the weights",
  shows: "two main directions of the weights' way under SGD, SGD with weight " +
    "decay, and ⊥SGD, beside the direction of naïve loss minimisation",
  settings:
    "Addition mod 113, 40 % of the pairs, MLP 200–200 without biases, " +
    "StableMax float64, SGD lr 10, momentum 0.8 (⊥SGD as in Figure 6b, the " +
    "model in float32), 5,000 steps, a checkpoint every 200; weight decay " +
    "1e-4. Each run has principal components of its own, of its checkpoints' " +
    "weights as one vector. Settings are not published. Quick: mod 31, 70 %.",
  published: "⊥SGD leaves the ray of naïve loss minimisation; SGD follows it.",
  arms,
  columns: ["test_accuracy", "train_accuracy", "weight_norm"],
  measures: { trajectory },
  chart,
  rows,
  claims: [{
    id: "C18",
    statement: "SGD follows the direction of naïve loss minimisation, and " +
      "⊥SGD leaves it.",
    rule: "The cosine between the weights' way since the first checkpoint " +
      "with 99 % train accuracy, and the weights there, is above " +
      `${ON_RAY} with SGD, and below half of that cosine with ⊥SGD. A seed ` +
      `with a run that does not memorise says nothing. ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, ["sgd", "perp-sgd"], (...runs) => {
        const [plain, perp] = runs.map(alignment) as [
          number | null,
          number | null,
        ];
        const text = (x: number | null) => x === null ? "none" : decimals(x);
        return {
          so: plain === null || perp === null
            ? null
            : plain > ON_RAY && perp < plain / 2,
          why: `cosine ${text(plain)} with SGD, ${text(perp)} with ⊥SGD`,
        };
      }),
  }],
};
