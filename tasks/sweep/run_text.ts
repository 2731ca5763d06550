/**
 * Running sweeps, in words.
 *
 * @module
 */

import { shown } from "../../lib/base/terminal.ts";
import type { Point } from "../../lib/sweeps/layout.ts";
import type {
  SweepFailure,
  SweepOutcome,
  SweepStanding,
} from "../../lib/sweeps/running/options.ts";
import type { SweepStatus } from "../../lib/sweeps/running/status.ts";
import { timeText } from "../../lib/train/threads/cost.ts";

/** What a plan varies, at a run. */
export function pointText(point: Point): string {
  return Object.entries(point).map(([key, value]) =>
    `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`
  ).join(" ");
}

/** A run that diverged or failed, in a line. */
export function failureLine(
  { id, point, state, reason }: SweepFailure,
): string {
  return shown(`${state}: ${id} (${pointText(point)}): ${reason}`);
}

/** How many runs are there, and what became of them. */
export function countsText(
  { done, grokked, diverged, failed }: Pick<
    SweepStanding,
    "done" | "grokked" | "diverged" | "failed"
  >,
): string {
  return `${done} done` +
    (grokked === null ? "" : `, ${grokked} of them grokked`) +
    (diverged > 0 ? `, ${diverged} diverged` : "") +
    (failed > 0 ? `, ${failed} failed` : "");
}

/** Where a share stands, in a line. */
export function standingText(standing: SweepStanding): string {
  const { runs, elsewhere, training, left } = standing;
  return `${countsText(standing)} of ${runs} runs; ` +
    `${training.length} in training` +
    (elsewhere > 0 ? `, ${elsewhere} by others` : "") +
    (Number.isFinite(left) ? `; ${timeText(left)} left` : "");
}

/** What running a sweep came to. */
export function outcomeText(folder: string, outcome: SweepOutcome): string {
  const { runs, trained, elsewhere, waiting } = outcome;
  const rest = [
    ...elsewhere > 0 ? [`${elsewhere} in training by others`] : [],
    ...waiting > 0 ? [`${waiting} to be trained`] : [],
  ];
  return [
    `${shown(folder)}: ${countsText(outcome)}, of ${runs} runs`,
    ...rest,
    `trained now: ${trained}`,
  ].join("; ");
}

/** Where a sweep stands. */
export function statusText(folder: string, status: SweepStatus): string {
  const { name, planned, done, memorised, grokked, training } = status;
  const { diverged, failed, waiting, left_seconds, failures } = status;
  const rows: (readonly [string, string])[] = [
    ["planned", String(planned)],
    [
      "done",
      grokked === null
        ? String(done)
        : `${done}: ${memorised} memorised, ${grokked} grokked`,
    ],
    ["diverged", String(diverged)],
    ["failed", String(failed)],
    ["in training", String(training.length)],
    ["waiting", String(waiting)],
    ...left_seconds === null || training.length + waiting === 0 ? [] : [
      [
        "left",
        `about ${timeText(1000 * left_seconds)} with ` +
        `${Math.max(1, training.length)} at a time`,
      ] as const,
    ],
  ];
  return [
    `sweep ${shown(name)} in ${shown(folder)}`,
    ...rows.map(([what, value]) => `  ${what.padEnd(12)} ${value}`),
    ...training.map(({ id, host, pid, since }) =>
      shown(
        pid === null
          ? `  ${id} by whom is not known: its claim is empty or damaged, and ` +
            "is given up two minutes after it was written"
          : `  ${id} by process ${pid}` +
            (host === null ? "" : ` on ${host}`) +
            (since === null ? "" : `, since ${since}`),
      )
    ),
    ...failures.map((failure) => `  ${failureLine(failure)}`),
  ].join("\n");
}
