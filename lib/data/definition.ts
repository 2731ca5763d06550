/**
 * What a task is.
 *
 * @module
 */

import type { Component, Settings, Values } from "../settings/setting.ts";
import type { Dataset, Examples } from "./dataset.ts";
import type { RandomKey } from "../numeric/random.ts";

/** What a row is: tokens, or numbers under a name. */
export type Input =
  | {
    readonly kind: "tokens";
    /** Tokens are 0..vocabulary-1. */
    readonly vocabulary: number;
    /** How many there are in a row. */
    readonly length: number;
  }
  | {
    readonly kind: "numbers";
    /** How many there are in a row. */
    readonly width: number;
    /** What they are: the input's name in checkpoints. */
    readonly name: string;
    /** The flag without which they would be tokens, if there is one. */
    readonly flag?: string;
  };

/** A task's rows and labels, or targets, before any is made. */
export interface Form {
  /** What a row is. */
  readonly input: Input;
  /**
   * How many classes there are; of a regression, how many numbers a target is: the
   * width of a model's last layer.
   */
  readonly classes: number;
  /**
   * Whether rows have targets in place of labels: real numbers, which losses of
   * classes say nothing about.
   */
  readonly regression?: boolean;
  /** How many examples, of each task, where a train fraction of them is drawn. */
  readonly total?: number;
  /** How many tasks there are, learnt one after the other; 1 if left out, or 2. */
  readonly tasks?: number;
}

/** A task: its rows from a config. */
export interface TaskDefinition<S extends Settings = Settings>
  extends Component<S> {
  /** Shapes and sizes, without making a row. */
  form(config: Values<S>): Form;
  /**
   * All rows.
   *
   * @param config Its settings.
   * @param key The random streams of the data.
   */
  dataset(config: Values<S>, key: RandomKey): Dataset;
  /** One line on what is learnt: "add mod 113". */
  describe(config: Values<S>): string;
}

/**
 * A task definition, typed by its settings.
 *
 * ```ts
 * import { defineTask, integer } from "@groklab/groklab";
 * import { assertEquals } from "@std/assert";
 *
 * // Which of two numbers is larger, as a class: max(a, b), a and b below p.
 * const larger = defineTask({
 *   summary: "max(a, b)",
 *   settings: {
 *     below: integer([2, 500], 31, "<p>", "larger: numbers below p"),
 *   },
 *   form: ({ below: p }) => ({
 *     input: { kind: "tokens", vocabulary: p, length: 2 },
 *     classes: p,
 *     total: p ** 2,
 *   }),
 *   dataset({ below: p }) {
 *     const inputs = Array.from(
 *       { length: p ** 2 },
 *       (_, i) => [Math.floor(i / p), i % p],
 *     );
 *     return {
 *       inputs,
 *       labels: inputs.map(([a, b]) => Math.max(a!, b!)),
 *       classes: p,
 *     };
 *   },
 *   describe: ({ below: p }) => `larger of two numbers below ${p}`,
 * });
 * assertEquals(larger.form({ below: 7 }).total, 49);
 * ```
 *
 * @param definition The definition, which is given back.
 */
export function defineTask<const S extends Settings>(
  definition: TaskDefinition<S>,
): TaskDefinition<S> {
  return definition;
}

/**
 * Looks whether a task's rows are what its form says: a loss of other rows would
 * be a number that means nothing.
 *
 * @param dataset The rows.
 * @param form What they are said to be.
 * @param name The task's.
 * @throws {TypeError} if there is not a label, or a target, for each row, or a row
 * has another length.
 * @throws {RangeError} if a label is none of the classes, a token is not in the
 * vocabulary, a target is no finite number, or the rows are of other tasks.
 */
export function checkRows(dataset: Dataset, form: Form, name: string): void {
  const { split, classes } = dataset;
  const parts = split
    ? { train: split.train, test: split.test, ...split.extra }
    : { all: dataset };
  const what = `Cannot learn the task ${name}: `;
  if (classes !== form.classes) {
    const named = form.regression ? "numbers a target" : "classes";
    throw new RangeError(
      `${what}its rows have ${classes} ${named}, and its form ${form.classes}`,
    );
  }
  const sizes = dataset.taskSizes ?? [dataset.labels.length];
  const { tasks = 1, total = sizes[0] } = form;
  const sum = sizes.reduce((a, b) => a + b, 0);
  if (
    sizes.length !== tasks || tasks > 2 || sum !== dataset.labels.length ||
    (tasks > 1 && sizes.some((size) => size !== total))
  ) {
    throw new RangeError(
      `${what}its ${dataset.labels.length} rows are of tasks of ` +
        `${sizes.join(" and ")}, and its form has ${tasks} of ${total}`,
    );
  }
  for (const [part, examples] of Object.entries(parts)) {
    checkPart(examples, form, `${what}of the rows (${part}) `);
  }
}

function checkPart(
  examples: Examples,
  { input, classes, regression = false }: Form,
  what: string,
): void {
  const { inputs, labels } = examples;
  if (regression) checkTargets(examples, classes, what);
  else if (examples.targets) {
    throw new TypeError(
      `${what}there are targets: its form must say that it is a regression`,
    );
  } else if (inputs.length !== labels.length) {
    throw new TypeError(
      `${what}there are ${inputs.length}, and ${labels.length} labels`,
    );
  }
  const length = input.kind === "tokens" ? input.length : input.width;
  const isClass = regression ? () => true : indexBelow(classes);
  const isInput = input.kind === "tokens"
    ? indexBelow(input.vocabulary)
    : Number.isFinite;
  inputs.forEach((row, i) => {
    if (row.length !== length) {
      throw new TypeError(
        `${what}number ${i} has length ${row.length}, wanted ${length}`,
      );
    }
    const label = labels[i]!;
    if (!isClass(label)) {
      throw new RangeError(
        `${what}number ${i} is labelled ${label}, wanted a class in ` +
          `0..${classes - 1}`,
      );
    }
    const at = row.findIndex((x) => !isInput(x));
    if (at < 0) return;
    throw new RangeError(
      `${what}number ${i} has ${row[at]}, wanted ` +
        (input.kind === "tokens"
          ? `tokens in 0..${input.vocabulary - 1}`
          : "finite numbers"),
    );
  });
}

function checkTargets(
  { inputs, labels, targets = [] }: Examples,
  length: number,
  what: string,
): void {
  if (inputs.length !== targets.length || labels.length > 0) {
    throw new TypeError(
      `${what}there are ${inputs.length}, ${targets.length} targets and ` +
        `${labels.length} labels, wanted a target for each and no labels`,
    );
  }
  targets.forEach((target, i) => {
    if (target.length !== length) {
      throw new TypeError(
        `${what}number ${i} has a target of length ${target.length}, wanted ` +
          `${length}`,
      );
    }
    const bad = target.find((x) => !Number.isFinite(x));
    if (bad === undefined) return;
    throw new RangeError(
      `${what}number ${i} has ${bad} in its target, wanted finite numbers`,
    );
  });
}

const indexBelow = (end: number) => (x: number): boolean =>
  Number.isInteger(x) && x >= 0 && x < end;
