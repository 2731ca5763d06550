/**
 * The `numerical-stability` probe: what a softmax loses of the logits, in each
 * precision, and how far it is from losing all.
 *
 * @module
 */

import { percent, short, table } from "../../base/terminal.ts";
import { everyNth, finite, slopeOf } from "../../numeric/statistics.ts";
import type { FloatDType } from "../../numeric/tensor.ts";
import type { MetricsRow } from "../../runs/run_folder.ts";
import type { ProbeContext } from "../context/context.ts";
import { lossAt } from "../context/experiment_at.ts";
import { logitDegree } from "../context/known_weights.ts";
import type { Probe } from "../probe.ts";
import {
  type AttentionCollapse,
  attentionCollapse,
} from "./attention_collapse.ts";
import { measureSoftmax, PRECISIONS } from "./softmax_rows.ts";

/** How many evaluations say how fast the logits grow. */
const RECENT = 10;

/** How many points of the logits' scale over training are kept. */
const MOST_POINTS = 200;

/** What a softmax of one precision makes of the train rows' logits. */
export interface SoftmaxAt {
  /** The precision. */
  readonly precision: FloatDType;
  /** Share of rows with Σ exp(z − max z) = 1 exactly. */
  readonly softmax_collapse: number;
  /** Share of rows whose softmax cross-entropy is exactly 0. */
  readonly zero_terms: number;
  /** Share of rows with a logit that is infinite there, and so no sum. */
  readonly overflow: number;
  /** Share of all exp(z − max z) that are 0. */
  readonly zero_exponentials: number;
  /** Share of them below the smallest normal number, 0 among them. */
  readonly exponential_underflow: number;
  /** τ·T, the gap at which a row collapses at the latest. */
  readonly threshold: number;
  /** By how much the mean gap may still grow: τ·T − gap, below 0 where it is past. */
  readonly logits_left: number;
  /**
   * By what all weights may still be multiplied, (τ·T/gap)^(1/L); null where the
   * network is not homogeneous.
   */
  readonly weights_factor: number | null;
  /**
   * Updates until the mean gap is there, if it grows as it did of late; 0 where it
   * is there; null without a run, or where it does not grow.
   */
  readonly steps_left: number | null;
}

/** The result. */
export interface NumericalStabilityResult {
  /** Train rows. */
  readonly samples: number;
  /** T, what the loss's softmax divides the logits by. */
  readonly temperature: number;
  /** Mean over the rows of max |z|. */
  readonly logit_scale: number;
  /** The largest logit. */
  readonly max_logit: number;
  /** Mean over the rows of the largest logit less the second. */
  readonly logit_gap: number;
  /**
   * By how much the gap grows each update, by least squares over the last ten
   * evaluations; null without a run.
   */
  readonly gap_growth: number | null;
  /** In float16, float32 and float64. */
  readonly softmax: readonly SoftmaxAt[];
  /** Share of the rows whose own loss is exactly 0, in its precisions. */
  readonly loss_zero_terms: Readonly<Record<string, number>> | null;
  /** Of rows that see more than one position; empty without attention. */
  readonly attention: readonly AttentionCollapse[];
  /** `logit_scale` over training, thinned; null without a run. */
  readonly over_training: {
    readonly steps: readonly number[];
    readonly logit_scale: readonly (number | null)[];
  } | null;
}

/**
 * Softmax Collapse of the train rows in float16, float32 and float64, and how far
 * away it is. With C classes and unit roundoff ε/2, a row whose other logits lie
 * τ = ln(2(C − 1)/ε) below its largest has collapsed; the mean gap between the
 * largest logit and the second is compared with it. Growing logits use the distance
 * up: at the rate of the run's last evaluations, in so many steps; and, in a network
 * of L homogeneous layers, when all weights have grown by (τ/gap)^(1/L).
 *
 * What is computed is what training measures: `docs/metrics.md` has the
 * definitions. The same of the attention's own softmax, by head and position.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Sections 3 and 4.
 */
export const numericalStability: Probe<
  "numerical-stability",
  NumericalStabilityResult
> = {
  of: "checkpoint",
  name: "numerical-stability",
  describe: "Softmax collapse, underflow and head-room in float16, 32 and 64",
  needs: "a task and its split; of growth over training, a run",

  async compute(context) {
    const loss = lossAt(context);
    const temperature = loss?.temperature ?? 1;
    const { model } = context;
    const found = await measureSoftmax(context, loss, temperature);
    const value = (name: string) => found(name)!;
    const [gap, scale] = [value("logit_gap"), value("logit_scale")];
    const history = await rowsUntil(context);
    const growth = history && growthOf(history.slice(-RECENT), gap / scale);
    const degree = logitDegree(model);
    const zeros = (loss?.precisions ?? [])
      .map((precision) => [precision, value(`own.${precision}`)]);
    return {
      samples: context.task.split().train.rows.length,
      temperature,
      logit_scale: scale,
      max_logit: value("max_logit"),
      logit_gap: gap,
      gap_growth: growth ?? null,
      softmax: PRECISIONS.map((precision): SoftmaxAt => {
        const of = (name: string) => value(`${precision}.${name}`);
        const threshold = value(`collapse_threshold.${precision}`);
        return {
          precision,
          softmax_collapse: of("softmax_collapse"),
          zero_terms: of("zero_terms"),
          overflow: of("overflow"),
          zero_exponentials: of("zero_exponentials"),
          exponential_underflow: of("exponential_underflow"),
          threshold,
          logits_left: threshold - gap,
          weights_factor: degree?.homogeneous
            ? finite((threshold / gap) ** (1 / degree.highest))
            : null,
          steps_left: growth === undefined || growth === null
            ? null
            : gap >= threshold
            ? 0
            : growth > 0
            ? finite((threshold - gap) / growth)
            : null,
        };
      }),
      loss_zero_terms: loss ? Object.fromEntries(zeros) : null,
      attention: await attentionCollapse(context),
      over_training: history ? thinned(history) : null,
    };
  },

  curves: ({ logit_scale, logit_gap, softmax }) => ({
    logit_scale,
    logit_gap,
    ...Object.fromEntries(softmax.map(({ precision, softmax_collapse }) => [
      `softmax_collapse.${precision}`,
      softmax_collapse,
    ])),
  }),

  text(result) {
    const { samples, logit_scale, logit_gap, softmax, attention } = result;
    const { gap_growth, temperature, loss_zero_terms } = result;
    const share = (x: number | null) => x === null ? "–" : percent(x);
    const own = Object.entries(loss_zero_terms ?? {});
    return [
      `${samples} train rows: logit scale ${short(logit_scale)}, gap to the ` +
      `second ${short(logit_gap)}` +
      (gap_growth === null ? "" : `, growing by ${short(gap_growth)} a step`) +
      (temperature === 1 ? "" : `; temperature ${short(temperature)}`),
      ...table([
        [
          "softmax",
          "collapsed",
          "loss 0",
          "overflow",
          "exp 0",
          "underflow",
          "gap at collapse",
          "weights ×",
          "in steps",
        ],
        ...softmax.map((at) => [
          at.precision,
          share(at.softmax_collapse),
          share(at.zero_terms),
          share(at.overflow),
          share(at.zero_exponentials),
          share(at.exponential_underflow),
          short(at.threshold),
          short(at.weights_factor),
          at.steps_left === null ? "–" : short(Math.round(at.steps_left)),
        ]),
      ]),
      ...(own.length > 0
        ? [
          "rows whose own loss is 0: " +
          own.map(([precision, x]) => `${share(x)} in ${precision}`).join(", "),
        ]
        : []),
      ...(attention.length === 0 ? [] : table([
        ["attention collapsed", "query", ...PRECISIONS],
        ...attention.map(({ layer, head, query, collapse }) => [
          `${layer}.${head}`,
          String(query),
          ...PRECISIONS.map((precision) => share(collapse[precision])),
        ]),
      ])),
    ];
  },
};

async function rowsUntil(
  { run, step }: ProbeContext,
): Promise<MetricsRow[] | undefined> {
  if (!run?.recorded || step === null) return undefined;
  const rows = await run.metrics();
  const until = rows.filter((row) => row.step <= step);
  return until.length > 0 ? until : undefined;
}

/**
 * By how much the gap between the largest logit and the second grows each update:
 * the least-squares slope of `logit_gap`, or where it was not measured that of
 * `logit_scale` times the present ratio of the two. Null of fewer than two rows.
 *
 * @param rows The evaluations that count.
 * @param ratio Gap over scale, as they are now.
 */
export function growthOf(
  rows: readonly MetricsRow[],
  ratio: number,
): number | null {
  return finite(slopeOf(
    rows.map(({ step }) => step),
    rows.map((row) => row["logit_gap"] ?? ratio * row.logit_scale),
  ));
}

function thinned(rows: readonly MetricsRow[]) {
  const kept = everyNth(rows, Math.ceil(rows.length / (MOST_POINTS - 1)));
  return {
    steps: kept.map(({ step }) => step),
    logit_scale: kept.map(({ logit_scale }) => logit_scale ?? null),
  };
}
