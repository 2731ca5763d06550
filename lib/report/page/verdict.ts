/**
 * What was found, in sentences with numbers.
 *
 * @module
 */

import { configAt } from "../../config/switches.ts";
import type { ProbeReport } from "../../probes/asking/messages.ts";
import { percent, short } from "../../base/terminal.ts";
import type { ReportRun } from "../runs.ts";
import { outcome } from "./words.ts";

/**
 * A run's verdicts, a sentence or two each: how it ended, collapse, naïve loss
 * minimisation, circuit, and what growing weights would do.
 *
 * @param run The run.
 * @param report What the probes found at its last checkpoint, if they looked.
 */
export function verdictsOn(
  run: ReportRun,
  report: ProbeReport | undefined,
): string[] {
  const { fourier, progress, "logit-scaling": scaling } = report?.probes ?? {};
  const ended = outcome(run);
  return [
    `${ended[0]!.toUpperCase()}${ended.slice(1)}.`,
    ...lastRow(run),
    ...(fourier?.key_frequencies
      ? [
        circuit(fourier.key_frequencies, Math.floor(fourier.order / 2)) +
        (fourier.agreement === null
          ? "."
          : `; the rules for them agree to ${percent(fourier.agreement)}.`),
      ]
      : []),
    ...(progress?.restricted && progress.key_frequencies?.length
      ? [
        `With nothing but these waves in its logits the loss over all pairs is ${
          short(progress.restricted.loss)
        } in place of ${short(progress.full.loss)}` +
        (progress.excluded
          ? `; without them the train loss is ${
            short(progress.excluded.loss)
          } in place of ${short(progress.train?.loss)}.`
          : "."),
      ]
      : []),
    ...(scaling?.exponent != null
      ? [
        `Its logits grow like α^${scaling.exponent.toFixed(2)} when all ` +
        `weights grow by α; a float32 softmax loses ${
          scaling.rows.map(({ alpha, softmax_collapse }) =>
            `${percent(softmax_collapse.float32)} of the rows at α = ${alpha}`
          ).join(", ")
        }.`,
      ]
      : []),
  ];
}

function lastRow({ rows, config: whole }: ReportRun): string[] {
  const last = rows.at(-1);
  if (!last) return [];
  const config = configAt(whole, last.step);
  const { softmax_collapse, zero_terms, cos_weight_neg_gradient: cos } = last;
  return [
    softmax_collapse === undefined
      ? `At the last evaluation ${
        percent(zero_terms)
      } of the train rows have a ` +
        "loss of exactly 0."
      : `At the last evaluation ${
        percent(softmax_collapse)
      } of the train rows ` +
        `are in Softmax Collapse in ${config.lossPrecision}` +
        (config.loss.startsWith("softmax")
          ? ""
          : ` (as a softmax of the same logits would be; the loss is ` +
            `${config.loss})`) +
        `, and ${percent(zero_terms)} have a loss of exactly 0.`,
    ...(typeof cos === "number"
      ? [
        `cos(w, −gradient) is ${cos.toFixed(2)}: ${
          percent(cos ** 2)
        } of the gradient's square ${
          cos > 0 ? "only scales the weights up" : "only scales them down"
        }${
          config.perpGrad && cos > 0.1
            ? ", and ⊥Grad takes that part away."
            : "."
        }`,
      ]
      : []),
  ];
}

function circuit(keys: readonly number[], count: number): string {
  if (keys.length === 0) return "It computes with no key frequency";
  return keys.length > count / 2
    ? `${keys.length} of its ${count} frequencies count as key ones: there is ` +
      "no sparse structure"
    : `It computes with ${keys.length} of ${count} frequencies, ` +
      keys.join(", ");
}
