import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  quadraticFit,
  rateSensitivity,
  widthAt,
} from "../../lib/numeric/sensitivity.ts";

// ℓ(η) = ℓ* + k·(log₁₀ η − c)² on n rates that lie h decades apart about 10ᶜ: the mean
// of (i·h)² over i = −(n−1)/2 … (n−1)/2 is h²(n² − 1)/12.
const parabola = (n: number, h: number, k: number, best: number) =>
  Array.from({ length: n }, (_, i) => {
    const x = h * (i - (n - 1) / 2);
    return { rate: 10 ** (-2 + x), loss: best + k * x ** 2 };
  });

for (const [n, h] of [[9, 0.375], [5, 1], [3, 0.2]] as const) {
  Deno.test(`S of a loss that is quadratic in log η, ${n} rates`, () => {
    const s = rateSensitivity(parabola(n, h, 0.7, 0.3), 1e9);
    assertAlmostEquals(s!, 0.7 * h ** 2 * (n ** 2 - 1) / 12, 1e-12);
    // In whatever order.
    const other = rateSensitivity(parabola(n, h, 0.7, 0.3).toReversed(), 1e9);
    assertAlmostEquals(other!, s!, 1e-12);
  });
}

Deno.test("S: what is above the loss at initialisation counts as that", () => {
  const points = [
    { rate: 1e-3, loss: 1 },
    { rate: 1e-2, loss: 2 },
    { rate: 1e-1, loss: 50 },
    { rate: 1, loss: NaN },
    { rate: 10, loss: Infinity },
  ];
  // (0 + 1 + 3 + 3 + 3)/5 above the best.
  assertEquals(rateSensitivity(points, 4), 2);
});

Deno.test("S of what never learns is nothing, and of what never hangs on η is 0", () => {
  const all = (loss: number) =>
    [1e-3, 1e-2, 1e-1].map((rate) => ({ rate, loss }));
  assertEquals(rateSensitivity(all(5), 4), null);
  assertEquals(rateSensitivity(all(4), 4), null);
  assertEquals(rateSensitivity(all(NaN), 4), null);
  assertEquals(rateSensitivity(all(1), 4), 0);
});

Deno.test("S refuses rates that are no grid", () => {
  const of = (...rates: number[]) => () =>
    rateSensitivity(rates.map((rate) => ({ rate, loss: 1 })), 2);
  assertThrows(of(1e-3, 1e-2), RangeError, "over 2 rates: wanted three");
  assertThrows(of(1e-3, 1e-3, 1e-2), RangeError, "one is there twice");
  assertThrows(
    of(1e-3, 1e-2, 1),
    RangeError,
    "steps go from a factor of 10.0 to 100",
  );
  of(3e-4, 1e-3, 3e-3, 1e-2)(); // as people write them
});

Deno.test("quadraticFit() finds a parabola, and of noise NumPy's polyfit", () => {
  const x = [3, 4, 5, 6.5, 8];
  const fit = quadraticFit(x, x.map((x) => 2 - 3 * x + 0.5 * x ** 2));
  [2, -3, 0.5].forEach((wanted, i) =>
    assertAlmostEquals(fit.coefficients[i]!, wanted, 1e-11)
  );
  // numpy.polyfit([0, 1, 2, 4, 7], [1, 0, 3, 2, 9], 2)
  const noisy = quadraticFit([0, 1, 2, 4, 7], [1, 0, 3, 2, 9]);
  [1.0419580419580408, -0.3205128205128202, 0.20396270396270383].forEach((
    wanted,
    i,
  ) => assertAlmostEquals(noisy.coefficients[i]!, wanted, 1e-12));
  assertThrows(() => quadraticFit([1, 1, 2], [1, 2, 3]), RangeError, "2 diff");
});

Deno.test("widthAt() extrapolates to a bound", () => {
  const widths = [32, 64, 128, 256];
  // A power of the width, without a curve.
  const power = widths.map((w) => 0.5 * w ** 1.5);
  assertAlmostEquals(widthAt(widths, power, 0.5 * 1000 ** 1.5)!, 1000, 1e-6);
  // log z = log² w / 8.
  const curved = widths.map((w) => Math.exp(Math.log(w) ** 2 / 8));
  const bound = Math.exp(Math.log(5000) ** 2 / 8);
  assertAlmostEquals(widthAt(widths, curved, bound)!, 5000, 1e-5);
  // There already; and never, behind the parabola's top.
  assertEquals(widthAt(widths, power, 10), 256);
  const flat = widths.map((w) => Math.exp(3 - (Math.log(w) - 5) ** 2));
  assertEquals(widthAt(widths, flat, Math.exp(3.1)), null);
  // It was at the bound before the widest, and falls since.
  const falling = widths.map((w) => Math.exp(3 - (Math.log(w) - 4) ** 2));
  assertEquals(widthAt(widths, falling, Math.exp(2.9)), null);
  assertThrows(() => widthAt(widths, [1, 2, 0, 4], 5), RangeError, "a 0 among");
});
