/**
 * Starting from a checkpoint: another run's weights, and its optimizer's state.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { type HostState, initialTensors } from "../../models/buffers.ts";
import { UsageError } from "../base/errors.ts";
import { FileError, isAbsent } from "../base/files.ts";
import { readVerified } from "../base/verified.ts";
import {
  checkArgument,
  checkOptions,
  type Checks,
  flag,
  pathCheck,
  whole,
} from "../base/options.ts";
import {
  DamagedError,
  readFile,
  readOfRun,
  sha256,
  sumsOf,
} from "../base/sums.ts";
import { type ConfigInput, resolveConfig } from "../config/config.ts";
import { firstStep, type From } from "../config/switches.ts";
import type { BandSnapshot } from "../engine/engine.ts";
import { hostStateOf } from "../engine/state.ts";
import { transferState } from "../engine/transfer.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { HostTensor } from "../numeric/tensor.ts";
import { decodeTensors, readTensors } from "../onnx/file/read_tensors.ts";
import { FILES } from "../runs/layout.ts";
import { checkpointsMeant, runOfCheckpoint } from "../runs/read.ts";
import { firstWhole } from "../runs/whole.ts";

// The optimizer's file beside a checkpoint of a run.
const besideIn = (path: string) =>
  join(dirname(dirname(path)), FILES.optimizer, basename(path));

/** Which checkpoint to start from. */
export interface StartOptions {
  /** Which checkpoint of a run; by default the last. */
  readonly step?: number;
  /** Leave the optimizer's state behind. */
  readonly freshOptimizer?: boolean;
}

const START: Checks<StartOptions> = { step: whole(0), freshOptimizer: flag };

/**
 * The config of a training that starts with a checkpoint's weights: the one that
 * the checkpoint was trained with, and `from`, which names the file. Change what
 * is to be different, all but the architecture, and train it.
 *
 * ```ts
 * import { startFrom, train } from "@groklab/groklab";
 * import { assertEquals } from "@std/assert";
 *
 * const first = await train(
 *   { modulus: 7, hidden: [16], steps: 10 },
 *   { run: await Deno.makeTempDir() },
 * );
 * const config = await startFrom(first.run);
 * const second = await train(
 *   { ...config, loss: "softmax", steps: 20 }, // counted on from 10
 *   { run: await Deno.makeTempDir() },
 * );
 * assertEquals(second.config.from?.step, 10);
 * ```
 *
 * @param source A run folder or an .onnx file; by default the newest run.
 * @param options Which step, and whether to take the optimizer's state.
 * Where the last state of a run is damaged, the last whole one is taken.
 *
 * @throws {FileError} if there is no such file or run, or it is damaged.
 * @throws {UsageError} if the run has no such step.
 */
export async function startFrom(
  source?: string,
  options: StartOptions = {},
): Promise<ConfigInput> {
  if (source !== undefined) {
    checkArgument("startFrom()", "source", source, pathCheck);
  }
  checkOptions("startFrom()", options, START);
  const { step, freshOptimizer = false } = options;
  const paths = await checkpointsMeant(source, step);
  return await firstWhole(paths, (path) => startAt(path, freshOptimizer));
}

async function startAt(
  path: string,
  freshOptimizer: boolean,
): Promise<ConfigInput> {
  const bytes = await readVerified(path);
  const file = await readTensors(bytes, path);
  const config = file.metadata("config") as ConfigInput | undefined;
  const at = file.metadata("step");
  // What another program wrote has no optimizer that could be gone on with.
  const optimizer = freshOptimizer || !config
    ? undefined
    : await optimizerBeside(path);
  return {
    ...config,
    from: {
      path,
      step: typeof at === "number" ? at : 0,
      sha256: file.sum,
      optimizer: optimizer ? sha256(optimizer) : null,
    },
  };
}

// The optimizer's file beside a checkpoint; undefined where it has none.
async function optimizerBeside(path: string): Promise<Uint8Array | undefined> {
  const beside = besideIn(path);
  const run = await runOfCheckpoint(path);
  if (!run) {
    return await readFile(beside).catch((error) => {
      if (!isAbsent(error.cause)) throw error;
    }) ?? undefined;
  }
  const name = `${FILES.optimizer}/${basename(path)}`;
  const found = await readOfRun(run, name);
  if (found || !(await sumsOf(run))?.files.has(name)) return found;
  throw new DamagedError(
    `Cannot read ${beside}: it is not there, and ${path} has an optimizer's ` +
      "state; without it, --fresh-optimizer starts",
  );
}

/**
 * Where runs start whose configs have a `from`, which all of them have or none.
 *
 * @param experiments The experiments, in force at the first step.
 * @returns The states, undefined where they start with random weights.
 * @throws {FileError} if a checkpoint is missing or another than its config says.
 * @throws {UsageError} if it has another architecture.
 */
export async function startsOf(
  experiments: readonly Experiment[],
): Promise<BandSnapshot | undefined> {
  const states: HostState[] = [];
  for (const experiment of experiments) {
    const { from } = experiment.config;
    if (!from) return undefined;
    states.push(await startOf(experiment, from));
  }
  return { step: firstStep(experiments[0]!.config), states };
}

async function startOf(experiment: Experiment, from: From): Promise<HostState> {
  const { tensors, metadata, sum } = await readTensors(
    await readFile(from.path),
    from.path,
  );
  checkSum(from.path, sum, from.sha256);
  const problem = misfit(tensors, initialTensors(experiment));
  if (problem !== undefined) {
    throw new UsageError(
      `Cannot start from ${from.path}: ${problem}; the architecture must be ` +
        "the same",
    );
  }
  const optimizer = from.optimizer === null
    ? {}
    : await optimizerFrom(besideIn(from.path), from.optimizer);
  const before = from.optimizer === null
    ? experiment.config
    : resolveConfig(metadata("config"));
  const state = hostStateOf(experiment, tensors, optimizer);
  return await transferState(state, before, experiment);
}

async function optimizerFrom(path: string, hash: string): Promise<HostState> {
  const bytes = await readFile(path);
  checkSum(path, sha256(bytes), hash);
  return decodeTensors(bytes, path).tensors;
}

// That a file is the one whose hash a config has.
function checkSum(path: string, found: string, hash: string): void {
  if (found === hash) return;
  throw new FileError(
    `Cannot start from ${path}: its SHA-256 is ${found.slice(0, 12)}…, the ` +
      `config wants ${hash.slice(0, 12)}…: it is another file than the run ` +
      "began with",
  );
}

/**
 * How a file's tensors differ from those wanted, in words; undefined where names
 * and shapes are the same.
 */
export function misfit(
  found: HostState,
  wanted: HostState,
): string | undefined {
  const show = ({ shape }: HostTensor) => `[${shape.join(", ")}]`;
  for (const [path, tensor] of Object.entries(wanted)) {
    const there = found[path];
    if (!there) {
      return `it has no tensor ${path}, this experiment one of ${show(tensor)}`;
    }
    if (show(there) !== show(tensor)) {
      return `its tensor ${path} is ${show(there)}, this experiment's ` +
        show(tensor);
    }
  }
  const extra = Object.entries(found).find(([path]) => !(path in wanted));
  return extra && `it has a tensor ${extra[0]} of ${show(extra[1])}, this ` +
      "experiment none";
}
