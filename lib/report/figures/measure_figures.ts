/**
 * What probes measure, as charts: progress through training, and what becomes of
 * a network as its weights grow.
 *
 * @module
 */

import type { Series } from "../../charts/chart.ts";
import { chartSvg } from "../../charts/chart_svg.ts";
import { evenlySpaced } from "../../numeric/statistics.ts";
import { hasManyLogits } from "../../probes/asking/large.ts";
import type { ScalingRow } from "../../probes/loss/scaling_rows.ts";
import type { UnitAnswers } from "../../probes/asking/messages.ts";
import { ask } from "../../probes/asking/probe_checkpoint.ts";
import { shareOut } from "../../probes/asking/threads.ts";
import type { RunCheckpoint } from "../../probes/context/context.ts";
import { NotApplicableError } from "../../probes/context/not_applicable.ts";
import type { ProgressResult } from "../../probes/fourier/progress_measures.ts";
import { logitScaling } from "../../probes/loss/logit_scaling.ts";
import type { ProbeOptions } from "../../probes/asking/options.ts";
import type { OpenedCheckpoint, ReportFigure } from "./figure.ts";

/** Losses of the waves alone, and without them, at a step. */
export interface ProgressAt {
  readonly step: number;
  readonly full: number;
  readonly restricted: number | null;
  readonly excluded: number | null;
}

// What the chart shows of the progress measures of a checkpoint.
function progressAt(
  step: number,
  { full, restricted, excluded }: ProgressResult,
): ProgressAt {
  return {
    step,
    full: full.loss,
    restricted: restricted?.loss ?? null,
    excluded: excluded?.loss ?? null,
  };
}

// Checkpoints that are asked where each takes minutes.
const MOST_LARGE = 4;

/**
 * The progress measures of checkpoints, which threads take in turn: of all, or where
 * there are very many logits of some, evenly spaced.
 *
 * @param path The run.
 * @param checkpoints Its checkpoints, oldest first.
 * @param known What the last one's are, where it was asked.
 * @param options How to ask the others.
 * @throws {NotApplicableError} if one lacks what they need.
 */
export async function progressOver(
  path: string,
  checkpoints: readonly RunCheckpoint[],
  known: ProgressResult | undefined,
  options: ProbeOptions,
): Promise<ProgressAt[]> {
  const run = { path, checkpoints };
  const share = { path, run, names: ["progress"] as const, whole: true };
  const asked = [
    ...await hasManyLogits(share, options)
      ? evenlySpaced(checkpoints, MOST_LARGE)
      : checkpoints,
  ];
  const last = known && progressAt(asked.pop()!.step, known);
  const units: UnitAnswers[] = [];
  await shareOut({ ...share, asked }, options, (unit) => units.push(unit));
  const measures = units.toSorted((a, b) => a.index - b.index)
    .map(({ index, results, reasons }) => {
      if (reasons.progress) throw new NotApplicableError(reasons.progress);
      const { step } = asked[index]!;
      return progressAt(step, results.progress as ProgressResult);
    });
  return last ? [...measures, last] : measures;
}

/**
 * Restricted and excluded loss through training.
 *
 * @param measures At checkpoints.
 * @param label The run.
 * @param id The chart's.
 * @param of How many checkpoints there are.
 */
export function progressFigure(
  measures: readonly ProgressAt[],
  label: string,
  id: string,
  of: number,
): ReportFigure {
  const title = `Progress measures: ${label}`;
  const points = (value: (at: ProgressAt) => number | null) =>
    measures.map((at) => ({ x: at.step, y: value(at) ?? NaN }));
  return {
    id,
    title,
    caption: "Softmax cross-entropy at each checkpoint: of all pairs; of all " +
      "pairs with nothing but the key frequencies' waves in the logits " +
      "(restricted); of the train rows without these waves (excluded). The " +
      "circuit forms while excluded loss rises." +
      (measures.length < of
        ? ` Of ${of} checkpoints ${measures.length}, evenly spaced.`
        : ""),
    svg: chartSvg({
      title,
      panels: [{
        title: "",
        x: { label: "step", scale: "log" },
        y: { label: "cross-entropy", scale: "log" },
        series: [
          { name: "all pairs", colour: 0, points: points(({ full }) => full) },
          {
            name: "restricted",
            colour: 1,
            line: "dashed",
            points: points(({ restricted }) => restricted),
          },
          {
            name: "excluded",
            colour: 2,
            line: "dotted",
            points: points(({ excluded }) => excluded),
          },
        ],
      }],
    }),
    data: {
      columns: ["step", "full_loss", "restricted_loss", "excluded_loss"],
      rows: measures.map(({ step, full, restricted, excluded }) => [
        step,
        full,
        restricted,
        excluded,
      ]),
    },
  };
}

const PRECISIONS = ["float16", "float32", "float64"] as const;

/** Accuracy and collapse as all weights are scaled by α. */
export async function scalingFigure(
  { step, context, known }: OpenedCheckpoint,
  label: string,
  id: string,
): Promise<ReportFigure> {
  const { rows } = known?.["logit-scaling"] ??
    await ask(logitScaling, context);
  const title = `Weights scaled by α: ${label}`;
  return {
    id,
    title,
    caption:
      `Step ${step}, every row of the task. Share of the rows in Softmax ` +
      "Collapse, by precision, as every weight is multiplied by α. A row with a " +
      "logit that is infinite in float16 has no softmax there: such rows are a " +
      "line of their own, and of collapse in float16 the share is that of the " +
      "others; where all overflow there is none.",
    svg: chartSvg({
      title,
      panels: [{
        title: "",
        x: { label: "α" },
        y: { label: "collapse (%)", domain: [0, 1], percent: true },
        series: scalingSeries(rows),
      }],
    }),
    data: {
      columns: [
        "alpha",
        "accuracy",
        "loss",
        "logit_scale",
        ...PRECISIONS,
        "float16_overflow",
      ],
      rows: rows.map((row) => [
        row.alpha,
        row.accuracy,
        row.loss,
        row.logit_scale,
        ...PRECISIONS.map((precision) => row.softmax_collapse[precision]),
        row.float16_overflow,
      ]),
    },
  };
}

function scalingSeries(rows: readonly ScalingRow[]): Series[] {
  return [
    ...PRECISIONS.map((precision, colour): Series => ({
      name: precision,
      colour,
      dots: true,
      line: (["dotted", "dashed", "solid"] as const)[colour]!,
      points: rows.map((row) => ({
        x: row.alpha,
        y: row.softmax_collapse[precision] /
          (precision === "float16" ? 1 - row.float16_overflow : 1),
      })),
    })),
    {
      name: "overflow in float16",
      colour: 3,
      dots: true,
      line: "dotted",
      points: rows.map(({ alpha, float16_overflow }) => ({
        x: alpha,
        y: float16_overflow,
      })),
    },
  ];
}
