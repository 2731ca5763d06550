/**
 * The training loop as one ONNX graph for a card. Whatever the card computes and
 * the processor wants to know, as whether a loss is finite, makes the one wait for
 * the other; whatever it has to be told, a copy. So a step asks nothing and is told
 * nothing: plain steps are a Scan, which has no condition, over what depends on the
 * step's number alone, computed before for a block of steps; how many there are,
 * and where evaluations lie, is planned by the host.
 *
 * @module
 */

import {
  type Graph,
  newInput,
  newNode,
  type Subgraph,
  type Value,
} from "../../trace/graph.ts";
import { nodesFor } from "../../trace/graph_walk.ts";
import { ONNX_TYPE } from "../../trace/operators/lowering.ts";
import { modelOf, type ModelProto } from "../../onnx/file/model.ts";
import {
  type Carried,
  evaluate,
  type Free,
  outputOf,
  run,
  type Step,
} from "./card_steps.ts";
import {
  apply,
  BOOL,
  dimsOf,
  filled,
  final,
  initial,
  INT,
  madeOnce,
  metricNamesOf,
  STEP,
} from "./loop_parts.ts";
import { withoutUploads } from "../../trace/cards/uploads.ts";

const VECTOR = { dtype: "int64", shape: [1] } as const;

// What the host planned, a number a segment.
interface Plan {
  readonly segments: Value;
  readonly evaluations: Value;
  readonly runs: Value;
  readonly lengths: Value;
  readonly begins: Value;
}

/**
 * Makes the model that runs many steps a call: a loop for each step given, over
 * segments. A segment is an evaluated step or none, then some plain ones.
 *
 * Inputs, beside the state of loop i as `initial.i.…`: `segments`, how many there
 * are; of each, [segments, 1], `evaluations`, whether it has an evaluated step, as
 * 0 or 1; `lengths`, how many plain ones, at most {@link BLOCK}; `runs`, whether
 * that is any; `begins`, the numbers of its first and of its first plain step,
 * [segments, 2]. Outputs: the state as `final.i.…`; `losses.i` [steps, …];
 * `metrics.i` [evaluations, metrics, …], where there are metrics. Steps go on
 * behind a loss that is not finite.
 *
 * @param steps Traced steps, as for {@link loopModel}.
 * @param data Values that the steps take from the graph around them.
 */
export function cardModel(
  steps: readonly Graph[],
  data: readonly Value[] = [],
): ModelProto {
  const free: Free = new Map();
  const planned = (name: string, length: number) => {
    const value = newInput(name, { dtype: "int64", shape: [0, length] });
    free.set(value, ["segments", length]);
    return value;
  };
  const plan: Plan = {
    segments: newInput("segments", INT),
    evaluations: planned("evaluations", 1),
    runs: planned("runs", 1),
    lengths: planned("lengths", 1),
    begins: planned("begins", 2),
  };
  const loops = steps.map((step, i) =>
    loopOf(withoutUploads(step), i, plan, free)
  );
  return modelOf({
    inputs: [
      ...Object.values(plan),
      ...loops.flatMap(({ inputs }) => inputs),
      ...data,
    ],
    outputs: loops.flatMap(({ outputs }) => outputs),
  }, {
    name: "training",
    shapeOf: (value) => free.get(value) ?? dimsOf(value),
  });
}

const valuesOf = ({ losses, rows, state }: Carried): Value[] => [
  losses,
  ...(rows ? [rows] : []),
  ...state,
];

const carriedOf = (
  [losses, ...others]: readonly Value[],
  like: Carried,
): Carried =>
  like.rows
    ? { losses: losses!, rows: others[0]!, state: others.slice(1) }
    : { losses: losses!, state: others };

function loopOf(step: Graph, index: number, plan: Plan, free: Free) {
  const whole: Step = {
    state: step.inputs.filter(({ name }) => name !== STEP),
    number: step.inputs.find(({ name }) => name === STEP)!,
    outputs: step.outputs,
    metrics: metricNamesOf(step),
  };
  const { shape: replicas } = outputOf(whole, "loss");
  const none = (...lengths: number[]) =>
    filled({ dtype: "float64", shape: [0, ...lengths, ...replicas] }, 0);
  const inputs = whole.state.map((value) =>
    newInput(initial(index, value.name!), value)
  );
  const count = whole.metrics.length;
  const start: Carried = {
    losses: none(),
    ...(count > 0 && { rows: none(count) }),
    state: inputs,
  };
  const end = loop("segment", plan.segments, start, free, (now, segment) => {
    const begins = apply("Gather", [plan.begins, segment], {
      dtype: "int64",
      shape: [2],
    }, { axis: 0 });
    const [first, plain] = [0, 1].map((i) =>
      apply("Gather", [begins, filled(INT, i)], INT, { axis: 0 })
    ) as [Value, Value];
    const evaluated = loop(
      "evaluated",
      onHost(plan.evaluations, segment),
      now,
      free,
      (before) => evaluate(whole, first, before),
      [first],
    );
    const length = onHost(plan.lengths, segment);
    return loop(
      "plain",
      onHost(plan.runs, segment),
      evaluated,
      free,
      (before) => run(whole, { first: plain, length }, before, free),
      [plain, length],
    );
  });
  return {
    inputs,
    outputs: [
      ...whole.state.map(({ name }, i) =>
        [final(index, name!), end.state[i]!] as const
      ),
      [`losses.${index}`, end.losses] as const,
      ...(end.rows ? [[`metrics.${index}`, end.rows] as const] : []),
    ],
  };
}

// A number of the plan, where the processor finds it without asking the card: that
// has no kernel for texts, so what is done to them is done on the processor.
function onHost(numbers: Value, segment: Value): Value {
  // The texts are never seen from outside: nothing is told their type.
  const texts = apply("Cast", [numbers], numbers, { to: TEXT });
  const text = apply("Gather", [texts, segment], VECTOR, { axis: 0 });
  return apply("Cast", [text], VECTOR, { to: ONNX_TYPE.int64 });
}

// ONNX's number of the type.
const TEXT = 8;

// A loop of so many turns.
function loop(
  name: string,
  turns: Value,
  start: Carried,
  free: Free,
  body: (now: Carried, turn: Value) => Carried,
  outer: readonly Value[] = [],
): Carried {
  const turn = newInput(`${name}.turn`, INT);
  const goOn = newInput(`${name}.go_on`, BOOL);
  const grows = (value: Value) => {
    const [, ...lengths] = value.shape;
    free.set(value, [`${name}.grown`, ...lengths]);
  };
  const inputs = valuesOf(start).map((value, i) =>
    newInput(`${name}.carried.${i}`, value)
  );
  const before = carriedOf(inputs, start);
  const outputs = madeOnce(valuesOf(body(before, turn)));
  const results = newNode(
    "Loop",
    [turns, filled(BOOL, 1), ...valuesOf(start)],
    {
      body: {
        graph: subgraph(
          name,
          [turn, goOn, ...inputs],
          [goOn, ...outputs],
          outer,
        ),
      },
    },
    inputs,
  );
  const after = carriedOf(results, start);
  for (const one of [before, carriedOf(outputs, start), after]) {
    grows(one.losses);
    if (one.rows) grows(one.rows);
  }
  return after;
}

const subgraph = (
  name: string,
  inputs: readonly Value[],
  outputs: readonly Value[],
  outer: readonly Value[],
): { name: string } & Subgraph => ({
  name,
  inputs,
  outputs,
  nodes: nodesFor(outputs, new Set(outer)),
});
