/** What is counted of figures and their runs: costs, seeds, outcomes, records. */

import { assertEquals, assertThrows } from "@std/assert";
import { resolveConfig } from "../../lib/config/config.ts";
import type { Figure, RunRecord } from "../../lib/figures/figure.ts";
import {
  accuracyAt,
  curve,
  firstAtLeast,
  measured,
  most,
  near,
  percent,
  stepText,
  within,
} from "../../lib/figures/readings.ts";
import {
  recordOf,
  recordText,
  stands,
  thinned,
} from "../../lib/figures/record.ts";
import { Costs, timeText, wallTime } from "../../lib/train/threads/cost.ts";
import { jobsOf, seedsOf } from "../../lib/reproduce/layout.ts";
import {
  extent,
  type Outcome,
  outcomeOf,
  resultsOf,
  tableText,
  weightOf,
} from "../../lib/reproduce/outcome.ts";
import { readMetrics } from "../../lib/runs/read.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";
import { median } from "../../lib/numeric/statistics.ts";

const figure: Figure = {
  title: "T",
  shows: "",
  settings: "",
  published: "",
  arms: ["a", "b"].map((name) => ({
    name,
    label: name,
    config: { modulus: 7, steps: 1000 },
    quick: { steps: 100 },
  })),
  columns: ["train_loss"],
  chart: () => ({ title: "", panels: [] }),
  rows: () => [{ what: "x|y", published: "1", measured: "2" }],
  claims: [],
};

const record = (arm: string, seed: number, more = {}): RunRecord => ({
  arm,
  seed,
  steps: 500,
  memorised_at: null,
  grokked_at: null,
  diverged_at: null,
  ms_per_step: 3,
  made: null,
  config: resolveConfig({ modulus: 7, seed }),
  columns: { step: [0, 250, 500], train_loss: [3, null, 1 + seed] },
  measures: {},
  ...more,
});

Deno.test("outcomeOf() adds up seconds, and counts runs against arms times seeds", () => {
  const records = [
    record("a", 1, { ms_per_step: 8, steps: 1000 }),
    record("a", 0, { ms_per_step: 2.5, steps: 400 }),
  ];
  const { cost, runs, whole } = outcomeOf(
    "t",
    figure,
    resultsOf("full", 3, records),
  );
  // 8 ms · 1000 + 2.5 ms · 400
  assertEquals(cost, { seconds: 9, ms_per_step: [2.5, 8] });
  assertEquals([runs, whole], [{ finished: 2, of: 6 }, false]);
  const more = resultsOf("full", 1, [...records, record("b", 0)]);
  assertEquals(outcomeOf("t", figure, more).whole, true);
  // The records' order is that of their seeds.
  assertEquals(more.of("a").map(({ seed }) => seed), [0, 1]);
  const none = outcomeOf("t", figure, resultsOf("quick", 1, []));
  assertEquals(none.cost, { seconds: 0, ms_per_step: null });
});

Deno.test("weightOf(): all arms before full length", () => {
  const of = (scale: "full" | "quick", whole: boolean) =>
    weightOf({ scale, whole } as Outcome);
  assertEquals(
    [of("full", true), of("quick", true), of("full", false), of("quick", false)]
      .map((weight, i, all) => i === 0 || weight < all[i - 1]!),
    [true, true, true, true],
  );
});

Deno.test("extent() and tableText() say how many runs there are", () => {
  const outcome = outcomeOf(
    "t",
    figure,
    resultsOf("full", 2, [record("a", 0)]),
  );
  assertEquals(
    extent(outcome),
    "full length, 2 seeds, 1 of 4 runs are there",
  );
  assertEquals(
    tableText(outcome).split("\n").at(-2),
    "| x\\|y | 1 | 2 |",
  );
  // Arms may be wanted with more seeds than others.
  const wanted = (arm: string) => arm === "a" ? 10 : 3;
  const some = resultsOf("full", 3, [record("a", 0), record("b", 0)], wanted);
  const { arms, ...more } = outcomeOf("t", figure, some);
  assertEquals(arms, {
    a: { wanted: 10, there: 1 },
    b: { wanted: 3, there: 1 },
  });
  assertEquals(
    extent({ arms, ...more }),
    "full length, 3 to 10 seeds, 2 of 13 runs are there",
  );
  const all = resultsOf("quick", 1, [record("a", 0), record("b", 0)]);
  assertEquals(extent(outcomeOf("t", figure, all)), "quick form, 1 seed");
});

Deno.test("Costs: what is left of a run, from its like or from the same model's", () => {
  const costs = new Costs();
  const config = resolveConfig({ steps: 1000, trainFraction: 0.4 });
  assertEquals(costs.left(config), NaN);
  costs.learn(config, 10);
  costs.learn(config, NaN);
  costs.learn(config, 0);
  assertEquals(costs.msPerStep(config), 10);
  // 1.5 s around it.
  assertEquals(costs.left(config), 11_500);
  assertEquals(costs.left(config, 400), 7500);
  // Another loss has its own, and until then the model's; half of the rows take
  // half as long.
  const other = { ...config, loss: "softmax", trainFraction: 0.2 } as const;
  assertEquals(costs.msPerStep(other), undefined);
  assertEquals(costs.left(other), 6500);
  assertEquals(costs.left({ ...config, hidden: [7] }), NaN);
  assertEquals(costs.msPerStep({ ...config, seed: 3, lr: 1 }), 10);
  // A twentieth of what the last steps took, three times as much at most.
  costs.follow(config, 20);
  assertEquals(costs.msPerStep(config), 10.5);
  costs.follow(config, 1e9);
  assertEquals(costs.msPerStep(config), 0.95 * 10.5 + 0.05 * 31.5);
});

Deno.test("wallTime() is that of the longest run, or of all shared among the lanes", () => {
  assertEquals(wallTime([4, 4, 4], 2), 6);
  assertEquals(wallTime([9, 1, 1], 2), 9);
  assertEquals(wallTime([], 2), 0);
});

Deno.test("timeText() in seconds, minutes, hours", () => {
  assertEquals(
    [0, 99_400, 99_600, 5_969_000, 5_970_000, 3_600_000 * 12 + 300_000, NaN]
      .map(timeText),
    [
      "0 s",
      "99 s",
      "2 min",
      "99 min",
      "1 h 40 min",
      "12 h 05 min",
      "an unknown time",
    ],
  );
});

Deno.test("seedsOf() counts from 0, of runs and of records", () => {
  assertEquals(seedsOf([], 3), 3);
  assertEquals(seedsOf(["a-seed0", "a-seed4", "b-seed2"], 3), 5);
  assertEquals(seedsOf(["a-seed3.json", "seed9-a"], 1), 4);
});

Deno.test("jobsOf() evaluates 200 times, seed by seed", () => {
  const jobs = jobsOf("t", figure, "full", 2, "here");
  assertEquals(jobs.map(({ name }) => name), [
    ...["a-seed0", "b-seed0", "a-seed1", "b-seed1"],
  ]);
  assertEquals(jobs[0]!.config.evalEvery, 5);
  const more = jobsOf(
    "t",
    figure,
    "full",
    ({ name }) => name === "a" ? 3 : 1,
    "",
  );
  assertEquals(more.map(({ name }) => name), [
    ...["a-seed0", "b-seed0", "a-seed1", "a-seed2"],
  ]);
  const [quick] = jobsOf("t", figure, "quick", 1, "here", { threads: 3 });
  const { steps, evalEvery, threads } = quick!.config;
  assertEquals([steps, evalEvery, threads], [100, 1, 3]);
});

Deno.test("thinned() keeps evenly spaced rows, the first and the last", () => {
  const rows = (n: number) => Array.from({ length: n }, (_, i) => i);
  assertEquals(thinned(rows(5), 10), [0, 1, 2, 3, 4]);
  assertEquals(thinned(rows(11), 5), [0, 2, 4, 6, 8, 10]);
  assertEquals(thinned(rows(12), 5), [0, 3, 6, 9, 11]);
  assertEquals(thinned(rows(201)).length, 201);
  assertEquals(thinned(rows(202)), [
    ...rows(202).filter((i) => i % 2 === 0),
    201,
  ]);
});

Deno.test("a record stands for the same experiment wherever it was computed", () => {
  const own = record("a", 0);
  const same = (config: object) =>
    stands(own, resolveConfig({ modulus: 7, ...config }), figure);
  assertEquals(same({ threads: 5, device: "cpu" }), true);
  assertEquals(same({ lr: 0.02 }), false);
  assertEquals(same({ seed: 1 }), false);
  const columns = { ...figure, columns: ["test_loss"] };
  assertEquals(stands(own, own.config, columns), false);
  const measures = { ...figure, measures: { x: () => Promise.resolve(1) } };
  assertEquals(stands(own, own.config, measures), false);
  assertEquals(JSON.parse(recordText(own)), JSON.parse(JSON.stringify(own)));
});

const run = (values: (number | null)[], seed = 0) =>
  record("a", seed, {
    steps: 10 * (values.length - 1),
    columns: { step: values.map((_, i) => 10 * i), y: values },
  });

Deno.test("numbers of a curve: marks that are met, ends that belong to it", () => {
  const one = run([0, 0.5, null, 0.99, 0.7]);
  assertEquals(firstAtLeast(one, "y", 0.99), 30);
  assertEquals(firstAtLeast(one, "y", 1), null);
  assertEquals(within(one, "y", 10, 30), [0.5, 0.99]);
  assertEquals(most(one, "y", 20), 0.5);
  assertEquals(most(one, "y", Infinity, 40), 0.7);
  assertEquals(most(one, "y", 25, 15), NaN);
  assertEquals(near(one, "y", 14), 0.5);
  assertEquals(near(one, "y", 40), 0.7);
  // Of two as near the earlier; behind the run's end nothing.
  assertEquals(near(one, "y", 35), 0.99);
  assertEquals(near(one, "y", 41), NaN);
  assertThrows(() => most(one, "z"), RangeError, "the figure records step, y");
});

Deno.test("median() of odd, even and no numbers", () => {
  assertEquals(median([10, 9, 100]), 10);
  assertEquals(median([3, 100, 20, 1]), 11.5);
  assertEquals(median([]), NaN);
});

Deno.test("curve() is the median of the runs that are still going, in their band", () => {
  const runs = [
    run([1, 2, 3]),
    run([5, 4, NaN, 7], 1),
    run([2, 9, null], 2),
  ];
  assertEquals(curve(resultsOf("full", 3, runs), "a", "y"), [
    { x: 0, y: 2, low: 1, high: 5 },
    { x: 10, y: 4, low: 2, high: 9 },
    { x: 20, y: 3, low: 3, high: 3 },
    { x: 30, y: 7, low: 7, high: 7 },
  ]);
  assertEquals(curve(resultsOf("full", 1, [run([1, null])]), "a", "y"), [
    { x: 0, y: 1 },
    { x: 10, y: NaN },
  ]);
});

Deno.test("measured() gives the median and, where they differ, least and most", () => {
  const text = (...values: (number | null)[]) =>
    measured(
      resultsOf("full", 3, values.map((_, i) => record("a", i))),
      "a",
      ({ seed }) => values[seed]!,
      stepText,
    );
  assertEquals(text(), "not run");
  assertEquals(text(1200), "1,200");
  assertEquals(text(3, 3), "3");
  assertEquals(text(3, 10, 4), "4 (3 to 10)");
  assertEquals(text(null, 10, 4), "10 (4 to never)");
  const [row] = accuracyAt(
    resultsOf("full", 1, [record("a", 0, {
      columns: { step: [0, 500], test_accuracy: [0, 0.25] },
    })]),
    "a",
    "A",
    [[480, "30 %"]],
  );
  assertEquals(row, {
    what: "A: test accuracy at 480",
    published: "30 %",
    measured: percent(0.25),
  });
});

Deno.test("recordOf() keeps six digits of each number, of every row", () =>
  withTempDir(async (run) => {
    await train({ modulus: 5, hidden: [4], steps: 10, evalEvery: 5 }, { run });
    const rows = await readMetrics(run);
    const { columns, steps } = (await recordOf(run, "a", figure))!;
    assertEquals(steps, 10);
    assertEquals(columns, {
      step: [0, 5, 10],
      train_loss: rows.map((row) => Number(row.train_loss.toPrecision(6))),
    });
  }));
