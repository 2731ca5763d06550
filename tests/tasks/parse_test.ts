/** How flags are read, and runs and bands put into words, without a process. */

import { assertEquals, assertThrows } from "@std/assert";
import { resolveConfig } from "../../lib/config/config.ts";
import type { RunReport } from "../../lib/probes/mod.ts";
import type { Standing } from "../../lib/reproduce/options.ts";
import { bandOf } from "../../lib/train/band/band.ts";
import type { TrainResult } from "../../lib/runs/result.ts";
import { standingText } from "../../tasks/reproduce/text.ts";
import {
  EXIT,
  nameOutOf,
  namesOutOf,
  number,
  numbers,
  path,
  several,
  stepNumber,
} from "../../tasks/shared/cli.ts";
import { renderRun } from "../../tasks/shared/probe_text.ts";
import { bandText, summary } from "../../tasks/train/text.ts";

Deno.test("numbers are read whole, and nothing else is one", () => {
  assertEquals(["1e-3", " 7 ", "-2", "Infinity"].map(number), [
    ...[0.001, 7, -2, Infinity],
  ]);
  for (const text of ["", " ", "7x", "1,2", "NaN"]) {
    assertThrows(() => number(text), Error, "Wanted a number", text);
  }
  assertEquals(["200,100", "7", "none"].map(numbers), [[200, 100], [7], []]);
  for (const text of ["", "1,", "1;2", "none,1"]) {
    assertThrows(() => numbers(text), Error, "with commas between", text);
  }
  assertEquals(["0", "12"].map(stepNumber), [0, 12]);
  for (const text of ["-1", "1.5", "1e20"]) {
    assertThrows(() => stepNumber(text), Error, "0 or more", text);
  }
});

Deno.test("names and paths are read as they are, unknown ones refused", () => {
  const of = nameOutOf(["margin", "geometry"]);
  assertEquals(of("margin"), "margin");
  assertThrows(
    () => of("geometri"),
    Error,
    "choose from margin, geometry (did you mean geometry?)",
  );
  assertEquals(namesOutOf(["a", "b"])("b,a"), ["b", "a"]);
  assertThrows(() => namesOutOf(["a", "b"])("a,c"), Error, '"c"');
  assertEquals(path("runs/a b"), "runs/a b");
  for (const text of ["", "--run"]) {
    assertThrows(() => path(text), Error, "file or folder");
  }
  const add = several(number);
  assertEquals(add("2", add("1")), [1, 2]);
  assertEquals(EXIT, { done: 0, failed: 1, usage: 2, interrupted: 130 });
});

const result = (more: Partial<TrainResult> = {}): TrainResult => ({
  run: "runs/a b",
  config: resolveConfig({ lr: 0.5, weightDecay: 2 }),
  steps: 400,
  memorised_at: 100,
  grokked_at: null,
  diverged_at: null,
  final: {
    train_accuracy: 1,
    test_accuracy: 0.25,
    softmax_collapse: 0.125,
  } as TrainResult["final"],
  ms_per_step: 2.345,
  seconds: 1.25,
  checkpoint: "c.onnx",
  interrupted: false,
  ...more,
});

Deno.test("summary() says when, how well and how fast", () => {
  const lines = summary(result()).split("\n");
  assertEquals(lines.slice(0, 4), [
    "memorised at step 100 (train accuracy ≥ 99 %)",
    "not grokked: test accuracy never reached 99 %",
    "after 400 steps: accuracy 100.0 % train, 25.0 % test; softmax collapse " +
    "12.5 %; 2.3 ms/step, 1.3 s",
    "checkpoint: c.onnx",
  ]);
  assertEquals(
    summary(result({ interrupted: true, grokked_at: 0 })).split("\n").slice(
      0,
      3,
    ),
    [
      "stopped at step 400",
      "memorised at step 100 (train accuracy ≥ 99 %)",
      "grokked at step 0 (test accuracy ≥ 99 %)",
    ],
  );
});

Deno.test("bandText() has the median of an even number, and a row a run", () => {
  const results = [
    result({ grokked_at: 90 }),
    result({ grokked_at: 1000, run: "r1" }),
    result({ grokked_at: 300, run: "r2" }),
    result({ grokked_at: 200, run: "r3" }),
    result({ memorised_at: null, run: "r4" }),
  ];
  const lines = bandText(bandOf(results), results).split("\n");
  assertEquals(lines.slice(0, 4), [
    "5 runs of 400 steps in 1.3 s, 3.1 ms a step of all",
    "4 of 5 memorised, at step 100–100, median 100",
    "4 of 5 grokked, at step 90–1000, median 250",
    "test accuracy 25.0 % to 25.0 %",
  ]);
  assertEquals(
    lines.at(-1),
    "0     0.5  2      –          –        25.0 %  r4",
  );
});

Deno.test("standingText() rounds down: what is not over is not 100 %", () => {
  const at = (step: number) => ({
    finished: 2,
    of: 6,
    training: [{
      job: {
        figure: "fig2",
        name: "a-seed0",
        config: resolveConfig({ steps: 1000 }),
      },
      step,
    }],
    left: 61_000,
  } as unknown as Standing);
  const cases = [[999, "99 %"], [290, "29 %"], [1, "0.1 %"], [
    0,
    "0 %",
  ]] as const;
  for (const [step, share] of cases) {
    assertEquals(
      standingText(at(step)),
      `2 of 6 runs, 61 s left · fig2 a-seed0 ${share}`,
    );
  }
});

Deno.test("renderRun() thins a long series, its last checkpoint always shown", () => {
  const series = (count: number) => ({
    source: "runs/r",
    steps: [0, 10 * (count - 1)],
    notes: [],
    summary: [],
    series: {
      margin: Array.from({ length: count }, (_, i) => {
        const part = { at_quantiles: Array(8).fill(i), normalised: null };
        return { step: 10 * i, result: { train: part, test: part } };
      }),
    },
    gaps: {},
    probes: {},
    skipped: {},
  });
  const steps = (count: number) => {
    const { series: { margin }, ...rest } = series(count);
    const report = { ...rest, series: { margin } } as unknown as RunReport;
    return renderRun(report).split("\n")
      .flatMap((line) => /^ +(\d+) /.exec(line)?.[1] ?? []).map(Number);
  };
  assertEquals(steps(3), [0, 10, 20]);
  assertEquals(steps(21).length, 21);
  // Every second from behind.
  assertEquals(steps(22), Array.from({ length: 11 }, (_, i) => 10 + 20 * i));
  assertEquals(steps(23).at(-1), 220);
});
