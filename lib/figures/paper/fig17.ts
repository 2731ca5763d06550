/**
 * Figure 17 and Table 1: image classifiers and a language model, out of reach
 * here.
 *
 * @module
 */

import type { Chart } from "../../charts/chart.ts";
import type { Figure } from "../figure.ts";

const sets = ["CIFAR10", "CIFAR100", "ImageNet", "WikiText-103"] as const;
const networks = ["ResNet18", "ResNet18", "ResNet18", "GPT2-small"] as const;

// Published accuracies, in the order of the sets.
const published = {
  "softmax": [0.8717, 0.5998, 0.6933, 0.6048],
  "StableMax": [0.8701, 0.6063, 0.6587, 0.5185],
  "⊥Grad": [0.8722, 0.6269, 0.6895, 0.5964],
} as const;

const OUT_OF_REACH = "not run: data and compute are out of reach here";

function chart(): Chart {
  return {
    title: "Published accuracies of Table 1; none of it was run here",
    subtitle: "Sets in the order of the table: " +
      sets.map((set, i) => `${i + 1} ${set} (${networks[i]})`).join(", "),
    panels: [{
      title: "Table 1, as published",
      x: { label: "data set", domain: [0.5, 4.5] },
      y: { label: "accuracy (%)", percent: true, domain: [0, 1] },
      series: Object.entries(published).map(([name, values], colour) => ({
        name: `${name}, published`,
        colour,
        line: "none",
        points: values.map((y, i) => ({ x: i + 1 + (colour - 1) * 0.12, y })),
      })),
    }],
  };
}

/** Figure 17 and Table 1. */
export const fig17: Figure = {
  title: "Figure 17 and Table 1: realistic networks",
  shows: "softmax, StableMax and ⊥Grad in ResNet18 and GPT2-small; published " +
    "numbers only",
  settings: "ResNet18 on CIFAR10, CIFAR100 and ImageNet-1k, GPT2-small on " +
    "WikiText-103. groklab has neither these networks nor their data; " +
    "StableMax attention is there for its transformers (--attention " +
    "stablemax).",
  published: "Softmax 87.17, 59.98, 69.33, 60.48 %; StableMax 87.01, 60.63, " +
    "65.87, 51.85 %; ⊥Grad 87.22, 62.69, 68.95, 59.64 %.",
  arms: [],
  columns: [],
  chart,
  rows: () =>
    Object.entries(published).flatMap(([name, values]) =>
      values.map((value, i) => ({
        what: `${networks[i]}, ${sets[i]}, ${name}: accuracy`,
        published: `${(100 * value).toFixed(2)} %`,
        measured: OUT_OF_REACH,
      }))
    ),
  claims: [],
};
