/** Curves over training: which numbers are drawn, and where. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type Config, resolveConfig } from "../../lib/config/config.ts";
import { curveFigures } from "../../lib/report/figures/curves.ts";
import { groupsOf, type ReportRun } from "../../lib/report/runs.ts";

type Row = readonly [step: number, test: number, train?: number];

function made(seed: number, rows: readonly Row[], more: Partial<Config> = {}) {
  return {
    path: `${seed}`,
    name: `${seed}`,
    config: resolveConfig({ seed, ...more }),
    rows: rows.map(([step, test_accuracy, train_accuracy = 0]) => ({
      step,
      test_accuracy,
      train_accuracy,
    })),
    summary: undefined,
    checkpoints: [],
  } as unknown as ReportRun;
}

const accuracy = (...runs: ReportRun[]) => curveFigures(groupsOf(runs))[0]!.svg;

/** The points of the curves, as shares: 0 and 100 % are the ends of the axis. */
function linesOf(svg: string): number[][] {
  const [, height, top] = /<rect height="(\d+)"[^>]*y="(\d+)"[^>]*"frame"/.exec(
    svg,
  )!.map(Number);
  const bottom = top! + height!;
  return [...svg.matchAll(/ d="(M[^"Z]*)"/g)]
    .map(([, d]) => d!.slice(1).split("L").map((p) => Number(p.split(",")[1])))
    .filter((ys) => ys.length > 2)
    .map((ys) => ys.map((y) => (bottom - y) / height!));
}

/** Where upright marks stand. */
const marksOf = (svg: string) =>
  [...svg.matchAll(/<line[^>]* x2="([\d.]+)" x1="\1"/g)]
    .map(([, x]) => x);

Deno.test("of an even number of seeds the curve is the mean of the two in the middle", () => {
  const steps = [1, 10, 100, 1000];
  const runs = [0.1, 0.2, 0.6, 1].map((test, seed) =>
    made(seed, steps.map((step) => [step, test] as const))
  );
  const [test] = linesOf(accuracy(...runs));
  assertEquals(test!.length, 4);
  for (const y of test!) assertAlmostEquals(y, 0.4, 0.002);
});

Deno.test("thinning keeps what sticks out, and some hundred points", () => {
  const rows = Array.from({ length: 20_000 }, (_, i): Row => [
    i + 1,
    i === 18_000 ? 1 : i === 18_100 ? 0 : 0.5 + 0.01 * (i % 2),
  ]);
  const [test] = linesOf(accuracy(made(0, rows)));
  assertAlmostEquals(Math.max(...test!), 1, 0.002);
  assertAlmostEquals(Math.min(...test!), 0, 0.002);
  assert(test!.length > 350 && test!.length <= 602, `${test!.length} points`);
});

Deno.test("a mark stands where half of the runs are there, those that never are last", () => {
  const run = (seed: number, at: number) =>
    made(seed, [1, 10, 20, 30, 40].map((step) => [step, step >= at ? 1 : 0]));
  const marks = (...at: number[]) =>
    marksOf(accuracy(...at.map((a, i) => run(i, a))));
  // Of four the second, of five the third.
  assertEquals(marks(10, 20, 30, 40), marks(20));
  assertEquals(marks(40, 20, 30, 10, 10), marks(20));
  assertEquals(marks(20, Infinity, Infinity, 10), marks(20));
  assertEquals(marks(10, Infinity, Infinity), marks(Infinity));
  assert(marks(20).join() !== marks(30).join());
  assert(marks(20).length > marks(Infinity).length);
});

Deno.test("exactly 99 % is a mark, less is none", () => {
  const marks = (test: number) =>
    marksOf(accuracy(made(0, [[1, 0], [10, 0], [20, test], [30, test]])))
      .length;
  assertEquals(marks(0.99), marks(1));
  assertEquals(marks(0.9899), marks(0));
  assert(marks(0.99) > marks(0));
});

Deno.test("of two tasks both are drawn, and the step at which the second begins", () => {
  const steps = [1, 10, 50, 100];
  const rows = steps.map((step) => ({
    step,
    train_accuracy: 0.5,
    test_accuracy: 0.5,
    task1_train_accuracy: 1,
    task1_test_accuracy: 0.75,
    task2_train_accuracy: 0.5,
    task2_test_accuracy: 0.25,
  }));
  const two = (seed: number, at?: number) => ({
    ...made(seed, [], {
      task: "add-then-product",
      ...(at && { switches: [{ at, config: { currentTask: 2 } }] }),
    }),
    rows,
  } as unknown as ReportRun);
  const figure = (...runs: ReportRun[]) =>
    curveFigures(groupsOf(runs)).find(({ id }) => id === "tasks");
  const { svg, data } = figure(two(0, 50))!;
  const ends = linesOf(svg).map((ys) => Number(ys.at(-1)!.toFixed(2)));
  assertEquals(ends, [0.75, 1, 0.25, 0.5]);
  assertEquals(marksOf(svg).length, 1);
  assert(svg.includes("second task begins"));
  assertEquals(data.rows.length, steps.length);
  // Where no second task begins there is no such line; of one task no such chart.
  assertEquals(marksOf(figure(two(0))!.svg), []);
  assertEquals(figure(made(0, [[1, 0.5]])), undefined);
});
