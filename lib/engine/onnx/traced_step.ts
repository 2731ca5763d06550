/**
 * Steps as graphs: that of one run; and that of many, stacked, so that every
 * tensor has a leading axis, the replica.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { type Batches, hostBatches } from "../../../models/batch.ts";
import type { HostState } from "../../../models/buffers.ts";
import { chunksOf, isLarge } from "../../../models/size.ts";
import { UsageError } from "../../base/errors.ts";
import { leavesOf, mapTree, treeOf } from "../../base/tree.ts";
import {
  type Experiment,
  optimizerOf,
  stepKey,
} from "../../experiment/experiment.ts";
import { makeMeasure } from "../../metrics/mod.ts";
import { type HostTensor, hostTensorOf } from "../../numeric/tensor.ts";
import { encodeModel } from "../../onnx/file/model.ts";
import { specsOf } from "../../onnx/runtime/compile.ts";
import { foldConstants } from "../../onnx/runtime/fold.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { type Placement, placementOf } from "../../onnx/runtime/placement.ts";
import type { Params } from "../../optim/mod.ts";
import { trace } from "../../trace/backend.ts";
import { pack, type Packed } from "../../trace/cards/pack.ts";
import { type Graph, newConstant, newInput } from "../../trace/graph.ts";
import { type Argument, vmap } from "../../trace/transforms/vmap.ts";
import { stack } from "../stacking.ts";
import { constant, initialState, stateOf } from "../state.ts";
import { makeStep } from "../step.ts";
import type { StepResult } from "../update.ts";
import { STEP, STEP_SPEC } from "./loop_parts.ts";
import { loopFor, stateInputs } from "./loop_session.ts";
import { packState, rolesOf } from "./packed_state.ts";
import { forCard, forProcessor } from "./written_step.ts";

/**
 * What depends on the data alone is computed once, but for tensors of more
 * elements, which would lie in memory all the time.
 */
const FOLDED = 2 ** 23;

/**
 * The step as a graph: the state goes in and out, its number goes in, the data
 * are constants.
 *
 * @param experiment What to train.
 * @param state A state, of which only types and shapes matter.
 * @param options Where it will run: on a processor train rows go in slices.
 */
export function traceStep(
  experiment: Experiment,
  state: HostState,
  options: SessionOptions = {},
): Graph {
  return forProcessor(
    unexpandedStep(experiment, state, isSliced(options)),
    options,
  );
}

// The same, sums by segment not being written yet.
function unexpandedStep(
  experiment: Experiment,
  state: HostState,
  sliced: boolean,
): Graph {
  const step = makeStep(experiment, sliced);
  const host = hostBatches(experiment.split, experiment.model);
  const { generator } = experiment.config;
  const key = Int32Array.from(stepKey(experiment.config));
  const measured = !isLarge(experiment);
  return traced(
    (tensors, time) => {
      const draw = { key: tf.tensor1d(key, "int32"), time, generator };
      const batches = mapTree(host, constant);
      return step(stateOf(tensors), draw, batches, measured);
    },
    state,
    sliced,
  );
}

// A step as a graph: the state goes in and out, what else it takes goes in, its
// number too.
function traced(
  step: (tensors: Params, time: tf.Tensor) => StepResult,
  inputs: HostState,
  sliced: boolean,
): Graph {
  return trace(
    ({ [STEP]: time, ...tensors }) => step(tensors, time as tf.Tensor),
    { ...specsOf(treeOf(Object.entries(inputs))), [STEP]: STEP_SPEC },
    // Deferred, so that sums of several tensors become one.
    { deferSegmentSums: true, indicesInRange: true, fewOperations: !sliced },
  );
}

/** What a loop runs. */
export interface LoopStep extends Graph {
  /** What of the state it carries as one; on a processor nothing. */
  readonly packed: readonly Packed[];
}

/**
 * What a loop runs: the step of one run, or of several stacked.
 *
 * @param group The runs of the loop.
 * @param state A state of one, of which only types and shapes matter.
 * @param options Where it will run.
 * @param form How the step is written, by default as suits the device.
 */
export async function loopStep(
  group: readonly Experiment[],
  state: HostState,
  options: SessionOptions,
  form: Form = formFor(options),
): Promise<LoopStep> {
  const { runtime } = options;
  const [first] = group as [Experiment];
  const isBand = group.length > 1;
  const sliced = isSliced(options);
  const traced = isBand
    ? stackableStep(group, state, sliced)
    : unexpandedStep(first, state, sliced);
  const { graph, packed } = form === "card"
    ? pack(traced, rolesOf(traced), group.length)
    : { graph: traced, packed: [] };
  if (!isBand && form === "processor") {
    const step = forProcessor(graph, options);
    return { ...await foldConstants(step, FOLDED, runtime), packed };
  }
  const step = isBand ? stackedStep(graph, group) : graph;
  const folded = await foldConstants(step, FOLDED, runtime);
  return {
    ...form === "card" ? forCard(folded) : forProcessor(folded, options),
    packed,
  };
}

/**
 * How a step is written: for a processor, whose caches and kernels' passes it is
 * about, or for a card, on which every operation costs the same, however small.
 */
export type Form = "processor" | "card";

// Whether train rows go in slices that stay in a cache.
const isSliced = ({ device = "cpu" }: SessionOptions) => device === "cpu";

/** The form that suits a device. */
export const formFor = ({ device = "cpu" }: SessionOptions): Form =>
  device === "cuda" ? "card" : "processor";

/**
 * Where ONNX Runtime places the nodes of the training loop's body, found by
 * running two steps: the nodes of a step alone, and with those of an evaluation.
 *
 * @param experiment What to train.
 * @param folder Where a profile may be written; it is removed again.
 * @param options Device and threads.
 */
export async function loopPlacement(
  experiment: Experiment,
  folder: string,
  options: SessionOptions = {},
): Promise<{ step: Placement; evaluated: Placement }> {
  const state = await initialState(experiment);
  const step = await loopStep([experiment], state, options);
  const loop = loopFor(options.device);
  const model = encodeModel(loop.model([step]));
  const given = stateInputs([packState(state, step.packed)]);
  const placement = (every: number) => {
    const steps = loop.inputs({ count: 2, first: 1, every });
    return placementOf(model, { ...steps, ...given }, 2, folder, options);
  };
  return { step: await placement(3), evaluated: await placement(1) };
}

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
  const groups = chunksOf(experiments.length, most)
    .map(([from, to]) => experiments.slice(from, to));
  if (groups.length <= MOST_LOOPS) return groups;
  throw new UsageError(
    `--replicas must be at most ${MOST_LOOPS * most} here, where ` +
      `${most} of this experiment go into a loop, got ${experiments.length}`,
  );
}

// What runs have of their own in the stacked step, beside their states: data, key,
// and the rates that differ.
type Arguments = {
  readonly data: Batches;
  readonly key: tf.Tensor1D;
  readonly rates?: {
    readonly lr?: tf.Tensor;
    readonly weightDecay?: tf.Tensor;
  };
};

function argumentsOf(experiments: readonly Experiment[]): HostState[] {
  const rates = (["lr", "weightDecay"] as const).filter((name) =>
    new Set(experiments.map(({ config }) => config[name])).size > 1
  );
  return experiments.map(({ split, model, config }) => {
    const own = {
      data: hostBatches(split, model),
      key: hostTensorOf("int32", [2], Int32Array.from(stepKey(config))),
      rates: Object.fromEntries(
        rates.map((name) => [
          name,
          hostTensorOf(config.precision, [], [config[name]]),
        ]),
      ),
    };
    return Object.fromEntries(leavesOf<HostTensor>(own));
  });
}

// The step of the first run with what differs as arguments.
function stackableStep(
  experiments: readonly Experiment[],
  state: HostState,
  sliced: boolean,
): Graph {
  const [first] = experiments as [Experiment];
  const [given] = argumentsOf(experiments);
  const measure = makeMeasure(first);
  const measured = !isLarge(first);
  return traced(
    (tensors, time) => {
      const { data, key, rates } = tensors as Partial<Arguments>;
      const optimizer = optimizerOf(first.config, rates, first.definitions);
      const step = makeStep({ ...first, optimizer }, sliced, measure);
      const draw = { key: key!, time, generator: first.config.generator };
      return step(stateOf(tensors), draw, data!, measured);
    },
    { ...state, ...given },
    sliced,
  );
}

// That step stacked over all runs, whose own the arguments become.
function stackedStep(graph: Graph, experiments: readonly Experiment[]): Graph {
  const given = argumentsOf(experiments);
  const number = newInput(STEP, STEP_SPEC);
  const stacked = vmap(graph, experiments.length, (name): Argument => {
    if (name === STEP) return { value: number, stacked: false };
    const tensors = given.flatMap((own) => own[name] ?? []);
    if (tensors.length === 0) return "stacked";
    // What is the same for all is there once.
    const same = tensors.every((x) => equal(x, tensors[0]!));
    const { dtype, shape, data } = same ? tensors[0]! : stack(tensors);
    return { value: newConstant(dtype, shape, data), stacked: !same };
    // Runs of one seed have one order of the rows: what a loop makes once an epoch
    // is the one that the step uses, not copies of it.
  }, (name) => name.startsWith("epoch."));
  return { ...stacked, inputs: [...stacked.inputs, number] };
}

// How many runs to stack on a processor: fewer, larger operations gain until
// their results leave its cache. The rest is other loops of the same graph.
function stackable({ model, split }: Experiment): number {
  const rows = split.train.inputs.length;
  const { rowsAtOnce = rows } = model;
  return Math.max(Math.floor(2 * rowsAtOnce / rows), 1);
}

// Whether the parts of all runs have as many rows: those of a random graph's
// facts need not.
function sameSizes(experiments: readonly Experiment[]): boolean {
  const sizes = experiments.map(({ split }) =>
    [split.train, split.test, ...Object.values(split.extra ?? {})]
      .map(({ inputs }) => inputs.length).join()
  );
  return sizes.every((size) => size === sizes[0]);
}

const equal = (a: HostTensor, b: HostTensor) =>
  a.data.every((x: number | bigint, i: number) => x === b.data[i]);
