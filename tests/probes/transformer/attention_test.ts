/** Attention, direct attribution and ablation, where the answers are known. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import type { ConfigInput } from "../../../lib/config/config.ts";
import { given, patch } from "../../../lib/onnx/inspect/edits.ts";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../../lib/numeric/tensor.ts";
import {
  ablation,
  attention,
  NotApplicableError,
  progress,
  without,
  withoutFrequencies,
} from "../../../lib/probes/mod.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { contextOf, table, waveNetwork } from "../_contexts.ts";

const SMALL: ConfigInput = {
  model: "transformer",
  modulus: 5,
  trainFraction: 0.5,
  dModel: 8,
  heads: 2,
  dMlp: 12,
  precision: "float64",
};

const near = (x: number | null | undefined, y: number, what?: string) =>
  assertAlmostEquals(x!, y, 1e-10, what);

const constant = (shape: number[], value: number): HostTensor =>
  hostTensorOf(
    "float64",
    shape,
    Array(shape.reduce((a, b) => a * b)).fill(value),
  );

Deno.test("attention without queries is uniform over what it sees", async () => {
  const context = await contextOf(SMALL, {
    "blocks.0.attn.W_Q": constant([2, 8, 4], 0),
  });
  const { heads } = await ask(attention, context);
  assertEquals(heads.map(({ layer, head }) => [layer, head]), [[0, 0], [0, 1]]);
  for (const { mean, deviation, uniformity } of heads) {
    mean.forEach((byKey, query) =>
      byKey.forEach((x, key) => near(x, key <= query ? 1 / (query + 1) : 0))
    );
    deviation.flat().forEach((x) => near(x, 0));
    assertEquals(uniformity[0], null);
    near(uniformity[1], 1);
    near(uniformity[2], 1);
  }
});

Deno.test("attention to one position alone is not uniform at all", async () => {
  // Every vector has a 1 in its first place, "=" has a 1 in its last: queries of
  // the first, keys of the last, so that position 2 is all that position 2 sees.
  const W_E = hostTensorOf(
    "float64",
    [6, 8],
    Array.from({ length: 48 }, (_, i) => i % 8 === 0 || i === 47 ? 1 : 0),
  );
  const unit = (from: number, size: number) =>
    hostTensorOf(
      "float64",
      [2, 8, 4],
      Array.from({ length: 64 }, (_, i) =>
        Math.floor(i / 4) % 8 === from && i % 4 === 0 ? size : 0),
    );
  const context = await contextOf(SMALL, {
    W_E,
    W_pos: constant([3, 8], 0),
    "blocks.0.attn.W_Q": unit(0, 100),
    "blocks.0.attn.W_K": unit(7, 100),
  });
  const { heads } = await ask(attention, context);
  for (const { mean, uniformity } of heads) {
    near(mean[2]![2], 1);
    near(uniformity[2], 0);
    near(uniformity[1], 1, "the first two positions have equal keys");
  }
});

for (const layers of [1, 2]) {
  Deno.test(`the parts of ${layers} layers add up to the logits`, async () => {
    const context = await contextOf({ ...SMALL, layers, outputScale: 3 });
    const { direct, logit_lens } = await ask(attention, context);
    const sum = direct!.parts.reduce((total, { logit }) => total + logit, 0);
    near(sum, direct!.total);
    assertEquals(
      direct!.parts.map(({ part }) => part).filter((p) => p.includes("head")),
      Array.from(
        { length: 2 * layers },
        (_, i) => `blocks.${Math.floor(i / 2)}.attn.head.${i % 2}`,
      ),
    );
    const mlp = direct!.parts.find(({ part }) => part === "blocks.0.mlp")!;
    near(direct!.neurons[0]!.logits.reduce((a, b) => a + b), mlp.logit);
    // Behind everything, at the last position, the lens sees the logits.
    const { full } = await ask(progress, context, { keyFrequencies: [1] });
    near(logit_lens!.at(-1)!.scores.loss, full.loss);
    assertEquals(logit_lens!.at(-1)!.position, 2);
    assertEquals(logit_lens!.length, 3 * (2 * layers + 1));
  });
}

// The lens goes through the norm that stands before the unembedding.
for (
  const [name, config] of Object.entries(
    {
      "an encoder": { model: "encoder", dFf: 12 },
      "pre-norm": { norm: "pre", layers: 2 },
    } satisfies Record<string, ConfigInput>,
  )
) {
  Deno.test(`the logit lens of ${name} ends at the logits`, async () => {
    const context = await contextOf({ ...SMALL, ...config });
    const { direct, direct_missing, logit_lens } = await ask(
      attention,
      context,
    );
    assertEquals(direct, null);
    assert(direct_missing!.includes("LayerNorm"));
    const { full } = await ask(progress, context, { keyFrequencies: [1] });
    near(logit_lens!.at(-1)!.scores.loss, full.loss);
  });
}

Deno.test("attention does not apply to what has none", async () => {
  const context = await contextOf({ modulus: 5, hidden: [4] });
  await assertRejects(
    () => ask(attention, context),
    NotApplicableError,
    "blocks.0.attn.hook_pattern",
  );
});

// The loss of Σ α_k cos(w_k(a + b − c)) for every pair.
function waveLoss(p: number, alphas: Record<number, number>): number {
  const z = Array.from(
    { length: p },
    (_, c) =>
      Object.entries(alphas).reduce(
        (sum, [k, a]) => sum + a * Math.cos(2 * Math.PI * Number(k) * c / p),
        0,
      ),
  );
  return Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0)) - z[0]!;
}

Deno.test("ablation: without a wave's neurons the other wave is left", async () => {
  const context = await waveNetwork(11, { 2: 3, 5: 1.5 });
  const { whole, ablations } = await ask(ablation, context);
  near(whole.all.loss, waveLoss(11, { 2: 3, 5: 1.5 }));
  const without = new Map(
    ablations.map((
      { kind, part, scores },
    ) => [`${kind} ${part}`, scores.all.loss]),
  );
  assertEquals([...without.keys()], [
    "cluster layers.0 k=2 (2 neurons)",
    "cluster layers.0 k=5 (2 neurons)",
    "frequency of logits k=2",
    "frequency of logits k=5",
    "frequency of embedding k=2",
    "frequency of embedding k=5",
  ]);
  // A wave's mean over all pairs is 0.
  for (
    const what of [
      "cluster layers.0 k=2 (2 neurons)",
      "frequency of logits k=2",
    ]
  ) {
    near(without.get(what), waveLoss(11, { 5: 1.5 }), what);
  }
  // Nothing reads this network's embedding.
  near(without.get("frequency of embedding k=2"), whole.all.loss);
});

Deno.test("withoutFrequencies() takes a wave out of an activation, and it alone", async () => {
  const context = await waveNetwork(11, { 2: 3, 5: 1.5 });
  const hook = "layers.0.hook_post";
  const x = await withoutFrequencies(context, hook, [2]);
  const model = context.model.edited(given(hook, x));
  const { logits } = await model.run({ ...context.inputs(), [hook]: x });
  const z = toNumbers(logits!);
  const angle = (k: number, s: number) => 2 * Math.PI * k * s / 11;
  z.forEach((value, i) => {
    const [row, c] = [Math.floor(i / 11), i % 11];
    const sum = Math.floor(row / 11) + row % 11;
    assertAlmostEquals(value, 1.5 * Math.cos(angle(5, sum - c)), 1e-5);
  });
  await model.close();
});

Deno.test("without() puts an activation's mean over the rows in its place", async () => {
  const context = await waveNetwork(11, { 2: 3 });
  const hook = "layers.0.hook_post";
  // Of the neurons cos and sin of w(a + b), whose means are 0.
  for (const [out, left] of [[0, 1], [1, 0]] as const) {
    const part = await without(context, hook, "mean", (i) => i === out);
    const model = context.model.edited(patch(hook, part));
    const { [hook]: x } = await model.run(context.inputs(), [hook]);
    const before = toNumbers(await context.activation(hook));
    toNumbers(x!).forEach((value, i) =>
      assertAlmostEquals(value, i % 2 === left ? before[i]! : 0, 1e-6)
    );
    await model.close();
  }
});

Deno.test("ablation: a perceptron without its embedding's frequency is blank", async () => {
  const p = 8;
  const wave = (x: number) => Math.cos(2 * Math.PI * 3 * x / p);
  const context = await contextOf(
    { modulus: p, hidden: [2], trainFraction: 0.5 },
    {
      "layers.0.W": table(2 * p, [wave, (x) => -wave(x)]),
      "layers.1.W": table(
        2,
        Array.from({ length: p }, (_, c) => () => wave(c)),
      ),
    },
  );
  const { ablations } = await ask(ablation, context, { keyFrequencies: [3] });
  const blank = ablations.find(({ kind }) =>
    kind === "frequency of embedding"
  )!;
  // float32 leaves 10⁻⁷ of what was taken out.
  assertAlmostEquals(blank.scores.all.loss, Math.log(p), 1e-6);
});

Deno.test("ablation: a head by zero is a head without output weights", async () => {
  const config = { ...SMALL };
  const context = await contextOf(config);
  const { ablations } = await ask(ablation, context, {
    ablateBy: "zero",
    keyFrequencies: [1],
  });
  const W_O = context.weight("blocks.0.attn.W_O");
  const half = Float64Array.from(W_O.data as Float64Array).fill(0, 0, 32);
  const other = await contextOf(config, {
    "blocks.0.attn.W_O": { ...W_O, data: half },
  });
  const { full } = await ask(progress, other, { keyFrequencies: [1] });
  near(ablations[0]!.scores.all.loss, full.loss);
  assertEquals(ablations[0]!.part, "blocks.0.attn.head.0");
});
