/**
 * The look at a device where its products are wrong, and that nothing is rounded
 * to TF32: by values as a card would give them.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { forbidTf32 } from "../../lib/onnx/runtime/cuda.ts";
import { wrongProduct } from "../../lib/devices/onnx_check.ts";
import { encodeModel, modelOf } from "../../lib/onnx/file/model.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
import { trialGraph } from "../../lib/devices/trial_graph.ts";

const SIZE = 64;
const FACTOR = 1 + 2 ** -12;

/** max(f·j − f, 0) in row and column j, the factor of the product rounded or not. */
const products = (factor: number) =>
  Float64Array.from(
    { length: SIZE ** 2 },
    (_, i) => Math.max(factor * (i % SIZE) - FACTOR, 0),
  );

/** A number as TF32 has it: ten bits of fraction. */
const tf32 = (x: number) => Math.round(x * 2 ** 10) / 2 ** 10;

const cuda = { runtime: "node", device: "cuda" } as const;
const webgpu = { runtime: "node", device: "webgpu" } as const;

Deno.test("exact products are right", () => {
  for (const precision of ["float32", "float64"] as const) {
    assertEquals(wrongProduct(products(FACTOR), precision, cuda), undefined);
  }
});

Deno.test("products in TF32 are told apart, with the variable that mends them", () => {
  const found = wrongProduct(products(tf32(FACTOR)), "float32", cuda)!;
  assertMatch(
    found.missing,
    /^its float32 products are wrong: .*rounds to TF32/,
  );
  assertEquals(found.mend, "set NVIDIA_TF32_OVERRIDE=0 in the environment");
  // Another device's rounding is mended by no variable of NVIDIA's.
  const other = wrongProduct(products(tf32(FACTOR)), "float32", webgpu)!;
  assertMatch(other.mend, /use --device cpu/);
});

Deno.test("products that are wrong altogether are not taken for TF32", () => {
  for (
    const values of [
      products(0),
      products(1.5),
      products(FACTOR).fill(NaN, 100, 101),
    ]
  ) {
    const found = wrongProduct(values, "float64", cuda)!;
    assertMatch(found.missing, /^its float64 products are wrong: /);
    assertEquals(/TF32/.test(found.missing + found.mend), false);
  }
});

const VARIABLE = "NVIDIA_TF32_OVERRIDE";

Deno.test("TF32 is forbidden before a session on a card is opened", async () => {
  const before = Deno.env.get(VARIABLE);
  const model = encodeModel(
    modelOf(trialGraph(["float32"]), { name: "trial" }),
  );
  try {
    for (const other of [undefined, "1"]) {
      if (other === undefined) Deno.env.delete(VARIABLE);
      else Deno.env.set(VARIABLE, other);
      await openSession(model, { device: "cpu", threads: 1 })
        .then((session) => session.close());
      assertEquals(Deno.env.get(VARIABLE), other, "no card, no variable");
      // Without a card it does not open: the variable is set all the same.
      await openSession(model, { device: "cuda", threads: 1 })
        .then((session) => session.close(), () => {});
      assertEquals(Deno.env.get(VARIABLE), "0");
    }
    Deno.env.delete(VARIABLE);
    forbidTf32();
    assertEquals(Deno.env.get(VARIABLE), "0");
  } finally {
    if (before === undefined) Deno.env.delete(VARIABLE);
    else Deno.env.set(VARIABLE, before);
  }
});
