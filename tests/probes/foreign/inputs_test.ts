/** What files of other tools are given, and what of them are weights. */

import { assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { UsageError } from "../../../lib/base/errors.ts";
import { create } from "@bufbuild/protobuf";
import { NodeProtoSchema } from "onnx-buf";
import {
  decodeModel,
  encodeModel,
  modelOf,
} from "../../../lib/onnx/file/model.ts";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { ProbeModel } from "../../../lib/onnx/inspect/probe_model.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { introduce, ProbeContext } from "../../../lib/probes/mod.ts";
import { trace } from "../../../lib/trace/backend.ts";
import type { Spec } from "../../../lib/trace/graph.ts";
import { MAP, path } from "./_files.ts";

const p = 5;

/** A file that maps one input to logits, with weights under names of their own. */
function fileOf(
  input: Spec,
  weights: Record<string, ReturnType<typeof hostTensorOf>>,
  apply: (x: tf.Tensor, weights: Record<string, tf.Tensor>) => tf.Tensor,
): ProbeModel {
  const specs = Object.fromEntries(
    Object.entries(weights).map(([name, { dtype, shape }]) => [
      name,
      { dtype, shape },
    ]),
  );
  const graph = trace(
    ({ x, ...rest }) => ({
      out: apply(x as tf.Tensor, rest as Record<string, tf.Tensor>),
    }),
    { ...specs, x: input },
  );
  const model = modelOf(graph, { name: "foreign", initializers: weights });
  return new ProbeModel(encodeModel(model), "foreign");
}

const square = hostTensorOf(
  "float32",
  [p, p],
  Array.from({ length: p * p }, (_, i) => i * i % 7),
);

Deno.test("a square weight must be said to lie or to be transposed", async () => {
  const model = fileOf(
    { dtype: "float32", shape: [p * p, 2 * p] },
    { table: hostTensorOf("float32", [2 * p, p], Array(50).fill(1)), square },
    (x, { table, square }) =>
      tf.matMul(
        tf.matMul(x as tf.Tensor2D, table as tf.Tensor2D),
        square as tf.Tensor2D,
      ),
  );
  await assertRejects(
    () => introduce(model, { modulus: p, map: "W_U=square" }),
    UsageError,
    "square:T transposed",
  );
  const { model: named } = await introduce(model, {
    modulus: p,
    map: "W_U=square:T",
  });
  assertEquals(named.weight("W_U")!.data[1], square.data[p]);
  await model.close();
  await named.close();
});

// One-hot of a in the first place, of b in the second.
const inputs: Record<string, Spec> = {
  "one-hot side by side": { dtype: "float32", shape: [p * p, 2 * p] },
  "one-hot rows": { dtype: "float32", shape: [p * p, 2, p] },
};

for (const [name, spec] of Object.entries(inputs)) {
  Deno.test(`a file that reads ${name} gets them`, async () => {
    const model = fileOf(spec, {}, (x) => {
      const rows = tf.reshape(x, [p * p, 2 * p]) as tf.Tensor2D;
      const a = tf.slice(rows, [0, 0], [-1, p]);
      const b = tf.slice(rows, [0, p], [-1, p]);
      return tf.add(a, tf.mul(b, tf.scalar(10)));
    });
    const { task } = await introduce(model, { modulus: p });
    const context = new ProbeContext(model, { task: task! });
    const { data } = await context.logits();
    task!.labels.forEach((label, row) => {
      const [a, b] = [Math.floor(row / p), row % p];
      assertEquals(label, (a + b) % p);
      const expected = new Float64Array(p);
      expected[a]! += 1;
      expected[b]! += 10;
      assertEquals(data.slice(row * p, (row + 1) * p), expected);
    });
    await model.close();
  });
}

Deno.test("logits at every position are read at the last, extra classes left out", async () => {
  const classes = p + 1;
  const model = fileOf(
    { dtype: "int64", shape: [p * p, 3] },
    {},
    (x) => tf.oneHot(tf.cast(x, "int32"), classes),
  );
  const { task } = await introduce(model, { modulus: p });
  assertEquals(task!.input.data[2], BigInt(p), "the token =");
  const { data, columns } = await new ProbeContext(model, { task: task! })
    .logits();
  assertEquals(columns, classes);
  assertEquals([...data.slice(0, classes)], [0, 0, 0, 0, 0, 1]);
  await model.close();
});

const tokens: Record<string, [options: object, message: string]> = {
  "too few tokens": [{ modulus: 23, tokens: "a,b,=" }, "[batch, 3]"],
  "a word": [{ modulus: 23, tokens: "a,b,plus" }, "numbers of tokens"],
  "no b": [{ modulus: 23, tokens: "a,=" }, "among them"],
  "no modulus": [{ map: MAP }, "--modulus must come with --map"],
  "more residues than classes": [{ modulus: 29 }, "29 classes or more"],
};

for (const [name, [options, message]] of Object.entries(tokens)) {
  Deno.test(`what is told of a file is refused: ${name}`, async () => {
    const model = await loadProbeModel(path);
    await assertRejects(() => introduce(model, options), UsageError, message);
    await model.close();
  });
}

Deno.test("a residue that the file has no embedding for is refused when run", async () => {
  const model = fileOf(
    { dtype: "int64", shape: [49, 2] },
    { E: hostTensorOf("float32", [p, 7], Array(35).fill(1)) },
    (x, { E }) =>
      tf.gather(
        E as tf.Tensor2D,
        tf.reshape(tf.slice(tf.cast(x, "int32"), [0, 0], [-1, 1]), [
          -1,
        ]) as tf.Tensor1D,
      ),
  );
  const { task } = await introduce(model, { modulus: 7 });
  await assertRejects(
    () => new ProbeContext(model, { task: task! }).logits(),
    Error,
    "Cannot run foreign on its rows",
  );
  await model.close();
});

Deno.test("the statistics of a batch normalisation are no weights", () => {
  const ones = hostTensorOf("float32", [p], Array(p).fill(1));
  const names = ["scale", "bias", "mean", "variance"];
  const model = decodeModel(
    fileOf(
      { dtype: "float32", shape: [p * p, p] },
      Object.fromEntries(names.map((name) => [name, ones])),
      (x, weights) =>
        names.reduce((sum, name) => tf.add(sum, weights[name]!), x),
    ).encodeWithOutputs([]),
    "foreign",
  );
  const before = new ProbeModel(model, "foreign").weightNames;
  assertEquals(before, names);
  model.graph!.node.push(create(NodeProtoSchema, {
    opType: "BatchNormalization",
    input: ["x", ...names],
    output: ["normal"],
  }));
  assertEquals(new ProbeModel(model, "foreign").weightNames, names.slice(0, 2));
});
