/** What follows from two facts of a graph of knowledge. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { composition } from "../../lib/data/tasks/composition.ts";
import { randomKey } from "../../lib/numeric/random.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { type Fact, partsOf } from "./_facts.ts";

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
