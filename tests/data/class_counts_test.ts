/** Classes of unequal sizes: which rows are kept, and what is refused. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/base/errors.ts";
import {
  ConfigError,
  type ConfigInput,
  resolveConfig,
} from "../../lib/config/config.ts";
import { longTail, withClassCounts } from "../../lib/data/class_counts.ts";
import { randomKey } from "../../lib/numeric/random.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { splitOf } from "../../lib/experiment/split.ts";

const countsOf = (labels: readonly number[], classes: number) =>
  Array.from(
    { length: classes },
    (_, k) => labels.filter((label) => label === k).length,
  );
const config = { modulus: 5, trainFraction: 0.8 } as const;
const labelled = (labels: number[]) => ({
  inputs: labels.map((_, i) => [i]),
  labels,
});

Deno.test("withClassCounts() keeps rows in their order, with their source", () => {
  const labels = [0, 1, 0, 1, 0, 1, 0];
  const source = { file: "f", sha256: "s", rows: [9, 8, 7, 6, 5, 4, 3] };
  const found = withClassCounts(
    { ...labelled(labels), source },
    [3, 1],
    randomKey(0)("class-counts"),
  );
  assertEquals(countsOf(found.labels, 2), [3, 1]);
  const rows = found.inputs.map(([row]) => row!);
  assertEquals(rows, rows.toSorted((a, b) => a - b));
  assertEquals(found.labels, rows.map((row) => labels[row]!));
  assertEquals(found.source!.rows, rows.map((row) => 9 - row));
});

Deno.test("withClassCounts() draws every row of a class alike", () => {
  const drawn = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const stream = randomKey(seed)("class-counts");
    const { inputs } = withClassCounts(labelled([0, 0, 0, 0]), [1], stream);
    drawn.add(inputs[0]![0]!);
  }
  assertEquals(drawn.size, 4);
});

Deno.test("withClassCounts() refuses more rows than there are, and none", () => {
  const stream = randomKey(0)("class-counts");
  for (const counts of [[3, 1], [2, 0]]) {
    assertThrows(
      () => withClassCounts(labelled([0, 1, 0]), counts, stream),
      UsageError,
      "--class-counts must leave each class 1 row or more",
    );
  }
});

Deno.test("longTail() falls geometrically from the smallest class", () => {
  const labels = [0, 1, 2].flatMap((k) => Array<number>(100 + k).fill(k));
  assertEquals(longTail(labels, 3, 100), [100, 10, 1]);
  assertEquals(longTail(labels, 3, 1), [100, 100, 100]);
  assertThrows(
    () => longTail(labels, 3, 1000),
    UsageError,
    "--class-imbalance must leave each class 1 row or more: of 100 rows",
  );
});

Deno.test("--class-counts are those of the train rows; the test rows stay", () => {
  const plain = splitOf(resolveConfig(config));
  const wanted = [3, 2, 2, 1, 1];
  const found = splitOf(resolveConfig({ ...config, classCounts: wanted }));
  assertEquals(countsOf(found.train.labels, 5), wanted);
  assertEquals(found.test, plain.test);
  const all = new Set(plain.train.inputs.map(String));
  assert(found.train.inputs.every((row) => all.has(String(row))));
  const tail = splitOf(resolveConfig({ ...config, classImbalance: 2 }));
  const n = Math.min(...countsOf(plain.train.labels, 5));
  const counts = countsOf(tail.train.labels, 5);
  assertEquals([counts[0], counts[4]], [n, Math.round(n / 2)]);
});

Deno.test("configs without counts have no key of them", () => {
  const { classCounts, classImbalance } = resolveConfig({});
  assertEquals([classCounts, classImbalance], [undefined, undefined]);
  for (const key of ["classCounts", "featureDecay", "featureWidth"]) {
    assert(!(key in resolveConfig({})), key);
  }
});

Deno.test("counts that do not go with the task are refused", () => {
  const refused: [ConfigInput, string][] = [
    [{ classCounts: [1, 1, 1] }, "name a count for each of the 5 classes"],
    [{ classCounts: [1, 1, 0, 1, 1] }, "got 0 for class 2"],
    [{ classCounts: [1] }, "--class-counts must name at least 2"],
    [{ classCounts: [1, 1, 1, 1, 1], classImbalance: 2 }, "left out with"],
    [{ classImbalance: 0.5 }, "--class-imbalance must be 1 or more"],
    [{ task: "rows" }, "--class-counts must say how many rows"],
    [{ model: "free-features" }, "reads the row's number"],
    [
      { featureDecay: 0.1 },
      "--feature-decay 0.1 is of free features, which --model mlp has not",
    ],
    [{ featureDistance: 0.1 }, "--feature-distance 0.1 is of free features"],
  ];
  for (const [other, words] of refused) {
    assertThrows(
      () => resolveConfig({ ...config, ...other }),
      ConfigError,
      words,
    );
  }
  const regression = { task: "orthogonal-features", loss: "mse" };
  for (const counts of [{ classCounts: [1, 1] }, { classImbalance: 2 }]) {
    assertThrows(
      () => resolveConfig({ ...regression, ...counts }),
      ConfigError,
      "needs classes, and the task is a regression",
    );
  }
  assertThrows(
    () => resolveConfig({ task: "add-then-product", classImbalance: 2 }),
    ConfigError,
    "is of one task's rows, and there are 2 tasks",
  );
  const rows = { task: "rows", classCounts: [3, 1], model: "free-features" };
  assertThrows(
    () => resolveConfig({ ...rows, featureDecay: 0.1 }),
    ConfigError,
    "use --weight-decay-kind l2",
  );
  // How many rows a class has is known once they are there.
  assertThrows(
    () =>
      makeExperiment(
        resolveConfig({ ...config, classCounts: [5, 5, 5, 5, 5] }),
      ),
    UsageError,
    "ask for no more than there are",
  );
});

Deno.test("rows are numbers by class, all to train on and none to test", () => {
  const { train, test } = splitOf(
    resolveConfig({ task: "rows", classCounts: [2, 3] }),
  );
  assertEquals(train, {
    inputs: [[0], [1], [2], [3], [4]],
    labels: [0, 0, 1, 1, 1],
  });
  assertEquals(test, { inputs: [], labels: [] });
});
