/**
 * The task of a file that does not say it, from rows that somebody names.
 *
 * @module
 */

import { UsageError } from "../../../base/errors.ts";
import {
  type HostTensor,
  hostTensorOf,
  sizeOf,
} from "../../../numeric/tensor.ts";
import type { Examples } from "../../../data/dataset.ts";
import type { ValueSpec } from "../../../onnx/runtime/feeds.ts";
import { NotApplicableError } from "../../context/not_applicable.ts";
import type {
  ModularTask,
  Part,
  ProbedTask,
  TaskSplit,
} from "../../context/task.ts";
import type { ForeignSplit } from "./read_split.ts";

/**
 * The rows of all pairs of residues that are named. A row begins with a and b; what
 * stands behind them, "=" for one, is the same in every row. Where no test rows are
 * named, all others are.
 *
 * @param rows The rows.
 * @param task The operation modulo p.
 * @param source What to call the rows in messages.
 * @throws {UsageError} if one is no pair of residues, or is named twice, or the
 * labels are another operation's.
 */
export function splitOfPairs(
  { train, test }: ForeignSplit,
  { modulus: p, operation, a, b, labels }: ModularTask,
  source: string,
): TaskSplit {
  const refuse = (why: string) =>
    new UsageError(`Cannot take the pairs of ${source}: ${why}`);
  const places = new Map(Array.from(a, (x, i) => [x * p + b[i]!, i]));
  const [, , ...behind] = train.inputs[0]!;
  const seen = new Set<number>();
  const find = (name: string, { inputs, labels }: Examples): Part => ({
    labels: Int32Array.from(labels),
    rows: Int32Array.from(inputs, (row, i) => {
      const [x, y, ...more] = row as [number, number];
      const residues = [x, y].every((r) =>
        Number.isInteger(r) && r >= 0 && r < p
      );
      const place = residues ? places.get(x * p + y) : undefined;
      if (place === undefined || more.join() !== behind.join()) {
        throw refuse(
          `${name} row ${i + 1} must be a pair of residues mod ${p}` +
            `${
              behind.length > 0 ? ` and behind it ${behind.join()}` : ""
            }, got ${row.join()}`,
        );
      }
      if (labels[i]! >= p) {
        throw refuse(
          `the label of ${name} row ${i + 1} must be below ${p}, got ${
            labels[i]
          }`,
        );
      }
      if (seen.has(place)) {
        throw refuse(`${name} row ${i + 1}, ${x},${y}, is named a second time`);
      }
      seen.add(place);
      return place;
    }),
  });
  const found = find("train", train);
  // Labels may be noisy; of an operation that is not this one hardly any is right.
  const wrong = found.labels.reduce(
    (sum, label, i) => sum + Number(label !== labels[found.rows[i]!]),
    0,
  );
  if (wrong > found.labels.length / 2) {
    throw refuse(
      `${wrong} of ${found.labels.length} labels are not those of ${operation} ` +
        `mod ${p}; --operation and --modulus say what it was trained on`,
    );
  }
  if (test) return { train: found, test: find("test", test) };
  const others = labels.map((_, row) => row).filter((row) => !seen.has(row));
  return {
    train: found,
    test: { rows: others, labels: others.map((row) => labels[row]!) },
  };
}

/**
 * A task of nothing but rows: what is not modular, or not said to be.
 *
 * @param rows The rows, as the network reads them.
 * @param input The network's input.
 * @param source What to call the rows in messages.
 * @throws {UsageError} if the network reads rows of another length or type.
 */
export function taskOfRows(
  { train, test = { inputs: [], labels: [] } }: ForeignSplit,
  input: ValueSpec,
  source: string,
): ProbedTask {
  const inputs = [...train.inputs, ...test.inputs];
  const labels = Int32Array.from([...train.labels, ...test.labels]);
  const n = train.labels.length;
  const part = (from: number, { labels }: Examples): Part => ({
    rows: Int32Array.from(labels, (_, i) => from + i),
    labels: Int32Array.from(labels),
  });
  const parts = { train: part(0, train), test: part(n, test) };
  const classes = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  return {
    name: source,
    dataset: { inputs, labels: [...labels], classes },
    labels,
    config: undefined,
    input: inputOf(inputs, input, source),
    split: () => parts,
    modular() {
      throw new NotApplicableError(
        `Nothing says that the rows of ${source} are an operation modulo p: ` +
          "--modulus does",
      );
    },
  };
}

// What numbers of rows can become.
const TYPES = ["int64", "int32", "float32", "float64"] as const;

function inputOf(
  inputs: readonly (readonly number[])[],
  { name, dtype, shape }: ValueSpec,
  source: string,
): HostTensor {
  const width = inputs[0]!.length;
  const row = shape.slice(1);
  const free = row.filter((length) => typeof length !== "number");
  const fixed = sizeOf(row.filter((length) => typeof length === "number"));
  // One free length is what the rows make of it.
  const fits = free.length === 0
    ? fixed === width
    : free.length === 1 && fixed > 0 && width % fixed === 0;
  if (shape.length < 2 || !fits) {
    throw new UsageError(
      `Cannot give the rows of ${source} to the input ${name}: it is ${dtype} ` +
        `[${shape.join(", ")}], and a row has ${width} numbers`,
    );
  }
  const known = TYPES.find((type) => type === dtype);
  if (known === undefined) {
    throw new UsageError(
      `Cannot give the rows of ${source} to the input ${name}: it is ${dtype}, ` +
        `wanted ${TYPES.join(", ")}`,
    );
  }
  const integer = !dtype.startsWith("float");
  const odd = integer
    ? inputs.findIndex((row) => !row.every(Number.isInteger))
    : -1;
  if (odd >= 0) {
    throw new UsageError(
      `Cannot give the rows of ${source} to the input ${name}: it is ${dtype}, ` +
        `and row ${odd + 1} is ${inputs[odd]!.join()}`,
    );
  }
  return hostTensorOf(
    known,
    [
      inputs.length,
      ...row.map((length) =>
        typeof length === "number" ? length : width / fixed
      ),
    ],
    inputs.flat(),
  );
}
