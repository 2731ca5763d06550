/**
 * The geometry of representations, held to NumPy (tests/golden/probes/make_geometry.py)
 * and to cases whose answer is known.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { effectiveRankOf } from "../../../lib/metrics/effective_rank.ts";
import { singularValues } from "../../../lib/numeric/eigen.ts";
import type { Vector } from "../../../lib/numeric/lanczos.ts";
import { frobeniusNorm, matrixOf } from "../../../lib/numeric/matrix.ts";
import { principalPlane } from "../../../lib/probes/dynamics/principal_plane.ts";
import { ckaMatrix, CkaSums } from "../../../lib/probes/dynamics/similarity.ts";
import {
  type NeuralCollapse,
  neuralCollapse,
} from "../../../lib/probes/geometry/neural_collapse.ts";
import type { Matrix } from "../../../lib/probes/geometry/products.ts";
import { simplexDistance } from "../../../lib/probes/geometry/simplex.ts";
import { assertClose, golden } from "../../_golden.ts";

type Rows = number[][];

const linearCka = async (x: Matrix, y: Matrix) =>
  (await ckaMatrix([x, y]))[0]![1]!;

const reference = await golden<{
  neural_collapse: {
    name: string;
    features: Rows;
    labels: number[];
    classifier: Rows;
    predictions: number[];
    expected: Omit<NeuralCollapse, "classes" | "samples" | "width">;
  }[];
  cka: { name: string; x: Rows; y: Rows; expected: number }[];
  singular: {
    name: string;
    matrix: Rows;
    singular_values: number[];
    spectral_norm: number;
    norm: number;
    effective_rank: number;
  }[];
  plane: {
    points: Rows;
    coordinates: Rows;
    explained: number[];
    direction: number[];
    projected: number[];
  };
}>("probes/geometry");

const matrix = (rows: Rows): Matrix =>
  matrixOf(rows.length, rows[0]!.length, rows.flat());

// Sums of at most 60 products of numbers of about 1, in float64, and a
// pseudo-inverse of condition 1e3 at most.
const NEAR = { relative: 1e-11, absolute: 1e-12 };

for (const { name, expected, ...given } of reference.neural_collapse) {
  Deno.test(`neuralCollapse() is NumPy's: ${name}`, async () => {
    const { labels, predictions } = given;
    const found = await neuralCollapse({
      features: matrix(given.features),
      classifier: matrix(given.classifier),
      labels,
      predictions,
    });
    assertEquals(found.classes, new Set(labels).size);
    assertEquals(found.samples, labels.length);
    const numbers = (x: typeof expected) => [
      ...[x.nc1!, x.nc3!, x.nc4],
      ...[x.nc2_means, x.nc2_classifier].flatMap((nc2) => [
        nc2.equinorm!,
        nc2.equiangular!,
        nc2.maximal_angle!,
      ]),
    ];
    assertClose(numbers(found), numbers(expected), NEAR, "NC1, NC3, NC4, NC2");
  });
}

/** The simplex of C equal vectors at the widest angle: eᵢ − 1/C. */
const simplex = (C: number): Rows =>
  Array.from(
    { length: C },
    (_, i) => Array.from({ length: C }, (_, j) => (i === j ? 1 : 0) - 1 / C),
  );

Deno.test("neuralCollapse() of a collapsed network is 0 throughout", async () => {
  const C = 5;
  const classes = simplex(C);
  const labels = Array.from({ length: 3 * C }, (_, i) => i % C);
  const found = await neuralCollapse({
    // Where it lies does not matter, nor how long the classifier is.
    features: matrix(labels.map((c) => classes[c]!.map((x) => 2 * x + 7))),
    labels,
    classifier: matrix(simplex(C).map((row) => row.map((x) => 31 * x))),
    predictions: labels,
  });
  const { nc1, nc2_means, nc2_classifier, nc3, nc4 } = found;
  const zero = [
    ...[nc1!, nc3!, nc4],
    ...[...Object.values(nc2_means), ...Object.values(nc2_classifier)]
      .map(Number),
  ];
  assertClose(zero, zero.map(() => 0), { relative: 0, absolute: 1e-13 }, "all");
});

Deno.test("neuralCollapse() of means that are opposite to the classifier is 4", async () => {
  const labels = [0, 0, 1, 1];
  const { nc3, nc4, nc2_means } = await neuralCollapse({
    features: matrix([[1, 0], [1, 0], [-1, 0], [-1, 0]]),
    labels,
    classifier: matrix([[-3, 3], [0, 0]]),
    predictions: [1, 1, 0, 0],
  });
  assertClose([nc3!, nc4], [4, 1], NEAR, "NC3, NC4");
  assertEquals(nc2_means, { equinorm: 0, equiangular: 0, maximal_angle: 0 });
});

Deno.test("neuralCollapse() of a dead layer has null where there is no number", async () => {
  const { nc1, nc2_means, nc3, nc4 } = await neuralCollapse({
    features: matrix([[0, 0], [0, 0], [0, 0]]),
    labels: [0, 1, 2],
    classifier: matrix([[1, 2, 3], [4, 5, 6]]),
    predictions: [0, 0, 0],
  });
  assertEquals([nc1, nc3, nc2_means.equinorm], [null, null, null]);
  assertEquals(nc4, 0); // The first class is as near as any.
});

Deno.test("simplexDistance() of orthogonal vectors is 1/(C − 1) from the widest", () => {
  const { equinorm, equiangular, maximal_angle } = simplexDistance(
    matrix([[2, 0, 0], [0, 2, 0], [0, 0, 2]]),
  );
  assertEquals([equinorm, equiangular], [0, 0]);
  assertClose([maximal_angle!], [1 / 2], NEAR, "angle");
});

for (const { name, x, y, expected } of reference.cka) {
  Deno.test(`ckaMatrix() is NumPy's: ${name}`, async () => {
    assertClose(
      [(await linearCka(matrix(x), matrix(y)))!],
      [expected],
      NEAR,
      "CKA",
    );
  });
}

for (const { name, x, y, expected } of reference.cka) {
  Deno.test(`CkaSums of rows in parts, far from 0, are NumPy's: ${name}`, async () => {
    // Columns are centred: what is added to all rows says nothing.
    const moved = (rows: Rows) => rows.map((row) => row.map((v) => v + 1000));
    const sums = new CkaSums();
    const size = Math.ceil(x.length / 3);
    for (let at = 0; at < x.length; at += size) {
      const part = (rows: Rows) => matrix(moved(rows).slice(at, at + size));
      await sums.add([part(x), part(y)]);
    }
    await sums.close();
    const [[own, between]] = sums.cka() as [[number, number]];
    // 1000 takes three of the sixteen digits of what is added to it.
    const near = { relative: 1e-10, absolute: 1e-12 };
    assertClose([own, between], [1, expected], near, "CKA");
  });
}

Deno.test("ckaMatrix() is 1 of a rotation, 0 of uncorrelated columns, null of a constant", async () => {
  const x = matrix([[1, 0], [0, 1], [-1, 0], [0, -1]]);
  const turned = matrix([[3, 4], [-4, 3], [-3, -4], [4, -3]]);
  const other = matrix([[1], [-1], [1], [-1]]);
  assertClose([(await linearCka(x, turned))!], [1], NEAR, "rotation");
  assertClose([(await linearCka(x, other))!], [0], NEAR, "uncorrelated");
  const constant = matrix([[2], [2], [2], [2]]);
  assertEquals(await ckaMatrix([x, constant]), [[1, null], [null, null]]);
  await assertRejects(() => linearCka(x, matrix([[1]])), RangeError, "4 and");
});

for (const { name, ...given } of reference.singular) {
  Deno.test(`singularValues() are NumPy's: ${name}`, async () => {
    const own = matrix(given.matrix);
    const values = await singularValues(own);
    assertClose(values, given.singular_values, NEAR, "σ");
    assertClose([values[0]!], [given.spectral_norm], NEAR, "‖·‖₂");
    assertClose([frobeniusNorm(own)], [given.norm], NEAR, "‖·‖_F");
    // −p ln p of what should be 0 and is ε is 36ε.
    assertClose(
      [effectiveRankOf(values)],
      [given.effective_rank],
      { relative: 1e-11, absolute: 1e-11 },
      "effective rank",
    );
  });
}

Deno.test("principalPlane() is NumPy's", async () => {
  const { points, coordinates, explained, direction, projected } =
    reference.plane;
  const plane = await principalPlane(
    points.map((point) => Float64Array.from(point)),
  );
  assertClose(plane.points.flat(), coordinates.flat(), NEAR, "coordinates");
  assertClose(plane.explained, explained, NEAR, "explained");
  const own = plane.project(Float64Array.from(direction));
  assertClose(own, projected, NEAR, "direction");
});

Deno.test("principalPlane() of a straight way has one axis", async () => {
  const along = Float64Array.of(0, 3, 4);
  const plane = await principalPlane(
    [0, 1, 2, 5].map((t) => along.map((x) => 1 + t * x) as Vector),
  );
  assertClose(plane.explained, [1, 0], NEAR, "explained");
  // From the mean at t = 2, in steps of 5.
  assertClose(
    plane.points.flat(),
    [-10, 0, -5, 0, 0, 0, 15, 0],
    { relative: 1e-12, absolute: 1e-12 },
    "points",
  );
  const unit = along.map((x) => x / 5) as Vector;
  assertClose(plane.project(unit), [1, 0], NEAR, "its own direction");
  const still = await principalPlane([along, along]);
  assertEquals(still.explained, [0, 0]);
  assert(still.points.flat().every((x) => x === 0));
});
