import { assert, assertEquals, assertRejects } from "@std/assert";
import { randomKey } from "../../lib/numeric/random.ts";
import { hutchinson, lanczos, type Vector } from "../../lib/numeric/lanczos.ts";
import { assertClose } from "../_golden.ts";

const EXACT = { relative: 1e-12, absolute: 1e-12 };
const stream = () => randomKey(3)("curvature");

/** A diagonal matrix, as a function. */
const diagonal = (entries: readonly number[]) => (v: Vector) =>
  v.map((x, i) => x * entries[i]!) as Vector;

Deno.test("lanczos() finds the ends of a known spectrum", async () => {
  const entries = Array.from({ length: 300 }, (_, i) => Math.sin(i));
  entries[17] = 9;
  entries[18] = -5;
  const { largest, least, converged, products } = await lanczos(
    diagonal(entries),
    300,
    stream(),
    { tolerance: 1e-9 },
  );
  assert(converged);
  assert(products < 60);
  // The error is at most residual²/gap, the gap to the next eigenvalue being 8.
  assertClose([largest.value], [9], EXACT, "largest");
  assertClose([least.value], [-5], EXACT, "least");
});

Deno.test("lanczos() goes on for a least eigenvalue that is small beside the largest", async () => {
  // 100 is found at once, −0.01 below a spectrum of 0 to 1 is not.
  const entries = Array.from({ length: 300 }, (_, i) => i / 300);
  entries[5] = 100;
  entries[6] = -0.01;
  const found = (most: number) =>
    lanczos(diagonal(entries), 300, stream(), { most });
  const { largest, least, products, converged } = await found(200);
  assert(converged && products <= 10, `${products}`);
  assertClose([largest.value], [100], EXACT, "largest");
  assert(least.converged && least.products > products);
  // Its residual is 1e-3 of it at most, the gap is 0.01: off by 1e-8 at most.
  const off = { relative: 0, absolute: 1e-8 };
  assertClose([least.value], [-0.01], off, "least");
  // Stopped before, it is not said to be found, nor is it below what there is.
  const early = await found(15);
  assert(early.converged && !early.least.converged);
  assertEquals([early.products, early.least.products], [products, 15]);
  assert(Math.abs(early.least.value + 0.01) > 0.005, `${early.least.value}`);
  assertEquals(early.largest, largest);
});

Deno.test("lanczos() ends where its space is whole", async () => {
  // Two different eigenvalues: two products span all there is.
  const two = await lanczos(
    diagonal([2, 2, 2, -1, -1]),
    5,
    stream(),
    { tolerance: 0 },
  );
  assertEquals(two.products, 2);
  assertClose([two.largest.value, two.least.value], [2, -1], EXACT, "ends");
  const zero = await lanczos((v) => v.map(() => 0) as Vector, 4, stream());
  assertEquals([zero.largest.value, zero.least.value], [0, 0]);
  assertEquals(zero.products, 1);
});

Deno.test("lanczos() says when it did not converge", async () => {
  const entries = Array.from({ length: 500 }, (_, i) => i / 500);
  const { converged, largest, products } = await lanczos(
    diagonal(entries),
    500,
    stream(),
    { most: 5 },
  );
  assertEquals(products, 5);
  assertEquals(converged, false);
  assert(largest.residual > 1e-3 * largest.value);
});

Deno.test("lanczos() refuses what is not finite", async () => {
  await assertRejects(
    () => lanczos((v) => v.map(() => NaN) as Vector, 3, stream()),
    RangeError,
    "not finite",
  );
});

Deno.test("hutchinson() is exact of a diagonal matrix", async () => {
  const { mean, standard_error } = await hutchinson(
    diagonal([1, -4, 2.5]),
    3,
    stream(),
    4,
  );
  assertEquals([mean, standard_error], [-0.5, 0]);
});

Deno.test("hutchinson()'s standard error is that of its estimator", async () => {
  // [[0, 1], [1, 0]] has trace 0, and vᵀAv = ±2: variance 4.
  const { mean, standard_error, samples } = await hutchinson(
    ([a, b]) => Float64Array.of(b!, a!),
    2,
    stream(),
    400,
  );
  assertEquals(samples, 400);
  // The variance of the samples is 4 − mean², times 400/399.
  const wanted = Math.sqrt((4 - mean ** 2) / 399);
  assertClose([standard_error], [wanted], EXACT, "standard error");
  assert(Math.abs(mean) < 4 * standard_error);
});
