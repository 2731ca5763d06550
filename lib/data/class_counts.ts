/**
 * Classes of unequal sizes.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { minOf } from "../base/extremes.ts";
import { type RandomStream, sample } from "../numeric/random.ts";
import type { Examples } from "./dataset.ts";
import type { Form } from "./definition.ts";

/**
 * Keeps n_k of the rows of each class k, drawn at random, in the order in which
 * they are; the others are left out.
 *
 * ```ts
 * import { modular, randomKey, withClassCounts } from "@groklab/groklab/data";
 * import { assertEquals } from "@std/assert";
 *
 * const sums = modular("add", 3); // three rows of each class
 * const some = withClassCounts(sums, [3, 2, 1], randomKey(0)("class-counts"));
 * assertEquals(some.labels.toSorted(), [0, 0, 0, 1, 1, 2]);
 * ```
 *
 * @param examples The rows.
 * @param counts n_k of each class, 1 or more.
 * @param stream Where the randomness comes from.
 * @throws {UsageError} if a class has fewer rows, or is to have none.
 */
export function withClassCounts(
  examples: Examples,
  counts: readonly number[],
  stream: RandomStream,
): Examples {
  const { inputs, labels, source } = examples;
  const rowsOf = rowsByClass(labels, counts.length);
  const kept = counts.flatMap((count, k) => {
    const own = rowsOf[k]!;
    if (count >= 1 && count <= own.length) {
      return sample(count, own.length, stream).map((i) => own[i]!);
    }
    throw new UsageError(
      `--class-counts must leave each class 1 row or more and ask for no ` +
        `more than there are: class ${k} has ${own.length} rows to train on, ` +
        `got ${count}`,
    );
  }).sort((a, b) => a - b);
  return {
    inputs: kept.map((row) => inputs[row]!),
    labels: kept.map((row) => labels[row]!),
    ...(source && {
      source: { ...source, rows: kept.map((row) => source.rows[row]!) },
    }),
  };
}

/**
 * Counts that fall geometrically, a long tail: n_k = round(n·ρ^(−k/(K − 1))), n being
 * the rows of the class that has the fewest, so that the last class has 1/ρ of the
 * first's.
 *
 * Source: Cui et al. (arXiv 1901.05555), Section 5, long-tailed CIFAR.
 *
 * @param labels The class of each row.
 * @param classes K, at least 2.
 * @param ratio ρ, 1 or more.
 * @throws {UsageError} if a class would be left empty.
 */
export function longTail(
  labels: readonly number[],
  classes: number,
  ratio: number,
): number[] {
  const n = minOf(rowsByClass(labels, classes).map(({ length }) => length));
  const counts = Array.from(
    { length: classes },
    (_, k) => Math.round(n * ratio ** (-k / (classes - 1))),
  );
  const empty = counts.indexOf(0);
  if (empty < 0) return counts;
  throw new UsageError(
    `--class-imbalance must leave each class 1 row or more: of ${n} rows of the ` +
      `smallest class ${ratio} leaves class ${empty} none`,
  );
}

function rowsByClass(labels: readonly number[], classes: number): number[][] {
  const rows: number[][] = Array.from({ length: classes }, () => []);
  labels.forEach((label, row) => rows[label]!.push(row));
  return rows;
}

/**
 * Why counts of classes do not go with a task, in words that begin with a flag.
 *
 * @param config What is asked for.
 * @param form How many classes the task has, or that it is a regression.
 */
export function classCountsProblem(
  { classCounts, classImbalance }: {
    readonly classCounts?: readonly number[] | undefined;
    readonly classImbalance?: number | undefined;
  },
  { classes, regression = false, tasks = 1 }: Pick<
    Form,
    "classes" | "regression" | "tasks"
  >,
): string | undefined {
  const asked = classCounts
    ? `--class-counts ${classCounts}`
    : classImbalance !== undefined
    ? `--class-imbalance ${classImbalance}`
    : undefined;
  if (asked === undefined) return;
  if (regression) {
    return `${asked} needs classes, and the task is a regression and has none: ` +
      "leave it out";
  }
  if (tasks > 1) {
    return `${asked} is of one task's rows, and there are ${tasks} tasks one ` +
      "after the other: leave it out";
  }
  if (classCounts === undefined) return;
  if (classImbalance !== undefined) {
    return "--class-imbalance must be left out with --class-counts, which says " +
      `how many rows each class has, got ${classImbalance}`;
  }
  const empty = classCounts.indexOf(0);
  if (empty >= 0) {
    return "--class-counts must leave each class 1 row or more, got 0 for class " +
      empty;
  }
  if (classCounts.length === classes) return;
  return `--class-counts must name a count for each of the ${classes} classes, ` +
    `got ${classCounts.length}`;
}
