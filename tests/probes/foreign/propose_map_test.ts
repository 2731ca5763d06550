/** `--map auto`: names by shape and place in the graph. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/base/errors.ts";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { type HostTensor, toNumbers } from "../../../lib/numeric/tensor.ts";
import { introduce, probe, ProbeContext } from "../../../lib/probes/mod.ts";
import { assertClose, golden } from "../../_golden.ts";
import { at } from "./_files.ts";

interface Numbers {
  readonly shape: readonly number[];
  readonly data: number[];
}

interface Parts {
  readonly weights: Readonly<Record<string, Numbers>>;
  readonly activations: Readonly<Record<string, Numbers>>;
}

// The pairs that PyTorch was given, of all pairs mod 5.
const ROWS = [0, 1 * 5 + 3, 4 * 5 + 4];

const rowsOf = ({ shape, data }: HostTensor) => {
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  const all = toNumbers({ data });
  return ROWS.flatMap((row) => [...all.slice(row * width, (row + 1) * width)]);
};

const mapOf = (notes: readonly string[] = []) =>
  notes.find((note) => note.startsWith("--map "))?.slice("--map ".length) ?? "";

for (
  const name of [
    ...["columns", "one_hot_rows", "side_by_side", "gated", "two_blocks"],
    "encoder_layer",
  ]
) {
  Deno.test(`--map auto finds the parts of ${name} without their names`, async () => {
    const all = await golden<Record<string, Parts>>("told/foreign_maps");
    const { weights, activations } = all[name]!;
    const loaded = await loadProbeModel(at(`told/foreign_maps/${name}.onnx`));
    const told = await introduce(loaded, { modulus: 5, map: "auto" });
    const { model, task } = told;
    const context = new ProbeContext(model, { task: task! });
    for (const [asked, { shape, data }] of Object.entries(weights)) {
      const found = context.weight(asked);
      assertEquals(found.shape, shape, asked);
      assertClose(
        [...toNumbers(found)],
        data,
        { relative: 0, absolute: 0 },
        asked,
      );
    }
    for (const [asked, { shape, data }] of Object.entries(activations)) {
      const found = await context.activation(asked);
      assertEquals(found.shape.slice(1), shape.slice(1), asked);
      // float32 sums of a dozen terms up to 10, in another order.
      const close = { relative: 1e-5, absolute: 1e-5 };
      assertClose(rowsOf(found), data, close, asked);
    }
    // The proposal says all that it needs: told as it is printed, it is the same.
    const map = mapOf(told.notes);
    const again = await introduce(loaded, { modulus: 5, map });
    for (const asked of Object.keys(weights)) {
      assertEquals(again.model.weight(asked), model.weight(asked), asked);
    }
    if (name === "gated") assert(!map.includes("layers."), map);
    if (name === "encoder_layer") {
      // Its heads lie in an order of their own: what cannot be read is not named.
      assert(!model.has("blocks.0.attn.hook_z"), map);
    }
    await again.model.close();
    await model.close();
    await loaded.close();
  });
}

Deno.test("the map of a PyTorch export, as the probes' page has it, is proposed and told", async () => {
  const path = at("pytorch_export.onnx");
  const map = "W_E=embedding.weight,layers.0.W=hidden.weight," +
    "layers.1.W=head.weight,layers.0.hook_post=relu";
  const auto = await probe(path, ["fourier"], { modulus: 23, map: "auto" });
  assertEquals(auto.notes, [`--map ${map}`]);
  const told = await probe(path, ["fourier"], { modulus: 23, map });
  assertEquals(auto.probes, told.probes);
});

Deno.test("parts of a transformer's logits add up under the proposed names", async () => {
  const { probes } = await probe(
    at("told/foreign_maps/two_blocks.onnx"),
    ["attention"],
    { modulus: 5, map: "auto" },
  );
  const { heads, logit_lens, direct, direct_missing } = probes.attention!;
  assertEquals(heads.length, 4);
  assert(logit_lens !== null);
  // It is given only if the parts sum to the logits.
  assert(direct !== null, direct_missing ?? "");
});

Deno.test("where nothing has the place of what probes read, that is said", async () => {
  // Modulo 3 a table of five rows is no embedding, and nothing has three classes.
  await assertRejects(
    () =>
      probe(at("told/foreign_maps/gated.onnx"), ["fourier"], {
        modulus: 3,
        map: "auto",
      }),
    UsageError,
    "--map auto finds nothing",
  );
});
