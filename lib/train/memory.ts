/**
 * What a training takes of the machine's memory, at the very least, and its
 * refusal where there is not as much.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { definitionsOf } from "../config/config.ts";
import { trainSize } from "../data/dataset.ts";
import { UsageError } from "../errors.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { trace } from "../trace/backend.ts";
import type { Spec } from "../trace/graph.ts";
import { type Tree, treeOf } from "../tree.ts";
import type { Params } from "../optim/mod.ts";
import type { Model } from "../../models/model.ts";
import { makeModel, optimizerOf } from "./experiment.ts";
import { AT_ONCE, CHUNK, numbersPerRow, WHOLE } from "./size.ts";

/** Bytes that a training holds at one time, at the least, by what they are for. */
export interface Needs {
  /** Parameters, gradients, the optimizer's state; the states kept to go back to. */
  readonly state: number;
  /** Rows and labels, as lists and as tensors. */
  readonly data: number;
  /** What rows are on their way through the model, of a step or an evaluation. */
  readonly activations: number;
}

/**
 * The least that a training takes, in bytes; what it takes is several times as
 * much. Only what is there at the same time for certain is counted: a training
 * that would fit must not be refused.
 *
 * With P numbers of parameters and S of the optimizer's state, these are P as they
 * began, P of gradients and two states of P + S: one before and one after a call.
 * A row is a list of numbers in the language's memory, once, and a tensor's.
 * Activations are one of the model's widest for the rows that go through it
 * together, its value and where it is normalised its gradient: on a GPU they are
 * not in this memory, and where the device is not known yet they are left out.
 *
 * @param config A resolved config.
 */
export function leastMemory(config: Config): Needs {
  const model = makeModel(config);
  const bytes = config.precision === "float64" ? 8 : 4;
  const shapes = Object.entries(model.shapes ?? {});
  const P = shapes.reduce((sum, [, shape]) => sum + sizeOf(shape), 0);
  const S = P * optimizerShare(config, model);
  const { input, total = 0 } = definitionsOf(config).task.form(config);
  const width = input.kind === "tokens" ? input.length : input.width;
  return {
    state: bytes * (2 * P + 2 * (P + S)),
    data: total * (LIST + NUMBER * (width + 2) + 4 * width),
    activations: inHost(config)
      ? bytes * activationNumbers(config, model, total)
      : 0,
  };
}

// An array's two headers; a number in it, or a pointer.
const LIST = 48;
const NUMBER = 8;

// Whether activations are in the machine's own memory.
const inHost = ({ engine, device }: Config) =>
  engine === "onnx" && device === "cpu";

function activationNumbers(
  { batchSize, trainFraction }: Config,
  model: Model,
  total: number,
): number {
  const widest = numbersPerRow({ model });
  const train = trainSize(trainFraction, total);
  const rows = batchSize ?? train;
  // Statistics of a batch are those of all its rows at once.
  if (model.buffers) return 2 * rows * widest;
  const { rowsAtOnce = Infinity } = model;
  const slices = Math.max(
    1,
    Math.min(Math.ceil(rows / rowsAtOnce), 8),
    Math.ceil(rows * widest / AT_ONCE),
  );
  // Either set of rows is then larger than a chunk.
  const evaluated = total * widest > WHOLE ? CHUNK : 0;
  return Math.max(Math.floor(rows / slices) * widest, evaluated);
}

// How many numbers the optimizer keeps for each one of the parameters, found on
// tensors of the same names and ranks that are small.
function optimizerShare(config: Config, { shapes = {} }: Model): number {
  const small = Object.entries(shapes).map(([path, shape]) =>
    [path, {
      dtype: config.precision,
      shape: shape.map((d) => Math.min(d, 8)),
    }] as const
  );
  if (small.length === 0) return 0;
  const graph = trace(
    ({ params }) => optimizerOf(config).init(params as unknown as Params),
    { params: treeOf<Spec>(small) } as Tree<Spec>,
  );
  const numbers = (all: readonly { readonly shape: readonly number[] }[]) =>
    all.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const kept = numbers(graph.outputs.map(([, value]) => value));
  // Counts of steps are no share of anything.
  return Math.floor(kept / numbers(small.map(([, spec]) => spec)));
}

/**
 * The bytes of memory that there are for this process, swap among them: the
 * machine's, or its control group's where that is less. Undefined where the
 * program may not ask (`--allow-sys=systemMemoryInfo`).
 */
export function memoryHere(): number | undefined {
  const granted = (asked: Deno.PermissionDescriptor) =>
    Deno.permissions.querySync(asked).state === "granted";
  if (!granted({ name: "sys", kind: "systemMemoryInfo" })) return undefined;
  const { total, swapTotal } = Deno.systemMemoryInfo();
  const path = "/sys/fs/cgroup/memory.max";
  let limit = NaN;
  try {
    // "max" where there is no limit.
    if (granted({ name: "read", path })) {
      limit = Number(Deno.readTextFileSync(path));
    }
  } catch {
    // Another system, or one that does not show it.
  }
  return Math.min(total, limit || Infinity) + swapTotal;
}

/**
 * Refuses trainings that cannot fit into the memory that there is.
 *
 * @param configs What is trained at once: one config, or a replica's each.
 * @param available How many bytes there are; nothing is refused where that is not
 * known.
 * @throws {UsageError} naming both sizes and what makes the first one smaller.
 */
export function checkMemory(
  configs: readonly Config[],
  available: number | undefined = memoryHere(),
): void {
  const [first] = configs;
  if (available === undefined || !first) return;
  const one = leastMemory(first);
  const [state, data] = [one.state, one.data].map((x) => configs.length * x);
  // Loops of replicas run one after the other.
  const { activations } = one;
  const needed = state! + data! + activations;
  if (!(needed > available)) return;
  const { model } = definitionsOf(first);
  const flags: string[] = [];
  if (configs.length > 1) flags.push("fewer --replicas");
  if (activations > 0.1 * needed) flags.push("a smaller --batch-size");
  if (state! + activations > 0.1 * needed) {
    flags.push(
      "hidden" in model.settings ? "a smaller --hidden" : "a smaller --d-model",
    );
  }
  if (data! > 0.1 * needed) flags.push("fewer rows");
  throw new UsageError(
    `Cannot train ${
      configs.length > 1 ? `${configs.length} replicas` : "this"
    } here: it takes at least ${size(needed)} of memory, and there are ` +
      `${size(available)}; ask for ${flags.join(" or ")}`,
  );
}

const size = (bytes: number) =>
  bytes < 1e9
    ? `${(bytes / 1e6).toPrecision(3)} MB`
    : `${
      (bytes / 1e9).toLocaleString("en-US", { maximumFractionDigits: 1 })
    } GB`;
