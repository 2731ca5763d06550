/**
 * Tensors as a safetensors file.
 *
 * Source: https://huggingface.co/docs/safetensors, "Format".
 *
 * @module
 */

import { bytesOf, type DType, type HostTensor } from "../numeric/tensor.ts";

const TYPES: Readonly<Record<DType, string>> = {
  float16: "F16",
  float32: "F32",
  float64: "F64",
  int32: "I32",
  int64: "I64",
  uint32: "U32",
  uint64: "U64",
  bool: "BOOL",
};

// In the order in which safetensors itself lays types: the widest first, so that
// each tensor begins at a multiple of its width.
const ORDER: readonly DType[] = [
  "int64",
  "uint64",
  "float64",
  "float32",
  "uint32",
  "int32",
  "float16",
  "bool",
];

const METADATA = "__metadata__";

// Readers refuse larger headers.
const LARGEST_HEADER = 100_000_000;

/**
 * A safetensors file: the length of the header as a u64, the header (JSON: types,
 * shapes, offsets), padded to a multiple of 8, and the elements, little-endian.
 * Of the same tensors the bytes are those of the Python package.
 *
 * ```ts
 * import { encodeSafetensors } from "@groklab/groklab/formats";
 * import { hostTensorOf } from "@groklab/groklab/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * const x = hostTensorOf("float32", [2], [1, 2]);
 * const bytes = encodeSafetensors({ x }, { made: "by hand" });
 * assertEquals((bytes.length - 8) % 8, 0);
 * ```
 *
 * @param tensors The tensors by name, of any shapes.
 * @param metadata Text by key.
 * @throws {RangeError} if a tensor is called `__metadata__`, or the header is
 * larger than readers take, 100 MB.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  if (Object.hasOwn(tensors, METADATA)) {
    throw new RangeError(
      `Cannot write the tensor ${METADATA}: safetensors has its metadata there`,
    );
  }
  const sorted = Object.entries(tensors).sort(([a, { dtype: x }], [b, y]) =>
    ORDER.indexOf(x) - ORDER.indexOf(y.dtype) || (a < b ? -1 : 1)
  );
  let at = 0;
  const entries = sorted.map(([name, { dtype, shape, data }]) => {
    const begin = at;
    at += data.byteLength;
    const entry = { dtype: TYPES[dtype], shape, data_offsets: [begin, at] };
    return [name, entry] as const;
  });
  const text = Object.keys(metadata).length > 0
    ? [[METADATA, metadata] as const]
    : [];
  const json = new TextEncoder().encode(
    JSON.stringify(Object.fromEntries([...text, ...entries])),
  );
  const length = Math.ceil(json.length / 8) * 8;
  if (length > LARGEST_HEADER) {
    throw new RangeError(
      `Cannot write ${entries.length} tensors as safetensors: their names and ` +
        `the metadata take ${length} bytes, of which readers take ` +
        `${LARGEST_HEADER}`,
    );
  }
  const bytes = new Uint8Array(8 + length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  bytes.fill(0x20, 8 + json.length, 8 + length);
  let place = 8 + length;
  for (const [, { data }] of sorted) {
    bytes.set(bytesOf(data), place);
    place += data.byteLength;
  }
  return bytes;
}
