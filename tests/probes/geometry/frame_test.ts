/** `orthogonal-frame`: the formula of the minimum, and measures of known features. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { matrixOf } from "../../../lib/numeric/matrix.ts";
import {
  frameDecayOf,
  generalOrthogonalFrame,
} from "../../../lib/probes/geometry/frame_formula.ts";
import { orthogonalFrame } from "../../../lib/probes/geometry/orthogonal_frame.ts";
import { resolveConfig } from "../../../lib/config/config.ts";

const COUNTS = [50, 20, 5, 1];
const DECAY = { classifier: 2e-3, features: 2e-3 };

Deno.test("generalOrthogonalFrame() has the lengths and logits of NumPy's minimum", () => {
  const found = generalOrthogonalFrame(COUNTS, DECAY);
  [6.9191, 4.3201, 2.0841, 0.8480].forEach((wanted, k) =>
    assertAlmostEquals(found[k]!.classifier_square, wanted, 5e-5)
  );
  [0.9785, 0.9660, 0.9320, 0.8480].forEach((wanted, k) =>
    assertAlmostEquals(found[k]!.dot, wanted, 5e-5)
  );
  assert(found.every(({ vanishes }) => !vanishes));
});

Deno.test("generalOrthogonalFrame() is where the objective's gradient is 0", () => {
  // Of class k alone: w = a·e, h = b·e, and the gradients along e.
  const decay = { classifier: 3e-3, features: 5e-4 };
  const N = 76;
  generalOrthogonalFrame(COUNTS, decay).forEach((found, k) => {
    const a = Math.sqrt(found.classifier_square);
    const b = Math.sqrt(found.mean_square);
    assertAlmostEquals(a * b, found.dot, 1e-14);
    const left = found.dot - 1;
    assertAlmostEquals(
      COUNTS[k]! / N * left * b + decay.classifier * a,
      0,
      1e-15,
    );
    assertAlmostEquals(left * a / N + decay.features * b, 0, 1e-15);
  });
});

Deno.test("generalOrthogonalFrame() loses a class exactly at the bound", () => {
  // N²·λ_W·λ_H/n = 1 for n = 1: N = 4, λ = 1/4 each, exact in binary.
  const at = (decay: number) =>
    generalOrthogonalFrame([3, 1], { classifier: decay, features: decay })[1]!;
  assertEquals(at(0.25), {
    classifier_square: 0,
    mean_square: 0,
    dot: 0,
    vanishes: true,
  });
  const below = at(0.25 - 2 ** -40);
  assertEquals(below.vanishes, false);
  assert(below.classifier_square > 0 && below.dot > 0);
  // The other has N²·λ²/n = 1/3.
  const [other] = generalOrthogonalFrame([3, 1], {
    classifier: 0.25,
    features: 0.25,
  });
  assertAlmostEquals(other!.classifier_square, Math.sqrt(3) - 1, 1e-15);
});

Deno.test("orthogonalFrame() of the exact minimum, turned, has its numbers to 1e-8", async () => {
  const minimum = generalOrthogonalFrame(COUNTS, DECAY);
  // Orthonormal columns: a Hadamard matrix over 2.
  const Q = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
    .map((row) => row.map((x) => x / 2));
  const along = (k: number, length: number) => Q[k]!.map((x) => length * x);
  const labels = COUNTS.flatMap((n, k) => Array<number>(n).fill(k));
  const features = matrixOf(
    76,
    4,
    labels.flatMap((k) => along(k, Math.sqrt(minimum[k]!.mean_square))),
  );
  const w = minimum.map(({ classifier_square }, k) =>
    along(k, Math.sqrt(classifier_square))
  );
  const classifier = matrixOf(
    4,
    4,
    [0, 1, 2, 3].flatMap((i) => w.map((vector) => vector[i]!)),
  );
  const found = await orthogonalFrame(
    { features, labels, classifier },
    (counts) => generalOrthogonalFrame(counts, DECAY),
  );
  found.classes.forEach((c, k) => {
    assertEquals([c.class, c.rows, c.vanished], [k, COUNTS[k], false]);
    assertAlmostEquals(
      c.classifier_square,
      c.predicted!.classifier_square,
      1e-8,
    );
    assertAlmostEquals(c.mean_square, c.predicted!.mean_square, 1e-8);
    assertAlmostEquals(c.dot, c.predicted!.dot, 1e-8);
    assertAlmostEquals(c.within!, 0, 1e-8);
    assertAlmostEquals(c.cosine!, 1, 1e-8);
  });
  assertAlmostEquals(found.means_off_diagonal.largest!, 0, 1e-8);
  assertAlmostEquals(found.classifier_off_diagonal.largest!, 0, 1e-8);
  // With λ_W = λ_H, ‖w‖² is √n less a constant.
  assertAlmostEquals(found.root_correlation!, 1, 1e-12);
});

Deno.test("orthogonalFrame() of features that are not collapsed, by hand", async () => {
  // Class 0: (1, 0), (3, 0); class 2: (0, 4), (2, 4), (1, 1); class 1 has no row.
  const found = await orthogonalFrame({
    features: matrixOf(5, 2, [1, 0, 0, 4, 3, 0, 2, 4, 1, 1]),
    labels: [0, 2, 0, 2, 2],
    // Vectors (3, 4), (9, 9), (−4, 3), a column each.
    classifier: matrixOf(2, 3, [3, 9, -4, 4, 9, 3]),
  });
  const [zero, two] = found.classes;
  assertEquals(found.classes.map((c) => [c.class, c.rows]), [[0, 2], [2, 3]]);
  assertAlmostEquals(zero!.mean_square, 4, 1e-14);
  assertAlmostEquals(zero!.within!, 1 / 4, 1e-14);
  assertAlmostEquals(zero!.dot, 6, 1e-14);
  assertAlmostEquals(zero!.cosine!, 3 / 5, 1e-14);
  // Mean (1, 3): squares of distances 2, 2, 4.
  assertAlmostEquals(two!.mean_square, 10, 1e-14);
  assertAlmostEquals(two!.within!, 8 / 3 / 10, 1e-14);
  assertAlmostEquals(two!.classifier_square, 25, 1e-14);
  assertAlmostEquals(two!.cosine!, 5 / Math.sqrt(250), 1e-14);
  assertAlmostEquals(found.classifier_off_diagonal.largest!, 0, 1e-14);
  assertAlmostEquals(
    found.means_off_diagonal.mean!,
    1 / Math.sqrt(10),
    1e-14,
  );
  assertEquals(zero!.predicted, null);
  assertEquals(JSON.parse(JSON.stringify(found)), found);
});

Deno.test("orthogonalFrame() leaves a class that vanished out of all pairs", async () => {
  const { classes, classifier_off_diagonal, root_correlation } =
    await orthogonalFrame({
      features: matrixOf(3, 2, [1, 0, 0, 1, 0, 0]),
      labels: [0, 1, 2],
      classifier: matrixOf(2, 3, [1, 0, 0, 0, 1, 0]),
    });
  assertEquals(classes.map(({ vanished }) => vanished), [false, false, true]);
  assertEquals([classes[2]!.within, classes[2]!.cosine], [null, null]);
  assertEquals(classifier_off_diagonal, { mean: 0, largest: 0 });
  assertEquals(root_correlation, null);
});

Deno.test("frameDecayOf() knows the runs whose minimum the formula is", () => {
  const config = {
    task: "rows",
    classCounts: COUNTS,
    model: "free-features",
    loss: "mse",
    optimizer: "sgd",
    perpGrad: false,
    weightDecay: 1e-3,
  } as const;
  const of = (other: object) =>
    frameDecayOf(resolveConfig({ ...config, ...other }), 4);
  assertEquals(of({}), DECAY);
  assertEquals(of({ featureDecay: 2e-3 }), {
    classifier: 2e-3,
    features: 4e-3,
  });
  assertEquals(of({ loss: "squared-error", weightDecay: 2e-3 }), DECAY);
  for (
    const other of [
      { loss: "softmax" },
      { weightDecay: 0 },
      { weightDecayKind: "decoupled" },
      { perpGrad: true },
      { featureDistance: 0.1 },
      { featureWidth: 3 },
      { l1: 0.1 },
      { model: "mlp" },
    ]
  ) {
    assertEquals(of(other), undefined, JSON.stringify(other));
  }
});
