/** A transformer as another tool may write it. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { GraphProto } from "onnx-buf";
import type { ConfigInput } from "../../../lib/config/config.ts";
import { decodeModel, encodeModel } from "../../../lib/onnx/file/model.ts";
import { ProbeModel } from "../../../lib/onnx/inspect/probe_model.ts";
import { bytesOf } from "../../../lib/numeric/tensor.ts";
import {
  ablation,
  attention,
  introduce,
  NotApplicableError,
  ProbeContext,
} from "../../../lib/probes/mod.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { contextOf } from "../_contexts.ts";

const p = 5;

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
