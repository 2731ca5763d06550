/**
 * Other names for what a file has: a weight that lies transposed, or as some rows
 * of a fused one, under the name by which probes ask for it.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import {
  type HostData,
  type HostTensor,
  toNumbers,
  toTyped,
} from "../../numeric/tensor.ts";

/** A weight inside a tensor of a file. */
export interface WeightAlias {
  /** The tensor's name in the file. */
  readonly tensor: string;
  /** Which of its rows, from the first to before the last; by default all. */
  readonly rows?: readonly [from: number, to: number];
  /** Whether the weight is the transpose of these rows. */
  readonly transposed: boolean;
}

/** Names by which a file is asked, and what they stand for in it. */
export interface Aliases {
  /** Weights by the name asked for. */
  readonly weights: Readonly<Record<string, WeightAlias>>;
  /** Activations' names in the file, by the name asked for. */
  readonly activations: Readonly<Record<string, string>>;
}

/** No other names. */
export const NO_ALIASES: Aliases = { weights: {}, activations: {} };

const swapped = (data: HostData, [rows, columns]: readonly [number, number]) =>
  Float64Array.from(
    { length: data.length },
    (_, i) => Number(data[(i % rows) * columns + Math.floor(i / rows)]!),
  );

const matrixOf = ({ shape }: HostTensor): [number, number] => {
  const [rows = 1, ...rest] = shape;
  return [rows, rest.reduce((product, d) => product * d, 1)];
};

/**
 * Names that a file has for its weights, and those by which it is asked.
 *
 * @throws {UsageError} if rows are asked of a weight that lies transposed, or is rows itself.
 */
export function joinedAliases(
  synonyms: Aliases["weights"],
  { weights, activations }: Aliases,
): Aliases {
  const found = Object.entries(weights).map(([name, alias]) => {
    const { tensor, transposed, rows } = synonyms[alias.tensor] ?? {};
    if (tensor === undefined) return [name, alias];
    if ((transposed || rows) && alias.rows) {
      throw new UsageError(
        `Cannot take rows of ${alias.tensor}: it is ${
          rows ? "a part of " : ""
        }${tensor}${transposed ? " transposed" : ""}; take rows of ${tensor}`,
      );
    }
    const turned = transposed !== alias.transposed;
    return [name, {
      ...alias,
      tensor,
      transposed: turned,
      ...(rows && { rows }),
    }];
  });
  return {
    weights: { ...synonyms, ...Object.fromEntries(found) },
    activations,
  };
}

/** The weight that an alias stands for. */
export function aliased(
  tensor: HostTensor,
  { rows, transposed }: WeightAlias,
): HostTensor {
  if (!rows && !transposed) return tensor; // A scalar has no rows at all.
  const { dtype, shape } = tensor;
  const [, width] = matrixOf(tensor);
  const [from, to] = rows ?? [0, shape[0]!];
  const data = tensor.data.slice(from * width, to * width);
  const part: HostTensor = {
    dtype,
    shape: [to - from, ...shape.slice(1)],
    data,
  };
  if (!transposed) return part;
  return {
    dtype,
    shape: part.shape.toReversed(),
    data: toTyped(dtype, swapped(data, matrixOf(part))),
  };
}

/** The file's tensor with another weight where an alias lies. */
export function withAliased(
  tensor: HostTensor,
  { rows, transposed }: WeightAlias,
  weight: HostTensor,
): HostTensor {
  const [, width] = matrixOf(tensor);
  const values = toNumbers(tensor);
  const put = transposed
    ? swapped(weight.data, matrixOf(weight))
    : toNumbers(weight);
  values.set(put, (rows?.[0] ?? 0) * width);
  return { ...tensor, data: toTyped(tensor.dtype, values) };
}
