/**
 * The steps of a card's loop: one with its metrics, and many without.
 *
 * @module
 */

import {
  type Graph,
  newConstant,
  newInput,
  newNode,
  type Spec,
  type Value,
} from "../../trace/graph.ts";
import { nodesFor } from "../../trace/graph_walk.ts";
import { ONNX_TYPE } from "../../trace/operators/lowering.ts";
import { rewrite } from "../../trace/rewrite.ts";
import type { Dim } from "../../trace/transforms/any_batch.ts";
import { byTurn, countersOf } from "../../trace/transforms/by_turn.ts";
import { vmap } from "../../trace/transforms/vmap.ts";
import { toNumbers, toTyped } from "../../numeric/tensor.ts";
import {
  apply,
  filled,
  INT,
  madeOnce,
  METRIC,
  reshaped,
  rowOf,
} from "./loop_parts.ts";

/** Plain steps that go through the loop in one piece, at most. */
export const BLOCK = 256;

// Elements that are kept of each of these steps.
const LARGEST = 2 ** 13;

/** The shapes of values of which not all lengths are known. */
export type Free = Map<Value, readonly Dim[]>;

/** A step with its state in the order in which loops carry it. */
export interface Step {
  readonly state: readonly Value[];
  readonly number: Value;
  readonly outputs: Graph["outputs"];
  readonly metrics: readonly string[];
}

/**
 * What is carried through the loops: losses, rows of metrics where there are any,
 * the state.
 */
export interface Carried {
  readonly losses: Value;
  readonly rows?: Value;
  readonly state: readonly Value[];
}

/** An output by its name. */
export const outputOf = (
  { outputs }: Pick<Graph, "outputs">,
  wanted: string,
): Value => outputs.find(([name]) => name === wanted)![1];

const appended = (values: Value, more: Value) =>
  apply("Concat", [values, more], values, { axis: 0 });

const asRow = (value: Value) => reshaped(value, [1, ...value.shape]);

/** Makes one step, with its metrics. */
export function evaluate(
  { state, number, outputs, metrics }: Step,
  first: Value,
  before: Carried,
): Carried {
  const made = {
    outputs: rewrite(
      { outputs },
      new Map([
        [number, first],
        ...state.map((value, i) => [value, before.state[i]!] as const),
      ]),
    ),
  };
  const row = () => rowOf(metrics.map((name) => outputOf(made, METRIC + name)));
  return {
    losses: appended(before.losses, asRow(outputOf(made, "loss"))),
    ...(before.rows && { rows: appended(before.rows, asRow(row())) }),
    state: state.map(({ name }) => outputOf(made, `state.${name}`)),
  };
}

/**
 * Makes steps without metrics.
 *
 * @param step The step.
 * @param numbers The number of the first, [], and how many there are, [1].
 * @param before What is carried.
 * @param free Where shapes are noted.
 */
export function run(
  step: Step,
  { first, length }: { readonly first: Value; readonly length: Value },
  before: Carried,
  free: Free,
): Carried {
  const { state } = step;
  const nextOf = ({ name }: Value) => outputOf(step, `state.${name}`);
  const counters = countersOf(state, nextOf);
  const moved = state.filter((value) => !counters.has(value));
  const numbers = apply("Add", [first, ramp(INT, BLOCK, 1)], {
    dtype: "int64",
    shape: [BLOCK],
  });
  const known = new Map([
    [step.number, numbers],
    ...[...counters].map(([value, by]) =>
      [value, counting(before.state[state.indexOf(value)]!, by)] as const
    ),
  ]);
  const outer = new Set<Value>();
  const wanted = [...moved.map(({ name }) => `state.${name}`), "loss"];
  const plain = {
    outputs: wanted.map((name) => [name, outputOf(step, name)] as const),
  };
  const orders = inEpochs(step, { first, numbers }, known, outer);
  const body = byTurn(
    { outputs: rewrite(plain, orders) },
    { count: BLOCK, known, outer, largest: LARGEST },
  );
  // A Scan goes over something, were it of no use.
  const rows = body.rows.length > 0
    ? body.rows
    : [{ row: newInput("by_turn.number", INT), all: numbers }];
  const results = scan(
    {
      inputs: [...moved, ...rows.map(({ row }) => row)],
      outputs: body.outputs.map(([, value]) => value),
    },
    [
      ...moved.map((value) => before.state[state.indexOf(value)]!),
      ...rows.map(({ all }) => cut(all, length, free)),
    ],
    rows.length,
    outer,
  );
  const losses = results.at(-1)!;
  free.set(losses, ["run", ...losses.shape.slice(1)]);
  return {
    losses: appended(before.losses, losses),
    ...(before.rows && { rows: before.rows }),
    state: state.map((value, i) => {
      const by = counters.get(value);
      return by === undefined
        ? results[moved.indexOf(value)]!
        : counted(before.state[i]!, by, length);
    }),
  };
}

// The order of the rows is the same throughout an epoch: those of all epochs that a
// block can meet are made before it. What is left in the body is to find its own.
function inEpochs(
  step: Step,
  { first, numbers }: { readonly first: Value; readonly numbers: Value },
  known: Map<Value, Value>,
  outer: Set<Value>,
): Map<Value, Value> {
  const order = step.outputs.find(([name]) => name === "epoch.order")?.[1];
  if (!order) return new Map();
  const [batches] = toNumbers({ data: outputOf(step, "epoch.batches").data! });
  const epochs = Math.floor((BLOCK - 2) / batches!) + 2;
  const length = filled(INT, batches!);
  const vector = (
    count: number,
  ) => ({ dtype: "int64", shape: [count] } as const);
  const begun = apply("Div", [first, length], INT);
  const each = apply("Add", [begun, ramp(INT, epochs, 1)], vector(epochs));
  const starts = apply("Mul", [each, length], vector(epochs));
  const orders = vmap(
    { inputs: [step.number], outputs: [["order", order]] },
    epochs,
    () => ({ value: starts, stacked: true }),
  ).outputs[0]![1];
  const epoch = newInput("epoch", INT);
  const current = apply("Div", [numbers, length], numbers);
  known.set(epoch, apply("Sub", [current, begun], numbers));
  outer.add(orders);
  return new Map([[
    order,
    apply("Gather", [orders, epoch], order, { axis: 0 }),
  ]]);
}

// by · t for each turn t of a block, in front of the axes of a value.
function ramp({ dtype, shape }: Spec, count: number, by: number): Value {
  const numbers = Array.from({ length: count }, (_, t) => by * t);
  const ones = shape.map(() => 1);
  return newConstant(dtype, [count, ...ones], toTyped(dtype, numbers));
}

// The first rows of a block's.
function cut(all: Value, length: Value, free: Free): Value {
  const zero = filled({ dtype: "int64", shape: [1] }, 0);
  const rows = apply("Slice", [all, zero, length, zero], all);
  free.set(rows, ["run", ...all.shape.slice(1)]);
  return rows;
}

// A counter in all turns of a block.
const counting = (value: Value, by: number) =>
  apply("Add", [value, ramp(value, BLOCK, by)], {
    dtype: value.dtype,
    shape: [BLOCK, ...value.shape],
  });

// A counter after so many turns.
function counted(value: Value, by: number, length: Value): Value {
  const { dtype, shape } = value;
  const turns = apply("Cast", [length], { dtype, shape: [1] }, {
    to: ONNX_TYPE[dtype],
  });
  const one = reshaped(turns, []);
  const grown = apply("Mul", [one, filled({ dtype, shape: [] }, by)], one);
  return apply("Add", [value, grown], { dtype, shape });
}

// ONNX's Scan: the state goes from turn to turn, rows come in one by one, and what
// goes out behind the state is laid end to end.
function scan(
  body: {
    readonly inputs: readonly Value[];
    readonly outputs: readonly Value[];
  },
  given: readonly Value[],
  rows: number,
  outer: ReadonlySet<Value>,
): readonly Value[] {
  const outputs = madeOnce(body.outputs);
  const states = given.length - rows;
  return newNode(
    "Scan",
    given,
    {
      body: {
        graph: {
          name: "training_step",
          inputs: body.inputs,
          outputs,
          nodes: nodesFor(outputs, outer),
        },
      },
      num_scan_inputs: rows,
    },
    outputs.map(({ dtype, shape }, i) => ({
      dtype,
      shape: i < states ? shape : [0, ...shape],
    })),
  );
}
