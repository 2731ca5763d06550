/**
 * What a session is given, looked at before ONNX Runtime sees it.
 *
 * @module
 */

import { nearest } from "../../base/nearest.ts";
import { type HostTensor, isHeld, sizeOf } from "../../numeric/tensor.ts";

/**
 * Refuses tensors that are none, and names that a model has not.
 *
 * @param inputs The model's inputs.
 * @param given Tensors by name.
 * @param names The outputs that the model has.
 * @param wanted Those that are asked for.
 * @throws {TypeError} if an input is missing or unknown, an output is unknown, or a
 * tensor is not of the input's type and shape, or its array not of its own.
 */
export function checkFeeds(
  inputs: readonly ValueSpec[],
  given: Readonly<Record<string, HostTensor>>,
  names: readonly string[],
  wanted: readonly string[],
): void {
  const known = inputs.map(({ name }) => name);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new TypeError(
      `Cannot run with an input ${name}: ${nearest(name, known)}`,
    );
  }
  for (const spec of inputs) {
    const tensor = given[spec.name];
    if (!tensor) {
      throw new TypeError(
        `Cannot run without the input ${spec.name}, ` +
          `${spec.dtype} [${spec.shape}]`,
      );
    }
    checkTensor(tensor, `the input ${spec.name}`);
    if (tensor.dtype === spec.dtype && fits(tensor.shape, spec.shape)) continue;
    throw new TypeError(
      `Cannot run with the input ${spec.name} as ${tensor.dtype} ` +
        `[${tensor.shape}]: it is ${spec.dtype} [${spec.shape}]`,
    );
  }
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot ask for the output ${unknown}: ${nearest(unknown, names)}`,
    );
  }
}

/**
 * Refuses a tensor whose elements are not those of its type and shape.
 *
 * @param tensor The tensor.
 * @param what What it is, for the message.
 */
export function checkTensor(tensor: HostTensor, what: string): void {
  const { dtype, shape, data } = tensor;
  const made = shape.every((length) =>
    Number.isSafeInteger(length) && length >= 0
  );
  if (isHeld(tensor) && made && data.length === sizeOf(shape)) return;
  throw new TypeError(
    `Cannot take ${what} as ${dtype} [${shape}]: it holds ` +
      `${data?.length} elements of ${data?.constructor.name}`,
  );
}

// What declares no length may be of any shape; a length of 0 or below is declared
// by tools that know none.
const fits = (
  shape: readonly number[],
  declared: readonly (number | string)[],
) =>
  declared.length === 0 || shape.length === declared.length &&
    declared.every((length, i) =>
      typeof length === "string" || length <= 0 || length === shape[i]
    );

/** What is known of an input or output before a run. */
export interface ValueSpec {
  /** Its name. */
  readonly name: string;
  /** Element type, by ONNX Runtime's name for it: `float32`, `int64`. */
  readonly dtype: string;
  /** Lengths of the axes; of a free one its name, empty where it has none. */
  readonly shape: readonly (number | string)[];
}
