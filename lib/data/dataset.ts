/**
 * Datasets and their seeded split into train and test.
 *
 * @module
 */

import { permutation, type RandomStream } from "../numeric/random.ts";

/** Inputs with their labels, row by row. */
export interface Examples {
  /** Token ids, or numbers: bits of 0 and 1, gray values. */
  readonly inputs: readonly (readonly number[])[];
  /** The class of each row, in 0..classes-1; of a regression empty. */
  readonly labels: readonly number[];
  /**
   * Of a regression, which has no classes: the numbers that each row is to be
   * given, as many as the model has outputs.
   */
  readonly targets?: readonly (readonly number[])[];
  /**
   * Where the inputs lie, if they come out of a file: split.json has this in
   * place of them.
   */
  readonly source?: InputSource;
}

/** Some rows of a file. */
export interface InputSource {
  /** The file's name, without folder and packing. */
  readonly file: string;
  /** SHA-256 of its unpacked contents. */
  readonly sha256: string;
  /** The rows, from 0. */
  readonly rows: readonly number[];
  /** Rows of the same file that stand beside them, each beside one. */
  readonly beside?: readonly number[];
  /** What those beside are multiplied with. */
  readonly scale?: number;
}

/** Examples of one task. */
export interface Dataset extends Examples {
  /** How many classes there are; of a regression, how many numbers a target is. */
  readonly classes: number;
  /** The parts that the rows come in, where they are not divided at random. */
  readonly split?: Split;
  /**
   * How many of the rows each task has, where two are learnt one after the other:
   * the first one's come first.
   */
  readonly taskSizes?: readonly number[];
}

/** A dataset in two parts. */
export interface Split {
  /** The rows to train on. */
  readonly train: Examples;
  /** The rows to evaluate on. */
  readonly test: Examples;
  /** Further rows to evaluate on, `ood` giving `ood_loss` and `ood_accuracy`. */
  readonly extra?: Readonly<Record<string, Examples>>;
}

/**
 * A dataset that comes in parts: its rows are those of all parts.
 *
 * @param split The parts: train, test, then the others.
 * @param classes How many classes there are, or numbers a target is.
 */
export function datasetOfParts(split: Split, classes: number): Dataset {
  const parts = [split.train, split.test, ...Object.values(split.extra ?? {})];
  return {
    inputs: parts.flatMap(({ inputs }) => inputs),
    labels: parts.flatMap(({ labels }) => labels),
    ...(split.train.targets && {
      targets: parts.flatMap(({ targets = [] }) => targets),
    }),
    classes,
    split,
  };
}

/**
 * How many of all examples a train fraction takes: ⌊fraction · total⌋.
 *
 * @param fraction The share, in (0, 1).
 * @param total How many examples there are.
 */
export function trainSize(fraction: number, total: number): number {
  // The product of 0.29 and 100 is 28.999…: what is meant is 29.
  return Math.floor(fraction * total + 1e-9);
}

/**
 * Divides a dataset at random: ⌊fraction · N⌋ rows to train on, the others to
 * test.
 *
 * ```ts
 * import { modular, randomKey, split } from "@groklab/groklab/data";
 * import { assertEquals } from "@std/assert";
 *
 * const { train, test } = split(modular("add", 5), 0.4, randomKey(0)("split"));
 * assertEquals([train.labels.length, test.labels.length], [10, 15]);
 * ```
 *
 * @param examples The whole.
 * @param fraction Share of the train rows, in (0, 1).
 * @param stream Where the randomness comes from.
 * @throws {RangeError} if the fraction is outside (0, 1) or leaves a part empty.
 */
export function split(
  examples: Examples,
  fraction: number,
  stream: RandomStream,
): Split {
  const { inputs, labels, targets } = examples;
  const total = inputs.length;
  const size = trainSize(fraction, total);
  if (!(fraction > 0 && fraction < 1) || size === 0 || size === total) {
    throw new RangeError(
      `Cannot split ${total} examples with a train fraction of ${fraction}: ` +
        `it must lie in (0, 1) and leave both parts at least one example`,
    );
  }
  const order = permutation(total, stream);
  const take = (rows: readonly number[]): Examples => ({
    inputs: rows.map((row) => inputs[row]!),
    labels: targets ? [] : rows.map((row) => labels[row]!),
    ...(targets && { targets: rows.map((row) => targets[row]!) }),
  });
  return { train: take(order.slice(0, size)), test: take(order.slice(size)) };
}
