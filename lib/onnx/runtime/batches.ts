/**
 * Running many rows in batches, so that what is not asked for is in memory for a
 * few rows at a time.
 *
 * @module
 */

import type { Session } from "./session.ts";
import {
  type HostData,
  type HostTensor,
  sizeOf,
} from "../../numeric/tensor.ts";

/** How many rows at once. */
export interface BatchOptions {
  /** Rows of a batch; by default 1024. A file may have a number of its own. */
  readonly rowsAtOnce?: number;
  /** Inputs that every batch gets whole, such as weights. */
  readonly whole?: Readonly<Record<string, HostTensor>>;
}

/**
 * Runs a model on rows, a batch after the other.
 *
 * Of the inputs those are cut into batches that have as many rows as the first. An
 * output that has a row for each row of every batch is put together again; one
 * that has not, such as a table of positions, is the first batch's. A file with a
 * fixed number of rows gets that many, the last batch filled up with rows that are
 * then left out.
 *
 * @param session The model.
 * @param inputs A tensor for each input.
 * @param outputs Which outputs.
 * @param options How many rows at once.
 */
export async function runInBatches(
  session: Session,
  inputs: Readonly<Record<string, HostTensor>>,
  outputs: readonly string[],
  { rowsAtOnce = 1024, whole = {} }: BatchOptions = {},
): Promise<Record<string, HostTensor>> {
  const [[name, first] = []] = Object.entries(inputs);
  const rows = first?.shape[0] ?? 1;
  const declared = session.inputs.find((input) => input.name === name);
  const [least] = declared?.shape ?? [];
  // A length of 0 is declared by tools that know none.
  const fixed = typeof least === "number" && least > 0 &&
    first?.shape.length !== 0;
  const size = fixed ? least : unequal(rows, rowsAtOnce);
  if (fixed ? rows === size : rows <= size) {
    return await session.run({ ...inputs, ...whole }, outputs);
  }
  const gathered = new Map<string, Gathered>();
  for (let from = 0; from < rows; from += size) {
    const to = Math.min(rows, from + size);
    const count = fixed ? size : to - from;
    const feeds = mapped(
      inputs,
      (x) => x.shape[0] === rows ? padded(cut(x, from, to), count) : x,
    );
    const values = await session.run({ ...feeds, ...whole }, outputs);
    for (const [name, value] of Object.entries(values)) {
      if (from === 0) gathered.set(name, new Gathered(value, rows));
      gathered.get(name)!.add(value, from, to, count);
    }
  }
  return Object.fromEntries(
    [...gathered].map(([name, output]) => [name, output.tensor]),
  );
}

// The last batch shall have another number of rows than the others, so that a
// table of as many rows as a batch is not taken for the batch's.
function unequal(rows: number, size: number): number {
  return size > 1 && rows > size && rows % size === 0 ? size - 1 : size;
}

/** An output put together again. */
class Gathered {
  readonly #first: HostTensor;
  #whole: HostTensor | undefined;

  constructor(first: HostTensor, rows: number) {
    this.#first = first;
    this.#whole = roomFor(first, rows);
  }

  add(value: HostTensor, from: number, to: number, count: number): void {
    if (value.shape[0] !== count) this.#whole = undefined;
    if (!this.#whole) return;
    const { data } = cut(value, 0, to - from);
    put(this.#whole, data, from);
  }

  get tensor(): HostTensor {
    return this.#whole ?? this.#first;
  }
}

const mapped = (
  tensors: Readonly<Record<string, HostTensor>>,
  f: (x: HostTensor) => HostTensor,
) =>
  Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, f(x)]));

const widthOf = ({ shape }: HostTensor) => sizeOf(shape.slice(1));

const withRows = (x: HostTensor, rows: number, data: HostData): HostTensor => ({
  dtype: x.dtype,
  shape: [rows, ...x.shape.slice(1)],
  data,
});

function roomFor(x: HostTensor, rows: number): HostTensor {
  const make = x.data.constructor as new (length: number) => HostData;
  return withRows(x, rows, new make(rows * widthOf(x)));
}

/** Some rows of a tensor, where they lie. */
export function cut(x: HostTensor, from: number, to: number): HostTensor {
  const width = widthOf(x);
  return withRows(x, to - from, x.data.subarray(from * width, to * width));
}

function put(x: HostTensor, data: HostData, row: number): void {
  // Both have the type of the same output.
  (x.data as Float32Array).set(data as Float32Array, row * widthOf(x));
}

// Filled up with its last row.
function padded(x: HostTensor, rows: number): HostTensor {
  const [given = 0] = x.shape;
  if (given === rows) return x;
  const full = roomFor(x, rows);
  put(full, x.data, 0);
  const last = cut(x, given - 1, given).data;
  for (let row = given; row < rows; row++) put(full, last, row);
  return full;
}
