/**
 * Milliseconds a training step takes, ours and the peers', in turns: on a shared
 * machine only ratios of what ran side by side mean anything.
 *
 * @module
 */

import { UsageError } from "../lib/base/errors.ts";
import { resolveConfig } from "../lib/config/config.ts";
import { loopPlacement, traceStep } from "../lib/engine/onnx/traced_step.ts";
import { initialState } from "../lib/engine/state.ts";
import { makeExperiment } from "../lib/experiment/experiment.ts";
import type { SessionOptions } from "../lib/onnx/runtime/options.ts";
import { describePlacement } from "../lib/onnx/runtime/placement.ts";
import { replicaConfigs } from "../lib/train/band/replicas.ts";
import { productRate, type Work, workOf } from "./floor.ts";
import {
  ourStep,
  peerTimer,
  programMemory,
  programSeconds,
  replicaStep,
} from "./measure.ts";
import {
  isPeer,
  ON_A_CARD,
  type Who,
  type Workload,
  workloads,
} from "./workloads.ts";
import { lowerMedian } from "../lib/numeric/statistics.ts";

/** What to time. */
export interface BenchOptions {
  readonly peers?: true | undefined;
  readonly python: string;
  readonly only?: string | undefined;
  readonly rounds: number;
  readonly threads: number;
  readonly replicas?: readonly number[] | undefined;
  /** Where our own steps are computed. */
  readonly place: Pick<SessionOptions, "device" | "deviceId">;
  /** Where the profile of a step may be written for a moment. */
  readonly folder: string;
}

/** The timings of one workload. */
export interface WorkloadResult extends Work {
  /** Threads of all that were timed. */
  readonly threads: number;
  /** The floor: the products' milliseconds at the rate measured beside. */
  readonly floor_ms: number;
  /** Milliseconds a step, a number for each round. */
  readonly timings: { readonly [who in Who]?: readonly number[] };
  /** Off the CPU: where the nodes of the loop's body were placed. */
  readonly placement?: Awaited<ReturnType<typeof loopPlacement>>;
}

/** Milliseconds a step of R replicas, a number for each round. */
export interface ReplicaTimings {
  /** All at once. */
  readonly together: readonly number[];
  /** R times a single run's step. */
  readonly one_by_one: readonly number[];
  /** R times PyTorch's step, where it was asked for and is there. */
  readonly torch?: readonly number[];
}

/** All timings. */
export interface BenchResult {
  readonly cores: number;
  readonly threads: number;
  /** The peers that were timed, with their versions. */
  readonly peers: Readonly<Record<string, string>>;
  readonly workloads: Readonly<Record<string, WorkloadResult>>;
  /** The default experiment by its number of replicas. */
  readonly replicas: Readonly<Record<string, ReplicaTimings>>;
  /** The whole program, where nothing else was asked for. */
  readonly program?: {
    /** Seconds of `deno task train --help`. */
    readonly help: number;
    /** Seconds of `deno task train --steps 1`. */
    readonly one_step: number;
    /** The default run's peak of memory in MB; null where it is not known. */
    readonly megabytes: number | null;
  };
}

type Log = (line: string) => void;

/**
 * Checks what is asked for, before anything is timed.
 *
 * @throws {UsageError} if there is no such workload, or a number is too small.
 */
export function checkBench(
  { only, rounds, threads, replicas = [] }: Pick<
    BenchOptions,
    "only" | "rounds" | "threads" | "replicas"
  >,
): void {
  if (only !== undefined && !(only in workloads)) {
    throw new UsageError(
      `--only must be one of ${Object.keys(workloads).join(", ")}, got ${only}`,
    );
  }
  for (const [flag, value] of Object.entries({ rounds, threads })) {
    if (!(Number.isSafeInteger(value) && value >= 1)) {
      throw new UsageError(`--${flag} must be 1 or more, got ${value}`);
    }
  }
  for (const count of replicas) replicaConfigs({}, { replicas: count });
}

/** Times the workloads, ours and the peers' in turns. */
export async function bench(
  options: BenchOptions,
  log: Log,
): Promise<BenchResult> {
  checkBench(options);
  const { only, threads, replicas = [] } = options;
  const peers: Record<string, string> = {};
  const results: Record<string, WorkloadResult> = {};
  for (const [name, work] of Object.entries(workloads)) {
    if (only !== undefined && name !== only) continue;
    if (only === undefined && replicas.length > 0) continue;
    results[name] = await timeWorkload(name, work, options, peers, log);
  }
  const bands: Record<string, ReplicaTimings> = {};
  for (const count of replicas) {
    bands[count] = await timeReplicas(count, options, peers, log);
  }
  const whole = only === undefined && replicas.length === 0;
  return {
    cores: navigator.hardwareConcurrency,
    threads,
    peers,
    workloads: results,
    replicas: bands,
    ...(whole && { program: await timeProgram(log) }),
  };
}

async function timeWorkload(
  name: string,
  { config, steps, threads: own, rounding, beside }: Workload,
  { peers: wanted, python, rounds, threads, place, folder }: BenchOptions,
  peers: Record<string, string>,
  log: Log,
): Promise<WorkloadResult> {
  const onCard = (place.device ?? "cpu") !== "cpu";
  const options = { ...place, threads: own ?? threads };
  const experiment = makeExperiment(resolveConfig(config));
  const { precision } = experiment.config;
  const work = workOf(traceStep(experiment, await initialState(experiment)));
  const timings: { [who in Who]?: number[] } = {};
  let rate = 0;
  const add = (who: Who, ms: number) => {
    (timings[who] ??= []).push(ms);
    log(`${name}: ${peers[who] ?? who} ${ms.toFixed(2)} ms a step`);
  };
  const timePeer = wanted && await peerTimer(config, python, steps, options);
  for (let round = 0; round < rounds; round++) {
    add("groklab", await ourStep(config, steps, options));
    rate = Math.max(rate, await productRate(precision, options));
    for (const who of onCard ? ON_A_CARD : beside) {
      if (isPeer(who)) {
        const timing = await timePeer?.(who, rounding);
        if (timing === undefined) continue;
        if ("absent" in timing) log(`${name}: ${timing.absent}, left out`);
        else {
          peers[who] = timing.name;
          add(who, timing.ms);
        }
      } else if (who === "groklab, loss in float32") {
        const narrow = { ...config, lossPrecision: "float32" } as const;
        add(who, await ourStep(narrow, steps, options));
      } else {
        add(who, await ourStep(config, steps, options, 10));
      }
    }
  }
  const result = {
    ...work,
    threads: options.threads,
    floor_ms: work.flops / rate,
    timings,
  };
  if (!onCard) return result;
  const placement = await loopPlacement(experiment, folder, options);
  for (const [what, nodes] of Object.entries(placement)) {
    log(`${name}, ${what}: ${describePlacement(nodes)}`);
  }
  return { ...result, placement };
}

async function timeReplicas(
  count: number,
  { peers: wanted, python, rounds, threads, place }: BenchOptions,
  peers: Record<string, string>,
  log: Log,
): Promise<ReplicaTimings> {
  const options = { ...place, threads };
  const [together, oneByOne, torch]: number[][] = [[], [], []];
  const timePeer = wanted && await peerTimer({}, python, 20, options);
  for (let round = 0; round < rounds; round++) {
    const steps = Math.max(Math.round(40 / count), 4);
    together!.push(await replicaStep({}, count, steps, options));
    oneByOne!.push(count * await ourStep({}, 40, options));
    if (timePeer) {
      const timing = await timePeer("torch", 1e-4);
      if ("absent" in timing) log(`${timing.absent}, left out`);
      else {
        peers["torch"] = timing.name;
        torch!.push(count * timing.ms);
      }
    }
    log(
      `${count} replicas: ${together!.at(-1)!.toFixed(1)} ms a step, one by ` +
        `one ${oneByOne!.at(-1)!.toFixed(1)}`,
    );
  }
  return {
    together: together!,
    one_by_one: oneByOne!,
    ...(torch!.length > 0 && { torch: torch! }),
  };
}

async function timeProgram(
  log: Log,
): Promise<NonNullable<BenchResult["program"]>> {
  const folder = await Deno.makeTempDir();
  const run = ["--run", folder, "--overwrite"];
  try {
    await programSeconds("--steps", "1", ...run); // Fills caches.
    const seconds = async (...args: string[]) => {
      const times = [];
      for (let i = 0; i < 3; i++) times.push(await programSeconds(...args));
      return lowerMedian(times);
    };
    const costs = {
      help: await seconds("--help"),
      one_step: await seconds("--steps", "1", ...run),
      megabytes: await programMemory(...run),
    };
    log(`program: ${JSON.stringify(costs)}`);
    return costs;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
