/** Files that other tools wrote, probed by what is told of them. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { UsageError } from "../../../lib/base/errors.ts";
import { create } from "@bufbuild/protobuf";
import { type GraphProto, NodeProtoSchema } from "onnx-buf";
import type { ConfigInput } from "../../../lib/config/config.ts";
import {
  decodeModel,
  encodeModel,
  modelOf,
} from "../../../lib/onnx/file/model.ts";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { ProbeModel } from "../../../lib/onnx/inspect/probe_model.ts";
import { bytesOf, hostTensorOf } from "../../../lib/numeric/tensor.ts";
import {
  ablation,
  attention,
  introduce,
  NotApplicableError,
  probe,
  ProbeContext,
} from "../../../lib/probes/mod.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { aliasesOf } from "../../../lib/probes/context/name_map.ts";
import { trace } from "../../../lib/trace/backend.ts";
import type { Spec } from "../../../lib/trace/graph.ts";
import { assertClose, golden } from "../../_golden.ts";
import { contextOf } from "../_contexts.ts";

const path =
  new URL("../../golden/pytorch_export.onnx", import.meta.url).pathname;
const MAP = "W_E=embedding.weight,layers.0.W=hidden.weight," +
  "layers.1.W=head.weight,layers.0.hook_post=relu";

interface Export {
  readonly logits: number[][];
  readonly embedding_norms: number[];
  readonly embedding_keys: number[];
  readonly accuracy: number;
}

Deno.test("a network that PyTorch trained and exported is probed by its own names", async () => {
  const expected = await golden<Export>("pytorch_export");
  const { probes, skipped } = await probe(path, undefined, {
    modulus: 23,
    map: MAP,
  });
  const { embedding, layers, neuron_logit_map } = probes.fourier!;
  const norms = embedding!.cos_norms.flatMap((
    cos,
    i,
  ) => [cos, embedding!.sin_norms[i]!]);
  // The same float32 weights, transformed in float64 here and there.
  const tolerance = { relative: 1e-12, absolute: 1e-12 };
  assertClose(norms, expected.embedding_norms, tolerance, "norms");
  assertEquals(embedding!.key_frequencies, expected.embedding_keys);
  assertEquals(probes.progress!.full.accuracy, expected.accuracy);
  assertEquals(layers.map(({ shares }) => shares.length), [64]);
  assertEquals(neuron_logit_map!.weight, "layers.1.W");
  assertEquals(probes.progress!.excluded, null);
  assert(skipped.attention!.includes("--map"));
  // Which rows it was trained on nothing says: the weights are there all the same.
  const { weights, samples, activations } = probes.geometry!;
  assert(weights.some(({ name }) => name === "hidden.weight"));
  assertEquals([samples, activations], [0, []]);
  // A bias-free network it is not, and its loss is not told.
  assertEquals(probes["logit-scaling"]!.homogeneous, false);
  assert(skipped.nlm!.includes("how it was trained"));
});

Deno.test("a file of which nothing is told has a geometry", async () => {
  const { probes } = await probe(path, ["geometry"]);
  assert(probes.geometry!.weights.length > 0);
  assertEquals(probes.geometry!.samples, 0);
});

Deno.test("division modulo a composite number is refused by its flag", async () => {
  const model = await loadProbeModel(path);
  await assertRejects(
    () => introduce(model, { modulus: 22, operation: "divide" }),
    UsageError,
    "--operation divide needs a --modulus that is a prime, got 22",
  );
  await model.close();
});

Deno.test("its logits are PyTorch's", async () => {
  const expected = await golden<Export>("pytorch_export");
  const model = await loadProbeModel(path);
  const { model: named, task } = await introduce(model, { modulus: 23 });
  const context = new ProbeContext(named, { task: task! });
  const { data } = await context.logits();
  // float32 sums of 96 and 64 terms, in another order: ε·√96 of terms up to 10.
  const close = { relative: 1e-5, absolute: 1e-5 };
  assertClose(
    data.subarray(0, 5 * 23),
    expected.logits.flat(),
    close,
    "logits",
  );
  await named.close();
  await model.close();
});

Deno.test("a map turns weights as they must lie, and takes rows of fused ones", async () => {
  const model = await loadProbeModel(path);
  const sizes = {
    vocabulary: (n: number) => n === 23,
    length: 2,
    oneHot: undefined,
    classes: 23,
  };
  const { weights, activations } = aliasesOf(MAP, model, sizes);
  assertEquals(activations, { "layers.0.hook_post": "relu" });
  assertEquals(
    Object.fromEntries(
      Object.entries(weights).map(([name, w]) => [name, w.transposed]),
    ),
    { W_E: false, "layers.0.W": true, "layers.1.W": true },
  );
  const named = model.withAliases({ weights, activations });
  assertEquals(named.weight("layers.0.W")!.shape, [96, 64]);
  const part = aliasesOf(
    "blocks.0.attn.part=hidden.weight[32:64]:T",
    model,
    sizes,
  );
  assertEquals(model.withAliases(part).weight("blocks.0.attn.part")!.shape, [
    96,
    32,
  ]);
  await model.close();
});

const refused: Record<string, [map: string, message: string]> = {
  "no name": ["W_E", "--map must be name=name"],
  "an unknown name": ["W_E=embeding.weight", "embedding.weight"],
  "a name that no probe asks for": ["W_EE=embedding.weight", "W_E"],
  "rows that are not there": ["W_U=head.weight[0:99]", "0:23"],
  "weights that do not fit": ["W_E=hidden.weight", "[64,96] as [V,d]"],
};

for (const [name, [map, message]] of Object.entries(refused)) {
  Deno.test(`a map with ${name} is refused`, async () => {
    await assertRejects(
      () => probe(path, undefined, { modulus: 23, map }),
      UsageError,
      message,
    );
  });
}

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

const p = 5;
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

/**
 * A transformer as another tool may write it: no metadata, every weight and
 * activation under a number.
 *
 * @param change What becomes of it, given the numbers of its names.
 */
async function foreignTransformer(
  config: ConfigInput,
  change: (graph: GraphProto, names: Map<string, string>) => void = () => {},
): Promise<{ file: ProbeModel; map: string; own: ProbeContext }> {
  const own = await contextOf(config);
  const model = decodeModel(own.model.encodeWithOutputs([]), "own");
  const graph = model.graph!;
  const fixed = new Set([...graph.input, ...graph.output].map((x) => x.name));
  const names = new Map<string, string>();
  for (
    const name of [
      ...graph.initializer.map(({ name }) => name),
      ...graph.node.flatMap(({ output }) => output),
    ]
  ) if (!fixed.has(name)) names.set(name, `v${names.size}`);
  const renamed = (name: string) => names.get(name) ?? name;
  for (const tensor of graph.initializer) tensor.name = renamed(tensor.name);
  for (const info of graph.valueInfo) info.name = renamed(info.name);
  for (const node of graph.node) {
    node.input = node.input.map(renamed);
    node.output = node.output.map(renamed);
  }
  model.metadataProps = [];
  change(graph, names);
  const map = [...names]
    .filter(([name]) =>
      /^(W_E|W_U|b_U|hook_embed|hook_pos_embed)$/.test(name) ||
      /hook_(resid_\w+|pattern|z|post)$|W_O$|b_O$|W_out$|b_out$/.test(name)
    )
    .map(([name, number]) => `${name}=${number}`).join(",");
  return { file: new ProbeModel(encodeModel(model), "foreign"), map, own };
}

const TRANSFORMER: ConfigInput = {
  model: "transformer",
  modulus: p,
  trainFraction: 0.5,
  dModel: 8,
  heads: 2,
  dMlp: 12,
  layers: 2,
  precision: "float64",
};

const told = { modulus: p, tokens: "a,b,=" };

Deno.test("a transformer of another tool's is probed like its own file", async () => {
  const { file, map, own } = await foreignTransformer(TRANSFORMER);
  const { model, task } = await introduce(file, { ...told, map });
  const context = new ProbeContext(model, { task: task! });
  const [theirs, ours] = [
    await ask(attention, context),
    await ask(attention, own),
  ];
  assertEquals(theirs, ours);
  assertEquals([ours.heads.length, ours.direct!.parts.length > 6], [4, true]);
  const without = async (context: ProbeContext) =>
    (await ask(ablation, context)).ablations
      .filter(({ kind }) => kind === "head")
      .map(({ part, scores }) => ({ part, all: scores.all }));
  assertEquals(await without(context), await without(own));
  assertEquals((await without(own)).length, 4);
  await file.close();
  await model.close();
  await own.model.close();
});

Deno.test("a lens or an attribution that is not the logits' is not given", async () => {
  // A norm that the map says nothing of.
  const normed = await foreignTransformer({ ...TRANSFORMER, norm: "pre" });
  const first = await introduce(normed.file, { ...told, map: normed.map });
  const unseen = await ask(
    attention,
    new ProbeContext(first.model, { task: first.task! }),
  );
  assertEquals(unseen.logit_lens, null);
  assert(unseen.lens_missing!.includes("is not the logits"));
  assertEquals(unseen.direct_missing, unseen.lens_missing);
  await first.model.close();

  // A bias, not zero, that the map leaves out.
  const bias = "blocks.0.mlp.b_out";
  const biased = await foreignTransformer(TRANSFORMER, (graph, names) => {
    const proto = graph.initializer.find(({ name }) =>
      name === names.get(bias)
    )!;
    const values = Array.from({ length: 8 }, (_, i) => i);
    proto.rawData = bytesOf(Float64Array.from(values));
  });
  const map = biased.map.split(",")
    .filter((entry) => !entry.startsWith(bias)).join(",");
  // Of products 0 is more frequent than others: what is constant counts.
  const second = await introduce(biased.file, {
    ...told,
    operation: "product",
    map,
  });
  const partial = await ask(
    attention,
    new ProbeContext(second.model, { task: second.task! }),
  );
  assert(partial.logit_lens !== null);
  assertEquals(partial.direct, null);
  assert(partial.direct_missing!.includes("has no name"));
  await second.model.close();
});

Deno.test("activations of other axes than a probe reads are refused", async () => {
  const { file, map } = await foreignTransformer(TRANSFORMER);
  const number = (name: string) =>
    map.split(",").find((entry) => entry.startsWith(`${name}=`))!.split("=")[1];
  const swapped = map.replace(
    `blocks.0.attn.hook_z=${number("blocks.0.attn.hook_z")}`,
    `blocks.0.attn.hook_z=${number("blocks.0.attn.hook_pattern")}`,
  );
  const { model, task } = await introduce(file, { ...told, map: swapped });
  const context = new ProbeContext(model, { task: task! });
  await assertRejects(
    () => ask(ablation, context),
    NotApplicableError,
    "which is not [rows, position, head, width]",
  );
  const pattern = number("blocks.0.attn.hook_pattern")!;
  const value = await context.activation(pattern);
  await assertRejects(
    // deno-lint-ignore require-await
    async () => context.atLast("pattern", value),
    NotApplicableError,
    "[rows, width] or [rows, position, width], of 25 rows",
  );
  await model.close();
  await file.close();
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
