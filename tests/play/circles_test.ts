import { assertAlmostEquals, assertEquals } from "@std/assert";
import { circleOf, spectrumOf } from "../../lib/play/browser/circles.ts";

// Rows a·cos(2πki/n)·e₁ + a·sin(2πki/n)·e₂ + b·cos(2πli/n)·e₃ + mean.
function table(n: number, k: number, l: number, a: number, b: number) {
  return {
    rows: Array.from({ length: n }, (_, i) => {
      const [x, y] = [2 * Math.PI * k * i / n, 2 * Math.PI * l * i / n];
      return [a * Math.cos(x) + 3, a * Math.sin(x) - 1, b * Math.cos(y)];
    }),
  };
}

Deno.test("spectrumOf() gives each frequency its share of the squared length", () => {
  const waves = spectrumOf(table(31, 4, 9, 2, 1));
  assertEquals(waves.length, 15);
  // Squared lengths: n·a² of the circle, n·b²/2 of the cosine.
  const shares: Record<number, number> = { 4: 8 / 9, 9: 1 / 9 };
  for (const { frequency, share } of waves) {
    assertAlmostEquals(share, shares[frequency] ?? 0, 1e-12);
  }
});

Deno.test("spectrumOf() counts the frequency n/2, which has no sine, once", () => {
  const rows = [0, 1, 2, 3].map((i) => [
    Math.cos(Math.PI * i),
    Math.cos(Math.PI * i / 2),
  ]);
  const [one, two] = spectrumOf({ rows });
  // Σ cos²(πi) = 4, Σ cos²(πi/2) = 2.
  assertAlmostEquals(one!.share, 1 / 3, 1e-12);
  assertAlmostEquals(two!.share, 2 / 3, 1e-12);
});

Deno.test("spectrumOf() of equal rows is 0", () => {
  const rows = Array.from({ length: 5 }, () => [1, 2]);
  for (const { share } of spectrumOf({ rows })) {
    assertAlmostEquals(share, 0, 1e-12);
  }
});

Deno.test("circleOf() lays residues on a circle of their amplitude, in their order", () => {
  const [n, k] = [31, 4];
  const points = circleOf(table(n, k, 9, 2, 1), k);
  // The mean row is the same point for all.
  const centre = [0, 1].map((axis) =>
    points.reduce((sum, point) => sum + point[axis]!, 0) / n
  ) as [number, number];
  const angles = points.map(([x, y]) => {
    assertAlmostEquals(Math.hypot(x - centre[0], y - centre[1]), 2, 1e-10);
    return Math.atan2(y - centre[1], x - centre[0]);
  });
  const turn = Math.sign(Math.sin(angles[1]! - angles[0]!));
  angles.forEach((angle, i) => {
    const expected = angles[0]! + turn * 2 * Math.PI * k * i / n;
    assertAlmostEquals(Math.cos(angle - expected), 1, 1e-10);
  });
});

Deno.test("circleOf() keeps lengths where cosine and sine are not perpendicular", () => {
  const rows = Array.from({ length: 7 }, (_, i) => {
    const angle = 2 * Math.PI * 2 * i / 7;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return [2 * c + s, s, 0]; // c·(2, 0, 0) + s·(1, 1, 0)
  });
  circleOf({ rows }, 2).forEach(([x, y], i) =>
    assertAlmostEquals(Math.hypot(x, y), Math.hypot(...rows[i]!), 1e-12)
  );
});
