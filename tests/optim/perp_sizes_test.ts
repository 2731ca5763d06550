/**
 * ⊥Grad of gradients of every size, held to the formula in float64
 * (tests/golden/optim/make_perp_sizes.py), traced and eagerly.
 */

import { assert, assertEquals } from "@std/assert";
import type * as tf from "@tensorflow/tfjs-core";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { perpGrad } from "../../lib/optim/mod.ts";
import { assertClose, golden, valuesOf } from "../_golden.ts";
import { eagerly, traced } from "../trace/_run.ts";

const { w, cases } = await golden<{
  w: number[];
  cases: {
    size: number;
    g: number[];
    renormalised: number[];
    plain: number[];
  }[];
}>("optim/perp_sizes");

const vector = (values: readonly number[]) =>
  hostTensorOf("float32", [values.length], values.map(Math.fround));

// ⊥Grad of several tensors at once, each by itself.
async function project(
  run: typeof eagerly | typeof traced,
  gradients: readonly number[][],
  weights: readonly number[][],
  renormalise = true,
): Promise<number[][]> {
  const count = gradients.length;
  const named = (x: readonly tf.Tensor[]) =>
    Object.fromEntries(x.map((one, i) => [`t${i}`, one]));
  const made = await run(
    (...x) => {
      const [g, w] = [named(x.slice(0, count)), named(x.slice(count))];
      const [updates] = perpGrad({ renormalise }).update(g, {}, w);
      return Object.values(updates as Record<string, tf.Tensor>);
    },
    [...gradients, ...weights].map(vector),
  );
  return made.map((x) => [...valuesOf(x)]);
}

// Sums of twelve products in float32, a few roundings of 2⁻²⁴ each, relative to
// the vector; below 1.2e-38 float32 has steps of 1.4e-45.
const toleranceAt = (values: readonly number[]) => ({
  relative: 0,
  absolute: 1e-6 * Math.hypot(...values) + 3e-45,
});

for (const [how, run] of Object.entries({ traced, eagerly })) {
  Deno.test(`perpGrad() is the formula's for gradients of 1e-44 to 1e37, ${how}`, async () => {
    for (const name of ["renormalised", "plain"] as const) {
      const made = await project(
        run,
        cases.map(({ g }) => g),
        cases.map(() => w),
        name === "renormalised",
      );
      for (const [i, one] of cases.entries()) {
        const tolerance = toleranceAt(one[name]);
        assertClose(made[i]!, one[name], tolerance, `${name}, ${one.size}`);
      }
    }
  });

  Deno.test(`perpGrad() is 0 where nothing is left, however long the gradient, ${how}`, async () => {
    const gradients = [3e-20, 3, 3e12, 3e30].map((g) => [g]);
    const made = await project(run, gradients, gradients.map(() => [2]));
    for (const x of made) assertEquals(x, [0]);
  });

  Deno.test(`perpGrad() passes on what is not finite, ${how}`, async () => {
    for (const bad of [NaN, Infinity]) {
      const [made] = await project(run, [[1, bad, 2]], [[1, 2, 3]]);
      assert(made!.some(Number.isNaN), `of ${bad}: ${made}`);
    }
  });
}

Deno.test("perpGrad() of a gradient parallel but for rounding has its length, in a direction of no meaning", async () => {
  // A third of a float32 is rounded: what is left of w/3 is that.
  const w = [0.1, 0.7, -0.3, 1.1, 0.9];
  const g = w.map((x) => Math.fround(Math.fround(x) / 3));
  const lengthOf = async (renormalise: boolean) =>
    Math.hypot(...(await project(traced, [g], [w], renormalise))[0]!);
  const [left, length] = [await lengthOf(false), Math.hypot(...g)];
  assert(left > 0 && left < 1e-6 * length, `left ${left} of ${length}`);
  const kept = { relative: 1e-5, absolute: 0 };
  assertClose([await lengthOf(true)], [length], kept, "length");
});
