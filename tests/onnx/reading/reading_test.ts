/** Reading other tools' files, piece by piece: nodes, functions, loops, tensors. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { assertEquals } from "@std/assert";
import {
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
} from "onnx-buf";
import { tensorProto } from "../../../lib/onnx/file/graph_writer.ts";
import { hostTensor } from "../../../lib/onnx/file/model.ts";
import { withoutBranches } from "../../../lib/onnx/reading/branches.ts";
import { flatten } from "../../../lib/onnx/reading/flatten.ts";
import { fold } from "../../../lib/onnx/reading/fold.ts";
import { intOf, nodeOf, readsOf } from "../../../lib/onnx/reading/nodes.ts";
import { widened } from "../../../lib/onnx/reading/tensors.ts";
import { tensorsOf } from "../../../lib/onnx/reading/weights.ts";
import { bytesOf, hostTensorOf } from "../../../lib/numeric/tensor.ts";

type Fields<T> = Exclude<T, { $typeName: string }>;
type Init = Fields<MessageInitShape<typeof ModelProtoSchema>>;

const modelOf = (graph: Init["graph"], more: Init = {}) =>
  create(ModelProtoSchema, {
    irVersion: 9n,
    opsetImport: [{ version: 18n }],
    graph: graph!,
    ...more,
  } as Init);

const tensor = (name: string, shape: number[], values: number[]) =>
  tensorProto(name, hostTensorOf("float32", shape, values));

/** "Op(inputs) → outputs" of each node. */
const written = ({ node }: Pick<GraphProto, "node">) =>
  node.map(({ opType, input, output }) => `${opType}(${input}) → ${output}`);

Deno.test("an attribute that is not given is what the operator says", () => {
  assertEquals(intOf(nodeOf("Gather", ["x"], "y"), "axis", 1), 1);
  assertEquals(intOf(nodeOf("Gather", ["x"], "y", { axis: 2 }), "axis", 1), 2);
  assertEquals(intOf(nodeOf("Gather", ["x"], "y", { axis: 0 }), "axis", 1), 0);
});

Deno.test("a node reads what its branches take from outside", () => {
  const inner = create(GraphProtoSchema, {
    node: [nodeOf("Add", ["own", "outside"], "sum"), nodeOf("Neg", ["w"], "n")],
    initializer: [tensor("own", [], [1])],
    output: [{ name: "sum" }, { name: "straight" }],
  });
  const node = nodeOf("If", ["condition"], "y");
  node.attribute.push({ ...nodeOf("A", [], "", { g: 0 }).attribute[0]! });
  node.attribute[0]!.g = inner;
  assertEquals(readsOf(node), ["condition", "outside", "w", "straight"]);
});

Deno.test("old files' initializers need not be inputs when they are laid flat", () => {
  const graph = {
    initializer: [tensor("w", [1], [1])],
    input: [{ name: "x" }, { name: "w" }],
    node: [nodeOf("Add", ["x", "w"], "y")],
    output: [{ name: "y" }],
  };
  const versions = [3n, 8n, 10n].map((irVersion) =>
    flatten(modelOf(graph, { irVersion }), "file").model
  );
  assertEquals(versions.map(({ irVersion }) => irVersion), [8n, 8n, 10n]);
  const inputs = versions[0]!.graph!.input.map(({ name }) => name);
  assertEquals(inputs, ["x"]);
});

/** f(x) = LeakyRelu(−x + 2), its slope 0.5 where the caller gives no other. */
const FUNCTION = {
  name: "f",
  domain: "own",
  input: ["x"],
  output: ["y"],
  opsetImport: [{ version: 18n }],
  attributeProto: [{ name: "alpha", type: 1, f: 0.5 }],
  node: [
    nodeOf("Neg", ["x"], "t"),
    create(NodeProtoSchema, {
      opType: "Constant",
      output: ["c"],
      attribute: [{ name: "value", type: 4, t: tensor("", [1], [2]) }],
    }),
    nodeOf("Add", ["t", "c"], "s"),
    create(NodeProtoSchema, {
      opType: "LeakyRelu",
      input: ["s"],
      output: ["y"],
      attribute: [{ name: "alpha", refAttrName: "alpha", type: 1 }],
    }),
  ],
};

const CALLS = {
  input: [{ name: "x" }],
  output: [{ name: "b" }],
  node: [
    { domain: "own", opType: "f", input: ["x"], output: ["a"] },
    {
      domain: "own",
      opType: "f",
      name: "second",
      input: ["a"],
      output: ["b"],
      attribute: [{ name: "alpha", type: 1, f: 0.25 }],
    },
  ],
};

Deno.test("a function is written out in every call, its constant once", () => {
  const { model, constants, left } = flatten(
    modelOf(CALLS, { functions: [FUNCTION] }),
    "file",
  );
  const graph = model.graph!;
  assertEquals(written(graph), [
    "Neg(x) → t",
    "Add(t,c) → s",
    "LeakyRelu(s) → a",
    "Neg(a) → second/t",
    "Add(second/t,c) → second/s",
    "LeakyRelu(second/s) → b",
  ]);
  const slopes = graph.node.flatMap(({ attribute }) =>
    attribute.map(({ name, f }) => [name, f])
  );
  assertEquals(slopes, [["alpha", 0.5], ["alpha", 0.25]]);
  assertEquals(graph.initializer.map(({ name }) => name), ["c"]);
  assertEquals([[...constants], left], [["c"], []]);
});

Deno.test("a constant that each caller gives is each call's own", () => {
  const [, constant, ...rest] = FUNCTION.node;
  const given = create(NodeProtoSchema, {
    opType: "Constant",
    output: constant!.output,
    attribute: [{ name: "value_float", refAttrName: "alpha", type: 1 }],
  });
  const functions = [{
    ...FUNCTION,
    node: [FUNCTION.node[0]!, given, ...rest],
  }];
  const { model } = flatten(modelOf(CALLS, { functions }), "file");
  const values = model.graph!.initializer.map((t) => [
    t.name,
    ...hostTensor(t).data,
  ]);
  assertEquals(values, [["c", 0.5], ["second/c", 0.25]]);
});

Deno.test("a function of other operators stays, and is said to", () => {
  const functions = [{ ...FUNCTION, opsetImport: [{ version: 13n }] }];
  const { model, left } = flatten(modelOf(CALLS, { functions }), "file");
  assertEquals(model.functions.length, 1);
  assertEquals(left, [
    "the function f is written for version 13 of the operators, the graph for 18",
  ]);
});

/** A loop of n turns: v ← −v, and what it collects. */
function loop(turns: number, collects: boolean) {
  const node = nodeOf("Loop", ["turns", "", "v"], "end", { body: 0 });
  if (collects) node.output.push("all");
  node.attribute[0]!.g = create(GraphProtoSchema, {
    input: [{ name: "i" }, { name: "on" }, { name: "before" }],
    node: [nodeOf("Neg", ["before"], "after")],
    output: ["on", "after", ...collects ? ["after"] : []]
      .map((name) => ({ name })),
  });
  return modelOf({
    node: [node],
    input: [{ name: "v" }],
    initializer: [
      tensorProto("turns", hostTensorOf("int64", [], [turns])),
    ],
    output: [{ name: "end" }],
  });
}

Deno.test("a loop is written out turn by turn, each of the one before", () => {
  assertEquals(written(withoutBranches(loop(3, false))!.graph!), [
    "Neg(v) → end/0/after",
    "Neg(end/0/after) → end/1/after",
    "Neg(end/1/after) → end/2/after",
    "Identity(end/2/after) → end",
  ]);
  assertEquals(written(withoutBranches(loop(0, false))!.graph!), [
    "Identity(v) → end",
  ]);
});

Deno.test("a loop that collects, or has many turns, stays", () => {
  assertEquals(withoutBranches(loop(3, true)), undefined);
  assertEquals(withoutBranches(loop(65, false)), undefined);
});

Deno.test("what an operator computes by is no weight", () => {
  const names = ["scale", "shift", "mean", "variance"];
  const graph = create(GraphProtoSchema, {
    input: [{ name: "x" }],
    node: [nodeOf("BatchNormalization", ["x", ...names], "y")],
    initializer: names.map((name, i) => tensor(name, [2], [0.3 + i, 0.7])),
    output: [{ name: "y" }],
  });
  const { weights, constants, unread } = tensorsOf(graph, new Set(), new Set());
  assertEquals(weights, ["scale", "shift"]);
  const why = "says how an operator computes";
  assertEquals(constants.map((c) => [c.name, c.why]), [
    ["mean", why],
    ["variance", why],
  ]);
  assertEquals(unread, []);
});

Deno.test("of Constant nodes single numbers are no weights, others may be", () => {
  const graph = create(GraphProtoSchema, {
    input: [{ name: "x" }],
    node: [nodeOf("Mul", ["x", "one"], "z"), nodeOf("Mul", ["z", "two"], "y")],
    initializer: [tensor("one", [1], [0.3]), tensor("two", [2], [0.3, 0.7])],
    output: [{ name: "y" }],
  });
  const given = new Set(["one", "two"]);
  assertEquals(tensorsOf(graph, given, new Set()).weights, ["two"]);
});

Deno.test("a single integer that becomes a float is no table of weights", () => {
  const make = (shape: number[], values: number[]) =>
    create(GraphProtoSchema, {
      input: [{ name: "x" }],
      node: [
        nodeOf("Cast", ["n"], "f", { to: 1 }),
        nodeOf("Mul", ["x", "f"], "y"),
      ],
      initializer: [tensorProto("n", hostTensorOf("int32", shape, values))],
      output: [{ name: "y" }],
    });
  const unread = (graph: GraphProto) =>
    tensorsOf(graph, new Set(), new Set()).unread;
  assertEquals(unread(make([], [3])), []);
  assertEquals(unread(make([1], [3])), []);
  assertEquals(unread(make([2], [3, 4])), [
    "n has weights as integers (Cast)",
  ]);
});

Deno.test("float16 and bfloat16 are widened bit by bit", () => {
  const values = [1.5, -0.25, 65504];
  const halves = tensorProto("h", hostTensorOf("float16", [3], values));
  assertEquals([...hostTensor(widened(halves)).data], values);
  const brain = create(TensorProtoSchema, {
    name: "b",
    dims: [2n],
    dataType: 16,
    // 1 and −2: the upper halves of 0x3f800000 and 0xc0000000.
    rawData: bytesOf(Uint16Array.of(0x3f80, 0xc000)),
  });
  assertEquals([...hostTensor(widened(brain)).data], [1, -2]);
});

Deno.test("an output that is a weight under another name is still made", async () => {
  const { model, synonyms } = await fold(
    modelOf({
      node: [
        nodeOf("Identity", ["w"], "y"),
        nodeOf("Identity", ["w"], "again"),
        nodeOf("Add", ["again", "again"], "sum"),
        nodeOf("Add", ["sum", "x"], "z"),
      ],
      input: [{ name: "x" }],
      initializer: [tensor("w", [1], [0.3])],
      output: [{ name: "y" }, { name: "z" }],
    }),
    { threads: 1 },
    new Set(),
  );
  // By a node, or as it is.
  const { node, initializer } = model.graph!;
  const there = [...node.flatMap(({ output }) => output)];
  there.push(...initializer.map(({ name }) => name));
  assertEquals(there.filter((name) => name === "y"), ["y"]);
  assertEquals(synonyms["again"], { tensor: "w", transposed: false });
});
