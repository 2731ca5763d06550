/**
 * Reference values made by PyTorch (tests/golden/make_golden.py), and how
 * numbers are held to them.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import type { ConfigInput } from "../lib/config/config.ts";
import {
  type DType,
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../lib/numeric/tensor.ts";

/** Reads a file of reference values. */
export async function golden<T>(name: string): Promise<T> {
  const url = new URL(`./golden/${name}.json`, import.meta.url);
  return JSON.parse(await Deno.readTextFile(url)) as T;
}

/** The models of trajectories.json. */
export type ModelName = "mlp" | "mlp_bias" | "transformer";

/** Rows, shapes and initial parameters of these models. */
export const goldenModels = async () =>
  (await golden<{
    models: Record<ModelName, {
      inputs: number[][];
      labels: number[];
      shapes: Record<string, number[]>;
      init: Record<string, number[]>;
    }>;
  }>("trajectories")).models;

/** Their configs. */
export const MODEL_CONFIGS: Record<ModelName, ConfigInput> = {
  mlp: { modulus: 7, hidden: [8, 6] },
  mlp_bias: { task: "parity", bits: 9, samples: 40, hidden: [8, 6] },
  transformer: {
    model: "transformer",
    modulus: 5,
    dModel: 8,
    heads: 2,
    dMlp: 16,
  },
};

/** How far a number may be from its reference: |x − y| ≤ absolute + relative·|y|. */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/**
 * Asserts that numbers are close, reporting the worst of them. None is worse than
 * the first that cannot be compared: a NaN, or a number where ±∞ was wanted.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative, absolute }: Tolerance,
  what: string,
): void {
  if (actual.length !== expected.length) {
    throw new AssertionError(
      `${what}: ${actual.length} numbers, wanted ${expected.length}`,
    );
  }
  let worst = { excess: 0, i: -1 };
  for (let i = 0; i < actual.length; i++) {
    const [x, y] = [actual[i]!, expected[i]!];
    if (Object.is(x, y) || x === y) continue;
    const excess = Math.abs(x - y) / (absolute + relative * Math.abs(y));
    if (excess <= worst.excess) continue;
    worst = { excess, i };
    // Nothing compares with a NaN: another number must not take its place.
    if (Number.isNaN(excess)) break;
  }
  if (worst.i >= 0 && !(worst.excess <= 1)) {
    const { i, excess } = worst;
    throw new AssertionError(
      `${what}: element ${i} is ${actual[i]}, wanted ${expected[i]} ` +
        `(${excess.toPrecision(3)} times the tolerance)`,
    );
  }
}

/** A nested list of numbers as a tensor. */
export function tensorOf(dtype: DType, rows: readonly unknown[]): HostTensor {
  const shape: number[] = [];
  for (let at: unknown = rows; Array.isArray(at); at = at[0]) {
    shape.push(at.length);
  }
  const flat = rows.flat(Infinity) as number[];
  return hostTensorOf(dtype, shape, flat);
}

/** The contents of a result. */
export const valuesOf = (tensor: HostTensor | undefined): Float64Array =>
  toNumbers(tensor!);
