/**
 * The numbers of the floating types (IEEE 754).
 *
 * @module
 */

import type { FloatDType } from "./tensor.ts";

/** Where a floating type rounds, and where it ends. */
export interface FloatLimits {
  /** ε, from 1 to the next number above it. */
  readonly epsilon: number;
  /** The smallest number above 0 that has all its digits. */
  readonly smallestNormal: number;
}

/** The limits of each floating type. */
export const FLOATS: Readonly<Record<FloatDType, FloatLimits>> = {
  float16: { epsilon: 2 ** -10, smallestNormal: 2 ** -14 },
  float32: { epsilon: 2 ** -23, smallestNormal: 2 ** -126 },
  float64: { epsilon: 2 ** -52, smallestNormal: 2 ** -1022 },
};
