/**
 * What a training takes of the machine's memory, and its refusal where there is
 * not as much.
 *
 * @module
 */

import { Memo } from "../base/memo.ts";
import { maxOf } from "../base/extremes.ts";
import { alikeKey } from "../config/alike.ts";
import { type Config, definitionsOf } from "../config/config.ts";
import { configAt } from "../config/switches.ts";
import { trainSize } from "../data/dataset.ts";
import type { Form } from "../data/definition.ts";
import { repeatedRows, replayedRows } from "../data/sequence.ts";
import { UsageError } from "../base/errors.ts";
import { sizeOf } from "../numeric/tensor.ts";
import { trace } from "../trace/backend.ts";
import type { Spec } from "../trace/graph.ts";
import { treeOf } from "../base/tree.ts";
import type { Model } from "../../models/model.ts";
import { makeModel, optimizerOf } from "../experiment/experiment.ts";
import { CHUNK, numbersPerRow, WHOLE } from "../../models/size.ts";

/** Bytes that a training holds at its peak, by what they are for. */
export interface Needs {
  /** The program, and ONNX Runtime in it. */
  readonly program: number;
  /** Parameters, gradients, the optimizer's state; the states kept to go back to. */
  readonly state: number;
  /** Rows and labels, as lists and as tensors. */
  readonly data: number;
  /** What rows are on their way through the model, of a step and an evaluation. */
  readonly activations: number;
}

// Fitted to peaks that were measured, which bench/README.md lists: none of them is
// further from the estimate than OFF.
const PROGRAM = 150e6;
// Bytes for each of the state's: two of its states are there for certain, and while
// it is written and handed over copies of them.
const OF_STATE = 3.8;
// Bytes for each row of the task.
const OF_ROW = 550;
// Copies of the activations of all rows of a step and of an evaluation in it, and of
// those of a chunk, whose metrics are in double precision.
const OF_STEP = 2.8;
const OF_CHUNK = 26;
const OFF = 0.3;

/**
 * What a training takes at its peak, in bytes, as measurements of other sizes let
 * expect: within 30 % of every one of them.
 *
 * With P numbers of parameters and S of the optimizer's state, these are P as they
 * began, P of gradients and two states of P + S: one before and one after a call.
 * Activations are all widths of a perceptron's layers, of other models the widest,
 * for the rows that go through it together: on a GPU they are not in this memory,
 * and where the device is not known yet they are left out.
 *
 * @param config A resolved config.
 * @param known What was found out before of configs that differ in the seeds only.
 */
export function expectedMemory(
  config: Config,
  known = new Memo(),
): Needs {
  const model = makeModel(config);
  const bytes = config.precision === "float64" ? 8 : 4;
  const P = numbersOf(Object.values(model.shapes ?? {}));
  const share = () => optimizerShare(config, model);
  const S = P * known.last("the optimizer's share", alikeKey(config), share);
  const total = rowsHeld(config, definitionsOf(config).task.form(config));
  return {
    program: PROGRAM,
    state: OF_STATE * bytes * (2 * P + 2 * (P + S)),
    data: OF_ROW * total,
    activations: inHost(config)
      ? bytes * activationNumbers(config, model, total)
      : 0,
  };
}

// Rows in memory: of two tasks those of the trained one are there twice, and with
// the second one what is replayed.
function rowsHeld(config: Config, { total = 0, tasks = 1 }: Form): number {
  if (tasks === 1) return total;
  const n = trainSize(config.trainFraction, total);
  const replayed = [0, ...config.switches.map(({ at }) => at)].map((at) => {
    const { replay = 0, newLossWeight } = configAt(config, at);
    return repeatedRows(replayedRows(replay, n), n, newLossWeight);
  });
  return (tasks + 1) * total + maxOf(replayed);
}

// Whether activations are in the machine's own memory.
const inHost = ({ engine, device }: Config) =>
  engine === "onnx" && device === "cpu";

function activationNumbers(
  { batchSize, trainFraction }: Config,
  model: Model,
  total: number,
): number {
  const widest = numbersPerRow({ model });
  const layers = Object.entries(model.shapes ?? {})
    .filter(([name]) => /^layers\.\d+\.W$/.test(name))
    .reduce((sum, [, shape]) => sum + shape.at(-1)!, 0);
  const perRow = Math.max(widest, layers);
  if (total * widest <= WHOLE) return OF_STEP * total * perRow;
  const rows = batchSize ?? trainSize(trainFraction, total);
  // An evaluation goes in chunks, outside the step.
  const chunk = Math.min(total, Math.ceil(CHUNK / widest));
  return (OF_STEP * rows + OF_CHUNK * chunk) * perRow;
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
  const { outputs } = trace(
    (params) => optimizerOf(config).init(params),
    treeOf<Spec>(small),
  );
  const kept = numbersOf(outputs.map(([, { shape }]) => shape));
  // Counts of steps are no share of anything.
  return Math.floor(kept / numbersOf(small.map(([, { shape }]) => shape)));
}

const numbersOf = (shapes: readonly (readonly number[])[]): number =>
  shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);

/**
 * The bytes of memory that there are for this process, swap among them: the
 * machine's, or where it can be read the least of its control groups'. Undefined
 * where the program may not ask (`--allow-sys=systemMemoryInfo`).
 */
export function memoryHere(): number | undefined {
  const asked = { name: "sys", kind: "systemMemoryInfo" } as const;
  if (Deno.permissions.querySync(asked).state !== "granted") return undefined;
  const { total, swapTotal } = Deno.systemMemoryInfo();
  return Math.min(total, groupLimit(textOf)) + swapTotal;
}

// Undefined on another system, and where it may not be read: Deno gives nothing of
// /proc and /sys to a program that may not do everything.
function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/**
 * The least limit of the control groups that this process is in, in bytes; Infinity
 * where there is none. Of version 2 a group lies in those that hold it; version 1 has
 * a tree for memory alone.
 *
 * @param read Gives a file's text, or undefined where there is none.
 */
export function groupLimit(
  read: (path: string) => string | undefined,
): number {
  const own = (read("/proc/self/cgroup") ?? "").split("\n")
    .map((line) => /^\d+:(memory)?:(\/.*)$/.exec(line))
    .filter((match) => match !== null);
  const limits = [own, [[, undefined, ""], [, "memory", ""]]].flat()
    .flatMap(([, first, path]) => {
      const [root, name] = first
        ? ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"]
        : ["/sys/fs/cgroup", "memory.max"];
      const folders = path!.split("/").filter((part) => part !== "");
      return [0, ...folders.keys().map((i) => i + 1)].map((depth) =>
        [root, ...folders.slice(0, depth), name].join("/")
      );
    })
    // "max" where there is no limit.
    .map((path) => parseInt(read(path) ?? ""))
    .filter((limit) => limit > 0);
  return limits.reduce((a, b) => Math.min(a, b), Infinity);
}

/**
 * Refuses trainings that cannot fit into the memory that there is: those of which
 * less than may be expected, by as much as an estimate was ever off, is too much.
 *
 * @param configs What is trained at once: one config, or a replica's each.
 * @param available How many bytes there are; nothing is refused where that is not
 * known.
 * @param known What was found out before of configs that differ in the seeds only.
 * @throws {UsageError} naming both sizes and what makes the first one smaller.
 */
export function checkMemory(
  configs: readonly Config[],
  available: number | undefined = memoryHere(),
  known = new Memo(),
): void {
  const [first] = configs;
  if (available === undefined || !first) return;
  const one = expectedMemory(first, known);
  const [state, data] = [one.state, one.data]
    .map((x) => configs.length * x) as [number, number];
  // Loops of replicas run one after the other.
  const { program, activations } = one;
  const expected = program + state + data + activations;
  const least = (1 - OFF) * expected;
  if (least <= available) return;
  const { model } = definitionsOf(first);
  const flags: string[] = [];
  if (configs.length > 1) flags.push("fewer --replicas");
  // An evaluation in the step is of all rows, whatever the batch.
  const fewest = expectedMemory({ ...first, batchSize: 1 }).activations;
  if (activations - fewest > 0.1 * expected) {
    flags.push("a smaller --batch-size");
  }
  if (state + activations > 0.1 * expected) {
    flags.push(
      "hidden" in model.settings ? "a smaller --hidden" : "a smaller --d-model",
    );
  }
  if (data > 0.1 * expected) flags.push("fewer rows");
  throw new UsageError(
    `Cannot train ${
      configs.length > 1 ? `${configs.length} replicas` : "this"
    } here: it takes about ${memoryText(expected)} of memory, ${
      memoryText(least)
    } at the ` +
      `least, and there are ${memoryText(available)}; ask for ${
        flags.join(" or ") || "a smaller experiment"
      }`,
  );
}

/** A number of bytes with its unit. */
export const memoryText = (bytes: number): string =>
  bytes < 1e9
    ? `${(bytes / 1e6).toPrecision(3)} MB`
    : `${
      (bytes / 1e9).toLocaleString("en-US", { maximumFractionDigits: 1 })
    } GB`;
