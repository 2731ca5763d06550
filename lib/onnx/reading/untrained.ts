/**
 * Tensors of floats that no training made, told by their numbers.
 *
 * @module
 */

import type { TensorProto } from "../file/protobuf.ts";
import { hostTensor } from "../file/model.ts";
import { toNumbers } from "../../numeric/tensor.ts";

/**
 * What a tensor is, where its numbers say that it was not trained.
 *
 * @param tensor One of float32 or float64.
 */
export function untrained(tensor: TensorProto): string | undefined {
  const shape = tensor.dims.map(Number);
  const values = toNumbers(hostTensor(tensor));
  if (values.length > 2 && values.every((x, i) => x === i)) {
    return "positions 0, 1, 2, …";
  }
  if (isMask(values)) return "a mask";
  if (isOneHot(values, shape)) return "a table of one-hot rows";
  if (isWaves(values, shape)) return "a table of sines";
}

// 0, or so far below that no softmax sees it.
function isMask(values: Float64Array): boolean {
  return values.every((x) => x === 0 || x <= -1e4) && values.some((x) => x < 0);
}

function isOneHot(values: Float64Array, shape: readonly number[]): boolean {
  const [rows = 0, width = 0] = shape;
  if (shape.length !== 2 || rows < 2 || width < 2) return false;
  for (let row = 0; row < rows; row++) {
    const own = values.subarray(row * width, (row + 1) * width);
    const ones = own.reduce((count, x) => count + Number(x === 1), 0);
    if (ones !== 1 || own.some((x) => x !== 0 && x !== 1)) return false;
  }
  return true;
}

// Sines of positions: in every column x_{t+1} + x_{t−1} = 2 cos(ω) x_t.
function isWaves(values: Float64Array, shape: readonly number[]): boolean {
  const width = shape.at(-1)!;
  const rows = shape.at(-2) ?? 1;
  if (values.length !== rows * width || rows < 5 || width < 2) return false;
  let moves = false;
  for (let column = 0; column < width; column++) {
    const at = (row: number) => values[row * width + column]!;
    let largest = 1;
    for (let row = 2; row < rows - 1; row++) {
      if (Math.abs(at(row)) > Math.abs(at(largest))) largest = row;
    }
    const x = at(largest);
    const twice = x === 0 ? 0 : (at(largest - 1) + at(largest + 1)) / x;
    if (!(Math.abs(twice) <= 2 + 1e-4)) return false;
    for (let row = 1; row < rows - 1; row++) {
      const off = at(row - 1) + at(row + 1) - twice * at(row);
      if (Math.abs(off) > 1e-4 * Math.abs(x)) return false;
    }
    moves ||= at(0) !== at(rows - 1);
  }
  return moves;
}
