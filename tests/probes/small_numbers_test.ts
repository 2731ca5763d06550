/**
 * Neural collapse, degrees of homogeneity and early warnings, of numbers so few
 * that they can be worked out by hand.
 */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { randomKey } from "../../lib/numeric/random.ts";
import {
  type RunWarnings,
  warningsOf,
} from "../../lib/probes/dynamics/critical_slowing.ts";
import { degreesOf } from "../../lib/onnx/inspect/homogeneity.ts";
import { neuralCollapse } from "../../lib/probes/geometry/neural_collapse.ts";
import type { MetricsRow } from "../../lib/runs/run_folder.ts";

const matrix = (rows: number[][]) => ({
  rows: rows.length,
  columns: rows[0]!.length,
  data: Float64Array.from(rows.flat()),
});

for (const width of [1, 3]) {
  Deno.test(`neural collapse of two classes on a line in ${width} dimensions`, async () => {
    // Along the line: 0 and 2, mean 1; 4, 6 and 8, mean 6; of all 4.
    const place = [0, 2, 4, 6, 8];
    const line = (x: number) => [x, ...Array(width - 1).fill(0)];
    const labels = [3, 3, 5, 5, 5];
    // Of the classifier's seven columns those of classes 3 and 5 count.
    const column = [9, 9, 9, -1, 9, 3, 9];
    const result = await neuralCollapse({
      features: matrix(place.map(line)),
      labels,
      classifier: matrix(
        Array.from(
          { length: width },
          (_, i) => i ? column.map(() => 0) : column,
        ),
      ),
      predictions: [3, 3, 3, 5, 5],
    });
    const near = (x: number | null, y: number) =>
      assertAlmostEquals(x!, y, 1e-12);
    assertEquals([result.classes, result.samples, result.width], [2, 5, width]);
    // Σ_W = (1 + 1 + 4 + 0 + 4)/5, Σ_B = (3² + 2²)/2.
    near(result.nc1, 2 / 6.5 / 2);
    // Lengths 3 and 2 of the means, 1 and 3 of the classifier's vectors.
    near(result.nc2_means.equinorm, 0.5 / 2.5);
    near(result.nc2_classifier.equinorm, 1 / 2);
    // One pair, opposite: cos −1, the widest angle of two.
    near(result.nc2_means.equiangular, 0);
    near(result.nc2_means.maximal_angle, 0);
    const [w, m] = [Math.sqrt(10), Math.sqrt(13)];
    near(result.nc3, (-1 / w + 3 / m) ** 2 + (3 / w - 2 / m) ** 2);
    // 4 is nearer to 6 than to 1, and predicted as the other.
    near(result.nc4, 1 / 5);
  });
}

Deno.test("neural collapse: of two means as near the first counts", async () => {
  // Means 0 and 4, and a row of the second class in the middle.
  const of = async (predictions: number[]) =>
    (await neuralCollapse({
      features: matrix([[0], [2], [6]]),
      labels: [0, 1, 1],
      classifier: matrix([[1, 1]]),
      predictions,
    })).nc4;
  assertEquals(await of([0, 0, 1]), 0);
  assertEquals(await of([0, 1, 1]), 1 / 3);
});

type Node = readonly [op: string, inputs: string, output: string];

const degree = (nodes: readonly Node[], weights: string[] = ["W", "V"]) =>
  degreesOf(
    {
      input: [{ name: "x" }],
      initializer: ["W", "V", "c"].map((name) => ({ name })),
      node: nodes.map(([opType, inputs, output]) => ({
        opType,
        input: inputs.split(" "),
        output: [output],
        attribute: [],
      })),
    } as unknown as Parameters<typeof degreesOf>[0],
    weights,
  ).get("y");

const DEGREES: readonly [
  what: string,
  nodes: readonly Node[],
  degree: readonly [number, number, boolean] | undefined,
][] = [
  ["a product", [["MatMul", "x W", "y"]], [1, 1, true]],
  ["two", [["MatMul", "x W", "h"], ["MatMul", "h V", "y"]], [2, 2, true]],
  ["a sum of unlike", [["MatMul", "x W", "h"], ["Add", "h c", "y"]], [
    ...[0, 1] as const,
    false,
  ]],
  ["a sum of like", [["MatMul", "x W", "h"], ["Add", "h V", "y"]], [
    1,
    1,
    true,
  ]],
  ["a bounded part", [["MatMul", "x W", "h"], ["Tanh", "h", "y"]], [
    ...[0, 0] as const,
    false,
  ]],
  // Of one degree, and yet not homogeneous.
  ["a sum with it", [["Tanh", "W", "h"], ["Add", "h c", "y"]], [0, 0, false]],
  ["a product with it", [["Tanh", "W", "h"], ["Mul", "h V", "y"]], [
    ...[1, 1] as const,
    false,
  ]],
  ["a quotient", [["Add", "W c", "h"], ["Div", "V h", "y"]], [0, 1, false]],
  ["Gemm without a bias", [["Gemm", "x W", "y"]], [1, 1, true]],
  ["Gemm with one", [["Gemm", "x W V", "y"]], [1, 1, true]],
  ["Gemm with a constant one", [["Gemm", "x W c", "y"]], [0, 1, false]],
  ["what is passed on", [["MatMul", "x W", "h"], ["Relu", "h", "y"]], [
    ...[1, 1] as const,
    true,
  ]],
  ["an unknown operator", [["Exp", "W", "y"]], undefined],
  ["behind it", [["Exp", "W", "h"], ["Mul", "h V", "y"]], undefined],
  ["nothing scaled", [["Exp", "x", "y"]], [0, 0, true]],
];

for (const [what, nodes, wanted] of DEGREES) {
  Deno.test(`degreesOf() ${what}`, () => {
    const found = degree(nodes);
    assertEquals(
      found && [found.lowest, found.highest, found.homogeneous],
      wanted && [...wanted],
    );
  });
}

// A metric that is noise but for some places, in a run that memorises at once.
function rowsWith(spikes: readonly number[], length = 90): MetricsRow[] {
  const noise = randomKey(1)("small");
  return Array.from({ length }, (_, i) => ({
    step: 10 * i,
    train_accuracy: 1,
    test_accuracy: 0,
    metric: 0.01 * noise.normal() + (spikes.includes(i) ? 100 : 0),
  } as unknown as MetricsRow));
}

const alarm = (spikes: readonly number[], hold: number) =>
  (warningsOf(rowsWith(spikes), ["metric"], {
    window: 6,
    baseline: 12,
    deviations: 20,
    hold,
  }) as RunWarnings).metrics["metric"]!;

Deno.test("an alarm is windows in a row, and none of several stretches", () => {
  // A spike is in six windows, of which the sixth ends five rows behind it.
  assertEquals(alarm([40], 6).alarms.variance!.step, 450);
  assertEquals(alarm([40], 7).alarms.variance!.step, null);
  assertEquals(alarm([40, 60], 7).alarms.variance!.step, null);
  assertEquals(alarm([40, 60], 6).alarms.variance!.step, 450);
});

Deno.test("the threshold is the baseline's mean and its deviation, of a sample", () => {
  const { variance, alarms } = alarm([], 3);
  const first = (variance as number[]).slice(0, 12);
  const mean = first.reduce((a, b) => a + b) / 12;
  const sum = first.reduce((s, x) => s + (x - mean) ** 2, 0);
  const { usual, threshold } = alarms.variance!;
  assertAlmostEquals(usual, mean, 1e-18);
  assertAlmostEquals(threshold, mean + 20 * Math.sqrt(sum / 11), 1e-15);
});
