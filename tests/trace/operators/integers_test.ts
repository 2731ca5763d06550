// Division of integers: by 0 it is refused, by −1 it never ends the process.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { hostTensorOf, toNumbers } from "../../../lib/numeric/tensor.ts";
import { runTraced } from "../../../lib/onnx/runtime/compile.ts";
import type { Runtime } from "../../../lib/settings/devices.ts";
import { trace } from "../../../lib/trace/backend.ts";

const LEAST = -(2 ** 31);
const OPERATIONS = { div: tf.div, floorDiv: tf.floorDiv, mod: tf.mod };

const divided = async (
  name: keyof typeof OPERATIONS,
  a: number[],
  b: number[],
  dtype: "int32" | "int64" = "int32",
  runtime: Runtime = "node",
) => {
  const { y } = await runTraced(
    (x) => ({ y: OPERATIONS[name](x.a, x.b) }),
    {
      a: hostTensorOf(dtype, [a.length], a),
      b: hostTensorOf(dtype, [b.length], b),
    },
    { runtime },
  );
  return [...toNumbers(y!)];
};

for (const name of Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[]) {
  Deno.test(`tf.${name} of integers by 0 is refused: known, or when it runs`, async () => {
    const a = { dtype: "int32", shape: [3] } as const;
    assertThrows(
      () =>
        trace(
          ({ a }) => ({
            y: OPERATIONS[name](a, tf.tensor1d([1, 0, 2], "int32")),
          }),
          { a },
        ),
      RangeError,
      "of int32 [3] by [3]: a divisor is 0",
    );
    for (const runtime of ["node", "web"] as const) {
      await assertRejects(
        () => divided(name, [7, -7, 0], [2, 0, 3], "int32", runtime),
        RangeError,
        "an integer is divided by 0",
      );
    }
    await assertRejects(
      () => divided(name, [0], [0], "int64"),
      RangeError,
      "an integer is divided by 0",
    );
  });

  Deno.test(`tf.${name} of integers by −1, and of the least one`, async () => {
    // As NumPy's floor_divide and remainder of int32 have them.
    const a = [LEAST, LEAST, LEAST, 7, -7, 0, LEAST, LEAST, 5, 2 ** 31 - 1];
    const b = [-1, 1, 2, -1, -1, -1, 3, LEAST, LEAST, -2];
    const wanted = name === "mod"
      ? [0, 0, 0, 0, 0, 0, 1, 0, LEAST + 5, -1]
      : [LEAST, LEAST, -(2 ** 30), -7, 7, 0, -715827883, 1, -1, -(2 ** 30)];
    for (const runtime of ["node", "web"] as const) {
      const found = await divided(name, a, b, "int32", runtime);
      assertEquals(found, wanted);
    }
    const { y } = await runTraced(
      ({ a }) => ({ y: OPERATIONS[name](a, tf.scalar(-1, "int32")) }),
      { a: hostTensorOf("int32", [2], [LEAST, 5]) },
    );
    assertEquals(
      [...toNumbers(y!)],
      name === "mod" ? [0, 0] : [LEAST, -5],
    );
    // NumPy: (-2**63) // -1 is itself, too.
    const wide = await runTraced(
      ({ a, b }) => ({ y: OPERATIONS[name](a, b) }),
      {
        a: {
          dtype: "int64",
          shape: [2],
          data: BigInt64Array.of(-(2n ** 63n), 9n),
        },
        b: { dtype: "int64", shape: [2], data: BigInt64Array.of(-1n, -4n) },
      },
    );
    assertEquals(
      [...wide.y!.data as BigInt64Array],
      name === "mod" ? [0n, -3n] : [-(2n ** 63n), -3n],
    );
  });
}
