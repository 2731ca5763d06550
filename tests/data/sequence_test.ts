/** Tasks that are learnt one after the other: rows, replay, what is refused. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError, resolveConfig } from "../../lib/config/config.ts";
import { configAt } from "../../lib/config/switches.ts";
import type { Examples } from "../../lib/data/dataset.ts";
import { repeatedRows } from "../../lib/data/sequence.ts";
import { inForceAt } from "../../lib/engine/transfer.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { datasetOf, splitOf } from "../../lib/experiment/split.ts";
import { UsageError } from "../../lib/base/errors.ts";

const TASK = { task: "add-then-product", modulus: 5 } as const;
const second = (more: object) =>
  splitOf(resolveConfig({ ...TASK, currentTask: 2, ...more }));
const textsOf = ({ inputs, labels }: Examples) =>
  inputs.map((row, i) => `${row} → ${labels[i]}`);

Deno.test("add-then-product has the rows of both operations, told apart by a token", () => {
  const { inputs, labels, classes, taskSizes } = datasetOf(resolveConfig(TASK));
  assertEquals([inputs.length, classes, taskSizes], [50, 5, [25, 25]]);
  for (const [i, [a, operator, b]] of inputs.entries()) {
    assertEquals(operator, i < 25 ? 5 : 6);
    assertEquals(labels[i], (operator === 5 ? a! + b! : a! * b!) % 5);
  }
});

Deno.test("each task is divided by itself, and the division never moves", () => {
  const one = splitOf(resolveConfig(TASK));
  const two = second({ replay: 0.5 });
  assertEquals(one.extra, two.extra);
  assertEquals(one.train, one.extra!["task1_train"]);
  assertEquals(one.test, one.extra!["task1_test"]);
  assertEquals(two.test, two.extra!["task2_test"]);
  for (const task of ["task1", "task2"]) {
    const [train, test] = ["train", "test"].map((part) =>
      textsOf(one.extra![`${task}_${part}`]!)
    );
    assertEquals([train!.length, test!.length], [10, 15]);
    assertEquals(new Set([...train!, ...test!]).size, 25);
  }
});

Deno.test("with the second task the first train rows of the first are replayed", () => {
  const rows = (more: object) => textsOf(second(more).train);
  const [first, next] = ["task1_train", "task2_train"]
    .map((name) => textsOf(second({}).extra![name]!)) as [string[], string[]];
  assertEquals(rows({}), next);
  assertEquals(rows({ replay: 0 }), next);
  assertEquals(rows({ replay: 0.3 }), [...next, ...first.slice(0, 3)]);
  assertEquals(rows({ replay: 1 }), [...next, ...first]);
});

Deno.test("a new-loss weight repeats replayed rows until they weigh 1 − w", () => {
  const { train, extra } = second({ replay: 0.3, newLossWeight: 0.5 });
  const first = textsOf(extra!["task1_train"]!);
  // Ten new rows, and three old ones by turns until there are ten of them.
  assertEquals(
    textsOf(train).slice(10),
    Array.from({ length: 10 }, (_, i) => first[i % 3]!),
  );
  // w = n/(n + count).
  assertEquals(repeatedRows(3, 30, 0.3), 70);
  assertEquals(repeatedRows(3, 30, 0.75), 10);
  assertEquals(repeatedRows(3, 30, undefined), 3);
  assertEquals(repeatedRows(0, 30, 0.3), 0);
  assertEquals(repeatedRows(3, 30, 0.999), 1);
});

Deno.test("label noise is drawn for each task's train rows, and replayed as it is", () => {
  const clean = splitOf(resolveConfig(TASK)).extra!;
  const { train, extra } = second({ replay: 1, labelNoise: 0.2 });
  for (const task of ["task1", "task2"]) {
    const [was, is] = [clean, extra!].map((e) => e[`${task}_train`]!.labels);
    assertEquals(was!.filter((y, i) => y !== is![i]).length, 2);
    assertEquals(extra![`${task}_test`], clean[`${task}_test`]);
  }
  assertEquals(train.labels.slice(10), extra!["task1_train"]!.labels);
});

Deno.test("a switch brings the second task's rows", () => {
  const config = resolveConfig({
    ...TASK,
    hidden: [4],
    switches: [{ at: 5, config: { currentTask: 2, replay: 0.3 } }],
  });
  const whole = makeExperiment(config);
  assertEquals(inForceAt(whole, 4).split, whole.split);
  const later = inForceAt(whole, 5);
  assertEquals(later.split, splitOf(configAt(config, 5)));
  assertEquals(later.split.train.labels.length, 13);
});

Deno.test("configs of one task have no key of two", () => {
  const keys = Object.keys(resolveConfig({}));
  for (const key of ["currentTask", "replay", "newLossWeight"]) {
    assert(!keys.includes(key), key);
  }
});

const to = (config: object) => ({ ...TASK, switches: [{ at: 5, config }] });
const refused: readonly (readonly [input: object, message: string])[] = [
  [{ replay: 0.2 }, "--replay must be left out with --task add"],
  [{ currentTask: 1 }, "--current-task must be left out with --task add"],
  [{ task: "parity", newLossWeight: 0.2 }, "no second task"],
  [{ ...TASK, currentTask: 3 }, "--current-task must be 1 or 2, got 3"],
  [{ ...TASK, replay: 1.01 }, "--replay must lie in [0, 1], got 1.01"],
  [{ ...TASK, replay: -0.01 }, "--replay must lie in [0, 1], got -0.01"],
  [{ ...TASK, replay: "all" }, "--replay must be a number"],
  [{ ...TASK, newLossWeight: 1 }, "--new-loss-weight must lie in (0, 1)"],
  [{ ...TASK, newLossWeight: 0 }, "--new-loss-weight must lie in (0, 1)"],
  [{ ...TASK, replay: 0.2 }, "--replay must come with --current-task 2"],
  [to({ replay: 0.2 }), "From step 5 on, --replay must come with"],
  [
    to({ currentTask: 2, newLossWeight: 0.5 }),
    "--new-loss-weight must come with a --replay above 0",
  ],
  // 10 train rows: 0.04 of them is none.
  [to({ currentTask: 2, replay: 0.04 }), "one of the first task's 10 train"],
  [
    { ...to({ currentTask: 2 }), steps: 5 },
    "--switch-at must rise within 1..4",
  ],
];

Deno.test("what does not go together of two tasks is refused, with the reason", () => {
  for (const [input, message] of refused) {
    assertThrows(() => resolveConfig(input), ConfigError, message);
  }
  resolveConfig(to({ currentTask: 2, replay: 0.05 }));
});

Deno.test("a batch that the second task's rows do not fill is refused", () => {
  const config = { ...to({ currentTask: 2, replay: 0.3 }), hidden: [4] };
  makeExperiment(resolveConfig({ ...config, batchSize: 10 }));
  const large = resolveConfig({ ...config, batchSize: 11 });
  assertThrows(() => makeExperiment(large), UsageError, "at most 10");
});
