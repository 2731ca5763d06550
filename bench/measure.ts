/**
 * Taking times, ours and the peers'.
 *
 * @module
 */

import { type ConfigInput, resolveConfig } from "../lib/config/config.ts";
import type { SessionOptions } from "../lib/onnx/session.ts";
import { makeExperiment } from "../lib/train/experiment.ts";
import { onnxEngine } from "../lib/train/onnx_engine.ts";
import { replicaConfigs } from "../lib/train/replicas.ts";
import type { Peer } from "./workloads.ts";
import { replicaEngine } from "../lib/train/replica_engine.ts";

/** The number in the middle; of an even number of them the lower. */
export const median = (xs: readonly number[]): number =>
  xs.toSorted((a, b) => a - b)[Math.floor((xs.length - 1) / 2)]!;

/** Milliseconds a step of ours. */
export async function ourStep(
  config: ConfigInput,
  steps: number,
  options: SessionOptions,
  evalEvery = Number.MAX_SAFE_INTEGER,
): Promise<number> {
  const experiment = makeExperiment(resolveConfig(config));
  const engine = await onnxEngine(experiment, options);
  try {
    await engine.advance(2, 1);
    const started = performance.now();
    await engine.advance(steps, evalEvery);
    return (performance.now() - started) / steps;
  } finally {
    await engine.close();
  }
}

/** Milliseconds a step of several replicas at once. */
export async function replicaStep(
  config: ConfigInput,
  replicas: number,
  steps: number,
  options: SessionOptions,
): Promise<number> {
  const experiments = replicaConfigs(config, { replicas }).map(makeExperiment);
  const engine = await replicaEngine(experiments, options);
  try {
    await engine.advance(2, 1);
    const started = performance.now();
    await engine.advance(steps, Number.MAX_SAFE_INTEGER);
    return (performance.now() - started) / steps;
  } finally {
    await engine.close();
  }
}

/**
 * Milliseconds a step of a peer's, with its name and version; undefined where
 * this Python does not have it.
 */
export async function peerStep(
  python: string,
  peer: Peer,
  work: string,
  steps: number,
  { threads = 1, device = "cpu" }: SessionOptions,
): Promise<{ name: string; ms: number } | undefined> {
  const [framework, graph] = peer.split(" ");
  const script = new URL(`./peers/${framework}_step.py`, import.meta.url);
  try {
    const { success, stdout } = await new Deno.Command(python, {
      args: [
        script.pathname,
        work,
        ...[steps, 1, threads].map(String),
        device,
        ...graph ? [graph] : [],
      ],
      stderr: "null",
    }).output();
    if (!success) return undefined;
    const { peer: name, ms } = JSON.parse(new TextDecoder().decode(stdout));
    return { name, ms: ms[0] };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What a run of the training program costs beside its steps. */
export interface ProgramCost {
  /** Seconds from start to end. */
  readonly seconds: number;
  /** The most memory that it held, in MB; null where the system does not say. */
  readonly megabytes: number | null;
}

/** Runs `deno task train` with some arguments. */
export async function trainProgram(...args: string[]): Promise<ProgramCost> {
  const script = new URL("../tasks/train.ts", import.meta.url).pathname;
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, ...args],
    stdout: "null",
    stderr: "null",
  }).spawn();
  let peak: number | null = null;
  const watch = setInterval(async () => {
    try {
      const status = await Deno.readTextFile(`/proc/${child.pid}/status`);
      const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
      if (kilobytes) peak = Number(kilobytes) / 1000;
    } catch {
      // The program has ended, or this is not Linux.
    }
  }, 20);
  const { success } = await child.status;
  clearInterval(watch);
  if (!success) {
    throw new Error(`Cannot time deno task train ${args.join(" ")}`);
  }
  return { seconds: (performance.now() - started) / 1000, megabytes: peak };
}
