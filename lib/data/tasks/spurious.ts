/**
 * Features that agree with the label of most rows and say nothing of why.
 *
 * @module
 */

import type { RandomKey } from "../../numeric/random.ts";
import {
  fraction,
  positive,
  type Setting,
  whereRead,
} from "../../settings/setting.ts";
import type { Examples, Split } from "../dataset.ts";
import { withLabelNoise } from "../label_noise.ts";
import { testRows, trainRows } from "./regression/settings.ts";

/** What every task with a spurious feature is made with. */
export interface SpuriousOptions {
  /** ρ, the share of the train and the test rows whose spurious feature agrees. */
  readonly spuriousAgreement: number;
  /** What the spurious feature is multiplied with. */
  readonly spuriousScale: number;
  /** How many rows to train on. */
  readonly trainRows: number;
  /** How many rows to test on; as many has each further part. */
  readonly testRows: number;
}

/** The settings of these tasks. */
export type SpuriousSettings = {
  readonly [K in keyof SpuriousOptions]: Setting<number>;
};

/** Agreement, scale and numbers of rows. */
export const spuriousSettings: SpuriousSettings = {
  spuriousAgreement: whereRead(fraction(
    0.95,
    "<ρ>",
    "spurious-parity, double-mnist: share of the rows whose spurious feature " +
      "agrees with the label (default: 0.95)",
  )),
  spuriousScale: whereRead(positive(
    0.3,
    "<s>",
    "spurious-parity, double-mnist: what the spurious feature is multiplied " +
      "with (default: 0.3)",
  )),
  trainRows,
  testRows,
};

/** Labels with what makes their core part. */
export interface Cores<Core> {
  /** The core parts. */
  readonly cores: readonly Core[];
  /** The class of each. */
  readonly labels: readonly number[];
}

/** How many of so many rows have a spurious feature that does not agree. */
export function conflictingRows(agreement: number, rows: number): number {
  return Math.round((1 - agreement) * rows);
}

/**
 * Why an agreement leaves a group empty, in words that begin with a flag.
 *
 * @param options ρ and how many rows there are to train on.
 */
export function agreementProblem(
  { spuriousAgreement: agreement, trainRows: rows }: Pick<
    SpuriousOptions,
    "spuriousAgreement" | "trainRows"
  >,
): string | undefined {
  const conflicting = conflictingRows(agreement, rows);
  if (conflicting > 0 && conflicting < rows) return;
  return "--spurious-agreement must leave at least one of the " +
    `${rows} train rows whose spurious feature agrees with the label and one ` +
    `whose does not, got ${agreement}, which leaves ` +
    `${rows - conflicting} and ${conflicting}: use more --train-rows`;
}

/**
 * The parts of a task with a spurious feature. Of n rows to train on, and of those to
 * test on, round((1 − ρ)·n) have a spurious feature of another class than their own,
 * drawn evenly from the others. Further parts have the cores of the test rows again:
 *
 * - `aligned`: all with a spurious feature of their own class;
 * - `conflicting`: all with one of another class, drawn evenly;
 * - `randomised`: with one of any class, drawn evenly whatever the label.
 *
 * @param train Cores to train on.
 * @param test Cores to test on.
 * @param options ρ.
 * @param classes How many classes there are.
 * @param key Streams of the data.
 * @param rowsOf Rows of cores with a spurious feature of these classes.
 */
export function spuriousParts<Core>(
  { train, test }: {
    readonly train: Cores<Core>;
    readonly test: Cores<Core>;
  },
  { spuriousAgreement: agreement }: Pick<SpuriousOptions, "spuriousAgreement">,
  classes: number,
  key: RandomKey,
  rowsOf: (
    part: "train" | "test",
    cores: Cores<Core>,
    spurious: readonly number[],
    purpose: string,
  ) => Examples,
): Split {
  const at = (share: number, name: string, from: "train" | "test") => {
    const cores = from === "train" ? train : test;
    const { labels } = cores;
    const stream = key(`spurious ${name}`);
    const other = withLabelNoise(
      { inputs: [], labels },
      share,
      classes,
      stream,
    );
    return rowsOf(from, cores, other.labels, `spurious ${name} features`);
  };
  const random = key("spurious randomised");
  return {
    train: at(1 - agreement, "train", "train"),
    test: at(1 - agreement, "test", "test"),
    extra: {
      aligned: at(0, "aligned", "test"),
      conflicting: at(1, "conflicting", "test"),
      randomised: rowsOf(
        "test",
        test,
        test.labels.map(() => random.integer(classes)),
        "spurious randomised features",
      ),
    },
  };
}
