/** Rows that are not what their task's form says are not learned. */

import { assertThrows } from "@std/assert";
import type { Dataset } from "../../lib/data/dataset.ts";
import { checkRows, type Form } from "../../lib/data/definition.ts";

const FORM: Form = {
  input: { kind: "tokens", vocabulary: 4, length: 2 },
  classes: 3,
};
const ROWS: Dataset = {
  inputs: [[0, 3], [1, 2]],
  labels: [0, 2],
  classes: 3,
};

Deno.test("checkRows() takes rows that are what the form says", () => {
  checkRows(ROWS, FORM, "own");
  const { train, test } = { train: ROWS, test: ROWS };
  checkRows(
    { ...ROWS, split: { train, test, extra: { ood: ROWS } } },
    FORM,
    "own",
  );
});

const WRONG: readonly [
  string,
  Partial<Dataset>,
  typeof TypeError | typeof RangeError,
  string,
][] = [
  ["a label too few", { labels: [0] }, TypeError, "there are 2, and 1 labels"],
  [
    "other classes",
    { classes: 4 },
    RangeError,
    "have 4 classes, and its form 3",
  ],
  [
    "a label of no class",
    { labels: [0, 3] },
    RangeError,
    "number 1 is labelled 3",
  ],
  [
    "half a label",
    { labels: [0.5, 1] },
    RangeError,
    "number 0 is labelled 0.5",
  ],
  [
    "a long row",
    { inputs: [[0, 3], [1, 2, 3]] },
    TypeError,
    "number 1 has length 3",
  ],
  ["no token", { inputs: [[0, 3], [1, 4]] }, RangeError, "number 1 has 4"],
  ["no number", { inputs: [[NaN, 3], [1, 2]] }, RangeError, "number 0 has NaN"],
];

for (const [name, change, error, message] of WRONG) {
  Deno.test(`checkRows() refuses ${name}`, () => {
    assertThrows(
      () => checkRows({ ...ROWS, ...change }, FORM, "own"),
      error,
      message,
    );
    if (change.classes) return;
    const extra = { ood: { ...ROWS, ...change } };
    assertThrows(
      () =>
        checkRows(
          { ...ROWS, split: { train: ROWS, test: ROWS, extra } },
          FORM,
          "own",
        ),
      error,
      "(ood)",
    );
  });
}

Deno.test("checkRows() wants finite numbers, of the form's width", () => {
  const form: Form = {
    input: { kind: "numbers", width: 1, name: "x" },
    classes: 3,
  };
  checkRows({ ...ROWS, inputs: [[0.5], [-1]] }, form, "own");
  assertThrows(
    () => checkRows({ ...ROWS, inputs: [[0.5], [Infinity]] }, form, "own"),
    RangeError,
    "number 1 has Infinity, wanted finite numbers",
  );
});
