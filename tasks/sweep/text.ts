/**
 * Sweeps in words.
 *
 * @module
 */

import { shown } from "../../lib/base/terminal.ts";
import type { SweepCost } from "../../lib/sweeps/cost.ts";
import type { Planned } from "../../lib/sweeps/plan.ts";
import { timeText } from "../../lib/train/threads/cost.ts";

/** What was planned: which runs, how many are there already, where they go. */
export function plannedText(planned: Planned): string {
  const { folder, sweep, points, runs, ended, failed } = planned;
  const { name, axes, place } = sweep;
  const there = points - planned.new;
  const lines = [
    `sweep ${shown(name)}: ${count(points, "run")} over ${axes.join(", ")}`,
    `  ${planned.new} new, ${there} planned before` +
    (there > 0
      ? `, ${ended} of these ended` + (failed > 0 ? `, ${failed} failed` : "")
      : ""),
  ];
  lines.push(`  ${planned.seeds}`);
  if (planned.repeated > 0) {
    lines.push(
      `  ${count(planned.repeated, "point")} said twice, planned once`,
    );
  }
  if (planned.impossible > 0) {
    lines.push(
      `  ${count(planned.impossible, "run")} left out as impossible: ` +
        planned.reasons,
    );
  }
  const { engine, device, backend, threads } = place;
  lines.push(
    `  computed by ${engine} on ${engine === "onnx" ? device : backend}, ` +
      `${count(threads ?? 1, "thread")} a run`,
    `  ${shown(folder)}: ${count(runs, "run")} in all`,
  );
  return lines.join("\n");
}

/** What runs will cost. */
export function costText({ ms, jobs, runs, kinds, known }: SweepCost): string {
  if (runs === 0) return "  nothing is left to train";
  if (ms === null) {
    return "  what they cost is not known: no trial could be trained";
  }
  return `  ${count(runs, "run")} to train, about ${
    timeText(ms)
  } with ${jobs} ` +
    `at a time on this machine` +
    (known < kinds ? ` (of ${kinds} kinds of runs ${known} were tried)` : "");
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
