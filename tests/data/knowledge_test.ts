/** Graphs of knowledge: comparisons, and what holds of both tasks. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import * as fc from "fast-check";
import { ConfigError, resolveConfig } from "../../lib/config/config.ts";
import { comparison } from "../../lib/data/tasks/comparison.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { randomKey } from "../../lib/numeric/random.ts";
import { datasetOf } from "../../lib/experiment/split.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { leavesOf } from "../../lib/base/tree.ts";
import type { HostTensor } from "../../lib/numeric/tensor.ts";
import { type Fact, partsOf } from "./_facts.ts";

const tables = fc.record({
  entities: fc.integer({ min: 12, max: 30 }),
  attributes: fc.integer({ min: 1, max: 6 }),
  attributeValues: fc.integer({ min: 2, max: 9 }),
  oodFraction: fc.double({ min: 0.2, max: 0.5, noNaN: true }),
  inferredRatio: fc.double({ min: 0.5, max: 4, noNaN: true }),
  seed: fc.nat(),
});

Deno.test("comparison() compares what the atomic facts say", () => {
  fc.assert(
    fc.property(tables, ({ seed, ...options }) => {
      const { entities, attributes, attributeValues: values } = options;
      const dataset = comparison(options, randomKey(seed));
      assertEquals(dataset.classes, values + 3 * attributes);
      const parts = partsOf(dataset, entities + attributes);

      const value = new Map<string, number>();
      for (const [a, e, , v] of parts.atomic) {
        assert(a >= entities && a < entities + attributes);
        assert(e >= 0 && e < entities);
        assert(v >= 0 && v < values);
        value.set(`${a},${e}`, v);
      }
      assertEquals(value.size, entities * attributes);

      const check = (rows: readonly Fact[]) => {
        const pairs = new Set<string>();
        const members = new Set<string>();
        for (const [a, e, f, label] of rows) {
          const [x, y] = [value.get(`${a},${e}`)!, value.get(`${a},${f}`)!];
          const outcome = x < y ? 0 : x === y ? 1 : 2;
          assertEquals(label, values + 3 * (a - entities) + outcome);
          pairs.add(`${a},${Math.min(e, f)},${Math.max(e, f)}`);
          members.add(`${a},${e}`);
        }
        // Each pair both ways round.
        assertEquals(rows.length, 2 * pairs.size);
        return { pairs, members };
      };
      const train = check(parts.inferred);
      const test = check(parts.test);
      const ood = check(parts.ood);
      assert(train.pairs.isDisjointFrom(test.pairs));
      assert(ood.members.isDisjointFrom(train.members.union(test.members)));

      const outside = Math.round(entities * options.oodFraction);
      const inside = entities - outside;
      assertEquals(
        train.pairs.size,
        Math.round(options.inferredRatio * inside * attributes / 2),
      );
      // All pairs there are, below the most that a test set has.
      const all = (n: number) => attributes * n * (n - 1) / 2;
      assertEquals(
        test.pairs.size,
        Math.min(all(inside) - train.pairs.size, 1500),
      );
      assertEquals(ood.pairs.size, all(outside));
    }),
    { numRuns: 30 },
  );
});

for (const task of ["composition", "comparison"] as const) {
  Deno.test(`${task} is its seed's, and the data seed's alone`, () => {
    const of = (config: object) =>
      datasetOf(resolveConfig({ task, entities: 40, ...config }));
    assertEquals(of({ seed: 3 }), of({ dataSeed: 3 }));
    assertNotEquals(of({ seed: 3 }), of({ seed: 4 }));
    // More to train on is the same and more.
    const inferred = (inferredRatio: number) =>
      new Set(of({ inferredRatio }).split!.train.inputs.map(String));
    assert(inferred(2).isSubsetOf(inferred(4)));
  });

  Deno.test(`a test set of ${task} has 3000 rows at most`, () => {
    const { test, extra } = datasetOf(resolveConfig({
      task,
      entities: 120,
      outDegree: 20,
      inferredRatio: 1,
      oodFraction: 0.4,
    })).split!;
    assertEquals(test.labels.length, 3000);
    assertEquals(extra!["ood"]!.labels.length, 3000);
  });
}

Deno.test("a transformer is made for a task's tokens and its classes", () => {
  const { params, split } = makeExperiment(resolveConfig({
    task: "composition",
    model: "transformer",
    dModel: 8,
    heads: 2,
    dMlp: 16,
    entities: 30,
  }));
  const shapes = Object.fromEntries(
    leavesOf<HostTensor>(params).map(([path, { shape }]) => [path, shape]),
  );
  // 30 entities, 20 relations, the filler, and "=".
  assertEquals(shapes["W_E"], [52, 8]);
  assertEquals(shapes["W_pos"], [4, 8]);
  assertEquals(shapes["W_U"], [8, 30]);
  for (const { inputs } of [split.train, split.test, split.extra!["ood"]!]) {
    assert(inputs.every((row) => row.length === 4 && row[3] === 51));
  }
});

const impossible: [config: object, message: RegExp][] = [
  [{ outDegree: 21 }, /--out-degree must be at most --relations 20, got 21/],
  [
    { entities: 10_000, relations: 100, outDegree: 100 },
    /--out-degree must make at most 10000000 inferred .* got 100: 100000000/,
  ],
  [
    { entities: 4, outDegree: 1, oodFraction: 0.1 },
    /--ood-fraction must leave/,
  ],
  [
    { entities: 4, outDegree: 1, oodFraction: 0.9 },
    /--ood-fraction must leave/,
  ],
  [{ inferredRatio: 10 }, /--inferred-ratio must leave .* got 10/],
  [{ inferredRatio: 0 }, /--inferred-ratio must be above 0, got 0/],
  [{ entities: 1 }, /--entities must be an integer in 2\.\.10000, got 1/],
  [
    { task: "comparison", entities: 10 },
    /--ood-fraction must leave at least two of the 10 entities .* 9 in, 1 out/,
  ],
  [
    { task: "comparison", entities: 20, inferredRatio: 17 },
    /there are 3060 of 180 in-distribution atomic facts, 17\.0 for each, got 17/,
  ],
];

for (const [config, message] of impossible) {
  Deno.test(`resolveConfig() refuses a graph of ${JSON.stringify(config)}`, () => {
    const error = assertThrows(
      () => resolveConfig({ task: "composition", ...config }),
      ConfigError,
    );
    assertMatch(error.message, message);
  });
}

Deno.test("a knowledge graph has every size, and enough of each kind", () => {
  const sizes = {
    entities: 10,
    attributes: 2,
    attributeValues: 3,
    inferredRatio: 1,
    oodFraction: 0.3,
  };
  const refused = (change: Partial<typeof sizes>) =>
    assertThrows(
      () => comparison({ ...sizes, ...change }, randomKey(0)),
      UsageError,
    ).message;
  assertEquals(
    refused({ oodFraction: 0.1 }),
    "--ood-fraction must leave at least two of the 10 entities in and two out " +
      "of distribution, got 0.1: 9 in, 1 out",
  );
  const { oodFraction: _, ...rest } = sizes;
  assertEquals(
    assertThrows(
      () => comparison(rest as typeof sizes, randomKey(0)),
      UsageError,
    ).message,
    "The option oodFraction of comparison() must be a number, got undefined",
  );
});
