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
import { composition } from "../../lib/data/tasks/composition.ts";
import type { Dataset, Examples } from "../../lib/data/dataset.ts";
import { randomKey } from "../../lib/numeric/random.ts";
import { datasetOf } from "../../lib/experiment/split.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { leavesOf } from "../../lib/base/tree.ts";
import type { HostTensor } from "../../lib/numeric/tensor.ts";

const facts = ({ inputs, labels }: Examples) =>
  inputs.map((row, i) => [...row, labels[i]!] as Fact);

type Fact = [number, number, number, number];

/** The parts of a dataset; atomic facts are the rows that end in `pad`. */
function partsOf({ split, inputs, labels }: Dataset, pad: number) {
  const { train, test, extra } = split!;
  const rows = facts(train);
  const parts = {
    atomic: rows.filter(([, , last]) => last === pad),
    inferred: rows.filter(([, , last]) => last !== pad),
    test: facts(test),
    ood: facts(extra!["ood"]!),
  };
  assertEquals(Object.keys(extra!), ["ood"]);
  // The dataset is all of them, and no question is asked twice.
  assertEquals(facts({ inputs, labels }), [
    ...rows,
    ...parts.test,
    ...parts.ood,
  ]);
  assertEquals(new Set(inputs.map(String)).size, inputs.length);
  for (const part of Object.values(parts)) assert(part.length > 0);
  return parts;
}

// Graphs with walks enough of either kind for whatever is drawn: of 20 entities
// with four edges each, 0.3 of them out of distribution, 24 edges have 29 walks
// on average.
const graphs = fc.record({
  entities: fc.integer({ min: 20, max: 40 }),
  relations: fc.integer({ min: 4, max: 9 }),
  outDegree: fc.integer({ min: 4, max: 7 }),
  oodFraction: fc.double({ min: 0.3, max: 0.5, noNaN: true }),
  inferredRatio: fc.double({ min: 0.2, max: 0.8, noNaN: true }),
  seed: fc.nat(),
}).map((graph) => ({
  ...graph,
  relations: Math.max(graph.relations, graph.outDegree),
}));

Deno.test("composition() infers what follows from two atomic facts", () => {
  fc.assert(
    fc.property(graphs, ({ seed, ...options }) => {
      const { entities, relations, outDegree } = options;
      const dataset = composition(options, randomKey(seed));
      assertEquals(dataset.classes, entities);
      const { atomic, ...walks } = partsOf(dataset, entities + relations);

      const tails = new Map(
        atomic.map(([h, r, , t]) => [`${h},${r}`, t] as const),
      );
      const follow = (h: number, r: number): number => {
        assert(h >= 0 && h < entities);
        assert(r >= entities && r < entities + relations);
        const tail = tails.get(`${h},${r}`);
        assert(tail !== undefined, `(${h}, ${r}) is no atomic fact`);
        return tail!;
      };
      assertEquals(tails.size, entities * outDegree);
      for (let h = 0; h < entities; h++) {
        assertEquals(atomic.filter(([head]) => head === h).length, outDegree);
      }

      // Which edges the walks of a part go over.
      const edges = (rows: readonly Fact[]) =>
        new Set(rows.flatMap(([h, r1, r2, t]) => {
          const bridge = follow(h, r1);
          assertEquals(follow(bridge, r2), t);
          return [`${h},${r1}`, `${bridge},${r2}`];
        }));
      const known = edges([...walks.inferred, ...walks.test]);
      const unknown = edges(walks.ood);
      assert(known.isDisjointFrom(unknown), "an edge is in and out");
      const ood = Math.round(tails.size * options.oodFraction);
      assert(unknown.size <= ood);
      assertEquals(
        walks.inferred.length,
        Math.round(options.inferredRatio * (tails.size - ood)),
      );
    }),
    { numRuns: 30 },
  );
});

Deno.test("composition() leaves out no walk where there is room for it", () => {
  const options = {
    entities: 30,
    relations: 6,
    outDegree: 5,
    inferredRatio: 2,
    oodFraction: 0.3,
  };
  const { atomic, ...walks } = partsOf(composition(options, randomKey(4)), 36);
  // Of the edges that any walk goes over, the kind is known; those of no walk
  // cannot make one.
  const tails = new Map(atomic.map(([h, r, , t]) => [`${h},${r}`, t]));
  const kinds = new Map<string, "known" | "ood">();
  for (
    const [kind, rows] of [
      ["known", [...walks.inferred, ...walks.test]],
      ["ood", walks.ood],
    ] as const
  ) {
    for (const [h, r1, r2] of rows) {
      kinds.set(`${h},${r1}`, kind);
      kinds.set(`${tails.get(`${h},${r1}`)},${r2}`, kind);
    }
  }
  const count = { known: 0, ood: 0 };
  for (const [h, r1, , bridge] of atomic) {
    for (const [from, r2] of atomic) {
      if (from !== bridge) continue;
      const kind = kinds.get(`${h},${r1}`);
      if (kind && kind === kinds.get(`${bridge},${r2}`)) count[kind]++;
    }
  }
  assertEquals(count, {
    known: walks.inferred.length + walks.test.length,
    ood: walks.ood.length,
  });
});

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

Deno.test("composition() refuses what chance leaves no walk for", () => {
  const options = {
    entities: 50,
    relations: 5,
    outDegree: 2,
    inferredRatio: 1,
    oodFraction: 0.02,
  };
  // Two edges of a hundred: that one leads to where the other begins has a
  // chance of four in fifty.
  const refused = Array.from({ length: 10 }, (_, seed) => seed)
    .filter((seed) => {
      try {
        composition(options, randomKey(seed));
        return false;
      } catch (error) {
        assert(error instanceof UsageError);
        assertMatch(
          (error as Error).message,
          /--ood-fraction .* of the 2 in this graph/,
        );
        return true;
      }
    });
  assert(refused.length > 0);
  assertThrows(
    () =>
      composition(
        { ...options, oodFraction: 0.4, inferredRatio: 1.9 },
        randomKey(0),
      ),
    UsageError,
    "--inferred-ratio must leave",
  );
});
