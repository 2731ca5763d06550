/** Weights that are changed, and activations that are replaced, removed or scaled. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  along,
  type Edit,
  given,
  patch,
} from "../../lib/onnx/inspect/edits.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";
import {
  changeWeight,
  replaceWeight,
  scaleWeight,
  zeroWeight,
} from "../../lib/onnx/inspect/weight_edits.ts";
import { assertClose, valuesOf } from "../_golden.ts";
import { bytesOf, POST, ROUNDING, smallModel, Z } from "./_small_model.ts";

async function logitsOf(
  { model, inputs }: { model: ProbeModel; inputs: Record<string, HostTensor> },
  edits: readonly Edit[] = [],
  more: Record<string, HostTensor> = {},
): Promise<Float64Array> {
  const edited = model.edited(...edits);
  const { logits } = await edited.run({ ...inputs, ...more });
  await edited.close();
  return valuesOf(logits);
}

Deno.test("weights are scaled, zeroed and replaced", async () => {
  const small = await smallModel();
  const plain = await logitsOf(small);
  const W_U = small.model.weight("W_U")!;
  const scaled = plain.map((x) => -2 * x);
  assertEquals(await logitsOf(small, [scaleWeight("W_U", -2)]), scaled);
  assertEquals(
    await logitsOf(small, [zeroWeight("W_U")]),
    plain.map(() => 0),
  );
  const other = hostTensorOf(
    "float64",
    W_U.shape,
    valuesOf(W_U).map((x) => -2 * x),
  );
  assertEquals(await logitsOf(small, [replaceWeight("W_U", other)]), scaled);
  assertEquals(await logitsOf(small), plain, "the model itself stays as it is");
  assertThrows(
    () =>
      small.model.edited(
        replaceWeight("W_U", hostTensorOf("float64", [1], [0])),
      ),
    RangeError,
    "[8,5]",
  );
  await small.model.close();
});

Deno.test("a run with other weights is that of a model with them", async () => {
  const { model, inputs } = await smallModel();
  const asked = new ProbeModel(bytesOf(model), "asked", { rowsAtOnce: 3 }, {
    weights: {
      back: { tensor: "W_U", transposed: true },
      first: { tensor: "W_E", rows: [0, 2], transposed: false },
      third: { tensor: "W_E", rows: [2, 3], transposed: false },
    },
    activations: {},
  });
  // As many rows as W_U has, which is not one of the inputs that are cut.
  const tokens = inputs["tokens"]!;
  const eight = {
    tokens: hostTensorOf("int64", [8, 3], [...valuesOf(tokens).slice(0, 24)]),
  };
  const weights = Object.fromEntries(["back", "third", "first"].map((name) => {
    const weight = asked.weight(name)!;
    const values = valuesOf(weight).map((x, i) => x * (i + 2));
    return [name, hostTensorOf(weight.dtype, weight.shape, values)];
  }));
  const edited = asked.edited(
    ...Object.entries(weights).map(([name, tensor]) =>
      replaceWeight(name, tensor)
    ),
  );
  const before = await asked.run(eight);
  assertEquals(
    await asked.run(eight, ["logits", POST], weights),
    await edited.run(eight, ["logits", POST]),
  );
  assertEquals(await asked.run(eight), before, "the model stays as it is");
  await assertRejects(
    () => asked.run(eight, ["logits"], { W_V: tokens }),
    UsageError,
    "W_V",
  );
  await assertRejects(
    () => asked.run(eight, ["logits"], { W_U: weights["back"]! }),
    RangeError,
    "[8,5]",
  );
  const short = { ...weights["first"]!, data: new Float64Array(3) };
  await assertRejects(
    () => asked.run(eight, ["logits"], { first: short }),
    RangeError,
    "3 values",
  );
  for (const each of [asked, edited, model]) await each.close();
});

Deno.test("an ablated head is a head without output weights", async () => {
  const small = await smallModel();
  // Head 1 of 2: z is [batch, pos, head, d_head].
  const mask = hostTensorOf("float64", [2, 1], [1, 0]);
  const ablated = await logitsOf(small, [patch(Z, { keep: mask })]);
  const without = await logitsOf(small, [
    changeWeight("blocks.0.attn.W_O", (values) => {
      return values.fill(0, values.length / 2); // [head, d_head, d_model]
    }),
  ]);
  assertClose(ablated, without, ROUNDING, "logits");
  await small.model.close();
});

Deno.test("an activation is replaced by a value, or gets one added", async () => {
  const small = await smallModel();
  const value = Float64Array.from({ length: 12 }, (_, i) => i / 7);
  const add = hostTensorOf("float64", [12], value);
  const edited = small.model.edited(patch(POST, { keep: 0, add }));
  const { [POST]: post } = await edited.run(small.inputs, [POST]);
  assertEquals(
    valuesOf(post),
    Float64Array.from(
      { length: 25 * 3 * 12 },
      (_, i) => value[i % 12]!,
    ),
  );
  await edited.close();
  const twice = small.model.edited(
    patch(POST, { keep: 0, add }),
    patch(POST, { keep: 2, add: 1 }),
  );
  const { [POST]: again } = await twice.run(small.inputs, [POST]);
  assertEquals(again!.data[1], 2 / 7 + 1);
  await twice.close();
  const plain = await logitsOf(small);
  const one = hostTensorOf("float64", [], [1]);
  const zeros = hostTensorOf("float64", [12], new Float64Array(12));
  const open = small.model.edited(patch(POST, { keep: 2, add }, "mine"));
  const { logits } = await open.run(small.inputs, ["logits"], {
    "mine/keep": one,
    "mine/add": zeros,
  });
  assertEquals(valuesOf(logits), plain, "a run's own factor and summand");
  await open.close();
  await small.model.close();
});

Deno.test("an activation is scaled along directions", async () => {
  const small = await smallModel();
  const name = "blocks.0.hook_resid_mid";
  // Not orthogonal, not of length 1: what counts is what they span.
  const e = (i: number) =>
    Float64Array.from({ length: 8 }, (_, j) => +(i === j));
  const both = e(0).map((x, i) => 3 * x + e(5)[i]!);
  const edited = small.model.edited(along(name, [e(0), both], 0.5));
  const { [name]: after } = await edited.run(small.inputs, [name]);
  const { [name]: before } = await small.model.run(small.inputs, [name]);
  assertClose(
    valuesOf(after),
    valuesOf(before).map((x, i) => [0, 5].includes(i % 8) ? x / 2 : x),
    ROUNDING,
    name,
  );
  assertThrows(() => along(name, [e(0), e(0)]), RangeError, "combination");
  assertThrows(() => along(name, [e(0).fill(0)]), RangeError, "zero");
  await edited.close();
  await small.model.close();
});

Deno.test("activations of other rows are given with the inputs", async () => {
  const small = await smallModel();
  const plain = await logitsOf(small);
  const { [POST]: post } = await small.model.run(small.inputs, [POST]);
  const same = await logitsOf(small, [given(POST, post!)], { [POST]: post! });
  assertClose(same, plain, ROUNDING, "its own activations");
  // With W_out = 1 of one neuron the patched logits are known; here: two rows that
  // change places change places in what the MLP adds alone.
  const moved = valuesOf(post);
  moved.copyWithin(0, 36, 72);
  const patched = hostTensorOf("float64", post!.shape, moved);
  const logits = await logitsOf(small, [given(POST, patched)], {
    [POST]: patched,
  });
  const { "blocks.0.hook_resid_mid": mid, "blocks.0.hook_mlp_out": out } =
    await small.model.run(small.inputs, [
      "blocks.0.hook_resid_mid",
      "blocks.0.hook_mlp_out",
    ]);
  // Row 0 at the last position: its own residual, row 1's MLP.
  const resid = valuesOf(mid).slice(16, 24);
  const mlp = valuesOf(out).slice(24 + 16, 24 + 24);
  const W_U = valuesOf(small.model.weight("W_U"));
  const expected = Array.from(
    { length: 5 },
    (_, c) =>
      resid.reduce((sum, x, i) => sum + (x + mlp[i]!) * W_U[i * 5 + c]!, 0),
  );
  assertClose(logits.slice(0, 5), expected, ROUNDING, "row 0");
  assertClose(logits.slice(5), plain.slice(5), ROUNDING, "other rows");
  await small.model.close();
});

Deno.test("weights are asked for and changed under other names", async () => {
  const small = await smallModel();
  const W_E = valuesOf(small.model.weight("W_E")); // [6, 8]
  const model = small.model.withAliases({
    weights: {
      "E": { tensor: "W_E", transposed: true },
      "E01": { tensor: "W_E", rows: [1, 3], transposed: false },
    },
    activations: { "mlp": POST },
  });
  assertEquals(model.weight("E")!.shape, [8, 6]);
  assertEquals(valuesOf(model.weight("E"))[1], W_E[8]);
  assertEquals(valuesOf(model.weight("E01")), W_E.slice(8, 24));
  assertEquals(model.has("mlp"), true);
  // The transpose's last column is the file's last row: the token "=".
  const edited = model.edited(
    changeWeight("E", (values) => values.map((x, i) => i % 6 === 5 ? 0 : x)),
    patch("mlp", { keep: 0 }),
  );
  assertEquals(valuesOf(edited.weight("W_E")).slice(0, 40), W_E.slice(0, 40));
  assert(valuesOf(edited.weight("W_E")).slice(40).every((x) => x === 0));
  const { mlp } = await edited.run(small.inputs, ["mlp"]);
  assert(valuesOf(mlp).every((x) => x === 0));
  await edited.close();
  await small.model.close();
});
