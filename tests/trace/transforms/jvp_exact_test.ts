// Forward mode where a difference says nothing: at ties and kinks, and of what is
// overwritten.

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { type HostTensor, toNumbers } from "../../../lib/numeric/tensor.ts";
import { jvp, TANGENT } from "../../../lib/trace/transforms/jvp.ts";
import { graphOf, runGraph } from "../_graphs.ts";
import { f32, f64, type TensorFunction } from "../_run.ts";

// The derivative along a direction for each operand, undefined where it stays.
async function along(
  fn: TensorFunction,
  x: readonly HostTensor[],
  directions: readonly (HostTensor | undefined)[],
): Promise<number[]> {
  const graph = jvp(
    graphOf(fn, x),
    (name) => directions[Number(name.slice(1))] !== undefined,
  );
  const given = Object.fromEntries([
    ...x.map((tensor, i) => [`x${i}`, tensor] as const),
    ...directions.flatMap((v, i) => v ? [[`${TANGENT}x${i}`, v] as const] : []),
  ]);
  const found = await runGraph(graph, given);
  return [...toNumbers(found[`${TANGENT}y0`]!)];
}

const scatter: TensorFunction = (x, updates) =>
  tf.tensorScatterUpdate(
    x!,
    tf.tensor2d([[2], [0]], undefined, "int32"),
    updates!,
  );
const rows = f64([3, 2], [1, 2, 3, 4, 5, 6]);
const updates = f64([2, 2], [7, 8, 9, 10]);
const v = f64([3, 2], [10, 20, 30, 40, 50, 60]);
const w = f64([2, 2], [-1, -2, -3, -4]);

Deno.test("jvp() of a scatter: what is overwritten no longer counts", async () => {
  assertEquals(await along(scatter, [rows, updates], [v, undefined]), [
    ...[0, 0],
    ...[30, 40],
    ...[0, 0],
  ]);
});

Deno.test("jvp() of a scatter: what is not overwritten stays where it is", async () => {
  assertEquals(await along(scatter, [rows, updates], [undefined, w]), [
    ...[-3, -4],
    ...[0, 0],
    ...[-1, -2],
  ]);
});

Deno.test("jvp() of a scatter: both move", async () => {
  assertEquals(await along(scatter, [rows, updates], [v, w]), [
    ...[-3, -4],
    ...[30, 40],
    ...[-1, -2],
  ]);
});

const [a, b] = [f32([3], [1, 2, 3]), f32([3], [1, 1, 4])];
const [da, db] = [f32([3], [10, 20, 30]), f32([3], [-1, -2, -3])];

Deno.test("jvp() of the larger of two equal numbers is the first's", async () => {
  assertEquals(await along(tf.maximum, [a, b], [da, db]), [10, 20, -3]);
  assertEquals(await along(tf.maximum, [a, b], [da, undefined]), [10, 20, 0]);
  assertEquals(await along(tf.maximum, [a, b], [undefined, db]), [0, 0, -3]);
});

Deno.test("jvp() of the lesser of two equal numbers is the first's", async () => {
  assertEquals(await along(tf.minimum, [a, b], [da, db]), [10, -2, 30]);
  assertEquals(await along(tf.minimum, [a, b], [da, undefined]), [10, 0, 30]);
  assertEquals(await along(tf.minimum, [a, b], [undefined, db]), [0, -2, 0]);
});

const ties = f32([2, 3], [4, 4, 1, 2, 5, 2]);
const dTies = f32([2, 3], [1, 3, 7, 2, 9, 6]);

Deno.test("jvp() of an extreme is the mean over those that are it", async () => {
  const most: TensorFunction = (x) => tf.max(x!, 1);
  const least: TensorFunction = (x) => tf.min(x!, 1);
  assertEquals(await along(most, [ties], [dTies]), [2, 9]);
  assertEquals(await along(least, [ties], [dTies]), [7, 4]);
});

/** Functions at their kink, and the slope there: reverse mode's. */
const KINKS: Record<string, [TensorFunction, number, number]> = {
  "relu at 0": [tf.relu, 0, 0],
  "|x| at 0": [tf.abs, 0, -1],
  "leakyRelu at 0": [(x) => tf.leakyRelu(x!, 0.25), 0, 0.25],
  "elu at 0": [tf.elu, 0, 1],
  "relu6 at 6": [tf.relu6, 6, 1],
  "clip at its bound": [(x) => tf.clipByValue(x!, -1, 2), 2, 1],
  "a⁰ at 0": [(x) => tf.pow(x!, tf.fill([], 0)), 0, 0],
};

for (const [what, [fn, at, slope]] of Object.entries(KINKS)) {
  Deno.test(`jvp() and the gradient of ${what} are the same`, async () => {
    for (const make of [f32, f64]) {
      const [x, one] = [make([1], [at]), make([1], [1])];
      assertEquals(await along(fn, [x], [one]), [slope]);
      const gradient: TensorFunction = (x) =>
        tf.grad((x) => tf.sum(fn(x) as tf.Tensor))(x!);
      const found = await runGraph(graphOf(gradient, [x]), { x0: x });
      assertEquals([...toNumbers(found["y0"]!)], [slope]);
    }
  });
}
