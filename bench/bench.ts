/**
 * Milliseconds a training step takes, ours and the peers', in turns: on a shared
 * machine only ratios of what ran side by side mean anything.
 *
 * @module
 */

import { type ConfigInput, resolveConfig } from "../lib/config/config.ts";
import { makeExperiment } from "../lib/train/experiment.ts";
import { describePlacement } from "../lib/onnx/placement.ts";
import type { SessionOptions } from "../lib/onnx/session.ts";
import { loopPlacement, onnxEngine } from "../lib/train/onnx_engine.ts";

/** A piece of work, its name shared with bench/peers/workloads.py. */
interface Workload {
  readonly config: ConfigInput;
  /** Steps in one timing: about a second. */
  readonly steps: number;
  readonly peers: readonly ("torch" | "jax")[];
}

const transformer: ConfigInput = { model: "transformer", trainFraction: 0.3 };

/** What is timed. */
export const workloads: Readonly<Record<string, Workload>> = {
  "mlp": { config: {}, steps: 30, peers: ["torch", "jax"] },
  "mlp-loss64": {
    config: { lossPrecision: "float64" },
    steps: 20,
    peers: ["torch", "jax"],
  },
  "mlp-float64": {
    config: { precision: "float64", lossPrecision: "float64" },
    steps: 8,
    peers: ["torch"],
  },
  "transformer": { config: transformer, steps: 8, peers: ["torch", "jax"] },
  "parity": {
    config: { task: "parity", trainFraction: 0.5 },
    steps: 200,
    peers: ["torch"],
  },
};

/** What to time. */
export interface BenchOptions {
  readonly peers?: true | undefined;
  readonly python: string;
  readonly only?: string | undefined;
  readonly rounds: number;
  readonly threads: number;
  /** Where our own steps are computed. */
  readonly place: Pick<SessionOptions, "device" | "deviceId">;
  /** Where the profile of a step may be written for a moment. */
  readonly folder: string;
}

type Placements = Awaited<ReturnType<typeof loopPlacement>>;

/** The timings of one workload: milliseconds a step, a number for each round. */
export type Timings = Readonly<Record<string, readonly number[]>>;

/** The timings of all workloads. */
export interface BenchResult {
  readonly cores: number;
  readonly threads: number;
  readonly workloads: Readonly<Record<string, Timings>>;
  /** Off the CPU: where the nodes of each workload's loop were placed. */
  readonly placements: Readonly<Record<string, Placements>>;
}

/** Times the workloads, ours and the peers' in turns. */
export async function bench(
  options: BenchOptions,
  log: (line: string) => void,
): Promise<BenchResult> {
  const { only, rounds, threads, python, place } = options;
  if (only !== undefined && !(only in workloads)) {
    throw new RangeError(
      `Cannot time ${only}: the workloads are ` +
        Object.keys(workloads).join(", "),
    );
  }
  const results: Record<string, Timings> = {};
  const placements: Record<string, Placements> = {};
  for (const [name, work] of Object.entries(workloads)) {
    if (only !== undefined && name !== only) continue;
    const timings: Record<string, number[]> = {};
    const add = (who: string, ms: number) => {
      (timings[who] ??= []).push(ms);
      log(`${name}: ${who} ${ms.toFixed(2)} ms a step`);
    };
    for (let round = 0; round < rounds; round++) {
      add("groklab", await ours(work, threads, place));
      add("groklab, evaluating every 10", await ours(work, threads, place, 10));
      for (const peer of options.peers ? work.peers : []) {
        const timing = await timePeer(python, peer, name, work.steps, threads);
        if (timing) add(timing.peer, timing.ms);
        else log(`${name}: ${python} has no ${peer}, left out`);
      }
    }
    results[name] = timings;
    if ((place.device ?? "cpu") !== "cpu") {
      const experiment = makeExperiment(resolveConfig(work.config));
      placements[name] = await loopPlacement(
        experiment,
        options.folder,
        { ...place, threads },
      );
      for (const [what, placement] of Object.entries(placements[name])) {
        log(`${name}, ${what}: ${describePlacement(placement)}`);
      }
    }
  }
  return {
    cores: navigator.hardwareConcurrency,
    threads,
    workloads: results,
    placements,
  };
}

async function ours(
  { config, steps }: Workload,
  threads: number,
  place: BenchOptions["place"],
  evalEvery = Number.MAX_SAFE_INTEGER,
): Promise<number> {
  const experiment = makeExperiment(resolveConfig(config));
  const engine = await onnxEngine(experiment, { ...place, threads });
  try {
    await engine.advance(2, 1);
    const started = performance.now();
    await engine.advance(steps, evalEvery);
    return (performance.now() - started) / steps;
  } finally {
    await engine.close();
  }
}

async function timePeer(
  python: string,
  peer: string,
  name: string,
  steps: number,
  threads: number,
): Promise<{ peer: string; ms: number } | undefined> {
  const script = new URL(`./peers/${peer}_step.py`, import.meta.url).pathname;
  try {
    const { success, stdout } = await new Deno.Command(python, {
      args: [script, name, String(steps), "1", String(threads)],
      stderr: "null",
    }).output();
    if (!success) return undefined;
    const { peer: label, ms } = JSON.parse(new TextDecoder().decode(stdout));
    return { peer: label, ms: ms[0] };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const median = (xs: readonly number[]) =>
  xs.toSorted((a, b) => a - b)[Math.floor((xs.length - 1) / 2)]!;

/** The medians as a table in Markdown. */
export function renderBench(result: BenchResult): string {
  const lines = [
    `${result.cores} cores, ${result.threads} threads; medians of rounds, ` +
    "milliseconds a step",
    "",
    "| workload | who | ms | groklab takes |",
    "|---|---|---|---|",
  ];
  for (const [name, timings] of Object.entries(result.workloads)) {
    const own = median(timings["groklab"]!);
    for (const [who, times] of Object.entries(timings)) {
      const ms = median(times);
      const ratio = who === "groklab" ? "" : `${(own / ms).toFixed(2)} of it`;
      lines.push(`| ${name} | ${who} | ${ms.toFixed(2)} | ${ratio} |`);
    }
  }
  return lines.join("\n");
}
