/**
 * Small-scale proxies for the instabilities of large transformers: how much the loss
 * of Nanda's transformer hangs on the learning rate, and what lowers that.
 *
 * @module
 */

import type { Chart, Panel, Series } from "../../charts/chart.ts";
import { median } from "../../numeric/statistics.ts";
import { rateSensitivity, widthAt } from "../../numeric/sensitivity.ts";
import type { Claim, Figure, Results, Row, RunRecord } from "../figure.ts";
import { column, last, NOT_RUN } from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import { maxOf, minOf } from "../../base/extremes.ts";
import {
  arms,
  nameOf,
  RATES,
  type Variant,
  variants,
  WIDTHS,
} from "./proxies_arms.ts";

type Part = "train" | "test";
const lossOf = (part: Part) => `${part}_cross_entropy`;

// S of a variant at a width, of the runs of one seed in the order of the rates.
function sensitivityOf(
  runs: readonly RunRecord[],
  part: Part,
): number | null {
  const initial = column(runs[0]!, lossOf(part))[0]!;
  return rateSensitivity(
    runs.map((run, i) => ({
      rate: RATES[i]!,
      loss: run.diverged_at === null ? last(run, lossOf(part)) : NaN,
    })),
    initial,
  );
}

const namesOf = (variant: Variant, width: number) =>
  RATES.map((rate) => nameOf(variant, width, rate));

// Of each seed that all rates have, their runs.
function bySeeds(
  results: Results,
  variant: Variant,
  width: number,
): RunRecord[][] {
  const all = namesOf(variant, width).map((name) => results.of(name));
  return all[0]!.flatMap(({ seed }) => {
    const runs = all.flatMap((runs) => runs.filter((run) => run.seed === seed));
    return runs.length === RATES.length ? [runs] : [];
  });
}

const sensitivities = (
  results: Results,
  variant: Variant,
  width: number,
  part: Part,
): number[] =>
  bySeeds(results, variant, width)
    .flatMap((runs) => sensitivityOf(runs, part) ?? []);

function chart(results: Results): Chart {
  const panel = (part: Part): Panel => ({
    title: `Sensitivity of the ${part} loss`,
    x: { label: "d_model (a quarter of it in the quick form)", scale: "log" },
    y: { label: "S" },
    series: variants.map(({ name, label }, colour): Series => ({
      name: label,
      colour,
      points: WIDTHS.flatMap((width) => {
        const values = sensitivities(results, name, width, part);
        return values.length === 0 ? [] : [{
          x: width,
          y: median(values),
          low: minOf(values),
          high: maxOf(values),
        }];
      }),
    })),
  });
  const at = RATES[4]!;
  return {
    title: "Sensitivity to the learning rate of Nanda's transformer",
    subtitle:
      "S over nine rates from 3e-4 to 3e-1; medians, least and most of " +
      "the seeds",
    panels: [panel("train"), panel("test"), {
      title: `Largest attention logit at lr ${at}`,
      x: { label: "d_model", scale: "log" },
      y: { label: "max attention logit", scale: "log" },
      series: variants.map(({ name, label }, colour): Series => ({
        name: label,
        colour,
        points: WIDTHS.flatMap((width) => {
          const values = logitsAt(results, name, width, at);
          return values.length === 0 ? [] : [{ x: width, y: median(values) }];
        }),
      })),
    }],
  };
}

// The largest attention logit of the run at a rate, of each seed.
const logitsAt = (
  results: Results,
  variant: Variant,
  width: number,
  rate: number,
): number[] =>
  results.of(nameOf(variant, width, rate)).map((run) =>
    maxOf(column(run, "max_attention_logit").filter(Number.isFinite))
  );

const text = (x: number) => x.toPrecision(3);

function spread(values: readonly number[]): string {
  if (values.length === 0) return "no rate below the first loss";
  const middle = text(median(values));
  return values.length === 1
    ? middle
    : `${middle} (${text(minOf(values))} to ${text(maxOf(values))})`;
}

// Beyond this attention logits diverged in the published runs.
const BOUND = 1e4;

function rows(results: Results): Row[] {
  return variants.flatMap(({ name, label }) => [
    ...WIDTHS.map((width) => ({
      what: `${label}, d_model ${width}: S of train and test loss`,
      published: "–",
      measured: (["train", "test"] as const)
        .map((part) =>
          bySeeds(results, name, width).length === 0
            ? NOT_RUN
            : spread(sensitivities(results, name, width, part))
        )
        .join("; "),
    })),
    {
      what:
        `${label}: d_model at which the largest attention logit passes 1e4, ` +
        `extrapolated at lr ${RATES[4]}`,
      published: "–",
      measured: predicted(results, name),
    },
  ]);
}

function predicted(results: Results, variant: Variant): string {
  const logits = WIDTHS.map((width) =>
    logitsAt(results, variant, width, RATES[4]!)
  );
  if (logits.some(({ length }) => length === 0)) return NOT_RUN;
  const medians = logits.map(median);
  if (!medians.every((x) => x > 0)) return "not defined";
  const shrunk = results.scale === "quick" ? 4 : 1;
  const width = widthAt(WIDTHS.map((w) => w / shrunk), medians, BOUND);
  return width === null ? "never" : text(width);
}

const LOWERS =
  "The mean over the four widths of S, the mean over nine rates of the final softmax " +
  "cross-entropy (without the z-loss, at most what it is at initialisation; a run " +
  "that diverges counts as that) less the least of them, ";

// Whether a variant's mean S over the widths is below that of none.
const lowers = (
  id: string,
  statement: string,
  variant: Variant,
  part: Part,
): Claim => ({
  id,
  statement,
  rule:
    `${LOWERS}is smaller with than without, of the ${part} loss. A width at ` +
    `which no rate ends below the initial loss says nothing. ${BY_SEED}`,
  decide: (results) => {
    const names = (["plain", variant] as const).flatMap((name) =>
      WIDTHS.flatMap((width) => namesOf(name, width))
    );
    return bySeed(results, names, (...runs) => {
      const each = WIDTHS.map((_, w) =>
        [0, 1].map((v) => {
          const first = (v * WIDTHS.length + w) * RATES.length;
          return sensitivityOf(runs.slice(first, first + RATES.length), part);
        })
      ).filter((pair): pair is [number, number] => !pair.includes(null));
      if (each.length === 0) return { so: null, why: "nothing was learnt" };
      const mean = (v: 0 | 1) =>
        each.reduce((sum, pair) => sum + pair[v], 0) / each.length;
      return {
        so: mean(1) < mean(0),
        why: `S ${text(mean(1))} with, ${text(mean(0))} without`,
      };
    }, { divergedCounts: true });
  },
});

/** Sensitivity to the learning rate. */
export const proxies: Figure = {
  title: "Small-scale proxies of large transformers",
  shows:
    "how much the loss of Nanda's transformer hangs on the learning rate, by " +
    "width, with and without qk-norm, z-loss, warm-up and independent decay",
  settings:
    "Addition mod 31, 65 % of the pairs, one layer, four heads, d_model 32 " +
    "to 256, d_mlp four times that, no LayerNorm; AdamW β 0.9 and 0.95, ε 1e-8, " +
    "gradients clipped to norm 1, cosine to 0 over 1,000 steps without warm-up; " +
    "truncated normal numbers of 1/√fan_in; nine rates from 3e-4 to 3e-1. Issues " +
    "of scale are small here: the published runs have 1e5 steps of a language " +
    "model, pre-LayerNorm and rotary positions. Five seeds: --seeds 5. Quick: mod " +
    "13, widths 8 to 64, 200 steps.",
  published:
    "Wortsman et al. (arXiv 2309.14322): S rises with width; qk-norm and " +
    "z-loss lower it, longer warm-up and independent decay too; at lr 1e-2 a " +
    "quadratic fit of the largest attention logit predicts at which size a model " +
    "diverges.",
  arms,
  columns: [
    "train_cross_entropy",
    "test_cross_entropy",
    "max_attention_logit",
    "train_accuracy",
    "test_accuracy",
  ],
  chart,
  rows,
  remarks: {
    quick: [
      "The test loss of networks that memorise and do not grok grows beyond what it is " +
      "at initialisation, at every rate: there S says nothing of it, which leaves one " +
      "width of four to decide C51 in the quick form. S of the train loss falls with " +
      "width here, where it rises in the published runs: a wider network memorises " +
      "pairs in 200 steps at lower rates.",
    ],
  },
  claims: [
    lowers(
      "C50",
      "qk-norm lowers the sensitivity of the train loss to the learning rate.",
      "qk-norm",
      "train",
    ),
    lowers(
      "C51",
      "qk-norm lowers the sensitivity of the test loss, where a network can only " +
        "generalise by grokking.",
      "qk-norm",
      "test",
    ),
  ],
};
