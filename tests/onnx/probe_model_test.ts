/** Looking inside a file: names, batches, hooks. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { patch } from "../../lib/onnx/inspect/edits.ts";
import { decodeModel } from "../../lib/onnx/file/model.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { zeroWeight } from "../../lib/onnx/inspect/weight_edits.ts";
import { assertClose, valuesOf } from "../_golden.ts";
import { bytesOf, POST, ROUNDING, smallModel, Z } from "./_small_model.ts";

// 25 rows: 4 cuts them unequally, 5 would cut them equally, and 3 is also how many
// positions there are.
for (const rowsAtOnce of [1, 3, 4, 5, 24, 25]) {
  Deno.test(`run() gives the same in batches of ${rowsAtOnce}`, async () => {
    const { model, inputs } = await smallModel();
    const batched = new ProbeModel(
      model.edited().graph && bytesOf(model),
      "x",
      {
        rowsAtOnce,
      },
    );
    const names = [...model.hookNames, "logits"];
    const whole = await model.run(inputs, names);
    const parts = await batched.run(inputs, names);
    for (const name of names) {
      assertEquals(parts[name]!.shape, whole[name]!.shape, name);
      assertClose(
        valuesOf(parts[name]),
        valuesOf(whole[name]),
        ROUNDING,
        name,
      );
    }
    await model.close();
    await batched.close();
  });
}

Deno.test("run() fills the batches of a file with a fixed number of rows", async () => {
  const { model, inputs } = await smallModel();
  const proto = decodeModel(bytesOf(model), "x");
  for (const info of [...proto.graph!.input, ...proto.graph!.output]) {
    const { value } = info.type!.value as {
      value: { shape: { dim: { value: unknown }[] } };
    };
    value.shape.dim[0]!.value = { case: "dimValue", value: 4n };
  }
  const fixed = new ProbeModel(proto, "fixed");
  const whole = await model.run(inputs, ["logits", POST]);
  const parts = await fixed.run(inputs, ["logits", POST]);
  for (const name of ["logits", POST]) {
    assertEquals(parts[name]!.shape, whole[name]!.shape);
    assertClose(valuesOf(parts[name]), valuesOf(whole[name]), ROUNDING, name);
  }
  await model.close();
  await fixed.close();
});

Deno.test("hooks() lists names, types and shapes", async () => {
  const { model } = await smallModel();
  const hooks = new Map((await model.hooks()).map((hook) => [hook.name, hook]));
  assertEquals([...hooks.keys()], model.hookNames);
  assertEquals(hooks.get(Z), {
    name: Z,
    dtype: "float64",
    shape: ["batch", 3, 2, 4],
  });
  assertEquals(await model.inputs(), [
    { name: "tokens", dtype: "int64", shape: ["batch", 3] },
  ]);
  await model.close();
});

Deno.test("hooks() of a file without marks lists every value", async () => {
  const { model, inputs } = await smallModel();
  const proto = decodeModel(bytesOf(model), "x");
  proto.graph!.valueInfo = []; // As other tools leave it.
  const rename = (name: string) => name.replaceAll(/hook_/g, "/");
  for (const node of proto.graph!.node) {
    node.input = node.input.map(rename);
    node.output = node.output.map(rename);
  }
  const foreign = new ProbeModel(proto, "foreign");
  const hooks = await foreign.hooks();
  assertEquals(hooks.map(({ name }) => name), foreign.activationNames);
  assertEquals(
    hooks.find(({ name }) => name === rename(POST))?.shape.slice(1),
    [3, 12],
  );
  const { [rename(POST)]: post } = await foreign.run(inputs, [rename(POST)]);
  const { [POST]: expected } = await model.run(inputs, [POST]);
  assertEquals(post!.data, expected!.data);
  await model.close();
  await foreign.close();
});

Deno.test("unknown names are answered with the nearest", async () => {
  const { model, inputs } = await smallModel();
  await assertRejects(
    () => model.run(inputs, ["blocks.0.mlp.hook_pots"]),
    RangeError,
    "are blocks.0.mlp.hook_post,",
  );
  assertThrows(
    () => model.edited(patch("blocks.0.attn.hook_zz", {})),
    RangeError,
    "are blocks.0.attn.hook_z,",
  );
  assertThrows(() => model.edited(zeroWeight("W_e")), RangeError, "W_E");
  await model.close();
});
