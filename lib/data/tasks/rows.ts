/**
 * Rows that are nothing but their number: what free features are learnt of.
 *
 * @module
 */

import { classCounts } from "../../settings/run.ts";
import type { Setting } from "../../settings/setting.ts";
import { datasetOfParts } from "../dataset.ts";
import { defineTask, type TaskDefinition } from "../definition.ts";

/** The settings of rows by number. */
export type RowsSettings = {
  readonly classCounts: Setting<readonly number[] | undefined>;
};

const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

/**
 * Σ_k n_k rows, row i being the token i, the first n_0 of class 0, and so on. A row
 * says nothing of any other, so that there is nothing to generalise: all rows are
 * trained on, and there are none to test, no test loss and no test accuracy.
 */
export const rowsTask: TaskDefinition<RowsSettings> = defineTask({
  summary: "rows that are only a number, by class; none to test",
  settings: { classCounts },
  check: ({ classCounts }) =>
    classCounts === undefined
      ? "--class-counts must say how many rows each class of --task rows has: " +
        "name them, as in --class-counts 50,20,5,1"
      : undefined,
  form: ({ classCounts = [] }) => ({
    input: { kind: "tokens", vocabulary: sum(classCounts), length: 1 },
    classes: classCounts.length,
  }),
  dataset({ classCounts = [] }) {
    const labels = classCounts.flatMap((count, k) =>
      Array<number>(count).fill(k)
    );
    return datasetOfParts({
      train: { inputs: labels.map((_, row) => [row]), labels },
      test: { inputs: [], labels: [] },
    }, classCounts.length);
  },
  describe: ({ classCounts = [] }) =>
    `${sum(classCounts)} rows of ${classCounts.length} classes`,
});
