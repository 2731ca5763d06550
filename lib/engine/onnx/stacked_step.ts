/**
 * The step of many runs as one graph: that of one run, stacked, so that every
 * tensor has a leading axis, the replica.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs-core";
import { type Batches, hostBatches } from "../../../models/batch.ts";
import type { HostState } from "../../../models/buffers.ts";
import { isLarge } from "../../../models/size.ts";
import { UsageError } from "../../base/errors.ts";
import { type Tree, treeOf } from "../../base/tree.ts";
import {
  type Experiment,
  optimizerOf,
  stepKey,
} from "../../experiment/experiment.ts";
import { makeMeasure } from "../../metrics/mod.ts";
import { type HostTensor, hostTensorOf } from "../../numeric/tensor.ts";
import { specsOf } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { trace } from "../../trace/backend.ts";
import { type Graph, newConstant, newInput } from "../../trace/graph.ts";
import { type Argument, vmap } from "../../trace/transforms/vmap.ts";
import { stack } from "../stacking.ts";
import { makeStep, type State } from "../step.ts";
import { STEP, STEP_SPEC } from "./loop_graph.ts";

// So many take most of a minute to compile at the default size.
const MOST_LOOPS = 256;

/**
 * Which runs go through a loop together.
 *
 * @param experiments The runs.
 * @param options Where they are trained.
 * @throws {UsageError} if a processor would have to hold too many loops.
 */
export function inLoops(
  experiments: readonly Experiment[],
  { device = "cpu" }: SessionOptions,
): Experiment[][] {
  const most = !sameSizes(experiments)
    ? 1
    : device === "cpu"
    ? stackable(experiments[0]!)
    : experiments.length;
  const groups = inGroups(experiments, most);
  if (groups.length <= MOST_LOOPS) return groups;
  throw new UsageError(
    `--replicas must be at most ${MOST_LOOPS * most} here, where ` +
      `${most} of this experiment go into a loop, got ${experiments.length}`,
  );
}

// What is an argument of the stacked step: the data, and the rates that differ.
function argumentsOf(
  experiments: readonly Experiment[],
): Record<string, HostTensor[]> {
  const known: Record<string, HostTensor[]> = {};
  const data = experiments.map(({ split, model }) => hostBatches(split, model));
  for (const part of Object.keys(data[0]!)) {
    for (const name of ["inputs", "labels"] as const) {
      known[`data.${part}.${name}`] = data.map((own) => own[part]![name]);
    }
  }
  known["key"] = experiments.map(({ config }) => ({
    dtype: "int32",
    shape: [2],
    data: Int32Array.from(stepKey(config)),
  }));
  for (const name of ["lr", "weightDecay"] as const) {
    const rates = experiments.map(({ config }) => config[name]);
    if (rates.every((rate) => rate === rates[0])) continue;
    const { precision } = experiments[0]!.config;
    known[`rates.${name}`] = rates.map((rate) =>
      hostTensorOf(precision, [], [rate])
    );
  }
  return known;
}

/**
 * The step of the first of several runs with {@link argumentsOf} as arguments,
 * stacked over all, whose own they then become.
 *
 * @param experiments The runs.
 * @param state A state of one, of which only types and shapes matter.
 * @param sliced Whether train rows go in slices.
 */
export function stackedStep(
  experiments: readonly Experiment[],
  state: HostState,
  sliced: boolean,
): Graph {
  const [first] = experiments as [Experiment];
  const known = argumentsOf(experiments);
  const measure = makeMeasure(first);
  const measured = !isLarge(first);
  const graph = trace(
    (tensors) => {
      const { data, rates, key, [STEP]: time, ...own } = tensors as unknown as {
        data: Batches;
        rates?: { lr?: tf.Tensor; weightDecay?: tf.Tensor };
        key: tf.Tensor1D;
        [STEP]: tf.Tensor;
      } & State;
      const optimizer = optimizerOf(first.config, rates);
      const step = makeStep({ ...first, optimizer }, sliced, measure);
      const state = { ...own, optimizer: own.optimizer ?? {} };
      const result = step(state, { key, time }, data, measured);
      return { ...result } as unknown as Tree<tf.Tensor>;
    },
    {
      ...specsOf(treeOf([
        ...Object.entries(state),
        ...Object.entries(known).map(([path, [x]]) => [path, x!] as const),
      ])),
      [STEP]: STEP_SPEC,
    },
    { deferSegmentSums: true, indicesInRange: true },
  );
  const number = newInput(STEP, STEP_SPEC);
  const stacked = vmap(graph, experiments.length, (name): Argument => {
    if (name === STEP) return { value: number, stacked: false };
    const tensors = known[name];
    if (!tensors) return "stacked";
    // What is the same for all is there once.
    const same = tensors.every((x) => equal(x, tensors[0]!));
    const { dtype, shape, data } = same ? tensors[0]! : stack(tensors);
    return { value: newConstant(dtype, shape, data), stacked: !same };
  });
  return { ...stacked, inputs: [...stacked.inputs, number] };
}

// How many runs to stack on a processor: fewer, larger operations gain until
// their results leave its cache. The rest is other loops of the same graph.
function stackable({ model, split }: Experiment): number {
  const rows = split.train.labels.length;
  const { rowsAtOnce = rows } = model;
  return Math.max(Math.floor(2 * rowsAtOnce / rows), 1);
}

// Whether the parts of all runs have as many rows: those of a random graph's
// facts need not.
function sameSizes(experiments: readonly Experiment[]): boolean {
  const sizes = experiments.map(({ split }) =>
    [split.train, split.test, ...Object.values(split.extra ?? {})]
      .map(({ labels }) => labels.length).join()
  );
  return sizes.every((size) => size === sizes[0]);
}

// Groups of nearly the same size, none larger than `most`.
function inGroups<T>(items: readonly T[], most: number): T[][] {
  const count = Math.ceil(items.length / most);
  const ends = Array.from(
    { length: count },
    (_, i) => Math.round(items.length * (i + 1) / count),
  );
  return ends.map((end, i) => items.slice(ends[i - 1] ?? 0, end));
}

const equal = (a: HostTensor, b: HostTensor) =>
  a.data.every((x: number | bigint, i: number) => x === b.data[i]);
