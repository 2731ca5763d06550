/**
 * Modular tasks as addition in a cyclic group, which is what Fourier components
 * are of.
 *
 * @module
 */

import { isPrime } from "../../data/tasks/modular.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import type { ModularTask } from "../context/task.ts";

/**
 * The pairs of a modular task whose operands are elements of a cyclic group of
 * order n, so that the answer's index is the sum of the operands' indices, or
 * their difference.
 *
 * Addition and subtraction: Z_p, the index of a residue being itself. Product and
 * division: the multiplicative group of a prime p, of order p − 1, the index of gⁱ
 * being i (the discrete logarithm to the least primitive root g); pairs with a 0
 * are left out, and so is the class 0.
 */
export interface CyclicTask {
  /** Which group. */
  readonly kind: "additive" | "multiplicative";
  /** n. */
  readonly order: number;
  /** The residue of each index, [n]: a row of the embedding, a class. */
  readonly residues: Int32Array;
  /** The task's row of each pair of indices, [n · n], the first slowest. */
  readonly rows: Int32Array;
  /** The answer's index for each pair of indices, [n · n]. */
  readonly answers: Int32Array;
  /** The answer's index for each row of the task; −1 outside the group. */
  readonly answerOfRow: Int32Array;
}

/**
 * The cyclic group of a modular task.
 *
 * @throws {NotApplicableError} if it is of products modulo a composite number,
 * whose units need not be cyclic, or has no row of some pair of the group.
 */
export function cyclicTask(task: ModularTask): CyclicTask {
  const { operation, modulus, a, b, labels } = task;
  const additive = operation === "add" || operation === "subtract";
  if (!additive && !isPrime(modulus)) {
    throw new NotApplicableError(
      `Its task is to ${operation} modulo ${modulus}, which is composite: its ` +
        "units need not be a cyclic group, and have no Fourier basis",
    );
  }
  const residues = additive
    ? Int32Array.from({ length: modulus }, (_, i) => i)
    : powers(primitiveRoot(modulus), modulus);
  const order = residues.length;
  const index = new Int32Array(modulus).fill(-1);
  residues.forEach((residue, i) => index[residue] = i);
  const rows = new Int32Array(order * order).fill(-1);
  const answers = new Int32Array(order * order);
  const answerOfRow = new Int32Array(labels.length).fill(-1);
  for (let row = 0; row < labels.length; row++) {
    const [i, j] = [index[a[row]!]!, index[b[row]!]!];
    if (i < 0 || j < 0) continue;
    const answer = index[labels[row]!]!;
    rows[i * order + j] = row;
    answers[i * order + j] = answer;
    answerOfRow[row] = answer;
  }
  if (rows.includes(-1)) {
    throw new NotApplicableError(
      `Its task has ${labels.length} pairs of residues modulo ${modulus}, and ` +
        `not all of the ${order * order} of its group, over which spectra are`,
    );
  }
  return {
    kind: additive ? "additive" : "multiplicative",
    order,
    residues,
    rows,
    answers,
    answerOfRow,
  };
}

// 1, g, g², …: all residues but 0.
function powers(g: number, p: number): Int32Array {
  const result = new Int32Array(p - 1);
  for (let i = 0, x = 1; i < p - 1; i++, x = x * g % p) result[i] = x;
  return result;
}

/**
 * The least g whose powers are all residues modulo a prime p but 0.
 *
 * ```ts
 * import { primitiveRoot } from "@groklab/groklab/probes";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(primitiveRoot(7), 3); // 1, 3, 2, 6, 4, 5
 * ```
 *
 * @throws {RangeError} if p is no prime.
 */
export function primitiveRoot(p: number): number {
  for (let g = 1; g < p; g++) {
    if (new Set(powers(g, p)).size === p - 1) return g;
  }
  throw new RangeError(
    `Cannot find a primitive root modulo ${p}: p must be a prime`,
  );
}
