/**
 * A graph with every kind of operator that a training step uses, on numbers whose
 * results are known: a device may multiply matrices and lack what a step dies of.
 * (Where cuDNN is missing, ONNX Runtime's CUDA provider has no maximum.)
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { maxOf, minOf } from "../base/extremes.ts";
import {
  type FloatDType,
  type HostTensor,
  hostTensorOf,
} from "../numeric/tensor.ts";
import { trace } from "../trace/backend.ts";
import type { Graph } from "../trace/graph.ts";
import { toPrecision } from "../trace/precision.ts";

const SIZE = 8;

// Small whole numbers of both signs: sums, means of eight and products of them
// are exact in float16, too.
const VALUES = Array.from(
  { length: SIZE },
  (_, i) => Array.from({ length: SIZE }, (_, j) => (3 * i + 5 * j) % 7 - 3),
);
const PLACES = Array.from({ length: SIZE }, (_, i) => 3 * i % SIZE);

const byRow = (f: (row: readonly number[], i: number) => number) =>
  VALUES.map(f);
const byElement = (f: (x: number, i: number, j: number) => number) =>
  VALUES.flatMap((row, i) => row.map((x, j) => f(x, i, j)));
const sum = (row: readonly number[]) => row.reduce((a, b) => a + b, 0);

interface Kind {
  /** The operator, of x [8, 8] and places [8]. */
  readonly make: (x: tf.Tensor2D, places: tf.Tensor1D) => tf.Tensor;
  /** Its result. */
  readonly expected: readonly number[];
}

/** What is tried, by the name that messages have for it. */
export const KINDS: Readonly<Record<string, Kind>> = {
  "matrix product": {
    make: (x) => tf.matMul(x, x),
    expected: byElement((_, i, j) =>
      sum(VALUES[i]!.map((v, k) => v * VALUES[k]![j]!))
    ),
  },
  maximum: {
    make: (x) => tf.max(x, 1),
    expected: byRow((row) => maxOf(row)),
  },
  minimum: {
    make: (x) => tf.min(x, 1),
    expected: byRow((row) => minOf(row)),
  },
  sum: { make: (x) => tf.sum(x, 1), expected: byRow(sum) },
  "sum of all": { make: (x) => tf.sum(x), expected: [sum(VALUES.flat())] },
  mean: { make: (x) => tf.mean(x, 1), expected: byRow((row) => sum(row) / 8) },
  "sum of squares": {
    make: (x) => tf.sum(tf.square(x)),
    expected: [sum(byElement((x) => x * x))],
  },
  "place of the maximum": {
    make: (x) => tf.cast(tf.argMax(x, 1), "float32"),
    expected: byRow((row) => row.indexOf(maxOf(row))),
  },
  "gather of rows": {
    make: (x, places) => tf.gather(x, places),
    expected: byElement((_, i, j) => VALUES[PLACES[i]!]![j]!),
  },
  "gather of elements": {
    make: (x, places) => tf.gather(x, places, 1, 1),
    expected: byRow((row, i) => row[PLACES[i]!]!),
  },
  scatter: {
    make: (x, places) => {
      const rows = tf.tensor1d([...PLACES.keys()], "int32");
      const at = tf.stack([rows, tf.cast(places, "int32")], 1);
      return tf.tensorScatterUpdate(x, at, tf.sum(x, 1));
    },
    expected: byElement((x, i, j) => j === PLACES[i] ? sum(VALUES[i]!) : x),
  },
  where: {
    make: (x) => tf.where(tf.greater(x, tf.zerosLike(x)), x, tf.neg(x)),
    expected: byElement(Math.abs),
  },
  "cast of flags": {
    make: (x) => tf.cast(tf.equal(x, tf.zerosLike(x)), "float32"),
    expected: byElement((x) => x === 0 ? 1 : 0),
  },
  "rectifier and transpose": {
    make: (x) => tf.transpose(tf.relu(x)),
    expected: byElement((_, i, j) => Math.max(VALUES[j]![i]!, 0)),
  },
};

const pathOf = (precision: FloatDType, i: number) => `${precision}-${i}`;

/** The graph, every kind in each of some floating types; results are float32. */
export function trialGraph(precisions: readonly FloatDType[]): Graph {
  return trace(({ x, places }) =>
    Object.fromEntries(
      precisions.flatMap((precision) =>
        Object.values(KINDS).map(({ make }, i) => [
          pathOf(precision, i),
          toPrecision(
            tf.cast(
              make(
                toPrecision(x as tf.Tensor2D, precision),
                places as tf.Tensor1D,
              ),
              "float32",
            ),
            "float32",
          ),
        ])
      ),
    ), {
    x: { dtype: "float32", shape: [SIZE, SIZE] },
    places: { dtype: "int64", shape: [SIZE] },
  });
}

/** What the graph is run on. */
export function trialInputs(): Record<string, HostTensor> {
  return {
    x: hostTensorOf("float32", [SIZE, SIZE], VALUES.flat()),
    places: hostTensorOf("int64", [SIZE], PLACES),
  };
}

/**
 * The first result that is not what it must be, in words; undefined where all are.
 *
 * @param results What the graph gave back.
 * @param precisions The types that it was made for.
 */
export function wrongResult(
  results: Readonly<Record<string, Pick<HostTensor, "data">>>,
  precisions: readonly FloatDType[],
): string | undefined {
  for (const precision of precisions) {
    for (const [i, [name, { expected }]] of Object.entries(KINDS).entries()) {
      const { data } = results[pathOf(precision, i)]!;
      const at = expected.findIndex((x, k) => Number(data[k]) !== x);
      if (at < 0) continue;
      return `its ${name} in ${precision} is wrong: ${data[at]}, not ` +
        `${expected[at]}`;
    }
  }
}
