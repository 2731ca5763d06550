/**
 * What `deno task train` shows while it trains.
 *
 * @module
 */

import cliProgress from "cli-progress";
import { EXIT } from "./cli.ts";
import { type Config, flagOf } from "../lib/config/config.ts";
import { describeChoice } from "../lib/devices.ts";
import { type Progress, train, type TrainResult } from "../lib/train/train.ts";

/** The flags beside the config's. */
export interface Output {
  readonly run?: string | undefined;
  readonly overwrite?: true | undefined;
  readonly json?: true | undefined;
}

// Ctrl-C, and what asks a program to end before it is made to.
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

const percent = (x: number) => `${(100 * x).toFixed(1)} %`;

// Flags that say nothing to the chosen optimizer or model: worth a word, since
// somebody meant something by them.
const IDLE: readonly [flag: keyof Config, idle: (c: Config) => boolean][] = [
  ["momentum", (c) => c.optimizer !== "sgd"],
  ["beta1", (c) => c.optimizer === "sgd"],
  ["beta2", (c) => c.optimizer === "sgd"],
  ["eps", (c) => c.optimizer === "sgd"],
  ["perpScope", (c) => !c.perpGrad],
  ["perpRenormalise", (c) => !c.perpGrad],
  ["hidden", (c) => c.model !== "mlp"],
  ["biases", (c) => c.model !== "mlp"],
  ["dModel", (c) => c.model !== "transformer"],
  ["heads", (c) => c.model !== "transformer"],
  ["dMlp", (c) => c.model !== "transformer"],
  ["modulus", (c) => c.task === "parity"],
  ["bits", (c) => c.task !== "parity"],
  ["parityBits", (c) => c.task !== "parity"],
  ["samples", (c) => c.task !== "parity"],
  ["device", (c) => c.engine !== "onnx"],
  [
    "deviceId",
    (c) => c.engine !== "onnx" || !["auto", "cuda"].includes(c.device),
  ],
  ["runtime", (c) => c.engine !== "onnx"],
  ["backend", (c) => c.engine !== "tfjs"],
  ["threads", (c) => c.engine !== "onnx" || c.runtime === "web"],
];

function warn(config: Config, given: readonly string[]): void {
  for (const [flag, idle] of IDLE) {
    if (given.includes(flag) && idle(config)) {
      console.error(
        `warning: ${flagOf(flag)} has no effect in this experiment`,
      );
    }
  }
  const cores = navigator.hardwareConcurrency;
  if (config.threads !== null && config.threads > cores) {
    console.error(
      `warning: ${config.threads} threads on ${cores} cores are slower, ` +
        "not faster",
    );
  }
}

/** Trains, showing progress on stderr and, without --json, the end on stdout. */
export async function runTraining(
  config: Config,
  given: readonly string[],
  { run, overwrite, json }: Output,
): Promise<TrainResult> {
  warn(config, given);
  const stop = new AbortController();
  let asked = 0;
  const onSignal = () => {
    const now = performance.now();
    if (stop.signal.aborted) {
      // A terminal's Ctrl-C may arrive twice, from it and from deno task. Who
      // presses it again means it.
      if (now - asked > 500) {
        display.end(); // The terminal's cursor comes back.
        Deno.exit(EXIT.interrupted);
      }
      return;
    }
    asked = now;
    console.error("\nstopping after the running steps …");
    stop.abort();
  };
  const display = Deno.stderr.isTerminal() ? liveLine(config) : plainLines();
  for (const signal of SIGNALS) Deno.addSignalListener(signal, onSignal);
  try {
    const result = await train(config, {
      ...(run !== undefined && { run }),
      overwrite: overwrite ?? false,
      signal: stop.signal,
      onDevice: (choice) => console.error(describeChoice(choice)),
      onStart: (path) => console.error(`${describe(config)}\nrun: ${path}`),
      onProgress: display.show,
    });
    display.end();
    if (!json) console.log(summary(result));
    return result;
  } catch (error) {
    display.end();
    throw error;
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, onSignal);
  }
}

function describe(config: Config): string {
  const { task, modulus, model, hidden, loss, lossPrecision } = config;
  const what = task === "parity"
    ? `parity of ${config.parityBits} out of ${config.bits} bits`
    : `${task} mod ${modulus}`;
  const net = model === "mlp" ? `MLP ${hidden.join("–")}` : "transformer";
  return `${what} · ${net} · ${loss} ${lossPrecision} · ` +
    `${config.perpGrad ? "⊥" : ""}${config.optimizer} lr ${config.lr} · ` +
    `${config.steps} steps · seed ${config.seed} · ${config.engine}`;
}

interface Display {
  show(progress: Progress): void;
  end(): void;
}

function liveLine(config: Config): Display {
  const bar = new cliProgress.SingleBar({
    format: "{bar} {value}/{total} · loss {train_loss} / {test_loss} · " +
      "accuracy {train_accuracy} / {test_accuracy} (train / test) · " +
      "{ms} ms/step · {left} s left",
    barsize: 8,
    hideCursor: true,
    linewrap: null,
    stream: process.stderr,
    gracefulExit: false,
  }, cliProgress.Presets.shades_classic);
  const blank = {
    train_loss: "–",
    test_loss: "–",
    train_accuracy: "–",
    test_accuracy: "–",
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
          test_loss: row.test_loss.toPrecision(3),
          train_accuracy: percent(row.train_accuracy),
          test_accuracy: percent(row.test_accuracy),
        }),
      });
    },
    end: () => bar.stop(),
  };
}

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
          `train ${row.test_loss.toPrecision(4)} test  ` +
          `accuracy ${percent(row.train_accuracy)} train ` +
          `${percent(row.test_accuracy)} test  ` +
          `${msPerStep.toFixed(1)} ms/step  ` +
          `${((steps - step) * msPerStep / 1000).toFixed(0)} s left`,
      );
    },
    end() {},
  };
}

function summary(result: TrainResult): string {
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
    `look inside it: deno task probe ${result.run}, or open it in Netron`,
  ].join("\n");
}
