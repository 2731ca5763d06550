/** Where a gradient goes at the very ends of a range, and along repeated axes. */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { f32, traced } from "../_run.ts";

// PyTorch's clamp: the ends belong to the range.
Deno.test("a clipped number at either end of the range moves with its operand", async () => {
  const x = f32([5], [-1.5, -1, 0, 2, 2.5]);
  const [slope] = await traced(
    (x) => tf.grad((x) => tf.sum(tf.clipByValue(x, -1, 2)))(x!),
    [x],
  );
  assertEquals([...slope!.data as Float32Array], [0, 1, 1, 1, 0]);
});

Deno.test("the gradient of a repeated operand is the sum along what repeats it", async () => {
  const [a, b] = [f32([2, 1], [1, 2]), f32([3], [1, 2, 4])];
  const [da, db] = await traced(
    (a, b) => tf.grads((a, b) => tf.sum(tf.squaredDifference(a, b)))([a!, b!]),
    [a, b],
  );
  // 2 Σ (a − b): of 1 against 1, 2, 4 and of 2 against them.
  assertEquals([da!.shape, ...da!.data as Float32Array], [[2, 1], -8, -2]);
  assertEquals([db!.shape, ...db!.data as Float32Array], [[3], -2, 2, 10]);
});
