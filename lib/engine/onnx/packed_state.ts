/**
 * States of steps that carry several tensors as one.
 *
 * @module
 */

import type { HostState } from "../../../models/buffers.ts";
import { type HostTensor, hostTensorOf, sizeOf } from "../../numeric/tensor.ts";
import type { Packed, Roles } from "../../trace/cards/pack.ts";
import { type Graph, isFloat } from "../../trace/graph.ts";
import type { Stepper } from "../stepped_band.ts";

const PARAMS = "params.";
const after = (name: string) => `state.${name}`;

/** The parameters of a traced step, with what its state has of each. */
export function rolesOf({ inputs, outputs }: Graph): Roles[] {
  const made = new Set(outputs.map(([name]) => name));
  const state = inputs.filter((value) =>
    made.has(after(value.name!)) && isFloat(value)
  );
  const params = state.filter(({ name }) => name!.startsWith(PARAMS));
  const owner = (name: string, shape: readonly number[]) =>
    params.filter((param) =>
      name.endsWith(`.${param.name!.slice(PARAMS.length)}`) &&
      shape.join() === param.shape.join()
    ).sort((a, b) => b.name!.length - a.name!.length)[0];
  const roles = new Map(
    params.map(({ name }) =>
      [name!, new Map<string, readonly [string, string]>()] as const
    ),
  );
  for (const { name, shape } of state) {
    const param = owner(name!, shape)?.name;
    if (param === undefined) continue;
    const path = param.slice(PARAMS.length);
    const role = name!.slice(0, -path.length - 1);
    roles.get(param)!.set(role, [name!, after(name!)]);
  }
  return [...roles].map(([name, names]) => ({
    path: name.slice(PARAMS.length),
    names,
  }));
}

const zeros = (length: number) => new Float64Array(length);

/** A state with matrices in the place of tensors. */
export function packState(
  state: HostState,
  packed: readonly Packed[],
): HostState {
  const rest = { ...state };
  const matrices = packed.map(({ names: [name], dtype, length, rows }) => {
    const shape = [rows.length, length];
    const matrix = hostTensorOf(dtype, shape, zeros(sizeOf(shape)));
    rows.forEach(({ names: [own] }, i) => {
      // Both have the matrix's type.
      const data = matrix.data as Float32Array;
      data.set(state[own]!.data as Float32Array, i * length);
      delete rest[own];
    });
    return [name, matrix] as const;
  });
  return { ...rest, ...Object.fromEntries(matrices) };
}

/**
 * The inverse of {@link packState}; the tensors are views.
 *
 * @param state A state with matrices.
 * @param packed Which they are.
 * @param like A state with the paths in the order that is wanted.
 */
export function unpackState(
  state: HostState,
  packed: readonly Packed[],
  like: HostState,
): HostState {
  const found: Record<string, HostTensor> = { ...state };
  for (const { names: [name], dtype, length, rows } of packed) {
    const { data } = state[name]!;
    delete found[name];
    rows.forEach(({ names: [own], shape }, i) => {
      const begin = i * length;
      const row = data.subarray(begin, begin + sizeOf(shape));
      found[own] = { dtype, shape, data: row } as HostTensor;
    });
  }
  return Object.fromEntries(
    Object.keys(like).map((path) => [path, found[path]!]),
  );
}

/**
 * Runs steps that carry several tensors as one, of states that do not.
 *
 * @param stepper Runs them of states that do.
 * @param packed What each run's step has packed.
 */
export function packedStepper(
  stepper: Stepper,
  packed: readonly (readonly Packed[])[],
): Stepper {
  if (packed.every(({ length }) => length === 0)) return stepper;
  // What came out goes in again as it is.
  const known = new WeakMap<readonly HostState[], readonly HostState[]>();
  return {
    async run(from, first, count, every) {
      const before = known.get(from) ??
        from.map((state, r) => packState(state, packed[r]!));
      const { turns, states } = await stepper
        .run(before, first, count, every);
      const after = states.map((state, r) =>
        unpackState(state, packed[r]!, from[r]!)
      );
      known.set(after, states);
      return { turns, states: after };
    },
    close: () => stepper.close(),
  };
}
