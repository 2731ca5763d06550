import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { leavesOf, type Tree, treeOf } from "../../lib/base/tree.ts";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";
import { decodeModel } from "../../lib/onnx/file/model.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { checkpointWriter } from "../../lib/runs/checkpoint.ts";
import type { Runtime } from "../../lib/settings/devices.ts";
import { hostBatch } from "../../models/batch.ts";
import { buffersOf, initialTensors } from "../../models/buffers.ts";
import { noHook } from "../../models/model.ts";
import { assertClose, valuesOf } from "../_golden.ts";

const SMALL = {
  modulus: 7,
  hidden: [12, 10],
  dModel: 16,
  heads: 2,
  dMlp: 24,
  dFf: 24,
  bits: 9,
  samples: 60,
} satisfies ConfigInput;

const kinds: Record<string, ConfigInput> = {
  "MLP": {},
  "MLP with biases on parity": { task: "parity" },
  "float64 MLP on parity": { task: "parity", precision: "float64" },
  "float64 MLP": { precision: "float64" },
  "MLP with an embedding": { embedding: 5 },
  "MLP with batch normalisation": { batchNorm: true },
  "linear model": { hidden: [] },
  "transformer": { model: "transformer" },
  "transformer of 2 layers, pre-norm": {
    model: "transformer",
    layers: 2,
    norm: "pre",
  },
  "encoder": { model: "encoder" },
  "float64 encoder of 2 layers, StableMax": {
    model: "encoder",
    layers: 2,
    attention: "stablemax",
    precision: "float64",
  },
};

async function checkpointOf(config: ConfigInput) {
  const experiment = makeExperiment(resolveConfig({ ...SMALL, ...config }));
  const { model, config: resolved } = experiment;
  const tensors = initialTensors(experiment);
  const tree = treeOf(Object.entries(tensors)) as Tree<HostTensor>;
  const writer = await checkpointWriter(model, tree);
  const bytes = writer.encode(tensors, {
    config: resolved,
    step: 0,
    metrics: { train_loss: 1 },
    buffers: leavesOf(buffersOf(experiment)).map(([path]) => path),
  });
  return { experiment, bytes, tensors: tree };
}

for (const [name, config] of Object.entries(kinds)) {
  for (const runtime of ["node", "web"] as Runtime[]) {
    Deno.test(`a checkpoint computes the model's logits: ${name}, ${runtime}`, async () => {
      const { experiment, bytes, tensors } = await checkpointOf(config);
      const { model, split } = experiment;
      const file = new ProbeModel(bytes, "checkpoint", { runtime });
      for (const size of [1, 7, 20]) {
        const rows = {
          inputs: split.train.inputs.slice(0, size),
          labels: split.train.labels.slice(0, size),
        };
        const { inputs } = hostBatch(rows, model);
        const { logits } = await file.run({ [model.input]: inputs });
        const expected = await runTraced(
          ({ tensors, inputs }) => ({
            logits: model.apply(tensors, inputs, noHook),
          }),
          { tensors, inputs },
        );
        assertEquals(logits!.shape, expected["logits"]!.shape);
        assertClose(
          valuesOf(logits),
          valuesOf(expected["logits"]),
          { relative: 1e-5, absolute: 1e-6 },
          `logits of ${size} rows`,
        );
      }
      await file.close();
    });
  }

  Deno.test(`a checkpoint holds the weights under their names: ${name}`, async () => {
    const { experiment, bytes } = await checkpointOf(config);
    const file = new ProbeModel(bytes, "checkpoint");
    const leaves = leavesOf<HostTensor>(experiment.params);
    assertEquals(file.weightNames, leaves.map(([path]) => path));
    for (const [path, leaf] of leaves) assertEquals(file.weight(path), leaf);
  });

  Deno.test(`a checkpoint declares every value and its free batch: ${name}`, async () => {
    const { bytes } = await checkpointOf(config);
    const { graph, opsetImport } = decodeModel(bytes, "checkpoint");
    assertEquals(opsetImport.map(({ version }) => Number(version)), [18]);
    assertEquals(graph!.output.map(({ name }) => name), ["logits"]);
    const dims = [...graph!.input, ...graph!.output].map((info) => {
      const { value } = info.type!.value as {
        value: { shape: { dim: { value: { value: unknown } }[] } };
      };
      return value.shape.dim[0]!.value.value;
    });
    assertEquals(dims, ["batch", "batch"]);
    const declared = new Set(
      [...graph!.valueInfo, ...graph!.output].map(({ name }) => name),
    );
    for (const node of graph!.node) {
      if (node.opType === "Constant") continue;
      for (const name of node.output) assert(declared.has(name), name);
    }
  });
}

Deno.test("hooks have TransformerLens's names and shapes", async () => {
  const { experiment, bytes } = await checkpointOf({ model: "transformer" });
  const file = new ProbeModel(bytes, "checkpoint");
  const [batch, pos, dModel, heads, dMlp] = [5, 3, 16, 2, 24];
  const shapes = {
    "hook_embed": [batch, pos, dModel],
    "hook_pos_embed": [pos, dModel],
    "blocks.0.hook_resid_pre": [batch, pos, dModel],
    "blocks.0.attn.hook_q": [batch, pos, heads, dModel / heads],
    "blocks.0.attn.hook_k": [batch, pos, heads, dModel / heads],
    "blocks.0.attn.hook_v": [batch, pos, heads, dModel / heads],
    "blocks.0.attn.hook_attn_scores": [batch, heads, pos, pos],
    "blocks.0.attn.hook_pattern": [batch, heads, pos, pos],
    "blocks.0.attn.hook_z": [batch, pos, heads, dModel / heads],
    "blocks.0.hook_attn_out": [batch, pos, dModel],
    "blocks.0.hook_resid_mid": [batch, pos, dModel],
    "blocks.0.mlp.hook_pre": [batch, pos, dMlp],
    "blocks.0.mlp.hook_post": [batch, pos, dMlp],
    "blocks.0.hook_mlp_out": [batch, pos, dModel],
    "blocks.0.hook_resid_post": [batch, pos, dModel],
  };
  assertEquals(new Set(file.hookNames), new Set(Object.keys(shapes)));
  const { inputs } = experiment.split.train;
  const tokens = hostTensorOf(
    "int64",
    [batch, pos],
    inputs.slice(0, batch).flat(),
  );
  const values = await file.run({ tokens }, Object.keys(shapes));
  for (const [name, shape] of Object.entries(shapes)) {
    assertEquals(values[name]!.shape, shape, name);
  }
  // Causal: no weight on what comes later, and each query's weights sum to 1.
  const pattern = valuesOf(values["blocks.0.attn.hook_pattern"]);
  for (let i = 0; i < pattern.length; i += pos) {
    const query = (i / pos) % pos;
    const row = pattern.slice(i, i + pos);
    assertEquals(row.slice(query + 1).every((x) => x === 0), true);
    assertClose([row.reduce((a, b) => a + b)], [1], {
      relative: 1e-6,
      absolute: 0,
    }, "row");
  }
  const post = valuesOf(values["blocks.0.mlp.hook_post"]);
  const pre = valuesOf(values["blocks.0.mlp.hook_pre"]);
  assertEquals(post, pre.map((x) => Math.max(x, 0)));
  await file.close();
});

Deno.test("MLP hooks can be taken as outputs", async () => {
  const { bytes } = await checkpointOf({});
  const file = new ProbeModel(bytes, "checkpoint");
  assertEquals(file.hookNames, [
    "layers.0.hook_pre",
    "layers.0.hook_post",
    "layers.1.hook_pre",
    "layers.1.hook_post",
  ]);
  // The embedding is two-hot: row a of the upper half plus row b of the lower.
  const W = valuesOf(file.weight("layers.0.W"));
  const tokens = hostTensorOf("int64", [1, 2], [3, 5]);
  const { "layers.0.hook_pre": pre } = await file.run({ tokens }, [
    "layers.0.hook_pre",
  ]);
  const row = (i: number) => W.slice(i * 12, (i + 1) * 12);
  const upper = row(3);
  const lower = row(7 + 5);
  assertClose(
    valuesOf(pre),
    upper.map((x, i) => x + lower[i]!),
    { relative: 1e-6, absolute: 1e-8 },
    "hook_pre",
  );
  await file.close();
});

Deno.test("a checkpoint refuses tokens that are no residues", async () => {
  const { bytes } = await checkpointOf({});
  const file = new ProbeModel(bytes, "checkpoint");
  const tokens = hostTensorOf("int64", [1, 2], [7, 0]);
  await assertRejects(
    () => file.run({ tokens }),
    Error,
    "index 7 lies outside its axis of length 7",
  );
  await file.close();
});

Deno.test("a checkpoint carries config, step and metrics", async () => {
  const { experiment, bytes } = await checkpointOf({});
  const file = new ProbeModel(bytes, "checkpoint");
  assertEquals(file.metadata("config"), experiment.config);
  assertEquals(file.metadata("step"), 0);
  assertEquals(file.metadata("metrics"), { train_loss: 1 });
});

Deno.test("ProbeModel.run() names the hooks when there is no such value", async () => {
  const { bytes } = await checkpointOf({});
  const file = new ProbeModel(bytes, "checkpoint");
  const tokens = hostTensorOf("int64", [1, 2], [3, 5]);
  await assertRejects(
    () => file.run({ tokens }, ["layers.9.hook_pre"]),
    RangeError,
    "layers.0.hook_pre",
  );
});

Deno.test("decodeModel() refuses what is no ONNX model", async () => {
  const { bytes } = await checkpointOf({});
  const cases = {
    "empty": new Uint8Array(),
    "text": new TextEncoder().encode("not a model"),
    "cut in half": bytes.slice(0, bytes.length / 2),
    "without its last byte": bytes.slice(0, -1),
  };
  for (const [name, contents] of Object.entries(cases)) {
    assertThrows(
      () => decodeModel(contents, name),
      SyntaxError,
      "not an ONNX model",
    );
  }
});
