/**
 * Binary operations modulo p.
 *
 * @module
 */

import { integer, type Setting } from "../config/setting.ts";
import type { Dataset } from "./dataset.ts";
import { defineTask, type TaskDefinition } from "./definition.ts";

/** The operations, by name. */
export const operations: {
  readonly [
    name in "add" | "subtract" | "product" | "divide"
  ]: (a: number, b: number, p: number) => number;
} = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  product: (a, b) => a * b,
  divide: (a, b, p) => a * power(b, p - 2, p),
};

/** The name of an operation. */
export type OperationName = keyof typeof operations;

/**
 * The largest modulus: products of two residues stay exact, and all pairs fit
 * into memory.
 */
export const LARGEST_MODULUS = 2048;

/** Whether p has no divisor but 1 and itself. */
export function isPrime(p: number): boolean {
  if (!Number.isInteger(p) || p < 2) return false;
  for (let d = 2; d * d <= p; d++) if (p % d === 0) return false;
  return true;
}

/**
 * All pairs (a, b) with the label a ∘ b mod p, a changing slowest. Division is
 * multiplication by the inverse, a·b⁻¹, over b ≠ 0.
 *
 * @param operation Which operation.
 * @param p The modulus, 2..2048; for division a prime.
 * @returns p² rows of two tokens (division: p(p − 1)), p classes.
 * @throws {RangeError} if the modulus is out of range, or not prime for division.
 */
export function modular(operation: OperationName, p: number): Dataset {
  if (!Number.isInteger(p) || p < 2 || p > LARGEST_MODULUS) {
    throw new RangeError(
      `Cannot compute modulo ${p}: the modulus must be an integer in ` +
        `2..${LARGEST_MODULUS}`,
    );
  }
  if (operation === "divide" && !isPrime(p)) {
    throw new RangeError(
      `Cannot divide modulo ${p}: division needs a prime modulus, ` +
        `${p} is composite`,
    );
  }
  const inputs: number[][] = [];
  const labels: number[] = [];
  for (let a = 0; a < p; a++) {
    for (let b = operation === "divide" ? 1 : 0; b < p; b++) {
      inputs.push([a, b]);
      labels.push(mod(operations[operation](a, b, p), p));
    }
  }
  return { inputs, labels, classes: p };
}

const mod = (x: number, p: number) => ((x % p) + p) % p;

// b^(p−2) is b's inverse modulo a prime p (Fermat).
function power(base: number, exponent: number, p: number): number {
  let result = 1;
  for (; exponent > 0; exponent = Math.floor(exponent / 2)) {
    if (exponent % 2 === 1) result = result * base % p;
    base = base * base % p;
  }
  return result;
}

/** p, the modulus of the modular tasks; prime for division. */
export const modulus: Setting<number> = integer(
  [2, LARGEST_MODULUS],
  113,
  "<p>",
  "modulus of the modular tasks",
);

/** The task of learning an operation from its table. */
export function modularTask(
  operation: OperationName,
): TaskDefinition<{ readonly modulus: Setting<number> }> {
  return defineTask({
    summary: `${operation} modulo p`,
    settings: { modulus },
    check: ({ modulus: p }) =>
      operation === "divide" && !isPrime(p)
        ? `--modulus must be prime for division, got ${p}`
        : undefined,
    form: ({ modulus: p }) => ({
      input: { kind: "tokens", vocabulary: p, length: 2 },
      classes: p,
      total: operation === "divide" ? p * (p - 1) : p ** 2,
    }),
    dataset: ({ modulus: p }) => modular(operation, p),
    describe: ({ modulus: p }) => `${operation} mod ${p}`,
  });
}
