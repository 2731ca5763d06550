/**
 * IDX files: the format of MNIST. Big-endian: two zero bytes, one for the type
 * of the elements, one for the number of axes, four for the length of each axis,
 * then the elements.
 *
 * Source: LeCun, Cortes, Burges: The MNIST database, "File formats".
 *
 * @module
 */

import { gunzipSync } from "node:zlib";

/** Unsigned bytes with their shape. */
export interface IdxArray {
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** The elements, the last axis changing fastest. */
  readonly data: Uint8Array;
}

// The type of unsigned bytes, the only one that MNIST has.
const UNSIGNED_BYTE = 0x08;

/** The bytes of a file, unpacked if they are gzip's, whatever its name says. */
export function unpacked(bytes: Uint8Array, source: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new SyntaxError(
      `Cannot unpack ${source}: it is cut short or damaged ` +
        `(${(error as Error).message})`,
    );
  }
}

/**
 * Reads an IDX file of unsigned bytes.
 *
 * @param bytes The file, unpacked.
 * @param axes How many axes it must have: 3 for images, 1 for labels.
 * @param source The file's name, for messages.
 * @throws {SyntaxError} if the magic number is another, or the file is shorter
 * or longer than it says.
 */
export function parseIdx(
  bytes: Uint8Array,
  axes: number,
  source: string,
): IdxArray {
  const bad = (why: string) =>
    new SyntaxError(`Cannot read ${source} as IDX: ${why}`);
  const header = 4 + 4 * axes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 4) {
    const magic = view.getUint32(0);
    const wanted = UNSIGNED_BYTE << 8 | axes;
    if (magic !== wanted) {
      throw bad(
        `its magic number is ${hex(magic)}, wanted ${hex(wanted)}, unsigned ` +
          `bytes along ${axes === 1 ? "one axis" : `${axes} axes`}`,
      );
    }
  }
  if (bytes.length < header) {
    throw bad(`it has ${bytes.length} bytes, its header alone ${header}`);
  }
  const shape = Array.from(
    { length: axes },
    (_, axis) => view.getUint32(4 + 4 * axis),
  );
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== header + size) {
    throw bad(
      `it has ${bytes.length - header} elements, its header says ` +
        `${shape.join(" × ")}${axes === 1 ? "" : ` = ${size}`}`,
    );
  }
  return { shape, data: bytes.subarray(header) };
}

const hex = (x: number) => `0x${x.toString(16).padStart(8, "0")}`;
