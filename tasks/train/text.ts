/**
 * How trainings ended, in words.
 *
 * @module
 */

import type { Band } from "../../lib/train/band/band.ts";
import { extensionsInUse } from "../../lib/extensions/use.ts";
import type { TrainResult } from "../../lib/runs/result.ts";
import { percent, table } from "../../lib/base/terminal.ts";
import { taskLine } from "../../lib/base/shell.ts";

/** How a run ended. */
export function summary(result: TrainResult): string {
  const { final, memorised_at, grokked_at, steps, checkpoint } = result;
  const when = (step: number | null, verb: string, what: string) =>
    step === null
      ? `not ${verb}: ${what} accuracy never reached 99 %`
      : `${verb} at step ${step} (${what} accuracy ≥ 99 %)`;
  return [
    ...(result.interrupted ? [`stopped at step ${steps}`] : []),
    when(memorised_at, "memorised", "train"),
    when(grokked_at, "grokked", "test"),
    `after ${steps} steps: accuracy ${percent(final.train_accuracy)} train, ` +
    `${percent(final.test_accuracy)} test; softmax collapse ` +
    `${percent(final.softmax_collapse)}; ` +
    `${result.ms_per_step.toFixed(1)} ms/step, ` +
    `${result.seconds.toFixed(1)} s`,
    `checkpoint: ${checkpoint}`,
    `look inside it: ${
      taskLine("probe", result.run, ...usedHere())
    }, or open it in Netron`,
  ].join("\n");
}

// The extensions that whoever looks inside has to name, too.
const usedHere = () => extensionsInUse.flatMap(({ path }) => ["--use", path]);

/** How several runs ended. */
export function bandText(band: Band, results: readonly TrainResult[]): string {
  const { runs, memorised, grokked, final } = band;
  const when = (
    verb: string,
    { runs: n, first, median, last }: Band["grokked"],
  ) =>
    `${n} of ${runs} ${verb}` +
    (n === 0 ? "" : `, at step ${first}–${last}, median ${median}`);
  const [{ steps, seconds }] = results as [TrainResult];
  const rows = results.map((result) => [
    String(result.config.seed),
    String(result.config.lr),
    String(result.config.weightDecay),
    String(result.memorised_at ?? "–"),
    String(result.grokked_at ?? "–"),
    percent(result.final.test_accuracy),
    result.run,
  ]);
  const head = ["seed", "lr", "decay", "memorised", "grokked", "test", "run"];
  const stopped = results.some(({ interrupted }) => interrupted);
  return [
    ...(stopped ? [`stopped at step ${steps}`] : []),
    `${runs} runs of ${steps} steps in ${seconds.toFixed(1)} s, ` +
    `${(1000 * seconds / Math.max(steps, 1)).toFixed(1)} ms a step of all`,
    when("memorised", memorised),
    when("grokked", grokked),
    `test accuracy ${percent(final.test_accuracy.least!)} to ` +
    `${percent(final.test_accuracy.most!)}`,
    ...table([head, ...rows]),
  ].join("\n");
}
