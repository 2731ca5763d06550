/**
 * Counts what recorded steps ask of a card, over stand-ins for CUDA's libraries, in
 * a process that the loader was told of them:
 *
 *     deno run -A tests/card/stand_ins.ts FOLDER
 *     LD_LIBRARY_PATH=FOLDER deno run -A tests/card/count_recorded.ts \
 *       '{"mlp":{},"eight":{"replicas":8}}'
 *
 * Prints, as JSON, what was counted of each case, or why it cannot be recorded; and
 * of models that must not be recorded what was said against them.
 *
 * @module
 */

import { BoundSteps } from "../../lib/engine/onnx/bound_steps.ts";
import { packState } from "../../lib/engine/onnx/packed_state.ts";
import { loopStep } from "../../lib/engine/onnx/traced_step.ts";
import { initialStates } from "../../lib/engine/state.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import type { HostState } from "../../models/buffers.ts";
import { sizeOf } from "../../lib/numeric/tensor.ts";
import { encodeModel, modelOf } from "../../lib/onnx/file/model.ts";
import { BoundSession } from "../../lib/onnx/native/bound_session.ts";
import { Card } from "../../lib/onnx/native/card.ts";
import { replicaConfigs } from "../../lib/train/band/replicas.ts";
import {
  newConstant,
  newInput,
  newNode,
  type Value,
} from "../../lib/trace/graph.ts";
import { type Cases, type Counts, reporter } from "./count_steps.ts";

/** What is counted of recorded steps. */
export interface Recordings {
  /** By the case's name: a call that records them, and two of 32 steps after it. */
  readonly steps: Readonly<
    Record<string, { readonly calls: readonly Counts[] } | string>
  >;
  /** By the model's name, what was said against it. */
  readonly refused: Readonly<Record<string, string>>;
}

if (import.meta.main) {
  const report = await reporter();
  const steps: Record<string, { calls: Counts[] } | string> = {};
  for (
    const [name, given] of Object.entries(JSON.parse(Deno.args[0]!) as Cases)
  ) {
    const { replicas = 1, conditions: _, ...config } = given;
    steps[name] = await recorded(
      config,
      replicas,
      () => Object.fromEntries(report()),
    ).catch((error) => String(error));
  }
  const refused = Object.fromEntries(
    Object.entries(models()).map(([name, made]) => [name, against(made)]),
  );
  console.log(JSON.stringify({ steps, refused } satisfies Recordings));
}

async function recorded(
  config: Cases[string],
  replicas: number,
  report: () => Counts,
) {
  const experiments = replicaConfigs({ ...config, steps: 1000 }, { replicas })
    .map(makeExperiment);
  const initial = await initialStates(experiments);
  const options = { device: "cuda", threads: 1 } as const;
  const step = await loopStep(experiments, initial[0]!, options);
  let states: readonly HostState[] = initial.map((state) =>
    packState(state, step.packed)
  );
  const bound = new BoundSteps(step, replicas, new Card(), options);
  const calls: Counts[] = [];
  // The second call records all that the others launch.
  for (
    const [first, count] of [[0, 1], [1, 31], [32, 32], [64, 32]] as const
  ) {
    report();
    ({ states } = await bound.run(states, first, count, 16));
    calls.push(report());
  }
  await bound.close();
  return { calls: calls.slice(1) };
}

type Made = { inputs: Value[]; output: Value };

// What a card would do again with what lay in the host's memory for a moment, or
// with what was copied when it was bound.
function models(): Record<string, Made> {
  const float = (name: string, shape: number[]) =>
    newInput(name, { dtype: "float32", shape });
  const int = (value: number) =>
    newConstant("int64", [], BigInt64Array.of(BigInt(value)));
  const a = float("a", [5, 4]);
  const b = float("b", [3, 4]);
  const n = newInput("n", { dtype: "int64", shape: [] });
  const node = (
    op: string,
    inputs: Value[],
    dtype: "float32" | "int64",
    shape: number[],
    attributes = {},
  ) => newNode(op, inputs, attributes, [{ dtype, shape }])[0]!;
  const [left, right] = [
    float("left", [6, 2, 1, 3]),
    float("right", [2, 3, 4]),
  ];
  return {
    "a Concat of unequal parts": {
      inputs: [a, b],
      output: node("Concat", [a, b], "float32", [8, 4], { axis: 0 }),
    },
    "a product of unequal batches": {
      inputs: [left, right],
      output: node("MatMul", [left, right], "float32", [6, 2, 1, 4]),
    },
    "a Range that an input begins": {
      inputs: [n],
      output: node("Range", [n, int(9), int(1)], "int64", [4]),
    },
    "an operator of the processor": {
      inputs: [n],
      output: node("BitwiseNot", [n], "int64", []),
    },
    "a copy alone": {
      inputs: [a],
      output: node("Identity", [a], "float32", [5, 4]),
    },
    "a Concat of equal parts": {
      inputs: [a],
      output: node("Concat", [a, a], "float32", [10, 4], { axis: 0 }),
    },
  };
}

function against({ inputs, output }: Made): string {
  const card = new Card();
  using closing = new DisposableStack();
  closing.defer(() => card.close());
  const at = (value: Value, name: string) => ({
    name,
    dtype: value.dtype,
    shape: value.shape,
    address: card.allocate(8 * sizeOf(value.shape)),
  });
  try {
    const model = modelOf({ inputs, outputs: [["out", output]] }, {
      name: "model",
    });
    const session = closing.use(new BoundSession(encodeModel(model), card));
    const run = session.bind(
      inputs.map((value) => at(value, value.name!)),
      [at(output, "out")],
    );
    card.record(run).launch();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing";
}
