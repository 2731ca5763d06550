/**
 * How trainings ended, in words.
 *
 * @module
 */

import type { Band } from "../../lib/train/band/band.ts";
import { extensionsInUse } from "../../lib/extensions/use.ts";
import { saysGrokking, type TrainResult } from "../../lib/runs/result.ts";
import { percent, short, table } from "../../lib/base/terminal.ts";
import { taskLine } from "../../lib/base/shell.ts";

/** How a run ended. */
export function summary(result: TrainResult): string {
  const { config, final, memorised_at, grokked_at, steps, checkpoint } = result;
  const { train_accuracy, test_accuracy, softmax_collapse } = final;
  const regression = train_accuracy === undefined;
  const noTest = final.test_loss === undefined && test_accuracy === undefined;
  const { lossThreshold: limit = null } = config;
  const mark = regression ? `loss ≤ ${limit}` : "accuracy ≥ 99 %";
  const when = (step: number | null, verb: string, what: string) =>
    step === null
      ? `not ${verb}: ${what} ` +
        (regression
          ? `loss never came down to ${limit}`
          : "accuracy never reached 99 %")
      : `${verb} at step ${step} (${what} ${mark})`;
  return [
    ...(result.interrupted ? [`stopped at step ${steps}`] : []),
    ...(regression && limit === null ? [] : [
      when(memorised_at, "memorised", "train"),
      noTest ? "no test rows" : when(grokked_at, "grokked", "test"),
    ]),
    `after ${steps} steps: ` +
    (regression
      ? `loss ${short(final.train_loss)} train, ${
        short(final.test_loss)
      } test; `
      : `accuracy ${percent(train_accuracy)} train` +
        (noTest ? "" : `, ${percent(test_accuracy!)} test`) +
        "; softmax collapse " +
        `${percent(softmax_collapse!)}; `) +
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
  const [first] = results as [TrainResult, ...TrainResult[]];
  const { steps, seconds } = first;
  const { test_accuracy: accuracy, test_loss: loss } = final;
  const judged = results.every(saysGrokking);
  const rows = results.map((result) => [
    String(result.config.seed),
    String(result.config.lr),
    String(result.config.weightDecay),
    String(result.memorised_at ?? "–"),
    String(result.grokked_at ?? "–"),
    accuracy
      ? percent(result.final.test_accuracy!)
      : short(result.final.test_loss ?? null),
    result.run,
  ]);
  const head = ["seed", "lr", "decay", "memorised", "grokked", "test", "run"];
  const stopped = results.some(({ interrupted }) => interrupted);
  return [
    ...(stopped ? [`stopped at step ${steps}`] : []),
    `${runs} runs of ${steps} steps in ${seconds.toFixed(1)} s, ` +
    `${(1000 * seconds / Math.max(steps, 1)).toFixed(1)} ms a step of all`,
    ...(judged ? [when("memorised", memorised), when("grokked", grokked)] : []),
    accuracy
      ? `test accuracy ${percent(accuracy.least!)} to ${
        percent(accuracy.most!)
      }`
      : loss
      ? `test loss ${short(loss.least)} to ${short(loss.most)}`
      : "no test rows",
    ...table([head, ...rows]),
  ].join("\n");
}
