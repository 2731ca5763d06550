/**
 * What a file reads of a row of a task: which tokens, and as what.
 *
 * @module
 */

import { UsageError } from "../../../base/errors.ts";
import { type HostTensor, hostTensorOf } from "../../../numeric/tensor.ts";
import type { ValueSpec } from "../../../onnx/runtime/feeds.ts";

/** A row's tokens; a and b are functions of the pair. */
export type Row = readonly ("a" | "b" | number)[];

/** What a model reads of a pair. */
export interface InputEncoding {
  /** The tokens. */
  readonly row: Row;
  /** Tokens as numbers, or one-hot: side by side, or each in a row of its own. */
  readonly as: "tokens" | "one-hot side by side" | "one-hot rows";
  /** The input's element type. */
  readonly dtype: Dtype;
  /** How many different tokens one-hot rows have. */
  readonly width: number;
  /** How many axes of length 1 stand behind the tokens. */
  readonly ones: number;
}

const DTYPES = ["int64", "int32", "float32", "float64", "bool"] as const;
type Dtype = typeof DTYPES[number];

/** The largest token of a row. */
export const largest = (row: Row, p: number): number =>
  row.reduce<number>(
    (most, token) => typeof token === "number" ? Math.max(most, token) : most,
    p - 1,
  );

/**
 * A row in the words of `--tokens`.
 *
 * @throws {UsageError} if it is none.
 */
export function tokensOf(text: string, p: number): Row {
  const row = text.split(",").map((token) => token.trim()).map((token) =>
    token === "a" || token === "b"
      ? token
      : token === "="
      ? p
      : integerOf(token)
  );
  const bad = row.some(Number.isNaN);
  if (bad || text.trim() === "" || !row.includes("a") || !row.includes("b")) {
    throw new UsageError(
      "--tokens must be a, b, = and numbers of tokens with commas between, a and " +
        `b among them, got ${text}`,
    );
  }
  return row;
}

// Digits alone: nothing between two commas is no 0.
const integerOf = (text: string) => /^\d+$/.test(text) ? Number(text) : NaN;

/**
 * What an input may read, the likeliest first: what it declares decides where it
 * declares something.
 *
 * @param source What to call the file in messages.
 * @param input The input.
 * @param p The modulus.
 * @param text `--tokens`, where it is given.
 * @throws {UsageError} if it reads no pairs.
 */
export function inputEncodingsOf(
  source: string,
  input: ValueSpec,
  p: number,
  text: string | undefined,
): InputEncoding[] {
  const { dtype, shape } = input;
  const integer = dtype === "int64" || dtype === "int32";
  const known = (DTYPES as readonly string[]).includes(dtype);
  if (!known || ![0, 2, 3].includes(shape.length)) {
    throw new UsageError(
      `Cannot give ${source} pairs: its input ${input.name} is ${dtype} ` +
        `[${shape}], wanted integers [batch, tokens], or one-hot floats ` +
        "[batch, tokens, vocabulary] or [batch, tokens · vocabulary]",
    );
  }
  const length = typeof shape[1] === "number" ? shape[1] : undefined;
  const rows = text !== undefined
    ? [text]
    : length === 3
    ? ["a,b,="]
    : length === undefined
    ? ["a,b", "a,b,="]
    : ["a,b"];
  const encodings = rows.flatMap((each) =>
    encodingsOfRow(input, tokensOf(each, p), p, integer)
  );
  if (encodings.length > 0) return encodings;
  const row = tokensOf(rows[0]!, p);
  const tokens = integer || shape.length === 3 || length === row.length;
  throw new UsageError(
    `--tokens must give what ${source} reads: its input ${input.name} is ` +
      `${dtype} [${shape}], and ${rows[0]} modulo ${p} is [batch, ` +
      `${tokens ? row.length : row.length * (largest(row, p) + 1)}]`,
  );
}

function encodingsOfRow(
  { dtype, shape }: ValueSpec,
  row: Row,
  p: number,
  integer: boolean,
): InputEncoding[] {
  const [, length, wide] = shape.map((d) =>
    typeof d === "number" ? d : undefined
  );
  const rank = shape.length;
  const vocabulary = largest(row, p) + 1;
  const fits = length === undefined || length === row.length;
  const make = (as: InputEncoding["as"], width = vocabulary, ones = 0) => ({
    row,
    as,
    dtype: dtype as Dtype,
    width,
    ones,
  });
  const tokens = rank !== 3 && fits && dtype !== "bool" &&
      (integer || length !== undefined || rank === 0)
    ? [make("tokens")]
    : rank === 3 && fits && wide === 1 && dtype !== "bool"
    ? [make("tokens", vocabulary, 1)]
    : [];
  const inRows = rank !== 2 && fits && (wide ?? vocabulary) >= vocabulary
    ? [make("one-hot rows", wide)]
    : [];
  const width = (length ?? vocabulary * row.length) / row.length;
  const side = rank !== 3 && Number.isInteger(width) && width >= vocabulary
    ? [make("one-hot side by side", width)]
    : [];
  return integer
    ? [...tokens, ...inRows, ...(length === undefined ? [] : side)]
    : [...side, ...inRows, ...tokens];
}

/** Rows of tokens as a model reads them. */
export function inputOf(
  inputs: readonly (readonly number[])[],
  { row, as, dtype, width, ones }: InputEncoding,
): HostTensor {
  const [rows, length] = [inputs.length, row.length];
  if (as === "tokens") {
    const shape = [rows, length, ...Array(ones).fill(1)];
    return hostTensorOf(dtype, shape, inputs.flat());
  }
  const data = new Float32Array(rows * length * width);
  inputs.flat().forEach((token, i) => data[i * width + token] = 1);
  const shape = as === "one-hot rows"
    ? [rows, length, width]
    : [rows, length * width];
  return hostTensorOf(dtype, shape, data);
}
