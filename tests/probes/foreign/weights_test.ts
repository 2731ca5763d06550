/** Files of other tools' whose weights or logits lie otherwise than groklab's. */

import * as tf from "@tensorflow/tfjs-core";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { create } from "@bufbuild/protobuf";
import { AttributeProtoSchema, NodeProtoSchema } from "onnx-buf";
import {
  decodeModel,
  encodeModel,
  hostTensor,
  modelOf,
} from "../../../lib/onnx/file/model.ts";
import { tensorProto } from "../../../lib/onnx/file/graph_writer.ts";
import { ProbeModel } from "../../../lib/onnx/inspect/probe_model.ts";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../../lib/numeric/tensor.ts";
import {
  type ForeignOptions,
  geometry,
  introduce,
  logitScaling,
  ProbeContext,
} from "../../../lib/probes/mod.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { trace } from "../../../lib/trace/backend.ts";
import { table } from "../_contexts.ts";

const p = 5;
const width = 8;

const weight = (rows: number, columns: number, seed: number): HostTensor =>
  table(
    rows,
    Array.from(
      { length: columns },
      (_, j) => (row) => Math.sin(13 * seed * (row * columns + j + 1)),
    ),
  );

type Weights = Record<string, tf.Tensor2D>;

/** A file of a function of tokens [p², length] and weights. */
function fileOf(
  weights: Record<string, HostTensor>,
  length: number,
  fn: (tokens: tf.Tensor2D, weights: Weights) => tf.Tensor,
): Uint8Array {
  const graph = trace(
    ({ tokens, ...rest }) => ({
      out: fn(tokens as tf.Tensor2D, rest as Weights),
    }),
    { ...weights, tokens: { dtype: "int64", shape: [p * p, length] } },
  );
  return encodeModel(modelOf(graph, { name: "file", initializers: weights }));
}

const rowsOf = (table: tf.Tensor2D, at: tf.Tensor) =>
  tf.gather(table, tf.reshape(tf.cast(at, "int32"), [-1]) as tf.Tensor1D);

async function contextOf(bytes: Uint8Array, told: ForeignOptions) {
  const file = new ProbeModel(bytes, "file");
  const { model, task } = await introduce(file, { modulus: p, ...told });
  return new ProbeContext(model, { task: task! });
}

// Both operands in one table, the second's rows behind the first's.
const fused = () =>
  fileOf({ W_E: weight(2 * p, width, 1), head: weight(width, p, 2) }, 2, (
    tokens,
    { W_E, head },
  ) => {
    const a = tf.slice(tokens, [0, 0], [-1, 1]);
    const b = tf.slice(tokens, [0, 1], [-1, 1]);
    const shifted = tf.add(tf.cast(b, "int32"), tf.scalar(p, "int32"));
    const h = tf.add(rowsOf(W_E!, a), rowsOf(W_E!, shifted));
    return tf.matMul(tf.relu(h) as tf.Tensor2D, head!);
  });

Deno.test("a name that the map gives to a part of its tensor leaves the rest", async () => {
  const plain = await contextOf(fused(), { tokens: "a,b" });
  const named = await contextOf(fused(), {
    tokens: "a,b",
    map: `W_E=W_E[0:${p}],W_U=head`,
  });
  assertEquals(named.model.weight("W_E")!.shape, [p, width]);
  assertEquals(await ask(geometry, named), await ask(geometry, plain));
  assertEquals(await ask(logitScaling, named), await ask(logitScaling, plain));
  for (const { model } of [plain, named]) await model.close();
});

Deno.test("logit-scaling reads logits at the last position", async () => {
  const weights = { emb: weight(p + 1, width, 1), head: weight(width, p, 2) };
  const bytes = fileOf(weights, 3, (tokens, { emb, head }) => {
    const x = tf.reshape(rowsOf(emb!, tokens), [p * p, 3, width]);
    const h = tf.reshape(tf.relu(tf.cumsum(x, 1)), [-1, width]);
    return tf.reshape(tf.matMul(h as tf.Tensor2D, head!), [p * p, 3, p]);
  });
  const context = await contextOf(bytes, { tokens: "a,b,=" });
  const result = await ask(logitScaling, context);
  assertAlmostEquals(result.exponent!, 2, 1e-6);
  const { data } = await context.logits();
  const one = result.rows.find(({ alpha }) => alpha === 1)!;
  const rms = Math.sqrt(data.reduce((sum, z) => sum + z * z, 0) / data.length);
  assertAlmostEquals(one.logit_rms!, rms, 1e-6);
  await context.model.close();
});

Deno.test("logit-scaling scales weights of float16", async () => {
  const model = decodeModel(fused(), "file");
  const graph = model.graph!;
  const casts = graph.initializer.map(({ name }) =>
    create(NodeProtoSchema, {
      opType: "Cast",
      input: [name],
      output: [`${name}/wide`],
      attribute: [
        create(AttributeProtoSchema, { name: "to", type: 2, i: 1n }),
      ],
    })
  );
  const names = graph.initializer.map(({ name }) => name);
  for (const node of graph.node) {
    node.input = node.input.map((name) =>
      names.includes(name) ? `${name}/wide` : name
    );
  }
  graph.node.unshift(...casts);
  graph.initializer = graph.initializer.map((tensor) => {
    const { shape, data } = hostTensor(tensor);
    const half = hostTensorOf("float16", shape, toNumbers({ data }));
    return tensorProto(tensor.name, half);
  });
  const context = await contextOf(encodeModel(model), { tokens: "a,b" });
  const { exponent, rows } = await ask(logitScaling, context);
  // Powers of two round nothing.
  assertAlmostEquals(exponent!, 2, 1e-6);
  assertEquals(rows.map(({ correlation }) => correlation!.toFixed(6)), [
    ...Array(4).fill("1.000000"),
  ]);
  await context.model.close();
});
