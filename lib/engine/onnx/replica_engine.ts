/**
 * Many runs in one graph: the step of one run, stacked, so that every tensor
 * has a leading axis, the replica; and as many loops of that as it takes.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs-core";
import { type Batches, hostBatches } from "../../../models/batch.ts";
import {
  type HostState,
  initialTensors,
  modelState,
} from "../../../models/buffers.ts";
import { isLarge } from "../../../models/size.ts";
import { UsageError } from "../../base/errors.ts";
import { type Tree, treeOf } from "../../base/tree.ts";
import {
  type Experiment,
  optimizerOf,
  stepKey,
} from "../../experiment/experiment.ts";
import { makeMeasure } from "../../metrics/mod.ts";
import { type HostTensor, sizeOf } from "../../numeric/tensor.ts";
import { specsOf } from "../../onnx/runtime/compile.ts";
import { foldConstants } from "../../onnx/runtime/fold.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import type { Runtime } from "../../settings/devices.ts";
import { trace } from "../../trace/backend.ts";
import { type Graph, newConstant, newInput } from "../../trace/graph.ts";
import { expandSegmentSums } from "../../trace/operators/segments.ts";
import { type Argument, vmap } from "../../trace/transforms/vmap.ts";
import {
  type Advance,
  type BandSnapshot,
  type ReplicaEngine,
  untilDiverged,
} from "../engine.ts";
import { brokenAtStart, notFinite, untilBroken } from "../finite.ts";
import { initialState } from "../state.ts";
import { makeStep, type State } from "../step.ts";
import { STEP, STEP_SPEC } from "./loop_graph.ts";
import { openLoop, turnsOf } from "./loop_session.ts";
import { FOLDED, traceStep } from "./onnx_engine.ts";

// So many take most of a minute to compile at the default size.
const MOST_LOOPS = 256;

/**
 * Starts the engine for runs that differ in seed, data, learning rate and weight
 * decay only.
 *
 * @param experiments The runs; everything else is the first's.
 * @param options Device, runtime, threads.
 * @param start Where to go on from; by default the initial parameters.
 * @throws {UsageError} if a processor would have to hold too many loops.
 */
export async function replicaEngine(
  experiments: readonly Experiment[],
  options: SessionOptions = {},
  start?: BandSnapshot,
): Promise<ReplicaEngine> {
  const { device = "cpu", runtime } = options;
  const most = !sameSizes(experiments)
    ? 1
    : device === "cpu"
    ? stackable(experiments[0]!)
    : experiments.length;
  const groups = inGroups(experiments, most);
  if (groups.length > MOST_LOOPS) {
    throw new UsageError(
      `--replicas must be at most ${MOST_LOOPS * most} here, where ` +
        `${most} of this experiment go into a loop, got ${experiments.length}`,
    );
  }
  const initial = start?.states ?? await initialStates(experiments, runtime);
  const steps: Graph[] = [];
  let state: HostState[] = [];
  for (const group of groups) {
    const states = group.map((one) => initial[experiments.indexOf(one)]!);
    const [first, own] = [group[0]!, states[0]!];
    if (group.length === 1) {
      const step = traceStep(first, own, options);
      steps.push(await foldConstants(step, FOLDED, runtime));
      state.push(own);
    } else {
      const step = stackedStep(group, own, device === "cpu");
      const folded = await foldConstants(step, FOLDED, runtime);
      steps.push(expandSegmentSums(folded));
      state.push(stackStates(states));
    }
  }
  const loop = await openLoop(steps, {
    ...options,
    ...(isLarge(experiments[0]!) && { folding: false }),
  });

  const run = async (
    from: readonly HostState[],
    first: number,
    count: number,
    every: number,
  ) => {
    const results = await loop.run(from, first, count, every);
    const replicas = results.flatMap((result, g) =>
      groups[g]!.map((_, r) =>
        turnsOf(result, first, every, r, groups[g]!.length)
      )
    );
    return { replicas, state: results.map(({ state }) => state) };
  };

  let step = start?.step ?? 0;
  // Where the last two calls began: a loss that is not finite at the first step
  // of a call comes of the last update of the call before.
  let before = { step, state };
  let older = before;
  const places = groups.flatMap((group, g) =>
    group.map((_, own) => ({ g, own, size: group.length }))
  );
  const brokenAt = (state: readonly HostState[], r: number) => {
    const { g, own, size } = places[r]!;
    return notFinite(state[g]!, own, size);
  };
  // Runs that are over: nobody asks any more what becomes of them.
  const over = new Set<number>();
  // Whether the states it starts with are finite: of later ones it is seen to.
  let unlooked = true;
  return {
    get step() {
      return step;
    },
    async advance(count, evalEvery) {
      const result = await run(state, step, count, evalEvery);
      older = before;
      const from = { step, state };
      before = from;
      state = result.state;
      step += count;
      const end = step;
      // The same steps again, each count of them once for all replicas.
      const known = new Map([[end, Promise.resolve(result)]]);
      const after = (wanted: number) => {
        const made = known.get(wanted) ??
          run(from.state, from.step, wanted - from.step, end + 1);
        known.set(wanted, made);
        return made;
      };
      const advances: Advance[] = [];
      for (const [r, turns] of result.replicas.entries()) {
        const advance = untilDiverged(turns, from.step);
        const broken = unlooked ? brokenAt(from.state, r) : undefined;
        advances.push(
          broken !== undefined
            ? brokenAtStart(from.step, broken)
            : over.has(r)
            ? advance
            : await untilBroken(advance, {
              first: from.step,
              end,
              broken: async (step) => brokenAt((await after(step)).state, r),
              lossAt: async (step) =>
                (await after(step + 1)).replicas[r]!
                  .losses[step - from.step]!,
            }),
        );
        if (advances[r]!.diverged !== undefined) over.add(r);
      }
      unlooked = false;
      return advances;
    },
    async at(wanted) {
      const from = [{ step, state }, before, older]
        .find((known) => known.step <= wanted);
      if (!from) {
        throw new RangeError(
          `Cannot go back to step ${wanted}: the states since step ` +
            `${older.step} are known`,
        );
      }
      const there = wanted === from.step
        ? from.state
        : (await run(from.state, from.step, wanted - from.step, wanted + 1))
          .state;
      const { replicas } = await run(there, wanted, 1, 1);
      const states = there.flatMap((state, g) =>
        groups[g]!.map((_, r) =>
          groups[g]!.length === 1 ? state : unstackState(state, r)
        )
      );
      return replicas.map(({ evaluations }, r) => ({
        evaluation: evaluations[0]!,
        state: states[r]!,
      }));
    },
    close: () => loop.close(),
  };
}

// The optimizer's first state depends on the parameters' shapes only.
async function initialStates(
  experiments: readonly Experiment[],
  runtime: Runtime | undefined,
): Promise<HostState[]> {
  const shared = await initialState(experiments[0]!, runtime);
  return experiments.map((experiment) => ({
    ...shared,
    ...modelState(experiment, initialTensors(experiment)),
  }));
}

// The step of the first run with the data, and the rates that differ, as
// arguments, stacked over all runs, whose own they then become.
function stackedStep(
  experiments: readonly Experiment[],
  state: HostState,
  sliced: boolean,
): Graph {
  const [first] = experiments as [Experiment];
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
  const { precision } = first.config;
  for (const name of ["lr", "weightDecay"] as const) {
    const rates = experiments.map(({ config }) => config[name]);
    if (rates.every((rate) => rate === rates[0])) continue;
    known[`rates.${name}`] = rates.map((rate) => ({
      dtype: precision,
      shape: [],
      data: precision === "float64"
        ? Float64Array.of(rate)
        : Float32Array.of(rate),
    }));
  }
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

function stackStates(states: readonly HostState[]): HostState {
  return Object.fromEntries(
    Object.keys(states[0]!).map((path) => [
      path,
      stack(states.map((state) => state[path]!)),
    ]),
  );
}

const equal = (a: HostTensor, b: HostTensor) =>
  a.data.every((x: number | bigint, i: number) => x === b.data[i]);

function stack(tensors: readonly HostTensor[]): HostTensor {
  const { dtype, shape, data } = tensors[0]!;
  const length = sizeOf(shape);
  const all = new (data.constructor as new (length: number) => typeof data)(
    length * tensors.length,
  );
  tensors.forEach((x, i) => all.set(x.data as never, i * length));
  return { dtype, shape: [tensors.length, ...shape], data: all };
}

function unstackState(state: HostState, replica: number): HostState {
  return Object.fromEntries(
    Object.entries(state).map(([path, x]) => [path, unstack(x, replica)]),
  );
}

function unstack({ dtype, shape, data }: HostTensor, replica: number) {
  const rest = shape.slice(1);
  const length = sizeOf(rest);
  const own = data.slice(replica * length, (replica + 1) * length);
  return { dtype, shape: rest, data: own as typeof data };
}
