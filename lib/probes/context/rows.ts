/**
 * Some rows of a model's inputs.
 *
 * @module
 */

import { evenIndices } from "../../numeric/statistics.ts";
import {
  type HostTensor,
  hostTensorOf,
  sizeOf,
  toNumbers,
} from "../../numeric/tensor.ts";

/** The values of some rows, one row behind the other. */
export function valuesAt(
  { shape, data }: HostTensor,
  rows: readonly number[],
): Float64Array {
  const width = sizeOf(shape.slice(1));
  const values = toNumbers({ data });
  const picked = new Float64Array(rows.length * width);
  rows.forEach((row, i) =>
    picked.set(values.subarray(row * width, (row + 1) * width), i * width)
  );
  return picked;
}

/**
 * Evenly chosen rows of tensors that have one for each row of a task.
 *
 * @param inputs The tensors.
 * @param most How many rows at most.
 */
export function evenRows(
  inputs: Readonly<Record<string, HostTensor>>,
  most: number,
): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => {
      const [count, ...row] = tensor.shape as [number, ...number[]];
      const places = evenIndices(count, most);
      const shape = [places.length, ...row];
      return [
        name,
        hostTensorOf(tensor.dtype, shape, valuesAt(tensor, places)),
      ];
    }),
  );
}
