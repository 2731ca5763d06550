/**
 * MNIST: handwritten digits, from its four IDX files.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  integer,
  nullable,
  type Setting,
  text,
} from "../../settings/setting.ts";
import { UsageError } from "../../base/errors.ts";
import { FileError } from "../../base/files.ts";
import {
  checkOptions,
  type Checks,
  only,
  orNull,
  text as textCheck,
  whole,
} from "../../base/options.ts";
import { taskLine } from "../../base/shell.ts";
import {
  type Dataset,
  datasetOfParts,
  type Examples,
  type InputSource,
} from "../dataset.ts";
import { defineTask, type TaskDefinition } from "../definition.ts";
import { parseIdx, unpacked } from "./idx.ts";
import { type RandomKey, sample } from "../../numeric/random.ts";
import { sha256 } from "../../base/sums.ts";

/** The names of the files, without a `.gz` behind them. */
export const MNIST_FILES = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

/** Where `deno task setup mnist` puts the files. */
export const MNIST_FOLDER: string = fileURLToPath(
  new URL("../../../.mnist", import.meta.url),
);

/** Pixels of a row and of a column of an image. */
export const MNIST_SIDE = 28;
/** How many digits there are. */
export const MNIST_CLASSES = 10;
/** The brightest pixel, which becomes 1. */
export const MNIST_WHITE = 255;

/** Which images to train on. */
export interface MnistOptions {
  /** The folder of the files; null for the one that setup fills. */
  readonly mnist: string | null;
  /** How many training images to draw. */
  readonly trainSize: number;
}

const MNIST: Checks<MnistOptions> = {
  mnist: orNull(textCheck),
  trainSize: whole(1),
};

/** Images with their labels, as they lie in the files. */
export interface Digits {
  /** 0..255, image by image and row by row. */
  readonly pixels: Uint8Array;
  /** The digit of each image. */
  readonly labels: Uint8Array;
  /** The file of the images, and what is in it. */
  readonly source: Omit<InputSource, "rows">;
  /** The folder that they come from. */
  readonly from: string;
}

/**
 * Some of the training images, drawn at random without a look at their labels,
 * and all test images. A pixel p of 0..255 becomes p/255, as PyTorch's ToTensor
 * makes it; nothing else is done to it.
 *
 * Source: LeCun, Cortes, Burges: The MNIST database; 200 training images as in
 * Prieto et al. (arXiv 2501.04697), Fig. 14, which takes over the setting of Liu
 * et al. (Omnigrok, arXiv 2210.01117).
 *
 * @param options Where the files are, and how many images to train on.
 * @param key Streams of the data.
 * @returns Rows of 784 numbers, ten classes, in parts.
 * @throws {UsageError} if there are no files, or fewer images than wanted.
 * @throws {SyntaxError} if a file is not what it should be.
 * @throws {FileError} if a file cannot be read.
 */
export function mnist(options: MnistOptions, key: RandomKey): Dataset {
  checkOptions("mnist()", options, MNIST, ["mnist", "trainSize"]);
  const { mnist: folder, trainSize } = options;
  const { train, test } = mnistDigits(folder, "mnist");
  const total = train.labels.length;
  if (trainSize > total) {
    throw new UsageError(
      `--train-size must be at most ${total}, the training images in ` +
        `${train.from}, got ${trainSize}`,
    );
  }
  return datasetOfParts({
    train: examples(train, sample(trainSize, total, key("data"))),
    test: examples(test, [...test.labels.keys()]),
  }, MNIST_CLASSES);
}

/**
 * All images, as they lie in the files.
 *
 * @param folder The folder; null for the one that setup fills.
 * @param task Which task wants them.
 * @throws {UsageError} if a file is not there.
 * @throws {SyntaxError} if one is not what it should be.
 * @throws {FileError} if one cannot be read.
 */
export function mnistDigits(
  folder: string | null,
  task: string,
): { readonly train: Digits; readonly test: Digits } {
  const from = folder ?? MNIST_FOLDER;
  const missing = missingFiles(from);
  if (missing.length > 0) {
    throw new UsageError(complaint(folder, missing, task));
  }
  const { trainImages, trainLabels, testImages, testLabels } = MNIST_FILES;
  return {
    train: digits(from, trainImages, trainLabels),
    test: digits(from, testImages, testLabels),
  };
}

/** Which of MNIST's four files a folder lacks, packed ones counting too. */
export function missingFiles(folder: string = MNIST_FOLDER): string[] {
  return Object.values(MNIST_FILES)
    .filter((name) => find(folder, name) === undefined);
}

// The file of a name, as it is or packed.
function find(folder: string, name: string): string | undefined {
  return [name, `${name}.gz`].map((file) => join(folder, file)).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      if (error instanceof Deno.errors.NotADirectory) return false;
      throw error;
    }
  });
}

function complaint(
  folder: string | null,
  missing: readonly string[],
  task: string,
): string {
  const known = Object.keys(MNIST_FILES).length;
  if (folder !== null) {
    return `--mnist must name a folder with the ${known} files of MNIST, as ` +
      `they are or with .gz: ${folder} lacks ${missing.join(", ")}`;
  }
  return `--task ${task} must have the files of MNIST: fetch them with ` +
    `${taskLine("setup", "mnist")}, or name a folder that has ${
      missing.join(", ")
    }, as they are ` +
    "or with .gz, with --mnist DIR";
}

function read(folder: string, name: string) {
  const path = find(folder, name)!;
  try {
    return { path, bytes: unpacked(Deno.readFileSync(path), path) };
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw new FileError(`Cannot read ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function digits(
  folder: string,
  imagesName: string,
  labelsName: string,
): Digits {
  const images = read(folder, imagesName);
  const labels = read(folder, labelsName);
  const pixels = parseIdx(images.bytes, 3, images.path);
  const classes = parseIdx(labels.bytes, 1, labels.path);
  const [count, height, width] = pixels.shape as [number, number, number];
  if (height !== MNIST_SIDE || width !== MNIST_SIDE) {
    throw new SyntaxError(
      `Cannot read ${images.path}: its images have ${height} × ${width} ` +
        `pixels, wanted ${MNIST_SIDE} × ${MNIST_SIDE}`,
    );
  }
  if (count === 0) {
    throw new SyntaxError(`Cannot read ${images.path}: it has no image`);
  }
  if (classes.shape[0] !== count) {
    throw new SyntaxError(
      `Cannot read ${labels.path}: it has ${classes.shape[0]} labels, and ` +
        `${images.path} has ${count} images`,
    );
  }
  const bad = classes.data.findIndex((label) => label >= MNIST_CLASSES);
  if (bad >= 0) {
    throw new SyntaxError(
      `Cannot read ${labels.path}: its label ${bad} is ${classes.data[bad]}, ` +
        `wanted 0..${MNIST_CLASSES - 1}`,
    );
  }
  return {
    pixels: pixels.data,
    labels: classes.data,
    from: folder,
    source: { file: imagesName, sha256: sha256(images.bytes) },
  };
}

function examples(
  { pixels, labels, source }: Digits,
  rows: readonly number[],
): Examples {
  const size = MNIST_SIDE * MNIST_SIDE;
  return {
    inputs: rows.map((row) =>
      Array.from(
        pixels.subarray(row * size, (row + 1) * size),
        (p) => p / MNIST_WHITE,
      )
    ),
    labels: rows.map((row) => labels[row]!),
    source: { ...source, rows },
  };
}

/** MNIST's settings. */
export type MnistSettings = {
  readonly mnist: Setting<string | null>;
  readonly trainSize: Setting<number>;
};

/** The task of recognising digits. */
export const mnistTask: TaskDefinition<MnistSettings> = defineTask({
  summary: "handwritten digits, from MNIST's files",
  settings: {
    mnist: nullable(
      text(
        "",
        "<dir>",
        "MNIST: folder of its four files (default: what setup mnist fetched)",
      ),
    ),
    trainSize: integer(
      [1, 1_000_000],
      200,
      "<n>",
      "MNIST: training images to draw",
    ),
  },
  check: ({ mnist }) =>
    mnist === "" ? '--mnist must name a folder, got ""' : undefined,
  form: () => ({
    input: { kind: "numbers", width: MNIST_SIDE * MNIST_SIDE, name: "pixels" },
    classes: MNIST_CLASSES,
  }),
  dataset: (config, key) => mnist(only(config, MNIST), key),
  describe: ({ trainSize }) => `MNIST, ${trainSize} images`,
});
