/**
 * Binary operations modulo p.
 *
 * @module
 */

import {
  choice,
  ifNamed,
  integer,
  nullable,
  type Setting,
  type Values,
} from "../../settings/setting.ts";
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import type { Dataset } from "../dataset.ts";
import { defineTask, type Input, type TaskDefinition } from "../definition.ts";
import {
  binaryCodes,
  bitsFor,
  encodePairs,
  type EncodingName,
  encodingNames,
} from "./encoding.ts";

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

/** Which residues pairs are of, where not of all: 1..p-1. */
export type ResidueName = "nonzero";

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
 * ```ts
 * import { modular } from "@groklab/groklab/data";
 * import { assertEquals } from "@std/assert";
 *
 * const { inputs, labels } = modular("divide", 5);
 * assertEquals(inputs[0], [0, 1]);
 * assertEquals(inputs.at(-1), [4, 4]);
 * assertEquals(labels.at(-1), 1); // 4 / 4
 * ```
 *
 * @param operation Which operation.
 * @param p The modulus, 2..2048; for division a prime.
 * @param residues Of which residues; all, if left out.
 * @returns p² rows of two tokens (division: p(p − 1); of the nonzero ones: (p − 1)²),
 * p classes.
 * @throws {UsageError} if there is no such operation, or there are no such residues.
 * @throws {RangeError} if the modulus is out of range, or not prime for division.
 */
export function modular(
  operation: OperationName,
  p: number,
  residues?: ResidueName,
): Dataset {
  if (!Object.hasOwn(operations, operation)) {
    throw new UsageError(
      `Cannot compute the operation ${operation}: ` +
        nearest(`${operation}`, Object.keys(operations)),
    );
  }
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
  if (residues !== undefined && residues !== "nonzero") {
    throw new UsageError(
      `Cannot take pairs of ${residues} residues: wanted nonzero ones, or all, ` +
        "which nothing names",
    );
  }
  const inputs: number[][] = [];
  const labels: number[] = [];
  const first = residues === "nonzero" ? 1 : 0;
  for (let a = first; a < p; a++) {
    for (let b = operation === "divide" ? 1 : first; b < p; b++) {
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

/**
 * Which residues the pairs are of. Only configs that leave some out have the key, so
 * that others are what they have always been.
 */
const residues: Setting<ResidueName | undefined> = ifNamed(choice(
  ["nonzero"],
  "nonzero",
  "<name>",
  "nonzero: no pair with a 0, whose token stays in the vocabulary, as the " +
    "paper's transformer has them (default: all pairs)",
));

/** The settings of the modular tasks. */
export type ModularSettings = {
  readonly modulus: Setting<number>;
  readonly residues: Setting<ResidueName | undefined>;
  readonly encoding: Setting<EncodingName>;
  readonly codeBits: Setting<number | null>;
};

const settings: ModularSettings = {
  modulus,
  residues,
  encoding: choice(
    encodingNames,
    "two-hot",
    "<name>",
    "of residues: two-hot (tokens), scalar (n/p), base-2 (binary digits) or " +
      "binary (random codes)",
  ),
  codeBits: nullable(
    integer(
      [1, 16],
      1,
      "<n>",
      "binary: bits of a residue's code (default: the fewest, ⌈log₂ p⌉)",
    ),
  ),
};

interface Encoded {
  readonly modulus: number;
  readonly encoding: EncodingName;
  readonly codeBits: number | null;
}

// Codes may be longer than they must be, numbers in base 2 are not.
const bitsOf = ({ modulus, encoding, codeBits }: Encoded) =>
  (encoding === "binary" ? codeBits : null) ?? bitsFor(modulus);

function inputOf(config: Encoded): Input {
  const flag = `--encoding ${config.encoding}`;
  switch (config.encoding) {
    case "two-hot":
      return { kind: "tokens", vocabulary: config.modulus, length: 2 };
    case "scalar":
      return { kind: "numbers", width: 2, name: "scalars", flag };
    case "base-2":
    case "binary":
      return { kind: "numbers", width: 2 * bitsOf(config), name: "bits", flag };
  }
}

function pairsOf(
  operation: OperationName,
  { modulus: p, residues }: Values<ModularSettings>,
): number {
  const first = residues === "nonzero" ? p - 1 : p;
  return first * (operation === "divide" ? p - 1 : first);
}

/** A task of learning an operation from its table. */
export type OperationTask = TaskDefinition<ModularSettings>;

/** The task of learning an operation from its table. */
export function modularTask(operation: OperationName): OperationTask {
  return defineTask({
    summary: `${operation} modulo p`,
    settings,
    check(config) {
      const { modulus: p, encoding } = config;
      if (operation === "divide" && !isPrime(p)) {
        return `--modulus must be prime for division, got ${p}`;
      }
      if (config.residues === "nonzero" && p < 3) {
        return `--modulus must be 3 or more with --residues nonzero, of which ` +
          `one pair is no split, got ${p}`;
      }
      if (encoding === "binary" && bitsOf(config) < bitsFor(p)) {
        return `--code-bits must be at least ${bitsFor(p)}, so that ${p} ` +
          `residues have different codes, got ${config.codeBits}`;
      }
    },
    idle: ({ encoding }) => encoding === "binary" ? [] : ["codeBits"],
    form: (config) => ({
      input: inputOf(config),
      classes: config.modulus,
      total: pairsOf(operation, config),
    }),
    dataset(config, key) {
      const { modulus: p, encoding, residues } = config;
      const table = modular(operation, p, residues);
      if (encoding === "two-hot") return table;
      const codes = encoding === "binary"
        ? binaryCodes(p, bitsOf(config), key("data/codes"))
        : undefined;
      return {
        ...table,
        inputs: encodePairs(table.inputs, p, encoding, codes),
      };
    },
    describe: ({ modulus: p, residues, encoding }) =>
      `${operation} mod ${p}` +
      (residues === "nonzero" ? `, residues 1..${p - 1}` : "") +
      (encoding === "two-hot" ? "" : `, ${encoding}`),
  });
}
