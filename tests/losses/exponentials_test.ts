/** The exponentials that collapse and underflow are measured on, to the last bit. */

import type * as tf from "@tensorflow/tfjs-core";
import { assert, assertEquals } from "@std/assert";
import { collapsed, exponentials } from "../../lib/losses/softmax.ts";
import { toPrecision } from "../../lib/trace/precision.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { assertClose, tensorOf, valuesOf } from "../_golden.ts";

const rows = [[1.2345, -3.21, 0.77, -8], [0.3, 0.1, -0.7, -16.9]];

for (const temperature of [1, 3]) {
  Deno.test(`exponentials() at a temperature of ${temperature}: float16 rounds logits, quotients, differences and results`, async () => {
    const { half, wide } = await runTraced(({ z }) => ({
      half: exponentials(z as tf.Tensor2D, "float16", temperature),
      wide: exponentials(z as tf.Tensor2D, "float64", temperature),
    }), { z: tensorOf("float64", rows) });
    const expected = (round: (x: number) => number) =>
      rows.flatMap((row) => {
        const z = row.map((x) => round(round(x) / temperature));
        const most = Math.max(...z);
        return z.map((x) => round(Math.exp(round(x - most))));
      });
    const f16round = (x: number) => Math.f16round(x);
    assertEquals([...valuesOf(half)], expected(f16round));
    assertClose(
      valuesOf(wide),
      expected(Number),
      { relative: 40 * 2 ** -52, absolute: 0 },
      "float64",
    );
    // Each rounding shows: without it other numbers would come out.
    assert(
      expected(f16round).some((x, i) => x !== f16round(expected(Number)[i]!)),
    );
  });
}

Deno.test("collapsed() rounds the sum once, where it has been added up in float32", async () => {
  // In float16 ε/2 is 2⁻¹¹ = 4.88e-4. Three of 2.4e-4 are lost one by one, not
  // together.
  const gap = Math.log(2.4e-4);
  const { lost } = await runTraced(({ z }) => ({
    lost: toPrecision(collapsed(z as tf.Tensor2D, "float16"), "float32"),
  }), { z: tensorOf("float32", [[0, gap, -50, -50], [0, gap, gap, gap]]) });
  assertEquals([...valuesOf(lost)], [1, 0]);
});
