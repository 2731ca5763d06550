/** A file that PyTorch wrote, probed by what is told of it. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/base/errors.ts";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { introduce, probe, ProbeContext } from "../../../lib/probes/mod.ts";
import { aliasesOf } from "../../../lib/probes/context/name_map.ts";
import { assertClose, golden } from "../../_golden.ts";
import { MAP, path } from "./_files.ts";

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
