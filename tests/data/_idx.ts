/**
 * A writer of IDX files, and a small MNIST made of them.
 *
 * @module
 */

import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** The bytes of an IDX file; the lengths of its axes, then its elements. */
export function idx(
  magic: number,
  shape: readonly number[],
  elements: Iterable<number>,
): Uint8Array {
  const data = Uint8Array.from(elements);
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  [magic, ...shape].forEach((word, i) => view.setUint32(4 * i, word));
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

/** Magic numbers: unsigned bytes along three axes, and along one. */
export const [IMAGES, LABELS] = [0x00000803, 0x00000801];

const SIZE = 28 * 28;

/** Pixel j of image i. */
export const pixel = (i: number, j: number) => (7 * i + 3 * j) % 256;

/** The label of image i. */
export const labelOf = (i: number) => (3 * i + 1) % 10;

/** The file of `count` images. */
export function images(count: number): Uint8Array {
  return idx(
    IMAGES,
    [count, 28, 28],
    Array.from(
      { length: count * SIZE },
      (_, at) => pixel(Math.floor(at / SIZE), at % SIZE),
    ),
  );
}

/** The file of their labels. */
export function labels(count: number): Uint8Array {
  return idx(
    LABELS,
    [count],
    Array.from({ length: count }, (_, i) => labelOf(i)),
  );
}

/** The four files of an MNIST of 30 training images and 8 to test with. */
export function files(): Record<string, Uint8Array> {
  return {
    "train-images-idx3-ubyte": images(30),
    "train-labels-idx1-ubyte": labels(30),
    "t10k-images-idx3-ubyte": images(8),
    "t10k-labels-idx1-ubyte": labels(8),
  };
}

/** Writes files into a folder. */
export async function writeAll(
  folder: string,
  contents: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(contents)) {
    await Deno.writeFile(join(folder, name), bytes);
  }
}

/** The same files packed. */
export function packed(
  contents: Readonly<Record<string, Uint8Array>>,
): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(contents).map(([name, bytes]) => [
      `${name}.gz`,
      gzipSync(bytes),
    ]),
  );
}
