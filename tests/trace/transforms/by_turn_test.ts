/** What depends on the turn alone, computed for all turns at once. */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { encodeModel, modelOf } from "../../../lib/onnx/file/model.ts";
import { openSession } from "../../../lib/onnx/runtime/session.ts";
import { trace } from "../../../lib/trace/backend.ts";
import {
  newConstant,
  newInput,
  newNode,
  type Value,
} from "../../../lib/trace/graph.ts";
import { nodesFor } from "../../../lib/trace/graph_walk.ts";
import { byTurn, countersOf } from "../../../lib/trace/transforms/by_turn.ts";

const F64 = { dtype: "float64", shape: [] } as const;

/** A body that is given turns 0, 1, 2, and what of it is left. */
async function taken(
  fn: (x: Record<"x" | "t" | "v", tf.Tensor>) => tf.Tensor,
  largest = 8,
) {
  const graph = trace(
    ({ x, t, v }) => ({ y: fn({ x: x!, t: t!, v: v! } as never) }),
    { x: { ...F64, shape: [2] }, t: F64, v: { ...F64, shape: [2] } },
  );
  const at = (name: string) =>
    graph.inputs.find((input) => input.name === name)!;
  const all = (shape: number[], values: number[]) =>
    newConstant("float64", shape, Float64Array.from(values));
  const { outputs, rows } = byTurn(graph, {
    count: 3,
    known: new Map([
      [at("t"), all([3], [0, 1, 2])],
      [at("v"), all([3, 2], [1, 2, 3, 4, 5, 6])],
    ]),
    outer: new Set(),
    largest,
  });
  const values = outputs.map(([, value]) => value);
  return {
    left: nodesFor(values).map(({ op }) => op),
    rows: await Promise.all(rows.map(({ all }) => contents(all))),
  };
}

async function contents(value: Value) {
  const model = modelOf({ inputs: [], outputs: [["all", value]] }, {
    name: "all",
  });
  const session = await openSession(encodeModel(model));
  const { all } = await session.run({});
  await session.close();
  return { shape: [...all!.shape], values: [...all!.data] };
}

Deno.test("what depends on the turn alone comes in, of all turns", async () => {
  assertEquals(
    await taken(({ x, t }) => tf.mul(x, tf.add(tf.mul(t, t), 1))),
    { left: ["Mul"], rows: [{ shape: [3], values: [1, 2, 5] }] },
  );
  assertEquals(
    await taken(({ x, t, v }) => tf.mul(x, tf.mul(t, v))),
    { left: ["Mul"], rows: [{ shape: [3, 2], values: [0, 0, 3, 4, 10, 12] }] },
  );
});

Deno.test("what is known comes in as it is, where nothing else is made of it", async () => {
  assertEquals(
    await taken(({ x, t }) => tf.mul(x, t)),
    { left: ["Mul"], rows: [{ shape: [3], values: [0, 1, 2] }] },
  );
  assertEquals(await taken(({ x }) => tf.mul(x, x)), {
    left: ["Mul"],
    rows: [],
  });
});

Deno.test("a result that depends on the turn alone comes in, too", async () => {
  assertEquals(
    await taken(({ t }) => tf.add(t, 1)),
    { left: [], rows: [{ shape: [3], values: [1, 2, 3] }] },
  );
});

Deno.test("what is large is made in its turn, of what is small", async () => {
  const wide = ({ x, t }: Record<"x" | "t", tf.Tensor>) =>
    tf.add(x, tf.mul(tf.mul(t, t), tf.tensor1d([1, 2])));
  assertEquals((await taken(wide, 2)).left, ["Add"]);
  assertEquals(await taken(wide, 1), {
    left: ["Mul", "Add"],
    rows: [{ shape: [3], values: [0, 1, 4] }],
  });
});

Deno.test("a look-up that cannot be made for all turns stays", () => {
  const t = newInput("t", { dtype: "int64", shape: [] });
  const table = newConstant("float64", [2, 2], Float64Array.of(1, 2, 3, 4));
  const looked = [0, 1].map((axis) =>
    newNode("Gather", [table, t], { axis }, [{ ...F64, shape: [2] }])[0]!
  );
  const numbers = newConstant("int64", [2], BigInt64Array.of(1n, 0n));
  const { outputs, rows } = byTurn(
    { outputs: looked.map((value, axis) => [`${axis}`, value]) },
    {
      count: 2,
      known: new Map([[t, numbers]]),
      outer: new Set(),
      largest: 2,
    },
  );
  assertEquals(outputs.map(([, { node }]) => node?.op), [undefined, "Gather"]);
  assertEquals(rows.map(({ all }) => all.shape), [[2], [2, 2]]);
});

Deno.test("counters are what grows by a whole number in every turn", () => {
  const graph = trace(
    ({ one, two, half, many, sum, still }) => ({
      one: tf.add(one!, 1),
      two: tf.add(2, two!),
      half: tf.add(half!, 0.5),
      many: tf.add(many!, tf.tensor1d([1, 2])),
      sum: tf.add(sum!, one!),
      still: still!,
    }),
    {
      one: F64,
      two: F64,
      half: F64,
      many: { ...F64, shape: [2] },
      sum: F64,
      still: F64,
    },
  );
  const found = countersOf(
    graph.inputs,
    ({ name }) => graph.outputs.find(([output]) => output === name)?.[1],
  );
  assertEquals([...found].map(([{ name }, by]) => [name, by]), [
    ["one", 1],
    ["two", 2],
  ]);
});

Deno.test("a number that is shared by several counters is each one's", () => {
  const graph = trace(
    ({ several }) => ({ several: tf.add(several!, 1) }),
    { several: { ...F64, shape: [3] } },
  );
  const found = countersOf(graph.inputs, () => graph.outputs[0]![1]);
  assertEquals([...found.values()], [1]);
});
