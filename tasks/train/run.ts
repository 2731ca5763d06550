/**
 * What `deno task train` shows while it trains.
 *
 * @module
 */

import cliProgress from "cli-progress";
import { EXIT, isLive, printJson } from "../shared/cli.ts";
import { withSignals } from "../shared/signals.ts";
import { eventLog } from "./events.ts";
import { bandText, summary } from "./text.ts";
import { exit } from "../shared/exit.ts";
import { percent } from "../../lib/base/terminal.ts";
import {
  type Config,
  type ConfigInput,
  definitionsOf,
  flagOf,
  idleKeys,
} from "../../lib/config/config.ts";
import { readersOf } from "../../lib/config/groups.ts";
import { describeChoice } from "../../lib/devices/choice.ts";
import { bandOf } from "../../lib/train/band/band.ts";
import {
  type ReplicaOptions,
  trainBand,
  trainReplicas,
} from "../../lib/train/band/replicas.ts";
import { toResume } from "../../lib/train/unfinished.ts";
import type { MetricsRow } from "../../lib/runs/run_folder.ts";
import type { TrainResult } from "../../lib/runs/result.ts";
import { DivergedError } from "../../lib/train/diverged.ts";
import type { Progress, TrainOptions } from "../../lib/train/options.ts";
import { train } from "../../lib/train/train.ts";

/** The flags beside the config's. */
export interface Output {
  readonly run?: string | undefined;
  readonly overwrite?: true | undefined;
  /** What the run is called in lists. */
  readonly name?: string | undefined;
  /** Words to find it by. */
  readonly tag?: readonly string[] | undefined;
  /** Go on with the run in the folder; what the user wrote was looked at. */
  readonly resume?: string | true | undefined;
  readonly json?: true | undefined;
  /** Where TensorBoard's events go. */
  readonly tensorboard?: string | true | undefined;
}

function warn(config: Config, given: readonly string[]): void {
  // Worth a word, since somebody meant something by them.
  for (const key of idleKeys(config).filter((key) => given.includes(key))) {
    const readers = readersOf(key, config);
    console.error(
      `warning: ${flagOf(key)} has no effect in this experiment` +
        (readers === undefined ? "" : `: it belongs to ${readers}`),
    );
  }
  const cores = navigator.hardwareConcurrency;
  if (config.threads !== null && config.threads > cores) {
    console.error(
      `warning: ${config.threads} threads on ${cores} cores are slower, ` +
        "not faster",
    );
  }
}

/**
 * Trains, showing progress on stderr and how it ended on stdout.
 *
 * @returns Whether the user stopped it.
 */
export async function runTraining(
  config: Config,
  given: readonly string[],
  output: Output,
): Promise<boolean> {
  warn(config, given);
  const result = await watched(
    config,
    output,
    (options) => train(config, options),
  );
  if (output.json) printJson(result);
  else console.log(summary(result));
  return result.interrupted;
}

/** The same of several runs at once. */
export function runReplicas(
  config: Config,
  given: readonly string[],
  output: Output,
  replicas: ReplicaOptions,
): Promise<boolean> {
  warn(config, given);
  for (const key of ["lr", "weightDecay"] as const) {
    if (!replicas[key] || !given.includes(key)) continue;
    const flag = flagOf(key);
    const list = `--replica-${flag.slice(2)}`;
    console.error(`warning: ${flag} has no effect beside ${list}`);
  }
  return runBand(
    config,
    output,
    (options) => trainReplicas(config, replicas, options),
    replicas.replicas,
  );
}

/**
 * Goes on with a run, or with several.
 *
 * @param run Its folder; undefined for the newest that was interrupted.
 * @param changes More steps, or another place to compute.
 * @param output What to print.
 */
export async function runResumed(
  run: string | undefined,
  changes: ConfigInput,
  output: Output,
): Promise<boolean> {
  const found = await toResume(run, changes);
  const again: Output = { ...output, run: found.run, resume: true };
  const [config] = found.configs as [Config];
  if (!found.band) return await runTraining(config, [], again);
  return await runBand(
    config,
    again,
    (options) => trainBand(found.configs, options),
    found.configs.length,
  );
}

async function runBand(
  config: Config,
  output: Output,
  work: (options: TrainOptions) => Promise<TrainResult[]>,
  runs: number,
): Promise<boolean> {
  const show = (results: readonly TrainResult[]) => {
    if (results.length === 0) return;
    const band = bandOf(results);
    if (output.json) printJson({ band, replicas: results });
    else console.log(bandText(band, results));
  };
  try {
    const results = await watched(config, output, work, runs);
    show(results);
    return results.some(({ interrupted }) => interrupted);
  } catch (error) {
    // What else was trained is whole.
    if (error instanceof DivergedError) show(error.results);
    throw error;
  }
}

// Trains under a display, ending at a signal.
async function watched<T>(
  config: Config,
  { run, overwrite, resume, name, tag, tensorboard }: Output,
  work: (options: TrainOptions) => Promise<T>,
  runs = 1,
): Promise<T> {
  // Before anything is written: an extension's words may fail.
  const line = describe(config, runs);
  const display = isLive() ? liveLine(config) : plainLines();
  const events = await eventLog(tensorboard, { run, overwrite, resume }, runs);
  let started = 0;
  try {
    return await withSignals((signal) =>
      work({
        ...(run !== undefined && { run }),
        ...(name !== undefined && { name }),
        ...(tag && { tags: tag }),
        overwrite: overwrite ?? false,
        resume: resume === true,
        signal,
        onDevice: (choice) => console.error(describeChoice(choice)),
        onWarning: (warning) => console.error(`warning: ${warning}`),
        ...(events && { onRows: events.onRows }),
        onStart: (path, config, step, replica) => {
          events?.onStart(path, config, step, replica);
          if (started === 0) {
            console.error(line);
            if (step > 0) console.error(`from step ${step} on`);
          }
          started += 1;
          // Of many the first and the last say where they are.
          if (started === 1 || started === runs) console.error(`run: ${path}`);
          else if (started === 2) console.error("…");
        },
        onProgress: display.show,
      }), () => {
      display.end(); // The terminal's cursor comes back.
      exit(EXIT.interrupted);
    });
  } finally {
    display.end();
    events?.close();
  }
}

function describe(config: Config, runs: number): string {
  const { loss, lossPrecision } = config;
  const { task, model } = definitionsOf(config);
  return `${task.describe(config)} · ${model.describe(config)} · ` +
    `${loss} ${lossPrecision} · ` +
    `${config.perpGrad ? "⊥" : ""}${config.optimizer} lr ${config.lr} · ` +
    `${config.steps} steps · ` +
    (runs === 1
      ? `seed ${config.seed}`
      : `seeds ${config.seed}–${config.seed + runs - 1}, means of ${runs}`) +
    ` · ${config.engine}` +
    (config.engine === "tfjs" ? ` ${config.backend}` : "");
}

interface Display {
  show(progress: Progress): void;
  end(): void;
}

function liveLine(config: Config): Display {
  const bar = new cliProgress.SingleBar({
    format: "{bar} {value}/{total} · loss {train_loss} / {test_loss} · " +
      "{accuracies}(train / test) · {ms} ms/step · {left} s left",
    barsize: 8,
    hideCursor: true,
    linewrap: null,
    stream: process.stderr,
    gracefulExit: false,
  }, cliProgress.Presets.shades_classic);
  const blank = {
    train_loss: "–",
    test_loss: "–",
    accuracies: "",
    ms: "–",
    left: "–",
  };
  let started = false;
  return {
    show({ step, steps, msPerStep, rows }) {
      if (!started) bar.start(config.steps, 0, blank);
      started = true;
      const row = rows.at(-1);
      bar.update(step, {
        ms: msPerStep.toFixed(1),
        left: ((steps - step) * msPerStep / 1000).toFixed(0),
        ...(row && {
          train_loss: row.train_loss.toPrecision(3),
          test_loss: row.test_loss?.toPrecision(3) ?? "–",
          accuracies: accuracyText(
            row,
            (train, test) => `accuracy ${train} / ${test ?? "–"} `,
          ),
        }),
      });
    },
    end: () => bar.stop(),
  };
}

// Nothing of a regression, which has no accuracy; of a task without test rows only
// that of the train rows.
const accuracyText = (
  { train_accuracy, test_accuracy }: MetricsRow,
  text: (train: string, test: string | undefined) => string,
): string =>
  train_accuracy === undefined ? "" : text(
    percent(train_accuracy),
    test_accuracy === undefined ? undefined : percent(test_accuracy),
  );

const testText = (measure: string | undefined) =>
  measure === undefined ? "" : `${measure} test `;

// Off a terminal at most a line a second, each with the newest evaluation.
function plainLines(): Display {
  let last = -Infinity;
  return {
    show({ step, steps, msPerStep, rows }) {
      const row = rows.at(-1);
      const now = performance.now();
      if (!row || (now - last < 1000 && step < steps)) return;
      last = now;
      console.error(
        `step ${row.step}/${steps}  loss ${row.train_loss.toPrecision(4)} ` +
          `train ${testText(row.test_loss?.toPrecision(4))} ` +
          accuracyText(
            row,
            (train, test) => `accuracy ${train} train ${testText(test)} `,
          ) +
          `${msPerStep.toFixed(1)} ms/step  ` +
          `${((steps - step) * msPerStep / 1000).toFixed(0)} s left`,
      );
    },
    end() {},
  };
}
