import { assertEquals } from "@std/assert";
import {
  afterGrokking,
  type Curvature,
  ended,
  medianOver,
} from "../../../lib/figures/beyond/curvatures.ts";
import type { RunRecord } from "../../../lib/figures/figure.ts";
import { type Arms, constructed, from, testClaims } from "../_claims.ts";
import { curvature } from "../_measures.ts";

type Levels = Parameters<typeof curvature>[0];

// Memorised at 1000, grokked at 5000, with a curvature that is as it is.
const run = (levels: Levels, train = from(1000), test = from(5000)) => ({
  columns: { train_accuracy: train, test_accuracy: test },
  measures: { stability: curvature(levels) },
});
const never = from(Infinity);

const both = (name: string, levels: Levels, second: Levels = levels): Arms => ({
  [`${name}-0.05`]: run(levels),
  [`${name}-0.1`]: run(second),
});
const sharp = (...levels: number[]): Arms =>
  Object.assign(
    {},
    ...["b4", "b16", "b64"].map((name, i) =>
      both(name, { sharpness: levels[i] ?? levels[0]! })
    ),
  );
const perp = (
  largest: number,
  add: number,
  parityPerp: number,
  addPerp: number,
): Arms => ({
  "full-0.1": run({ largest }),
  add: run({ largest: add }),
  "full-0.1-perp": run({ largest: parityPerp }),
  "add-perp": run({ largest: addPerp }),
});
const trace = (one: Levels, full: Levels): Arms => ({
  ...both("b1", one),
  ...both("full", full),
});

testClaims("sgd-stability", {
  C45: {
    holds: both("full", { largest: 2.1 }, { largest: 1.8 }),
    fails: [
      both("full", { largest: 2 }, { largest: 1.79 }),
      both("full", { largest: 2.21 }, { largest: 2 }),
    ],
    neither: [{
      ...both("full", { largest: 2 }),
      "full-0.1": run({ largest: 2 }, never),
    }],
  },
  C46: {
    holds: trace({ trace: 2, largest: 0.9 }, { trace: 2.1, largest: 2 }),
    fails: [
      trace({ trace: 2.1, largest: 0.5 }, { trace: 9, largest: 2 }),
      trace({ trace: 1.5, largest: 1 }, { trace: 9, largest: 2 }),
      trace({ trace: 1.5, largest: 0.5 }, { trace: 2, largest: 2 }),
    ],
    neither: [{
      ...trace({ trace: 1.5, largest: 0.5 }, { trace: 9, largest: 2 }),
      "b1-0.1": run({ trace: 1.5, largest: 0.5 }, never),
    }],
  },
  C47: {
    holds: sharp(1.6, 2, 2.4),
    fails: [sharp(1.59, 2, 2), sharp(2, 2, 2.41)],
    neither: [{ ...sharp(2), "b16-0.1": run({ sharpness: null }) }],
  },
  C48: {
    holds: { add: run({ largest: [2, 1.7], trace: [100, 50] }) },
    fails: [
      { add: run({ largest: [2, 1.5], trace: [100, 10] }) },
      { add: run({ largest: [1.5, 2], trace: [100, 10] }) },
      { add: run({ largest: [2, 2], trace: [100, 51] }) },
    ],
    neither: [
      { add: run({ largest: [2, 2], trace: [100, 10] }, from(1000), never) },
      { add: run({ largest: [2, 2], trace: [100, 10] }, never) },
    ],
  },
  C49: {
    holds: perp(2, 2.3, 3, 1),
    fails: [perp(2, 2, 3, 2.3), perp(2, 1.5, 3, 1), perp(2, 2, 1.7, 1)],
    neither: [{ ...perp(2, 2, 3, 1), "add-perp": run({ largest: 1 }, never) }],
  },
});

Deno.test("ended() is the median of the last quarter of the steps", () => {
  const of = (largest: (number | null)[]): Curvature => ({
    ...curvature({}) as unknown as Curvature,
    steps: [0, 100, 200, 300, 350, 400],
    largest,
  });
  assertEquals(ended(of([9, 9, 9, 1, 5, 2]), "largest"), 2);
  assertEquals(ended(of([9, 9, 9, null, 5, null]), "largest"), 5);
  assertEquals(ended(of([9, 9, 9, null, null, null]), "largest"), null);
  assertEquals(
    medianOver([of([1, 2, 3, 4, 5, 6]), of([3, 2, 3, 4, 5, null])], "largest")
      .map(({ low, y, high }) => [low, y, high]),
    [[1, 2, 3], [2, 2, 2], [3, 3, 3], [4, 4, 4], [5, 5, 5], [6, 6, 6]],
  );
});

Deno.test("afterGrokking() parts the checkpoints at 95 % test accuracy", () => {
  const arm = run({ largest: [3, 1] });
  const [record] = constructed("sgd-stability", { add: arm }, 1).of("add") as [
    RunRecord,
  ];
  const own = record.measures["stability"] as unknown as Curvature;
  assertEquals(afterGrokking(record, own, "largest"), {
    before: 3,
    after: 1,
    step: 5000,
  });
  assertEquals(
    afterGrokking({ ...record, memorised_at: null }, own, "largest"),
    null,
  );
  // Nothing between memorising and grokking.
  const late = { ...record, memorised_at: 4900 };
  assertEquals(afterGrokking(late, own, "largest"), null);
});
