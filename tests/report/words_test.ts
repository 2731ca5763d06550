/** Words, marks and ticks of a report where a small step decides what is said. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Config, resolveConfig } from "../../lib/config/config.ts";
import type { ProbeReport } from "../../lib/probes/mod.ts";
import { chartSvg } from "../../lib/charts/chart_svg.ts";
import { numberTicks } from "../../lib/charts/heat_map.ts";
import { collapses, sumOfExponentials } from "../../lib/report/live/softmax.ts";
import { groupsOf, reached, type ReportRun } from "../../lib/report/runs.ts";
import { logTicks } from "../../lib/charts/ticks.ts";
import { verdictsOn } from "../../lib/report/page/verdict.ts";
import {
  commandOf,
  outcome,
  summaryCells,
} from "../../lib/report/page/words.ts";

/** A run as far as words look at it. */
function made(
  config: Partial<Config>,
  rows: readonly Record<string, number | null>[] = [],
  summary?: object,
): ReportRun {
  return {
    path: "run",
    name: "run",
    config: resolveConfig(config),
    rows,
    summary,
    checkpoints: [],
  } as unknown as ReportRun;
}

const row = (step: number, train: number, test: number, more = {}) => ({
  step,
  train_accuracy: train,
  test_accuracy: test,
  ...more,
});

Deno.test("99 % and more are memorised and grokked, less is not", () => {
  const rows = [row(0, 0.1, 0), row(10, 0.99, 0.9899), row(20, 1, 0.99)];
  const run = made({ steps: 20 }, rows);
  assertEquals(reached(run, "train"), 10);
  assertEquals(reached(run, "test"), 20);
  assertEquals(reached(made({}, rows.slice(0, 2)), "test"), null);
});

Deno.test("outcome() says how far a run is only where it is on its way", () => {
  const rows = [row(10, 0.5, 0.25)];
  const end = "it did not memorise and did not grok (test accuracy 25.0 %)";
  assertEquals(outcome(made({ steps: 11 }, rows)), `at step 10 so far, ${end}`);
  assertEquals(outcome(made({ steps: 10 }, rows)), end);
  const summary = (interrupted: boolean, diverged_at: number | null) => ({
    interrupted,
    diverged_at,
  });
  assertEquals(outcome(made({ steps: 11 }, rows, summary(false, null))), end);
  assertEquals(
    outcome(made({ steps: 11 }, rows, summary(true, null))),
    `at step 10 so far, ${end}`,
  );
  assertEquals(
    outcome(made({ steps: 11 }, rows, summary(false, 10))),
    `diverged at step 10; before, ${end}`,
  );
  assertEquals(outcome(made({})), "no evaluation yet");
  assertEquals(summaryCells(made({ seed: 4 }, rows)).slice(0, 7), [
    ...["run", "4", "10", "–", "–", "50.0 %", "25.0 %"],
  ]);
});

Deno.test("outcome() of a task without test rows says so", () => {
  const rows = [{ step: 5, train_accuracy: 0.5 }, {
    step: 10,
    train_accuracy: 1,
  }] as unknown as ReturnType<typeof row>[];
  assertEquals(
    outcome(made({ steps: 10 }, rows)),
    "it memorised at step 10, and has no test rows",
  );
});

Deno.test("verdictsOn() takes a cosine for a part of the gradient from 0.1 on", () => {
  const said = (cos: number, perpGrad = true) =>
    verdictsOn(
      made({ perpGrad }, [row(10, 1, 0, { cos_weight_neg_gradient: cos })]),
      undefined,
    ).at(-1)!;
  const taken = "and ⊥Grad takes that part away";
  assert(said(0.11).includes(taken));
  assert(!said(0.1).includes(taken));
  assert(!said(0.9, false).includes(taken));
  assertMatch(said(0.25), /is 0\.25: 6\.3 % of the gradient's square/);
});

Deno.test("verdictsOn() calls frequencies a structure up to a half of them", () => {
  const said = (key_frequencies: number[] | null) =>
    verdictsOn(
      made({}, [row(10, 1, 1)]),
      {
        probes: { fourier: { key_frequencies, order: 9, agreement: 0.5 } },
      } as unknown as ProbeReport,
    ).find((sentence) => /frequenc/.test(sentence))!;
  // ⌊9/2⌋ = 4 of them.
  assertMatch(
    said([1, 4]),
    /^It computes with 2 of 4 frequencies, 1, 4; .* 50/,
  );
  assertMatch(
    said([1, 2, 4]),
    /^3 of its 4 frequencies .* no sparse structure/,
  );
  assertMatch(said([]), /no key frequency/);
});

Deno.test("groupsOf() lays runs of other data seeds together, too", () => {
  const groups = groupsOf([made({}), made({ seed: 1, dataSeed: 2 })]);
  assertEquals(groups.length, 1);
  assertEquals(groupsOf([made({}), made({ steps: 7 })]).length, 2);
});

Deno.test("commandOf() leaves out what says nothing", () => {
  assertEquals(
    commandOf(resolveConfig({ dModel: 64, lrFloor: 0.5, steps: 7 })),
    "deno task train --steps 7",
  );
});

Deno.test("logTicks() have both ends, and seven at most", () => {
  assertEquals(logTicks([1, 10]), [1, 2, 5, 10]);
  assertEquals(logTicks([1, 100]), [1, 2, 5, 10, 20, 50, 100]);
  assertEquals(logTicks([1, 200]), [1, 10, 100]);
  assertEquals(logTicks([1, 1e7]), [1, 100, 1e4, 1e6]);
});

Deno.test("numberTicks() are round numbers, some six at most", () => {
  const of = (...args: Parameters<typeof numberTicks>) =>
    numberTicks(...args).map(([cell, text]) => `${cell}:${text}`);
  assertEquals(of(6), ["0:0", "1:1", "2:2", "3:3", "4:4", "5:5"]);
  assertEquals(of(7), ["0:0", "2:2", "4:4", "6:6"]);
  assertEquals(of(9, 5, 1), ["1:2", "3:4", "5:6", "7:8"]);
  assertEquals(of(113), ["0:0", "20:20", "40:40", "60:60", "80:80", "100:100"]);
});

Deno.test("a logarithmic axis has numbers from 0.01 to 10,000, powers of ten beyond", () => {
  const texts = (ticks: number[]) => {
    const svg = chartSvg({
      title: "t",
      panels: [{
        title: "",
        x: { label: "x" },
        y: { label: "y", scale: "log", ticks, domain: [1e-5, 1e6] },
        series: [{ name: "s", colour: 0, points: [{ x: 1, y: 1 }] }],
      }],
    });
    return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, t]) => t!);
  };
  const found = texts([1e-4, 1e-3, 0.01, 1, 1e4, 1e5]);
  for (const text of ["10⁻⁴", "10⁻³", "0.01", "1", "10,000", "10⁵"]) {
    assert(found.includes(text), `${text} in ${found}`);
  }
});

Deno.test("the page's softmax rounds each exponential, and divides by the temperature", () => {
  // exp(−1) is 0.3678… in float16, the sum of two 1.367 or so.
  const e = Math.f16round(Math.exp(-1));
  assertEquals(
    sumOfExponentials([0, -1], "float16"),
    Math.f16round(Math.fround(1 + e)),
  );
  // Three that are rounded up, each: their exact sum is another float16.
  const z = [0, -6 / 256, -6 / 256, -6 / 256];
  const exact = Math.exp(-6 / 256);
  const sum = (x: number) => Math.f16round(1 + x + x + x);
  assert(sum(Math.f16round(exact)) !== sum(exact));
  assertEquals(sumOfExponentials(z, "float16"), sum(Math.f16round(exact)));
  assertEquals(collapses([20, 0], "float32"), true);
  assertEquals(collapses([20, 0], "float32", 2), false);
});
