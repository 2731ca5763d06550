/**
 * Tensors as NumPy's files: .npy, and .npz, a zip archive of them.
 *
 * Source: numpy.lib.format, "A simple format for saving numpy arrays to disk".
 *
 * @module
 */

import { zipSync } from "fflate";
import { bytesOf, type DType, type HostTensor } from "../numeric/tensor.ts";

const TYPES: Readonly<Record<DType, string>> = {
  float16: "<f2",
  float32: "<f4",
  float64: "<f8",
  int32: "<i4",
  int64: "<i8",
  uint32: "<u4",
  uint64: "<u8",
  bool: "|b1",
};

// NumPy leaves room for the first axis to grow in place.
const LONGEST_AXIS = 21;

/**
 * A tensor as a .npy file of version 1.0, in C order: the bytes that `numpy.save`
 * writes.
 *
 * @param tensor The tensor, of any shape.
 */
export function encodeNpy(tensor: HostTensor): Uint8Array<ArrayBuffer> {
  const { dtype, shape, data } = tensor;
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const grow = shape.length > 0 ? LONGEST_AXIS - String(shape[0]).length : 0;
  const header =
    `{'descr': '${
      TYPES[dtype]
    }', 'fortran_order': False, 'shape': (${axes}), }` +
    " ".repeat(grow);
  const prefix = 10;
  const length = Math.ceil((prefix + header.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length + data.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  new DataView(bytes.buffer).setUint16(8, length - prefix, true);
  bytes.fill(0x20, prefix, length);
  bytes.set(new TextEncoder().encode(header), prefix);
  bytes[length - 1] = 0x0a;
  bytes.set(bytesOf(data), length);
  return bytes;
}

// The name of the entry that holds what is said of the tensors.
const METADATA = "metadata.json";

// What archives without zip64, which fflate writes, can hold.
const LARGEST = 2 ** 32 - 1;
const MOST = 2 ** 16 - 1;

/**
 * A .npz file, as `numpy.savez` writes it: an entry `NAME.npy` for each tensor,
 * stored. `numpy.load` gives the metadata as bytes: `json.loads(npz["metadata.json"])`.
 * Equal contents give equal bytes.
 *
 * ```ts
 * import { encodeNpz } from "@groklab/groklab/formats";
 * import { hostTensorOf } from "@groklab/groklab/onnx";
 *
 * const x = hostTensorOf("float32", [2], [1, 2]);
 * await Deno.writeFile(
 *   `${await Deno.makeTempDir()}/x.npz`,
 *   encodeNpz({ x }, { made: "by hand" }),
 * );
 * ```
 *
 * @param tensors The tensors by name, of any shapes.
 * @param metadata What is said of them, as JSON.
 * @throws {RangeError} if a tensor is called `metadata.json`, or there is more than
 * the archive can hold, 4 GiB and 65,535 entries.
 */
export function encodeNpz(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata?: unknown,
): Uint8Array<ArrayBuffer> {
  if (Object.hasOwn(tensors, METADATA)) {
    throw new RangeError(
      `Cannot write the tensor ${METADATA}: the archive has its metadata there`,
    );
  }
  const sizes = Object.values(tensors).map(({ data }) => data.byteLength);
  // Each entry has two headers of its own, with its name in both.
  const names = Object.keys(tensors).join("").length * 8;
  const size = sizes.reduce((sum, size) => sum + size + 1024, names);
  if (size > LARGEST || sizes.length >= MOST) {
    throw new RangeError(
      `Cannot write ${sizes.length} tensors of ${size} bytes as npz: an archive ` +
        `holds ${LARGEST} bytes and ${MOST} entries; write safetensors`,
    );
  }
  const files: Record<string, Uint8Array> = Object.fromEntries(
    Object.entries(tensors).map((
      [name, tensor],
    ) => [`${name}.npy`, encodeNpy(tensor)]),
  );
  if (metadata !== undefined) {
    const text = JSON.stringify(metadata, null, 2) + "\n";
    files[METADATA] = new TextEncoder().encode(text);
  }
  // The first moment that an archive can name, on every clock.
  const mtime = new Date(1980, 0, 1);
  return zipSync(files, { level: 0, mtime }) as Uint8Array<ArrayBuffer>;
}
