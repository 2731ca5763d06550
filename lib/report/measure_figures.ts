/**
 * What probes measure, as charts: progress through training, and what becomes of
 * a network as its weights grow.
 *
 * @module
 */

import { logitScaling } from "../probes/logit_scaling.ts";
import { ask } from "../probes/probing.ts";
import type { ProgressResult } from "../probes/progress_measures.ts";
import { chartSvg, type Series } from "./chart.ts";
import type { Opened, ReportFigure } from "./figure.ts";

/** Losses of the waves alone, and without them, at a step. */
export interface ProgressAt {
  readonly step: number;
  readonly full: number;
  readonly restricted: number | null;
  readonly excluded: number | null;
}

/** What the chart shows of the progress measures of a checkpoint. */
export function progressAt(
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

/** Restricted and excluded loss through training. */
export function progressFigure(
  measures: readonly ProgressAt[],
  label: string,
  id: string,
): ReportFigure {
  const title = `Progress measures: ${label}`;
  const of = (value: (at: ProgressAt) => number | null) =>
    measures.map((at) => ({ x: at.step, y: value(at) ?? NaN }));
  return {
    id,
    title,
    caption: "Softmax cross-entropy at each checkpoint: of all pairs; of all " +
      "pairs with nothing but the key frequencies' waves in the logits " +
      "(restricted); of the train rows without these waves (excluded). The " +
      "circuit forms while excluded loss rises.",
    svg: chartSvg({
      title,
      panels: [{
        title: "",
        x: { label: "step", scale: "log" },
        y: { label: "cross-entropy", scale: "log" },
        series: [
          { name: "all pairs", colour: 0, points: of(({ full }) => full) },
          {
            name: "restricted",
            colour: 1,
            line: "dashed",
            points: of(({ restricted }) => restricted),
          },
          {
            name: "excluded",
            colour: 2,
            line: "dotted",
            points: of(({ excluded }) => excluded),
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

/** Accuracy and collapse as all weights are scaled by α. */
export async function scalingFigure(
  { step, context }: Opened,
  label: string,
  id: string,
): Promise<ReportFigure> {
  const { rows } = await ask(logitScaling, context);
  const precisions = ["float16", "float32", "float64"] as const;
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
        series: [
          ...precisions.map((precision, colour): Series => ({
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
        ],
      }],
    }),
    data: {
      columns: [
        "alpha",
        "accuracy",
        "loss",
        "logit_scale",
        ...precisions,
        "float16_overflow",
      ],
      rows: rows.map((row) => [
        row.alpha,
        row.accuracy,
        row.loss,
        row.logit_scale,
        ...precisions.map((precision) => row.softmax_collapse[precision]),
        row.float16_overflow,
      ]),
    },
  };
}
