/**
 * A figure that takes a moment, and a program that reproduces it in a folder:
 * `_tiny.ts FOLDER [resume]`.
 *
 * @module
 */

import { join } from "node:path";
import type { Figure } from "../../lib/figures/figure.ts";
import { curve, last, measured, percent } from "../../lib/figures/readings.ts";
import { mlp } from "../../lib/figures/paper/settings.ts";
import { BY_SEED, bySeed } from "../../lib/figures/rules.ts";
import type { Places } from "../../lib/reproduce/layout.ts";
import { reproduce } from "../../lib/reproduce/reproduce.ts";

const arms = ["softmax", "stablemax"] as const;

/** Two losses on addition mod 7. */
export const tiny: Figure = {
  title: "Tiny: two losses",
  shows: "nothing",
  settings: "Addition mod 7.",
  published: "Nothing.",
  arms: arms.map((loss) => ({
    name: loss,
    label: loss,
    config: {
      ...mlp,
      modulus: 7,
      hidden: [8],
      loss,
      lossPrecision: "float32",
      lr: 0.01,
      steps: 400,
    },
    quick: { steps: 40 },
  })),
  columns: ["train_accuracy", "weight_norm"],
  measures: {
    files: async (run) => (await Array.fromAsync(Deno.readDir(run))).length,
  },
  chart: (results) => ({
    title: "Two losses",
    panels: [{
      title: "train",
      x: { label: "step" },
      y: { label: "accuracy (%)", percent: true },
      series: arms.map((arm, colour) => ({
        name: arm,
        colour,
        points: curve(results, arm, "train_accuracy"),
      })),
    }],
  }),
  rows: (results) =>
    arms.map((arm) => ({
      what: `${arm}: train accuracy`,
      published: "–",
      measured: measured(
        results,
        arm,
        (run) => last(run, "train_accuracy"),
        percent,
      ),
    })),
  claims: [{
    id: "C0",
    statement: "Weights have a norm.",
    rule: `The last norm is above 0. ${BY_SEED}`,
    decide: (results) =>
      bySeed(results, arms, (...runs) => ({
        so: runs.every((run) => last(run, "weight_norm") > 0),
        why: runs.map((run) => last(run, "weight_norm")).join(", "),
      })),
  }],
};

/** The registry of it. */
export const figures: Readonly<Record<string, Figure>> = { tiny };

/** Places inside a folder. */
export function placesIn(folder: string): Places {
  return {
    here: join(folder, "here"),
    published: join(folder, "docs", "reproduction"),
  };
}

if (import.meta.main) {
  const [folder, mode] = Deno.args;
  const { interrupted, failures } = await reproduce(["tiny"], {
    figures,
    places: placesIn(folder!),
    seeds: 2,
    resume: mode === "resume",
    onPlan: () => console.log("planned"),
  });
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) Deno.exit(1);
  if (interrupted) Deno.exit(130);
}
