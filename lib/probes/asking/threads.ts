/**
 * Probes shared out to threads: each takes the next that no other has taken.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import { FileError } from "../../base/files.ts";
import { only } from "../../base/options.ts";
import { flagOf } from "../../config/config.ts";
import { loadable } from "../../extensions/use.ts";
import type { FloatDType } from "../../numeric/tensor.ts";
import { loadProbeModel } from "../../onnx/inspect/load_probe_model.ts";
import { PROBE_MODEL } from "../../onnx/inspect/options.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { checkedSettings } from "../../settings/checked.ts";
import { deviceRows, onnxDevice } from "../../settings/devices.ts";
import { type CheckpointProbe, type ProbeName, probes } from "../catalogue.ts";
import { ProbeContext } from "../context/context.ts";
import { introduce } from "../foreign/foreign.ts";
import { FOREIGN } from "../foreign/options.ts";
import { RunContext } from "../run_context.ts";
import { FOREIGN_RUN } from "../run_options.ts";
import { hasManyLogits } from "./large.ts";
import type {
  ProbedFile,
  ProbingAnswer,
  ProbingOrder,
  ProbingWork,
  UnitAnswers,
  UnitBegun,
} from "./messages.ts";
import type { ProbeOptions } from "./options.ts";
import { reasonOf } from "./questions.ts";

// Each has a checkpoint's activations in memory. Of one checkpoint most probes share
// what they read, which every thread makes anew.
const MOST_JOBS = { checkpoint: 2, run: 4 };

/**
 * How many threads ask where nothing else is said: one for each core, up to a few.
 *
 * @param whole Whether they ask every checkpoint of a run.
 */
export function usualJobs(whole: boolean): number {
  const most = MOST_JOBS[whole ? "run" : "checkpoint"];
  return Math.min(navigator.hardwareConcurrency, most);
}

/**
 * Has several threads ask.
 *
 * @param work What there is to ask.
 * @param options How; `jobs` says how many threads, this one among them.
 * @param tell Gets the answers to each unit, in any order.
 * @throws {UsageError} if `jobs` is no number of threads.
 * @throws what asking in this thread throws.
 */
export async function shareOut(
  work: ProbingWork,
  options: ProbeOptions,
  tell: (unit: UnitAnswers) => void,
): Promise<ProbedFile> {
  const { onProgress, jobs = 1, ...rest } = options;
  if (!Number.isSafeInteger(jobs) || jobs < 1) {
    throw new UsageError(`jobs must be an integer of 1 or more, got ${jobs}`);
  }
  const units = unitsOf(work);
  const use = loadable();
  // Each thread would have activations of its own.
  const alone = jobs > 1 &&
    (use === undefined || await hasManyLogits(work, options));
  const most = alone ? 1 : jobs;
  const threads = Math.max(1, Math.min(most, units));
  const order: ProbingOrder = {
    work,
    options: { ...rest, ...coresOf(work, threads, rest) },
    use: use ?? { modules: [], changed: false },
    next: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  };
  const left = new Set(Array.from({ length: units }, (_, i) => i));
  let what = work.whole ? "checkpoints" : "probes";
  const show = () =>
    onProgress?.({ what, done: units - left.size, total: units });
  const take = (answer: UnitAnswers | UnitBegun) => {
    if ("begun" in answer) {
      // A checkpoint is as good as another; a probe's name says how long it takes.
      if (work.whole) return;
      what = work.names[answer.begun]!;
    } else {
      left.delete(answer.index);
      tell(answer);
    }
    show();
  };
  show();
  const failed: number[] = [];
  await using helpers = new AsyncDisposableStack();
  const ended = Array.from({ length: threads - 1 }, () => {
    const helper = new Helper(order, take, (unit) => failed.push(unit));
    helpers.defer(() => helper.end());
    return helper.ended;
  });
  const asked = await askUnits(work, order.options, nextOf(order), take);
  await Promise.all(ended);
  // What a helper could not answer is asked again here, and throws here what it
  // threw there.
  const again = [...new Set([...failed.filter((i) => left.has(i)), ...left])];
  if (again.length > 0) {
    await askUnits(work, order.options, () => again.shift() ?? units, take);
  }
  return asked;
}

// With checkpoints enough for all of them the threads are busy to the end. A single
// probe may be the last one left, and then it has all cores.
function coresOf(
  { whole }: ProbingWork,
  count: number,
  { threads = 0 }: ProbeOptions,
): Pick<ProbeOptions, "threads"> {
  if (!whole || count === 1 || threads > 0) return {};
  const cores = navigator.hardwareConcurrency;
  return { threads: Math.max(1, Math.floor(cores / count)) };
}

/** How many units of work there are. */
export function unitsOf({ run, names, whole, asked }: ProbingWork): number {
  return whole ? (asked ?? run!.checkpoints).length : names.length;
}

/** Takes the next unit that no thread has taken. */
export function nextOf({ next }: Pick<ProbingOrder, "next">): () => number {
  const counter = new Int32Array(next);
  return () => Atomics.add(counter, 0, 1);
}

/** Leaves nothing for any thread to take. */
export function takeAll({ next, work }: ProbingOrder): void {
  Atomics.store(new Int32Array(next), 0, unitsOf(work));
}

// The build of ONNX Runtime for the web puts another in its place, which does not
// answer.
const { Worker } = globalThis;

/** A thread that asks its part. */
class Helper {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
  });
  /** When it takes nothing more, or cannot go on. */
  readonly ended: Promise<void>;

  constructor(
    order: ProbingOrder,
    take: (answer: UnitAnswers | UnitBegun) => void,
    fail: (unit: number) => void,
  ) {
    const worker = this.#worker;
    this.ended = new Promise((resolve) => {
      worker.onerror = (event) => {
        event.preventDefault();
        resolve();
      };
      worker.onmessage = ({ data }: { data: ProbingAnswer }) => {
        if (data === null) resolve();
        else if ("failed" in data) fail(data.failed);
        else take(data);
      };
    });
    worker.postMessage(order);
  }

  /** Ends the thread. */
  end(): void {
    this.#worker.terminate();
  }
}

/**
 * Asks units until there is none left.
 *
 * @param work What there is to ask.
 * @param options How.
 * @param next Takes a unit: its index, which is too large when none is left.
 * @param tell Gets each that is begun, and the answers to it.
 * @throws {FileError} if a file cannot be read.
 * @throws {SyntaxError} if it is no ONNX model.
 * @throws {UsageError} if the device has no numbers of the weights' type, or what
 * is told of the file does not fit it.
 */
export async function askUnits(
  { path, run: listed, names, whole, asked }: ProbingWork,
  options: ProbeOptions,
  next: () => number,
  tell: (answer: UnitAnswers | UnitBegun) => void,
): Promise<ProbedFile> {
  const run = listed &&
    await RunContext.open(
      listed.path,
      only(options, FOREIGN_RUN),
      listed.checkpoints,
    );
  if (whole && run) {
    const checkpoints = asked ?? run.checkpoints;
    for (let i = next(); i < checkpoints.length; i = next()) {
      await run.with(checkpoints[i]!, async (context) => {
        check(context.model);
        tell({ begun: i });
        tell({ index: i, ...await answersOf(context, names, options) });
      });
    }
    return { step: null, notes: [] };
  }
  await using closing = new AsyncDisposableStack();
  const loaded = await loadProbeModel(path, only(options, PROBE_MODEL));
  closing.defer(() => loaded.close());
  const { model, task, notes = [] } = await introduce(
    loaded,
    only(options, FOREIGN),
  );
  closing.defer(() => model.close());
  const context = new ProbeContext(model, {
    ...(run && { run }),
    ...(task && { task }),
  });
  check(model);
  for (let i = next(); i < names.length; i = next()) {
    tell({ begun: i });
    tell({ index: i, ...await answersOf(context, [names[i]!], options) });
  }
  return { step: context.step, notes };
}

async function answersOf(
  context: ProbeContext,
  names: readonly ProbeName[],
  { settings = {} }: ProbeOptions,
): Promise<Omit<UnitAnswers, "index">> {
  const results: Record<string, unknown> = {};
  const reasons: Record<string, string> = {};
  for (const name of names) {
    const probe = probes[name] as CheckpointProbe;
    const told = checkedSettings(probe.settings ?? {}, settings, flagOf);
    try {
      results[name] = await probe.compute(context, told);
    } catch (error) {
      // Nor does one that fails take the others along.
      if (error instanceof UsageError || error instanceof FileError) {
        throw error;
      }
      reasons[name] = reasonOf(error);
    }
  }
  return { results, reasons };
}

// ONNX Runtime would compute on the CPU what the device has no numbers for, and say
// nothing.
function check(model: ProbeModel): void {
  const { runtime = "node", device = "cpu" } = model.options;
  const { precisions } = onnxDevice({ runtime, device }, deviceRows);
  for (const name of model.weightNames) {
    const dtype = model.tensor(name).dtype as FloatDType;
    if (!precisions.includes(dtype)) {
      throw new UsageError(
        `Cannot probe ${model.source} on ${device}: its weight ${name} is ` +
          `${dtype}, and ${device} computes in ${precisions.join(", ")}: ` +
          "use --device cpu",
      );
    }
  }
}
