/** Tasks without classes: their rows, and what is refused. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  datasetOfParts,
  type Examples,
  split,
} from "../../lib/data/dataset.ts";
import { checkRows, type Form } from "../../lib/data/definition.ts";
import { opposingSignals } from "../../lib/data/tasks/regression/opposing_signals.ts";
import { orthogonalFeatures } from "../../lib/data/tasks/regression/orthogonal_features.ts";
import { randomKey } from "../../lib/numeric/random.ts";

Deno.test("opposingSignals() is 2β·x + |x_o| of normal features and rare outliers", () => {
  const { split: parts, labels, classes } = opposingSignals({
    signalFeatures: 10,
    outlierSize: 10,
    outlierShare: 0.01,
    trainRows: 20_000,
    testRows: 50,
  }, randomKey(3));
  assertEquals([labels.length, classes], [0, 1]);
  const { train, test } = parts!;
  assertEquals([train.inputs.length, test.targets!.length], [20_000, 50]);
  const beta = 1 / Math.sqrt(10);
  const counts = new Map<number, number>();
  train.inputs.forEach((row, i) => {
    const wanted = 2 * beta * row.slice(0, 10).reduce((a, b) => a + b, 0) +
      Math.abs(row[10]!);
    // Rounded to float32, of numbers up to some tens.
    assert(Math.abs(train.targets![i]![0]! - wanted) < 2e-6);
    counts.set(row[10]!, (counts.get(row[10]!) ?? 0) + 1);
  });
  assertEquals([...counts.keys()].sort((a, b) => a - b), [-10, 0, 10]);
  // Five standard deviations of a binomial of n 20,000 and p 0.01.
  for (const sign of [-10, 10]) {
    assert(Math.abs(counts.get(sign)! - 200) < 5 * Math.sqrt(198));
  }
  const all = train.inputs.flatMap((row) => row.slice(0, 10));
  const square = all.reduce((sum, x) => sum + x * x, 0) / all.length;
  // The square of a normal number has variance 2.
  assert(Math.abs(square - 1) < 5 * Math.sqrt(2 / all.length));
});

Deno.test("orthogonalFeatures() has rows √T·q, q orthonormal, and targets w*·x", () => {
  const [d, T] = [7, 12];
  const { split: parts } = orthogonalFeatures(
    { features: d, hessianTrace: T, teacherNorm: 3 },
    randomKey(0),
  );
  for (const { inputs, targets } of [parts!.train, parts!.test]) {
    assertEquals(inputs.length, d);
    const dot = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    for (const [i, a] of inputs.entries()) {
      for (const [j, b] of inputs.entries()) {
        // Of d products of numbers rounded to float32.
        assert(Math.abs(dot(a, b) - (i === j ? T : 0)) < d * T * 2 ** -23);
      }
    }
    // Of orthogonal rows Σ (w*·x)² = T‖w*‖².
    const squares = targets!.reduce((sum, [y]) => sum + y! ** 2, 0);
    assert(Math.abs(squares - T * 9) < 1e-4);
  }
  const zero = orthogonalFeatures(
    { features: d, hessianTrace: T, teacherNorm: 0 },
    randomKey(0),
  );
  assert(zero.targets!.every(([y]) => y === 0));
});

Deno.test("split() and datasetOfParts() keep targets beside their rows", () => {
  const whole: Examples = {
    inputs: [[0], [1], [2], [3], [4]],
    labels: [],
    targets: [[0], [10], [20], [30], [40]],
  };
  const parts = split(whole, 0.4, randomKey(1)("split"));
  assertEquals([parts.train.inputs.length, parts.test.inputs.length], [2, 3]);
  const { inputs, targets, labels } = datasetOfParts(parts, 1);
  assertEquals(labels, []);
  assertEquals(targets, inputs.map(([x]) => [10 * x!]));
});

const form: Form = {
  input: { kind: "numbers", width: 1, name: "x" },
  classes: 1,
  regression: true,
};

for (
  const [what, rows, error, words] of [
    [
      "too few",
      { inputs: [[1]], labels: [], targets: [] },
      TypeError,
      "1, 0 targets",
    ],
    [
      "labels",
      { inputs: [[1]], labels: [0], targets: [[1]] },
      TypeError,
      "1 labels",
    ],
    [
      "long",
      { inputs: [[1]], labels: [], targets: [[1, 2]] },
      TypeError,
      "length 2",
    ],
    ["NaN", { inputs: [[1]], labels: [], targets: [[NaN]] }, RangeError, "NaN"],
  ] as const
) {
  Deno.test(`checkRows() refuses targets that are not what they are said to be: ${what}`, () => {
    assertThrows(
      () => checkRows({ ...rows, classes: 1 }, form, "mine"),
      error,
      words,
    );
  });
}

Deno.test("checkRows() refuses targets of a task that has classes", () => {
  assertThrows(
    () =>
      checkRows(
        { inputs: [[1]], labels: [0], targets: [[1]], classes: 1 },
        { ...form, regression: false },
        "mine",
      ),
    TypeError,
    "must say that it is a regression",
  );
});
