import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import type { DType } from "../../lib/numeric/tensor.ts";
import { encodeModel, modelOf } from "../../lib/onnx/file/model.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
import { trace } from "../../lib/trace/backend.ts";
import {
  type Graph,
  newConstant,
  newInput,
  newNode,
  type Spec,
  type Value,
} from "../../lib/trace/graph.ts";
import { KERNEL_TYPES } from "../../lib/trace/operators/kernel_types.ts";
import { i32, type TensorFunction, traced, vector } from "./_run.ts";

const int64 = (shape: number[], ...values: number[]) =>
  newConstant("int64", shape, BigInt64Array.from(values, BigInt));

const TWO = [
  ...["Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Pow", "MatMul", "Gemm"],
  ...["Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or"],
  ...["BitwiseXor", "BitShift"],
];
const TRUTH = ["Greater", "GreaterOrEqual", "Less", "LessOrEqual", "IsNaN"];

// One node of an operator on matrices [2, 2] of a type.
function nodeOf(op: string, dtype: DType): Graph {
  const spec = { dtype, shape: [2, 2] };
  const [x, y] = [newInput("x", spec), newInput("y", spec)];
  const c = newInput("c", { dtype: "bool", shape: [2, 2] });
  const row: Spec = { dtype, shape: [1, 2] };
  const at: Spec = { dtype: "int64", shape: [1, 2] };
  const one = (
    inputs: Value[],
    attributes = {},
    ...results: Spec[]
  ): Graph => ({
    inputs: inputs.filter(({ name }) => name !== undefined),
    outputs: [[
      "result",
      newNode(op, inputs, attributes, results.length ? results : [spec])[0]!,
    ]],
  });
  if (op === "Where") return one([c, x, y]);
  if (op === "TopK") return one([x, int64([1], 1)], { axis: 0 }, row, at);
  if (op === "CumSum") return one([x, int64([], 0)]);
  if (op.startsWith("Arg")) return one([x], { axis: 0 }, at);
  if (op.startsWith("Reduce")) return one([x, int64([1], 0)], {}, row);
  const attributes = op === "BitShift"
    ? { direction: "RIGHT" }
    : op === "Mod" && dtype.startsWith("float")
    ? { fmod: 1 }
    : {};
  const result = TRUTH.includes(op) || op === "IsInf"
    ? { dtype: "bool", shape: [2, 2] } as const
    : spec;
  return one(TWO.includes(op) ? [x, y] : [x], attributes, result);
}

Deno.test("KERNEL_TYPES is what ONNX Runtime has kernels for", async () => {
  const types: DType[] = [
    ...["float16", "float32", "float64", "int32", "int64"] as const,
    ...["uint32", "uint64", "bool"] as const,
  ];
  for (const [op, known] of KERNEL_TYPES) {
    const found: DType[] = [];
    for (const dtype of types) {
      const model = encodeModel(modelOf(nodeOf(op, dtype), { name: "one" }));
      try {
        await (await openSession(model, { threads: 1 })).close();
        found.push(dtype);
      } catch (error) {
        assert(/Type|implement/.test(String(error)), `${op}: ${error}`);
      }
    }
    assertEquals(found, types.filter((type) => known.includes(type)), op);
  }
});

const traceOf = (fn: TensorFunction, ...specs: Spec[]) => () =>
  trace(
    (x) => {
      const y = fn(...Object.values<tf.Tensor>(x as never));
      return Object.fromEntries([y].flat().map((y, i) => [`y${i}`, y]));
    },
    Object.fromEntries(specs.map((spec, i) => [`x${i}`, spec])),
  );

const of = (dtype: DType, ...shape: number[]): Spec => ({ dtype, shape });

/** What is refused while tracing, and what the message names. */
const REFUSED: Record<string, [() => unknown, string]> = {
  "exp of integers": [
    traceOf(tf.exp, of("int32", 2)),
    "Cannot trace Exp of int32",
  ],
  "sigmoid of integers": [
    traceOf(tf.sigmoid, of("int32", 2)),
    "Cannot trace sigmoid: Argument 'x' must be float32 tensor, but got int32",
  ],
  "expm1 of integers": [
    traceOf(tf.expm1, of("int32", 2)),
    "Cannot trace Expm1 of int32",
  ],
  "leakyRelu of integers": [
    traceOf((x) => tf.leakyRelu(x!), of("int32", 2)),
    "Cannot trace LeakyRelu of int32",
  ],
  "rsqrt of integers": [
    traceOf(tf.rsqrt, of("int64", 2)),
    "Cannot trace rsqrt: Argument 'x' must be float32 tensor",
  ],
  "softmax of integers": [
    traceOf((x) => tf.softmax(x!), of("int32", 2)),
    "Cannot trace softmax: Argument 'logits' must be float32 tensor",
  ],
  "erf of float64": [
    traceOf(tf.erf, of("float64", 2)),
    "Cannot trace Erf of float64",
  ],
  "a comparison of truth values": [
    traceOf(tf.greater, of("bool", 2), of("bool", 2)),
    "Cannot trace Greater of bool",
  ],
  "the largest of none": [
    traceOf((x) => tf.max(x!, 0), of("float32", 0, 3)),
    "Cannot trace Max of float32 [0,3] along 0",
  ],
  "the least of none": [
    traceOf((x) => tf.min(x!), of("float64", 0)),
    "Cannot trace Min of float64 [0] along 0",
  ],
  "the place of the largest of none": [
    traceOf((x) => tf.argMax(x!, -1), of("float32", 3, 0)),
    "Cannot trace ArgMax of float32 [3,0] along 1",
  ],
  "two types": [
    traceOf(tf.add, of("float32", 2), of("float64", 2)),
    "Cannot combine float32 and float64 in Add",
  ],
  "a gradient that there is not": [
    traceOf(
      (x) => tf.grad((x) => tf.sum(tf.topk(x, 1).values))(x!),
      of("float32", 3),
    ),
    "Cannot trace the gradient of TopK",
  ],
};

for (const [what, [run, message]] of Object.entries(REFUSED)) {
  Deno.test(`trace() refuses ${what} by name`, () => {
    const error = assertThrows(run, Error, message);
    assert(error instanceof TypeError || error instanceof RangeError);
  });
}

const OUTSIDE: Record<string, TensorFunction> = {
  "gather": (x) => tf.gather(x!, tf.tensor1d([0, -1], "int32")),
  "gather beyond the end": (x) => tf.gather(x!, tf.tensor1d([3], "int32")),
  "gather from none": (x) =>
    tf.gather(tf.slice(x!, 0, 0), tf.tensor1d([0], "int32")),
  "gather by a scalar": (x) => tf.gather(x!, tf.scalar(-3, "int32")),
  "gather in batches": (x) =>
    tf.gather(x!, tf.tensor2d([[0], [1], [-1]], undefined, "int32"), 1, 1),
  "scatter": (x) =>
    tf.tensorScatterUpdate(
      x!,
      tf.tensor2d([[0, 0], [1, -1]], undefined, "int32"),
      tf.tensor1d([1, 2]),
    ),
  "scatter of rows": (x) =>
    tf.tensorScatterUpdate(
      x!,
      tf.tensor2d([[3]], undefined, "int32"),
      tf.zeros([1, 2]),
    ),
};

for (const [what, fn] of Object.entries(OUTSIDE)) {
  Deno.test(`trace() refuses indices outside: ${what}`, () => {
    const error = assertThrows(
      traceOf(fn, of("float32", 3, 2)),
      RangeError,
      "is not in 0 …",
    );
    assert(/Cannot trace (GatherV2|TensorScatterUpdate) of float32/.test(
      error.message,
    ));
  });
}

const LOOKED_UP: Record<string, TensorFunction> = {
  "gather": (x, i) => tf.gather(x!, i!),
  "gather in batches": (x, i) =>
    tf.gather(tf.reshape(x!, [1, 3]), tf.reshape(i!, [1, -1]), 1, 1),
  "scatter": (x, i) =>
    tf.tensorScatterUpdate(
      x!,
      tf.reshape(i!, [-1, 1]),
      tf.tensor1d([1, 2]),
    ),
};

for (const [what, fn] of Object.entries(LOOKED_UP)) {
  Deno.test(`indices that come later do not wrap: ${what}`, async () => {
    const x = vector(5, 6, 7);
    await traced(fn, [x, i32([2], [2, 0])]);
    for (const outside of [-1, -3, 3]) {
      await assertRejects(
        () => traced(fn, [x, i32([2], [0, outside])]),
        RangeError,
        `: index ${outside} lies outside its axis`,
      );
    }
  });
}

const NO_TENSORS: Record<string, [(x: tf.Tensor) => unknown, string]> = {
  "an async function": [
    async (x) => ({ y: await Promise.resolve(x) }),
    "Cannot trace an async function",
  ],
  "a promise among tensors": [
    (x) => ({ y: x, z: Promise.resolve(x) }),
    "returns a promise as z",
  ],
  "a number": [() => ({ loss: 3 }), "returns number as loss"],
  "nothing": [() => undefined, "returns undefined"],
  "null": [() => ({ a: { b: null } }), "returns null as a.b"],
  "a tensor by itself": [(x) => x, "returns a tensor by itself"],
  "a list": [(x) => ({ y: [x] }), "returns an array as y"],
  // What they hold are no properties: the graph would have no outputs.
  "a generator": [
    function* (x) {
      yield x;
    },
    "returns a Generator",
  ],
  "an async generator": [
    async function* (x) {
      yield await x;
    },
    "returns a AsyncGenerator",
  ],
  "a Map": [(x) => new Map([["y", x]]), "returns a Map"],
  "a Set": [(x) => new Set([x]), "returns a Set"],
};

for (const [what, [fn, message]] of Object.entries(NO_TENSORS)) {
  Deno.test(`trace() refuses a function that returns ${what}`, () => {
    assertThrows(
      () => trace(({ x }) => fn(x) as never, { x: of("float32", 2) }),
      TypeError,
      message,
    );
  });
}
