/** What the checkpoints of transformers let one look at. */

import { assert, assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { checkpointWriter } from "../../lib/runs/checkpoint.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { leavesOf } from "../../lib/base/tree.ts";
import { assertClose, valuesOf } from "../_golden.ts";

const [batch, dModel, heads, width] = [6, 8, 2, 12];
const SMALL = { modulus: 7, dModel, heads, dMlp: width, dFf: width } as const;

/** All activations of a checkpoint, for a few rows. */
async function activationsOf(config: ConfigInput) {
  const experiment = makeExperiment(
    resolveConfig({ ...SMALL, precision: "float64", ...config }),
  );
  const { model, params, split } = experiment;
  const writer = await checkpointWriter(model, params);
  const bytes = writer.encode(Object.fromEntries(leavesOf(params)), {});
  const file = new ProbeModel(bytes, "checkpoint");
  const rows = split.train.inputs.slice(0, batch);
  const tokens = hostTensorOf("int64", [batch, rows[0]!.length], rows.flat());
  const names = file.hookNames;
  const values = await file.run({ tokens }, names);
  await file.close();
  return { names, values, pos: rows[0]!.length };
}

const norms = (pos: number, ...names: string[]) =>
  Object.fromEntries(names.flatMap((name) => [
    [`${name}.hook_scale`, [batch, pos, 1]],
    [`${name}.hook_normalized`, [batch, pos, dModel]],
  ]));

const inLayer = (i: number, pos: number) => {
  const head = [batch, pos, heads, dModel / heads];
  const stream = [batch, pos, dModel];
  return Object.fromEntries(
    Object.entries({
      "hook_resid_pre": stream,
      "attn.hook_q": head,
      "attn.hook_k": head,
      "attn.hook_v": head,
      "attn.hook_attn_scores": [batch, heads, pos, pos],
      "attn.hook_pattern": [batch, heads, pos, pos],
      "attn.hook_z": head,
      "hook_attn_out": stream,
      "hook_resid_mid": stream,
      "mlp.hook_pre": [batch, pos, width],
      "mlp.hook_post": [batch, pos, width],
      "hook_mlp_out": stream,
      "hook_resid_post": stream,
    }).map(([name, shape]) => [`blocks.${i}.${name}`, shape]),
  );
};

const cases: Record<string, [ConfigInput, (pos: number) => object]> = {
  "the encoder": [
    { model: "encoder" },
    (pos) => ({
      "hook_embed": [batch, pos, dModel],
      ...inLayer(0, pos),
      ...norms(pos, "blocks.0.ln1", "blocks.0.ln2"),
    }),
  ],
  "a transformer of 2 layers, pre-norm": [
    { model: "transformer", layers: 2, norm: "pre" },
    (pos) => ({
      "hook_embed": [batch, pos, dModel],
      "hook_pos_embed": [pos, dModel],
      ...inLayer(0, pos),
      ...inLayer(1, pos),
      ...norms(pos, "blocks.0.ln1", "blocks.0.ln2"),
      ...norms(pos, "blocks.1.ln1", "blocks.1.ln2", "ln_final"),
    }),
  ],
};

for (const [what, [config, shapes]] of Object.entries(cases)) {
  Deno.test(`the hooks of ${what} have TransformerLens's names and shapes`, async () => {
    const { names, values, pos } = await activationsOf(config);
    const expected = shapes(pos);
    assertEquals([...names].sort(), Object.keys(expected).sort());
    assertEquals(
      Object.fromEntries(names.map((name) => [name, values[name]!.shape])),
      expected,
    );
  });
}

Deno.test("MLP with an embedding: hook_embed", async () => {
  const { names, values, pos } = await activationsOf({ embedding: 5 });
  assert(names.includes("hook_embed"));
  assertEquals(values["hook_embed"]!.shape, [batch, pos, 5]);
});

const s = (x: number) => x >= 0 ? x + 1 : 1 / (1 - x);

for (const model of ["transformer", "encoder"] as const) {
  Deno.test(`StableMax attention in the ${model}: s/Σs over the keys that may be seen`, async () => {
    const { values, pos } = await activationsOf({
      model,
      attention: "stablemax",
      layers: 2,
    });
    for (const layer of [0, 1]) {
      const at = `blocks.${layer}.attn`;
      const scores = valuesOf(values[`${at}.hook_attn_scores`]);
      const pattern = valuesOf(values[`${at}.hook_pattern`]);
      for (let i = 0; i < scores.length; i += pos) {
        const query = (i / pos) % pos;
        const seen = model === "encoder" ? pos : query + 1;
        const weights = [...scores.slice(i, i + seen)].map(s);
        const sum = weights.reduce((a, b) => a + b);
        assertClose(
          pattern.slice(i, i + seen),
          weights.map((x) => x / sum),
          // A dozen roundings of float64.
          { relative: 3e-15, absolute: 0 },
          `${at}, query ${query}`,
        );
        assertEquals(
          [...pattern.slice(i + seen, i + pos)],
          Array(pos - seen).fill(0),
        );
      }
    }
  });
}

Deno.test("LayerNorm: mean 0, mean square 1 but for 10⁻⁵, and its scale", async () => {
  const { values } = await activationsOf({ model: "encoder" });
  const rows = (name: string, width: number) => {
    const all = valuesOf(values[name]);
    return Array.from(
      { length: all.length / width },
      (_, i) => [...all.slice(i * width, (i + 1) * width)],
    );
  };
  const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
  const before = rows("blocks.0.hook_resid_mid", dModel);
  const after = rows("blocks.0.ln1.hook_normalized", dModel);
  const scale = valuesOf(values["blocks.0.ln1.hook_scale"]);
  // Sums of eight float64, a few times over.
  const tolerance = { relative: 1e-13, absolute: 1e-14 };
  before.forEach((x, i) => {
    const variance = mean(x.map((y) => (y - mean(x)) ** 2));
    const root = Math.sqrt(variance + 1e-5);
    assertClose([scale[i]!], [root], tolerance, "scale");
    const z = after[i]!;
    assertClose([mean(z)], [0], tolerance, "mean");
    assertClose(
      [mean(z.map((y) => y * y))],
      [variance / (variance + 1e-5)],
      tolerance,
      "mean square",
    );
  });
});
