/**
 * The training loop as one ONNX graph: the traced step is the body of a Loop,
 * parameters and optimizer state are carried from turn to turn inside the
 * runtime, losses and metrics come out as scans.
 *
 * @module
 */

import {
  type Graph,
  newInput,
  newNode,
  type Node,
  type Spec,
  type Subgraph,
  type Value,
} from "../../trace/graph.ts";
import { nodesFor } from "../../trace/graph_walk.ts";
import { ONNX_TYPE } from "../../trace/operators/lowering.ts";
import { rewrite } from "../../trace/rewrite.ts";
import { modelOf, type ModelProto } from "../../onnx/file/model.ts";
import {
  apply,
  BOOL,
  dimsOf,
  filled,
  final,
  initial,
  INT,
  madeOnce,
  METRIC,
  metricNamesOf,
  rowOf,
  STEP,
} from "./loop_parts.ts";

/**
 * Makes the model that runs many steps a call: a loop for each step given. They
 * have nothing to do with each other.
 *
 * Inputs: `count`, how many steps; `first`, the number of the first; `every`,
 * evaluate at its multiples; the state of loop i as `initial.i.…`. Outputs: the
 * state as `final.i.…`; `losses.i` [steps]; `metrics.i` [steps, metrics], rows
 * of steps that are not evaluated being zero. A loop ends early after a step
 * whose loss is not finite.
 *
 * Of a stacked step every tensor has the replicas' axis: losses [steps,
 * replicas], metrics [steps, metrics, replicas]; the loop goes on while any
 * replica's loss is finite.
 *
 * @param steps Traced steps: inputs are the state's tensors and {@link STEP},
 * outputs `state.…` of the same names, `loss`, `metrics.…` and, where rows come
 * in mini-batches, `epoch.…`, single or stacked.
 * @param data Values that the steps take from the graph around them.
 */
export function loopModel(
  steps: readonly Graph[],
  data: readonly Value[] = [],
): ModelProto {
  const [count, first, every] = ["count", "first", "every"]
    .map((name) => newInput(name, INT)) as [Value, Value, Value];
  const loops = steps.map((step, i) =>
    loopOf(step, i, { count, first, every })
  );
  const symbolic = new Set(loops.flatMap(({ scans }) => scans));
  return modelOf({
    inputs: [
      ...[count, first, every],
      ...loops.flatMap(({ inputs }) => inputs),
      ...data,
    ],
    outputs: loops.flatMap(({ outputs }) => outputs),
  }, {
    name: "training",
    shapeOf: (value) =>
      symbolic.has(value) ? ["steps", ...value.shape] : dimsOf(value),
  });
}

// Long: what goes into the body, what comes out of it, and what the Loop around it
// takes and gives have to be in the same order.
function loopOf(
  step: Graph,
  index: number,
  { count, first, every }: Record<"count" | "first" | "every", Value>,
) {
  const turn = newInput("turn", INT);
  const number = apply("Add", [first, turn], INT);
  const isStep = (value: Value) => value.name === STEP;
  const state = step.inputs.filter((value) => !isStep(value));
  const numbers = step.inputs.filter(isStep);
  const counted = rewrite(
    step,
    new Map(numbers.map((value) => [value, number])),
  );
  const epoch = epochOf(new Map(counted));
  const output = new Map(
    epoch ? rewrite({ outputs: counted }, epoch.made) : counted,
  );
  const names = state.map((value) => value.name!);
  const next = names.map((name) => output.get(`state.${name}`)!);
  const loss = output.get("loss")!;
  const { shape: replicas } = loss;
  const metricRows = metricNamesOf(step)
    .map((name) => output.get(METRIC + name)!);
  const lossSpec = { dtype: "float64", shape: replicas } as const;
  const rowSpec = {
    dtype: "float64",
    shape: [metricRows.length, ...replicas],
  } as const;

  const due = apply("Equal", [
    apply("Mod", [number, every], INT),
    filled(INT, 0),
  ], BOOL);
  const carriedOn = newInput("go_on", BOOL);
  // Only finite numbers differ from themselves by 0.
  const finite = apply("Equal", [
    apply("Sub", [loss, loss], lossSpec),
    filled({ dtype: "float64", shape: [] }, 0),
  ], { ...BOOL, shape: replicas });
  const kept = epoch?.kept ?? [];
  const carried = [...next, ...kept.map(({ now }) => now)];
  // All that the body has in any case: what a branch made again would have the
  // name of what it captures.
  const always = nodesFor([...carried, loss, due, finite]);
  const metrics = onlyIf(due, always, metricRows, rowSpec);

  const body: Subgraph = {
    name: "training_step",
    inputs: [turn, carriedOn, ...state, ...kept.map(({ before }) => before)],
    outputs: madeOnce([any(finite), ...carried, loss, metrics]),
    nodes: [],
  };
  const inputs = state.map((value) =>
    newInput(initial(index, value.name!), value)
  );
  const loop = newNode(
    "Loop",
    [
      count,
      filled(BOOL, 1),
      ...inputs,
      ...kept.map(({ start }) => start),
    ],
    { body: { graph: { ...body, nodes: nodesFor(body.outputs) } } },
    [
      ...carried.map(({ dtype, shape }) => ({ dtype, shape })),
      lossSpec,
      rowSpec,
    ],
  );
  const [losses, rows] = loop.slice(-2) as [Value, Value];
  return {
    inputs,
    scans: [losses, rows],
    outputs: [
      ...names.map((name, i) => [final(index, name), loop[i]!] as const),
      [`losses.${index}`, losses] as const,
      [`metrics.${index}`, rows] as const,
    ],
  };
}

// A value that is carried from turn to turn, but no part of the state: a call
// starts with it anew.
interface Kept {
  readonly before: Value;
  readonly now: Value;
  readonly start: Value;
}

// The order of the rows is sorted once an epoch, not in every step: it is kept
// until the epoch's number changes.
function epochOf(
  output: ReadonlyMap<string, Value>,
): { made: Map<Value, Value>; kept: Kept[] } | undefined {
  const number = output.get("epoch.number");
  const order = output.get("epoch.order");
  if (!number || !order) return undefined;
  const [last, known] = [number, order].map((value, i) =>
    newInput(["epoch", "order"][i]!, value)
  ) as [Value, Value];
  const flags = { dtype: "bool", shape: number.shape } as const;
  const begins = any(
    apply("Not", [apply("Equal", [number, last], flags)], flags),
  );
  // What the step needs of the sort itself stays outside of the branch.
  // (Metrics are made in a branch of their own.)
  const others = [...output].flatMap(([name, value]) =>
    name.startsWith(METRIC) || value === order ? [] : value
  );
  const available = new Set(
    nodesFor(others, new Set([order])).flatMap((node) => node.outputs),
  );
  const same = apply("Identity", [known], known);
  const now = apply("If", [begins], order, {
    then_branch: branch("sort", order, nodesFor([order], available)),
    else_branch: branch("keep", same, nodesFor([same])),
  });
  return {
    made: new Map([[order, now]]),
    kept: [
      { before: last, now: number, start: filled(number, -1) },
      { before: known, now, start: filled(order, 0) },
    ],
  };
}

const branch = (name: string, value: Value, nodes: readonly Node[]) => ({
  graph: { name, inputs: [], outputs: [value], nodes },
});

// The metrics as one row, computed only where they are due: nodes that nothing
// but the metrics needs go into the branch of an If.
function onlyIf(
  due: Value,
  always: readonly Node[],
  values: readonly Value[],
  rowSpec: Spec,
): Value {
  const available = new Set(always.flatMap((node) => node.outputs));
  const zeros = apply("Identity", [filled(rowSpec, 0)], rowSpec);
  if (values.length === 0) return zeros;
  const row = rowOf(values);
  return apply("If", [due], rowSpec, {
    then_branch: branch("evaluate", row, nodesFor([row], available)),
    else_branch: branch("skip", zeros, nodesFor([zeros])),
  });
}

// Whether any flag is set: [replicas] → [], a single one being itself.
function any(flags: Value): Value {
  if (flags.shape.length === 0) return flags;
  const shape = flags.shape;
  const numbers = apply("Cast", [flags], { dtype: "int32", shape }, {
    to: ONNX_TYPE.int32,
  });
  const most = apply("ReduceMax", [numbers], { dtype: "int32", shape: [] }, {
    keepdims: 0,
  });
  return apply("Cast", [most], BOOL, { to: ONNX_TYPE.bool });
}
