/**
 * States of several runs as one, with a leading axis.
 *
 * @module
 */

import type { HostState } from "../../models/buffers.ts";
import { type HostTensor, sizeOf } from "../numeric/tensor.ts";

/** The states of several runs, each tensor with a leading axis. */
export function stackStates(states: readonly HostState[]): HostState {
  return Object.fromEntries(
    Object.keys(states[0]!).map((path) => [
      path,
      stack(states.map((state) => state[path]!)),
    ]),
  );
}

/** Tensors of a type and shape as one, [count, …]. */
export function stack(tensors: readonly HostTensor[]): HostTensor {
  const { dtype, shape, data } = tensors[0]!;
  const length = sizeOf(shape);
  const all = new (data.constructor as new (length: number) => typeof data)(
    length * tensors.length,
  );
  tensors.forEach((x, i) => all.set(x.data as never, i * length));
  return { dtype, shape: [tensors.length, ...shape], data: all };
}

/** The state of one of several runs. */
export function unstackState(state: HostState, replica: number): HostState {
  return Object.fromEntries(
    Object.entries(state).map(([path, x]) => [path, unstack(x, replica)]),
  );
}

function unstack({ dtype, shape, data }: HostTensor, replica: number) {
  const rest = shape.slice(1);
  const length = sizeOf(rest);
  const own = data.slice(replica * length, (replica + 1) * length);
  return { dtype, shape: rest, data: own as typeof data };
}
