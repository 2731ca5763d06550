/**
 * What is said of shares, of times that not all runs lived to see, and of cells:
 * against tables that are reckoned by hand.
 */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { quantile } from "../../lib/numeric/statistics.ts";
import { axisOf, isLog, numberText } from "../../lib/sweeps/summaries/axes.ts";
import { cellsOf, summaryOf } from "../../lib/sweeps/summaries/cells.ts";
import {
  censoredMedian,
  type Time,
  wilson,
} from "../../lib/sweeps/summaries/estimates.ts";
import { record } from "./_records.ts";

Deno.test("wilson() is the interval of the formula, within 0 and 1", () => {
  // Newcombe, "Two-sided confidence intervals for the single proportion" (1998),
  // table I, method 3, without correction.
  const table = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const;
  for (const [k, n, low, high] of table) {
    const [a, b] = wilson(k, n);
    assertAlmostEquals(a, low, 5e-5);
    assertAlmostEquals(b, high, 5e-5);
    const [c, d] = wilson(n - k, n);
    assertAlmostEquals(c, 1 - b, 1e-12);
    assertAlmostEquals(d, 1 - a, 1e-12);
  }
  assertEquals([wilson(0, 7)[0], wilson(7, 7)[1]], [0, 1]);
  assertEquals(wilson(0, 0), [0, 1]);
});

const seen = (...times: number[]): Time[] =>
  times.map((at) => ({ at, seen: true }));
const not = (...times: number[]): Time[] =>
  times.map((at) => ({ at, seen: false }));

Deno.test("censoredMedian() is the lower median where all were watched equally long", () => {
  const all = (times: Time[], at: number | null, over: number | null) =>
    assertEquals(censoredMedian(times), { at, over });
  all(seen(30, 10, 20), 20, null);
  all(seen(40, 10, 30, 20), 20, null);
  all([...seen(10, 20), ...not(500, 500)], 20, null);
  all([...not(500, 500, 500), ...seen(10, 20)], null, 500);
  all(not(500, 500), null, 500);
  all(seen(10, 10, 10), 10, null);
  // A third and a third and a third, in any rounding, of six runs.
  all([...seen(5, 6, 7), ...not(9, 9, 9)], 7, null);
  all([], null, null);
});

Deno.test("censoredMedian() is Kaplan and Meier's where watches ended before", () => {
  // Of 6 one came at 1 (5/6), one was lost at 2, of 4 one came at 3 (5/8), of 3
  // one came at 4 (5/12).
  assertEquals(
    censoredMedian([...seen(1, 3, 4), ...not(2, 9, 9)]),
    { at: 4, over: null },
  );
  // Without the lost one it were the third of five; with it at the end, of six.
  assertEquals(censoredMedian([...seen(1, 3), ...not(2, 2, 2, 2)]), {
    at: 3,
    over: null,
  });
  // What was lost at 3 was still awaited when the other came: of 3, not of 2.
  assertEquals(censoredMedian([...not(3), ...seen(3), ...not(8)]), {
    at: null,
    over: 8,
  });
});

Deno.test("quantile() lies between the two nearest, as NumPy's", () => {
  assertEquals(quantile([4, 1, 3, 2], 0.25), 1.75);
  assertEquals(quantile([4, 1, 3, 2], 0.75), 3.25);
  assertEquals(quantile([7], 0.25), 7);
  assertEquals([quantile([2, 1], 0), quantile([2, 1], 1)], [1, 2]);
  assertEquals(quantile([], 0.5), NaN);
});

Deno.test("summaryOf() counts what diverged, and is silent of what has no outcome", () => {
  const seed = { seed: 0 };
  const summary = summaryOf([
    record(seed, "done", {
      memorised: 10,
      grokked: 110,
      accuracy: 1,
      collapse: 0.5,
    }),
    record(seed, "done", { memorised: 20, grokked: 320, accuracy: 0.99 }),
    record(seed, "done", { memorised: 30, accuracy: 0.5 }),
    record(seed, "diverged", { memorised: 40, accuracy: 0.125, steps: 60 }),
    record(seed, "failed"),
    record(seed, "training"),
    record(seed, "waiting"),
  ]);
  assertEquals(summary.counts, {
    done: 3,
    diverged: 1,
    failed: 1,
    training: 1,
    waiting: 1,
  });
  assertEquals(
    [summary.known, summary.memorised, summary.grokked, summary.share],
    [4, 4, 2, 0.5],
  );
  assertEquals(summary.interval, wilson(2, 4));
  assertEquals(summary.grokkedAt, { at: 320, over: null });
  assertEquals(summary.delay, { at: 300, over: null });
  // Of those that are done.
  assertEquals([summary.testAccuracy, summary.collapse], [0.99, 0]);
});

Deno.test("summaryOf() knows of what diverged that it never grokked, as long as was planned", () => {
  const runs = [
    record({}, "done", { grokked: 100 }),
    record({}, "diverged", { steps: 50 }),
    record({}, "diverged", { steps: 50 }),
  ];
  assertEquals(summaryOf(runs).share, 1 / 3);
  assertEquals(summaryOf(runs).grokkedAt, { at: null, over: 500 });
  // It had grokked before.
  const before = [record({}, "diverged", { grokked: 100, steps: 200 })];
  assertEquals(summaryOf(before).share, 1);
  assertEquals(summaryOf(before).testAccuracy, null);
});

Deno.test("summaryOf() says nothing of a share where all diverged, failed or wait", () => {
  for (const state of ["diverged", "failed", "training", "waiting"] as const) {
    const { share, interval, grokkedAt, delay, testAccuracy, collapse } =
      summaryOf([record({}, state), record({}, state)]);
    assertEquals([share, interval, testAccuracy, collapse], [
      null,
      null,
      null,
      null,
    ], state);
    assertEquals([grokkedAt, delay], Array(2).fill({ at: null, over: null }));
  }
});

Deno.test("summaryOf() measures delays of those that memorised", () => {
  const { delay } = summaryOf([
    record({}, "done"),
    record({}, "done", { memorised: 100 }),
    record({}, "done", { memorised: 300 }),
    record({}, "done", { memorised: 200, grokked: 250 }),
  ]);
  assertEquals(delay, { at: null, over: 400 });
});

Deno.test("axisOf() has numbers rise, and other values in the order of the plan", () => {
  const of = (...values: unknown[]) =>
    axisOf(values.map((lr) => record({ lr })), "lr");
  const labels = (...values: unknown[]) =>
    of(...values).levels.map(({ label }) => label);
  assertEquals(labels(0.1, 0.001, 0.01, 0.1), ["0.001", "0.01", "0.1"]);
  assertEquals(labels("softmax", "mse", "softmax"), ["softmax", "mse"]);
  assertEquals(labels([200, 200], [100], []), ["200,200", "100", "none"]);
  assertEquals(labels(true, null, 3), ["true", "null", "3"]);
  // Those that look alike in few digits have all of them.
  assertEquals(labels(0.123456, 0.123457), ["0.123456", "0.123457"]);
  assertEquals(of(0.1, 0.001).of(record({ lr: 0.001 })), 0);
  assertEquals(of(0.1, 0.001).values, 2);
  assertEquals([1e-8, 20_000, 1e30, 0.0001234567].map(numberText), [
    "1e-8",
    "20000",
    "1e30",
    "0.0001235",
  ]);
});

Deno.test("isLog() sees the spacing", () => {
  assertEquals(isLog([0.001, 0.003, 0.01]), true);
  assertEquals(isLog([1, 2, 4, 8, 16]), true);
  assertEquals(isLog([0.3, 0.4, 0.5, 0.6]), false);
  assertEquals(isLog([0, 0.1, 1]), false);
  assertEquals(isLog([1, 10]), false);
});

Deno.test("axisOf() puts many numbers into twelve bins of the same width", () => {
  const at = (values: number[]) =>
    axisOf(values.map((lr) => record({ lr })), "lr");
  const powers = Array.from({ length: 61 }, (_, i) => 10 ** (-6 + i / 10));
  const axis = at(powers);
  assertEquals([axis.levels.length, axis.log, axis.binned, axis.values], [
    12,
    true,
    true,
    61,
  ]);
  assertEquals(axis.levels[0], { label: "1e-6", text: "lr 1e-6 to 3.2e-6" });
  const bin = (lr: number) => axis.of(record({ lr }));
  assertEquals([bin(1e-6), bin(2e-6), bin(4e-6), bin(1)], [0, 0, 1, 11]);
  const even = at(Array.from({ length: 25 }, (_, i) => i));
  assertEquals([even.log, even.of(record({ lr: 3 }))], [false, 1]);
  assertEquals(at(powers.slice(0, 24)).binned, false);
});

Deno.test("cellsOf() says what a cell pools over, seeds aside", () => {
  const runs = [0.1, 0.2].flatMap((lr) =>
    ["a", "b"].flatMap((loss) =>
      [0, 1].map((seed) => record({ lr, loss, seed, dataSeed: seed }))
    )
  );
  const varying = ["lr", "loss", "seed", "dataSeed"];
  const cells = (...keys: string[]) =>
    cellsOf(runs, keys.map((key) => axisOf(runs, key)), varying)
      .map(({ at, records, pools }) => [at, records.length, pools]);
  assertEquals(cells("lr"), [[[0], 4, ["loss"]], [[1], 4, ["loss"]]]);
  assertEquals(cells("lr", "loss"), [
    [[0, 0], 2, []],
    [[0, 1], 2, []],
    [[1, 0], 2, []],
    [[1, 1], 2, []],
  ]);
  assertEquals(cells(), [[[], 8, ["lr", "loss"]]]);
});
