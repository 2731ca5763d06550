/**
 * Two digits of MNIST side by side: a bright one that is the label, and a dim one that
 * mostly is the same digit.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import {
  checkOptions,
  type Checks,
  number,
  only,
  orNull,
  text,
  whole,
} from "../../base/options.ts";
import { type RandomKey, sample } from "../../numeric/random.ts";
import type { Setting } from "../../settings/setting.ts";
import { type Dataset, datasetOfParts, type Examples } from "../dataset.ts";
import { defineTask, type TaskDefinition } from "../definition.ts";
import {
  type Digits,
  MNIST_CLASSES,
  MNIST_SIDE,
  MNIST_WHITE,
  mnistDigits,
  mnistTask,
} from "./mnist.ts";
import {
  agreementProblem,
  type SpuriousOptions,
  spuriousParts,
  type SpuriousSettings,
  spuriousSettings,
} from "./spurious.ts";

/** Which pairs of images to train on. */
export interface DoubleMnistOptions extends SpuriousOptions {
  /** The folder of MNIST's files; null for the one that setup fills. */
  readonly mnist: string | null;
}

const DOUBLE_MNIST: Checks<DoubleMnistOptions> = {
  mnist: orNull(text),
  spuriousAgreement: number,
  spuriousScale: number,
  trainRows: whole(1),
  testRows: whole(1),
};

/**
 * Images of 28 × 56 pixels: a digit, which is the label, on the left, and on the right
 * another image times s, of the same digit in a share ρ of the rows, in the others of
 * another digit. Both are of the same file. The digits on the left are drawn without
 * putting one back, those on the right with. The parts are those of
 * {@link spuriousParts}.
 *
 * Source: the Double MNIST of Barsbey, Prieto et al. (arXiv 2507.17748), a bright core
 * digit and a dim spurious one; places, ρ and s are groklab's.
 *
 * @param options Where the files are, ρ, s and the numbers of rows.
 * @param key Streams of the data.
 * @returns Rows of 1568 numbers, ten classes, in parts.
 * @throws {UsageError} if there are no files, fewer images than wanted, or none of a
 * digit.
 * @throws {RangeError} if ρ leaves no train row that agrees, or none that does not.
 * @throws {SyntaxError} if a file is not what it should be.
 * @throws {FileError} if a file cannot be read.
 */
export function doubleMnist(
  options: DoubleMnistOptions,
  key: RandomKey,
): Dataset {
  const all = Object.keys(DOUBLE_MNIST) as (keyof DoubleMnistOptions)[];
  checkOptions("doubleMnist()", options, DOUBLE_MNIST, all);
  const { mnist: folder, spuriousScale: scale, trainRows, testRows } = options;
  const problem = agreementProblem(options);
  if (problem !== undefined) throw new RangeError(problem);
  const digits = mnistDigits(folder, "double-mnist");
  const counts = { train: trainRows, test: testRows };
  const drawn = (part: "train" | "test") => {
    const { labels, from } = digits[part];
    const [count, total] = [counts[part], labels.length];
    if (count > total) {
      throw new UsageError(
        `--${part}-rows must be at most ${total}, the ${part} images in ` +
          `${from}, got ${count}`,
      );
    }
    const cores = sample(count, total, key(`${part} digits`));
    return { cores, labels: cores.map((row) => labels[row]!) };
  };
  const byDigit = {
    train: rowsByDigit(digits.train),
    test: rowsByDigit(digits.test),
  };
  return datasetOfParts(
    spuriousParts(
      { train: drawn("train"), test: drawn("test") },
      options,
      MNIST_CLASSES,
      key,
      (part, { cores, labels }, spurious, purpose) => {
        const stream = key(purpose);
        const beside = spurious.map((digit) => {
          const rows = byDigit[part][digit]!;
          return rows[stream.integer(rows.length)]!;
        });
        return { ...pairs(digits[part], cores, beside, scale), labels };
      },
    ),
    MNIST_CLASSES,
  );
}

function rowsByDigit({ labels, from }: Digits): number[][] {
  const rows: number[][] = Array.from({ length: MNIST_CLASSES }, () => []);
  labels.forEach((digit, row) => rows[digit]!.push(row));
  const none = rows.findIndex((own) => own.length === 0);
  if (none < 0) return rows;
  throw new UsageError(
    `--task double-mnist must have images of every digit: in ${from} there is ` +
      `none of ${none}`,
  );
}

function pairs(
  { pixels, source }: Digits,
  cores: readonly number[],
  beside: readonly number[],
  scale: number,
): Omit<Examples, "labels"> {
  const line = (row: number, y: number) => {
    const from = (row * MNIST_SIDE + y) * MNIST_SIDE;
    return pixels.subarray(from, from + MNIST_SIDE);
  };
  const inputs = cores.map((core, i) => {
    const image: number[] = [];
    for (let y = 0; y < MNIST_SIDE; y++) {
      for (const p of line(core, y)) image.push(p / MNIST_WHITE);
      for (const p of line(beside[i]!, y)) image.push(scale * p / MNIST_WHITE);
    }
    return image;
  });
  return { inputs, source: { ...source, rows: cores, beside, scale } };
}

/** Its settings. */
export type DoubleMnistSettings = SpuriousSettings & {
  readonly mnist: Setting<string | null>;
};

/** The task of recognising the bright one of two digits. */
export const doubleMnistTask: TaskDefinition<DoubleMnistSettings> = defineTask({
  summary: "the bright one of two digits, the other of which mostly agrees",
  settings: { mnist: mnistTask.settings.mnist, ...spuriousSettings },
  check: (config) =>
    config.mnist === ""
      ? '--mnist must name a folder, got ""'
      : agreementProblem(config),
  form: () => ({
    input: {
      kind: "numbers",
      width: 2 * MNIST_SIDE * MNIST_SIDE,
      name: "pixels",
    },
    classes: MNIST_CLASSES,
  }),
  dataset: (config, key) => doubleMnist(only(config, DOUBLE_MNIST), key),
  describe: ({ trainRows, spuriousAgreement }) =>
    `Double MNIST, ${trainRows} images, ${spuriousAgreement} of them with the ` +
    "same digit twice",
});
