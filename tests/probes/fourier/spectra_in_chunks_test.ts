// Blocks of frequencies from sums over lines of the table of pairs: what the whole
// transform gives.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Matrix } from "../../../lib/numeric/matrix.ts";
import { blocks2d } from "../../../lib/probes/fourier/spectra.ts";
import { blocksInChunks } from "../../../lib/probes/fourier/spectra_in_chunks.ts";

const WIDTH = 5;

// Numbers that are no function of few waves, far from 0, and a function that is the
// same everywhere.
function tableOf(n: number): Matrix {
  const data = Float64Array.from(
    { length: n * n * WIDTH },
    (_, i) =>
      i % WIDTH === 3 ? 0.1 : 1000 + Math.sin(i * i + 1) * (1 + i % WIDTH),
  );
  return { rows: n * n, columns: WIDTH, data };
}

async function* inChunksOf(most: number, { rows, columns, data }: Matrix) {
  for (let from = 0; from < rows; from += most) {
    const to = Math.min(from + most, rows);
    yield await {
      rows: to - from,
      columns,
      data: data.slice(from * columns, to * columns),
    };
  }
}

// Odd, even, the smallest that has waves, and chunks that cut a row of the table.
for (const [n, most] of [[2, 1], [3, 2], [7, 7], [8, 5], [12, 1000]] as const) {
  Deno.test(`blocks over Z_${n} from chunks of ${most} pairs are the transform's`, async () => {
    const table = tableOf(n);
    const { rows, columns, data } = table;
    const whole = await blocks2d(
      { dtype: "float64", shape: [rows, columns], data: data.slice() },
      n,
    );
    const found = await blocksInChunks(inChunksOf(most, table), n);
    for (let f = 0; f < WIDTH; f++) {
      const near = 1e-9 * (whole.variance[f]! + 1e-9);
      assertAlmostEquals(found.variance[f]!, whole.variance[f]!, near);
      for (const part of ["alone", "together"] as const) {
        assertEquals(found[part].length, whole[part].length);
        for (const [i, of] of whole[part].entries()) {
          assertAlmostEquals(found[part][i]![f]!, of[f]!, near + 1e-18);
        }
      }
      assertEquals(found.silent(f), f === 3);
    }
  });
}

Deno.test("products of waves of one frequency are that block, and nothing else", async () => {
  const n = 9;
  const w = 2 * Math.PI / n;
  const of = [
    (x: number, y: number) => Math.cos(2 * w * x) * Math.sin(2 * w * y),
    (x: number, y: number) => Math.sin(3 * w * (x - y)),
    (x: number) => Math.cos(4 * w * x),
    (x: number, y: number) => Math.cos(1 * w * x) * Math.cos(2 * w * y),
  ];
  const data = Float64Array.from(
    { length: n * n * of.length },
    (_, i) => {
      const pair = Math.floor(i / of.length);
      return of[i % of.length]!(Math.floor(pair / n), pair % n);
    },
  );
  const matrix = { rows: n * n, columns: of.length, data };
  const { variance, alone, together } = await blocksInChunks(
    inChunksOf(10, matrix),
    n,
  );
  // ‖cos·cos‖² = (n/2)², ‖sin(x − y)‖² = n²/2 = ‖cos x‖².
  const norms = [n * n / 4, n * n / 2, n * n / 2, n * n / 4];
  norms.forEach((norm, f) => assertAlmostEquals(variance[f]!, norm, 1e-11));
  const table = (blocks: readonly Float64Array[]) =>
    blocks.map((block) => [...block].map((x) => Math.round(x * 1e9) / 1e9));
  assertEquals(table(together), [
    [0, 0, 0, 0],
    [norms[0]!, 0, 0, 0],
    [0, norms[1]!, 0, 0],
    [0, 0, 0, 0],
  ]);
  assertEquals(table(alone), [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, norms[2]!, 0],
  ]);
});
