import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import {
  packState,
  rolesOf,
  unpackState,
} from "../../../lib/engine/onnx/packed_state.ts";
import { type HostTensor, hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { specsOf } from "../../../lib/onnx/runtime/compile.ts";
import { dot, leavesOf, type Params, treeOf } from "../../../lib/optim/mod.ts";
import { trace } from "../../../lib/trace/backend.ts";
import { pack } from "../../../lib/trace/cards/pack.ts";
import type { Graph } from "../../../lib/trace/graph.ts";
import { nodesFor } from "../../../lib/trace/graph_walk.ts";
import { scalar } from "../../../lib/trace/precision.ts";
import { assertClose, valuesOf } from "../../_golden.ts";
import { runGraph } from "../_graphs.ts";

type State = Readonly<Record<string, HostTensor>>;

// Tensors of different shapes, and a number that is none of the model's.
const numbers = (shape: number[], first: number) =>
  hostTensorOf(
    "float64",
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
      Math.sin(first + i)),
  );
const START: State = {
  "params.a": numbers([2, 3], 1),
  "params.in.b": numbers([4], 8),
  "params.in.c": numbers([2, 2, 2], 13),
  "optimizer.m.a": numbers([2, 3], 30),
  "optimizer.m.in.b": numbers([4], 40),
  "optimizer.m.in.c": numbers([2, 2, 2], 50),
  "optimizer.count": hostTensorOf("float64", [], [1]),
};

// Sums of a dozen numbers below 100, twice, and what is made of them.
const ROUNDING = { relative: 2 ** -44, absolute: 2 ** -44 };

type Step = (
  params: Params,
  moments: Params,
  count: tf.Tensor,
) => [params: Params, moments: Params, loss?: tf.Tensor];

// What a step of an optimizer of one's own becomes in both forms, twice over.
async function bothForms(step: Step) {
  const graph = trace((tensors) => {
    const { params, optimizer } = tensors as {
      params: Params;
      optimizer: { m: Params; count: tf.Tensor };
    };
    const [next, m, loss] = step(params, optimizer.m, optimizer.count);
    const count = tf.add(optimizer.count, scalar(1));
    const state = { params: next, optimizer: { m, count } };
    return { state, ...(loss && { loss }) };
  }, specsOf(treeOf(Object.entries(START))));
  const { graph: own, packed } = pack(graph, rolesOf(graph));
  const plain = await twice(graph, START);
  const together = await twice(own, packState(START, packed));
  return {
    packed,
    nodes: nodesOf(own),
    plain,
    together: {
      losses: together.losses,
      state: unpackState(together.state, packed, START),
    },
  };
}

async function twice(graph: Graph, start: State) {
  let state = start;
  const losses: number[] = [];
  for (let turn = 0; turn < 2; turn++) {
    const results = await runGraph(graph, state);
    if (results["loss"]) losses.push(...valuesOf(results["loss"]));
    state = Object.fromEntries(
      Object.keys(state).map((name) => [name, results[`state.${name}`]!]),
    );
  }
  return { state, losses };
}

const nodesOf = ({ outputs }: Graph) =>
  nodesFor(
    outputs.flatMap(([name, value]) => name.startsWith("state") ? [value] : []),
  ).map(({ op }) => op);

async function assertPacks(step: Step, matrices: number) {
  const { packed, plain, together, nodes } = await bothForms(step);
  assertEquals(packed.length, matrices);
  assertClose(together.losses, plain.losses, ROUNDING, "losses");
  assertEquals(Object.keys(together.state), Object.keys(plain.state));
  for (const [path, tensor] of Object.entries(plain.state)) {
    assertEquals(together.state[path]!.shape, tensor.shape);
    assertClose(
      valuesOf(together.state[path]),
      valuesOf(tensor),
      ROUNDING,
      path,
    );
  }
  return nodes;
}

const map = (f: (...leaves: tf.Tensor[]) => tf.Tensor, ...trees: Params[]) => {
  const others = trees.slice(1).map((tree) =>
    new Map(leavesOf<tf.Tensor>(tree))
  );
  return treeOf(
    leavesOf<tf.Tensor>(trees[0]!).map(([path, leaf]) =>
      [path, f(leaf, ...others.map((tree) => tree.get(path)!))] as const
    ),
  ) as Params;
};

Deno.test("what is done to each tensor alike is done once", async () => {
  const nodes = await assertPacks((params, moments) => {
    const next = map(
      (m, w) => tf.add(tf.mul(m, scalar(0.9)), tf.cos(w)),
      moments,
      params,
    );
    return [map((w, m) => tf.sub(w, tf.tanh(m)), params, next), next];
  }, 2);
  assertEquals(nodes.filter((op) => op === "Tanh").length, 1);
  assertEquals(nodes.filter((op) => op === "Slice").length, 0);
});

Deno.test("sums of a tensor are not those of what it is filled up with", async () => {
  // Filled up with zeros, the rows are filled up with ones behind the first step.
  const nodes = await assertPacks((params, moments) => {
    const sums = map((w) => tf.sum(tf.cos(w)), params);
    const squares = map((w) => tf.sum(tf.square(tf.exp(w))), params);
    const next = map(
      (w, sum, square) => tf.exp(tf.div(tf.mul(w, sum), square)),
      params,
      sums,
      squares,
    );
    return [next, map((m, w) => tf.div(m, tf.mean(w)), moments, params)];
  }, 2);
  assert(nodes.filter((op) => op === "ReduceSum").length <= 2);
});

Deno.test("sums of all tensors are made of those of each", async () => {
  const nodes = await assertPacks((params, moments) => {
    const length = tf.sqrt(dot(moments, params));
    const scale = tf.div(scalar(0.1), tf.add(tf.abs(length), scalar(1)));
    return [map((w) => tf.mul(w, scale), params), moments, dot(params, params)];
  }, 2);
  assertEquals(nodes.filter((op) => op === "ReduceSum").length, 2);
});

Deno.test("tensors that are treated otherwise stay by themselves", async () => {
  const { packed } = await bothForms((params, moments) => [
    map((w) => w.shape.length > 1 ? tf.sin(w) : tf.square(w), params),
    map((m) => tf.mul(m, scalar(0.5)), moments),
  ]);
  assertEquals(
    packed.map(({ rows }) => rows.map(({ names: [name] }) => name)),
    [
      ["params.in.c", "params.a"],
      ["optimizer.m.in.c", "optimizer.m.a"],
    ],
  );
  await assertPacks((params, moments) => [
    map((w) => w.shape.length > 1 ? tf.sin(w) : tf.square(w), params),
    map((m) => tf.mul(m, scalar(0.5)), moments),
  ], 2);
});

Deno.test("numbers of a tensor's own stay its own", async () => {
  await assertPacks((params, moments, count) => [
    map((w) => tf.div(w, scalar(w.size)), params),
    map(
      (m, w) => tf.mul(m, tf.mul(count, tf.slice(tf.reshape(w, [-1]), 1, 1))),
      moments,
      params,
    ),
  ], 2);
});

Deno.test("where nothing is alike the graph is as it was", async () => {
  const { packed, plain, together } = await bothForms((params, moments) => [
    { a: tf.sin(params["a"] as tf.Tensor), in: params["in"]! },
    {
      a: moments["a"]!,
      in: map((m) => m.rank === 1 ? tf.cos(m) : tf.exp(m), {
        in: moments["in"]!,
      })["in"]!,
    },
  ]);
  assertEquals(packed, []);
  assertEquals(together, plain);
});

Deno.test("tensors of very different lengths lie in different matrices", () => {
  const shapes = { large: [2 ** 21], half: [2 ** 20], small: [5], tiny: [3] };
  const params = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) =>
      [name, { dtype: "float32", shape }] as const
    ),
  );
  const packedOf = (times: number) => {
    const graph = trace(
      ({ params }) => ({
        state: { params: map((w) => tf.sin(w), params as Params) },
      }),
      { params },
    );
    return pack(graph, rolesOf(graph), times).packed.map((
      { length, rows },
    ) => [length, rows.length]);
  };
  assertEquals(packedOf(1), [[2 ** 21, 2], [5, 2]]);
  assertEquals(packedOf(64), [[2 ** 21, 2], [5, 2]]);
});

Deno.test("what is added to each element is added to what fills the rows up, too", async () => {
  await assertPacks((params, moments) => [
    map((w) => tf.add(tf.mul(w, scalar(0.5)), scalar(1)), params),
    map((m, w) => tf.mul(m, tf.sum(w)), moments, params),
  ], 2);
});

Deno.test("a moment is that of the tensor with the longest name that ends its own", () => {
  const x = { dtype: "float32", shape: [4] } as const;
  const state = {
    params: { b: x, in: { b: x } },
    optimizer: { m: { b: x, in: { b: x } }, in: x },
  };
  const graph = trace((state) => ({ state }), state);
  assertEquals(
    rolesOf(graph).map(({ path, names }) => [path, [...names.keys()]]),
    [["b", ["params", "optimizer.m"]], ["in.b", ["params", "optimizer.m"]]],
  );
});
