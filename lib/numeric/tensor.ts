/**
 * Tensors in the host's memory: what runtimes take and give, and what files
 * hold.
 *
 * @module
 */

/** The array that holds each element type; bool is a byte of 0 or 1. */
const ARRAYS = {
  float16: Float16Array,
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** The contents of a tensor. */
export type HostData =
  | Float16Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** A tensor in the host's memory, row-major. */
export interface HostTensor {
  /** Element type. */
  readonly dtype: DType;
  /** Lengths of the axes; [] for a scalar. */
  readonly shape: readonly number[];
  /** The elements, in the array of the type. */
  readonly data: HostData;
}

/** How many bytes an element of a type has. */
export function widthOf(dtype: DType): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** Whether a tensor's elements lie in the array of its type. */
export function isHeld({ dtype, data }: HostTensor): boolean {
  return Object.hasOwn(ARRAYS, dtype) && data instanceof ARRAYS[dtype];
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, d) => product * d, 1);
}

/**
 * Copies numbers into the array of an element type, rounding to it.
 *
 * @param dtype The element type wanted.
 * @param values Numbers or bigints.
 */
export function toTyped(
  dtype: DType,
  values: ArrayLike<number> | ArrayLike<bigint>,
): HostData {
  if (dtype === "int64") {
    return BigInt64Array.from(values as ArrayLike<number>, BigInt);
  }
  if (dtype === "uint64") {
    return BigUint64Array.from(values as ArrayLike<number>, BigInt);
  }
  const from = (values: ArrayLike<number>) => ARRAYS[dtype].from(values);
  return from(
    typeof values[0] === "bigint"
      ? Float64Array.from(values as ArrayLike<bigint>, Number)
      : values as ArrayLike<number>,
  );
}

/** The contents of any tensor as doubles. */
export function toNumbers({ data }: Pick<HostTensor, "data">): Float64Array {
  return data instanceof BigInt64Array || data instanceof BigUint64Array
    ? Float64Array.from(data, Number)
    : new Float64Array(data); // Much faster than one by one.
}

/** A tensor with its numbers rounded to another type; itself where that is its own. */
export function toDType(tensor: HostTensor, dtype: DType): HostTensor {
  if (tensor.dtype === dtype) return tensor;
  const data = toTyped(dtype, toNumbers(tensor));
  return { dtype, shape: tensor.shape, data };
}

/** The bytes of an array, little-endian as every platform of Deno is. */
export function bytesOf(
  { buffer, byteOffset, byteLength }: ArrayBufferView,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Raw bytes as an array of an element type (copied: bytes may be unaligned). */
export function viewOf(dtype: DType, bytes: Uint8Array): HostData {
  const copy = bytes.slice();
  return new ARRAYS[dtype](copy.buffer as ArrayBuffer);
}

/** What an integer type holds: from the first to the last. */
const HELD: Partial<Record<DType, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint32: [0, 2 ** 32 - 1],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  bool: [0, 1],
};

/**
 * A tensor from plain numbers, rounded to its type if that is a float's.
 *
 * @param dtype The element type.
 * @param shape Lengths of the axes.
 * @param values As many numbers, row-major.
 * @throws {TypeError} if there is no such type.
 * @throws {RangeError} if the numbers do not fit the shape, or one is not of an
 * integer type, which would wrap it or cut it off.
 */
export function hostTensorOf(
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number>,
): HostTensor {
  if (!Object.hasOwn(ARRAYS, dtype)) {
    throw new TypeError(
      `Cannot make a tensor of ${dtype}: there are ` +
        Object.keys(ARRAYS).join(", "),
    );
  }
  const isShape = shape.every((d) => Number.isSafeInteger(d) && d >= 0);
  if (!isShape || sizeOf(shape) !== values.length) {
    throw new RangeError(
      `Cannot make a tensor of shape [${shape}]: got ${values.length} values`,
    );
  }
  const held = HELD[dtype];
  for (let i = 0; held && i < values.length; i++) {
    const value = values[i]!;
    if (!(Number.isInteger(value) && value >= held[0] && value <= held[1])) {
      throw new RangeError(
        `Cannot make a tensor of ${dtype} of the number ${value}: it holds ` +
          `whole ones, ${held[0]} to ${held[1]}`,
      );
    }
  }
  return { dtype, shape, data: toTyped(dtype, values) };
}

/**
 * Rows of an activation at the last position, where it has positions:
 * [batch, pos, width] or [batch, width] → [rows, width].
 *
 * @param tensor The activation.
 * @param rows Which rows, in which order; by default all.
 */
export function lastPosition(
  tensor: HostTensor,
  rows?: ArrayLike<number>,
): HostTensor {
  const { dtype, shape, data } = tensor;
  if (!rows && shape.length === 2) return tensor;
  const count = rows?.length ?? shape[0]!;
  const width = shape.at(-1)!;
  const positions = shape.length === 3 ? shape[1]! : 1;
  const make = data.constructor as Float32ArrayConstructor;
  const picked = new make(count * width);
  for (let i = 0; i < count; i++) {
    const from = ((rows?.[i] ?? i) * positions + positions - 1) * width;
    picked.set(data.subarray(from, from + width) as Float32Array, i * width);
  }
  return { dtype, shape: [count, width], data: picked };
}

/** Element types of traced values, under ONNX's meaning. */
export type DType =
  | "float16"
  | "float32"
  | "float64"
  | "int32"
  | "int64"
  | "uint32"
  | "uint64"
  | "bool";

/** Element types that carry a gradient. */
export type FloatDType = "float16" | "float32" | "float64";
