import { assertEquals } from "@std/assert";
import { recipeOf } from "../../lib/records/recipe.ts";
import { standingOf } from "../../lib/records/standing.ts";
import { heldFrom, longestInterval } from "../../lib/records/task.ts";
import { tracks } from "../../lib/records/tracks.ts";
import { verdictOf } from "../../lib/records/verdict.ts";
import type { MetricsRow } from "../../lib/runs/run_folder.ts";
import { contents, outcomes } from "./_recipes.ts";

// Evaluations of some accuracies, every so many steps.
const rows = (accuracies: readonly number[], every = 1) =>
  accuracies.map((test_accuracy, i) => ({
    step: i * every,
    test_accuracy,
  })) as unknown as MetricsRow[];
const times = <T>(n: number, value: T): T[] => Array(n).fill(value);

Deno.test("99 % is held from the first of ten evaluations one after the other", () => {
  const held = (accuracies: readonly number[], every?: number) =>
    heldFrom(rows(accuracies, every), "test_accuracy");
  assertEquals(held([0.5, 0.5, ...times(10, 0.99)]), 2);
  assertEquals(held([0.5, 0.5, ...times(9, 0.99)]), null);
  assertEquals(held([0, ...times(9, 1), 0.98, ...times(10, 1)]), 11);
  assertEquals(held([...times(9, 1), 0.98, ...times(9, 1)]), null);
  assertEquals(held([0, ...times(10, 1), 0, 0]), 1);
  assertEquals(held([0, ...times(10, 1)], 5), 5);
  assertEquals(heldFrom(rows(times(10, 1)), "train_accuracy"), null);
});

Deno.test("an interval leaves 2,000 evaluations or more", () => {
  assertEquals(
    [1, 3999, 4000, 20_000].map(longestInterval),
    [1, 1, 2, 10],
  );
});

Deno.test("what seeds come to: lower median, never last, share, delay", () => {
  const { interval: _, share: __, ...rest } = standingOf(outcomes(
    ...[[10, 40], [10, 50], [12, null], [null, null]] as const,
  ));
  assertEquals(rest, {
    seeds: 4,
    grokked: 2,
    median: 50,
    memorised: 10,
    delayed: 2,
  });
  assertEquals(standingOf(outcomes([1, null], [1, 3], [1, null])).median, null);
  assertEquals(standingOf(outcomes([1, 5])).interval, [5, 5]);
});

Deno.test("a median's interval may end at never", () => {
  const half = outcomes(
    ...times(33, [1, 7] as const),
    ...times(31, [1, null] as const),
  );
  const { median, interval, grokked } = standingOf(half);
  assertEquals([median, interval, grokked], [7, [7, null], 33]);
});

Deno.test("the delay is needed in more than half of the seeds", () => {
  const fails = (delayed: number) =>
    tracks.delay.fails!({
      ...standingOf(outcomes(...times(4, [1, 5] as const))),
      delayed,
    });
  assertEquals(fails(3), undefined);
  assertEquals(
    fails(2),
    "the delay is 5 times the step of memorising in 2 of 4 seeds, more than " +
      "half are needed",
  );
});

Deno.test("what a recipe states holds if the interval begins there or before", () => {
  const verdict = (median: number | null, tracks: string[] = []) =>
    verdictOf(
      recipeOf(contents({ states: { median }, tracks }), "r.json"),
      standingOf(outcomes(...times(5, [20, 90] as const))),
    );
  assertEquals(verdict(90).holds, true);
  assertEquals(verdict(null).holds, true);
  assertEquals(verdict(89), {
    stated: 89,
    holds: false,
    reasons: ["the median's interval begins at 90, behind 89"],
    tracks: ["any"],
  });
  assertEquals(verdict(90, ["delay"]).holds, false);
  assertEquals(verdict(90, ["delay"]).tracks, ["any"]);
  // Of 90 to 98 the interval begins below the median, 94.
  const spread = standingOf(
    outcomes(...[90, 92, 94, 96, 98].map((step) => [20, step] as const)),
  );
  const stated = recipeOf(contents({ states: { median: 92 } }), "r.json");
  assertEquals(verdictOf(stated, spread).holds, true);
});
