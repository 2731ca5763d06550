import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { toNumbers } from "../../../lib/numeric/tensor.ts";
import { trace } from "../../../lib/trace/backend.ts";
import { eagerly, f64, i32, numbers, traced, vector } from "../_run.ts";

Deno.test("a product with a 1 of more axes has these axes", async () => {
  const x = vector(2, 3);
  for (
    const fn of [
      (x: tf.Tensor) => tf.mul(x, tf.ones([1, 1])),
      (x: tf.Tensor) => tf.mul(tf.ones([1, 1]), x),
      (x: tf.Tensor) => tf.div(x, tf.ones([1, 1])),
    ]
  ) {
    const [y] = await traced((x) => fn(x!), [x]);
    assertEquals([y!.shape, [...toNumbers(y!)]], [[1, 2], [2, 3]]);
  }
});

Deno.test("three types that meet are all named", () => {
  assertThrows(
    () =>
      trace(({ a, b, c }) => ({ y: tf.stack([a, b, c]) }), {
        a: { dtype: "int32", shape: [] },
        b: { dtype: "int64", shape: [] },
        c: { dtype: "float32", shape: [] },
      }),
    TypeError,
    "Cannot combine int32 and int64 and float32 in Pack",
  );
});

Deno.test("int32 widens to int64 where they meet", async () => {
  const x = { dtype: "int64", shape: [], data: BigInt64Array.of(2n ** 40n) };
  const [y] = await traced((x, y) => tf.add(x!, y!), [
    x as never,
    i32([], [1]),
  ]);
  assertEquals([y!.dtype, y!.data[0]], ["int64", 2n ** 40n + 1n]);
});

Deno.test("batch dimensions of a gather count from the indices' end", async () => {
  const inputs = [numbers([2, 3, 4]), i32([2, 2], [2, 0, 1, 1])];
  const fn = (x: tf.Tensor, i: tf.Tensor) => tf.gather(x, i, 1, -1);
  const [y] = await traced((x, i) => fn(x!, i!), inputs);
  const [want] = eagerly((x, i) => fn(x!, i!), inputs);
  assertEquals([y!.shape, [...toNumbers(y!)]], [
    want!.shape,
    [...toNumbers(want!)],
  ]);
});

Deno.test("numbers of eight digits keep them in float64", async () => {
  for (const written of [1.2345678, -0.12345679, 3, 1e-3]) {
    const [y] = await traced((x) => tf.mul(x!, written), [f64([], [1])]);
    assertEquals(y!.data[0], written);
  }
});
