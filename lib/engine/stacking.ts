/**
 * States of several runs as one, with a leading axis.
 *
 * @module
 */

import type { HostState } from "../../models/buffers.ts";
import { mapTree } from "../base/tree.ts";
import type { HostTensor } from "../numeric/tensor.ts";
import { cut } from "../onnx/runtime/batches.ts";

/**
 * States of runs in groups, each tensor with a leading axis; a group of one is
 * that run's state.
 *
 * @param states The state of each run.
 * @param sizes How many runs each group has.
 */
export function stackStates(
  states: readonly HostState[],
  sizes: readonly number[],
): HostState[] {
  let end = 0;
  return sizes.map((size) => {
    const own = states.slice(end, end += size);
    return size === 1
      ? own[0]!
      : mapTree(own[0]!, (_: HostTensor, path) =>
        stack(own.map((one) => one[path]!)));
  });
}

/** The inverse of {@link stackStates}; the tensors are views. */
export function unstackStates(
  stacked: readonly HostState[],
  sizes: readonly number[],
): HostState[] {
  return stacked.flatMap((state, i) =>
    sizes[i] === 1 ? [state] : Array.from(
      { length: sizes[i]! },
      (_, r) => mapTree(state, (tensor: HostTensor) => unstack(tensor, r)),
    )
  );
}

/** Tensors of a type and shape as one, [count, …]. */
export function stack(tensors: readonly HostTensor[]): HostTensor {
  const { dtype, shape, data } = tensors[0]!;
  const make = data.constructor as Float32ArrayConstructor;
  const all = new make(data.length * tensors.length);
  tensors.forEach((x, i) => all.set(x.data as Float32Array, i * data.length));
  return { dtype, shape: [tensors.length, ...shape], data: all };
}

const unstack = (stacked: HostTensor, r: number): HostTensor => ({
  ...cut(stacked, r, r + 1),
  shape: stacked.shape.slice(1),
});
