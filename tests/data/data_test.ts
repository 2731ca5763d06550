import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import * as fc from "fast-check";
import { split, trainSize } from "../../lib/data/dataset.ts";
import {
  isPrime,
  modular,
  type OperationName,
} from "../../lib/data/tasks/modular.ts";
import { parity } from "../../lib/data/tasks/parity.ts";
import { permutation, randomKey } from "../../lib/numeric/random.ts";
import { UsageError } from "../../lib/base/errors.ts";
import {
  ConfigError,
  definitionsOf,
  idleKeys,
  resolveConfig,
} from "../../lib/config/config.ts";
import { splitOf } from "../../lib/experiment/split.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";

const labelOf: Record<
  OperationName,
  (a: number, b: number, p: number) => (label: number) => boolean
> = {
  add: (a, b, p) => (c) => (a + b - c) % p === 0,
  subtract: (a, b, p) => (c) => (a - b - c) % p === 0,
  product: (a, b, p) => (c) => (a * b - c) % p === 0,
  // c = a·b⁻¹ is the residue with c·b = a.
  divide: (a, b, p) => (c) => (c * b - a) % p === 0,
};

for (const operation of Object.keys(labelOf) as OperationName[]) {
  Deno.test(`modular() lists every pair of ${operation} with its residue`, () => {
    const moduli = operation === "divide" ? [2, 3, 7, 113] : [2, 4, 9, 113];
    for (const p of moduli) {
      const { inputs, labels, classes } = modular(operation, p);
      assertEquals(classes, p);
      assertEquals(inputs.length, operation === "divide" ? p * (p - 1) : p * p);
      assertEquals(new Set(inputs.map(String)).size, inputs.length);
      inputs.forEach(([a, b], i) => {
        const label = labels[i]!;
        assert(label >= 0 && label < p);
        assert(labelOf[operation](a!, b!, p)(label), `${a}, ${b} → ${label}`);
        assert(operation !== "divide" || b !== 0);
      });
    }
  });
}

Deno.test("pairs of nonzero residues are those of all without a 0, in their order", () => {
  for (const operation of Object.keys(labelOf) as OperationName[]) {
    for (const p of [3, 7, 113]) {
      const all = modular(operation, p);
      const some = modular(operation, p, "nonzero");
      const kept = all.inputs.flatMap((row, i) => row.includes(0) ? [] : [i]);
      assertEquals(some, {
        inputs: kept.map((i) => all.inputs[i]!),
        labels: kept.map((i) => all.labels[i]!),
        classes: p,
      });
      assertEquals(some.labels.length, (p - 1) ** 2);
    }
  }
  assertThrows(
    () => modular("add", 5, "all" as "nonzero"),
    UsageError,
    "pairs of all residues",
  );
});

Deno.test("--residues nonzero is the published encoder's 1..112: 5,017 of 12,544 pairs", () => {
  const config = resolveConfig({ residues: "nonzero", model: "encoder" });
  const { task } = definitionsOf(config);
  assertEquals(task.form(config), {
    // Its embedding has a row for 0, which no pair reads.
    input: { kind: "tokens", vocabulary: 113, length: 2 },
    classes: 113,
    total: 12_544,
  });
  assertEquals(task.describe(config), "add mod 113, residues 1..112");
  const { train, test } = splitOf(config);
  assertEquals([train.labels.length, test.labels.length], [5017, 7527]);
  const seen = new Set([...train.inputs, ...test.inputs].flat());
  assertEquals(
    [...seen].sort((a, b) => a - b),
    [...Array(113).keys()].slice(1),
  );
  // Division has no row less than all pairs without a 0.
  const divide = resolveConfig({ task: "divide", residues: "nonzero" });
  assertEquals(definitionsOf(divide).task.form(divide).total, 12_544);
});

Deno.test("a config has residues only where it leaves some out", () => {
  assertEquals("residues" in resolveConfig({}), false);
  const config = resolveConfig({ residues: "nonzero" });
  assertEquals(config.residues, "nonzero");
  assertEquals(resolveConfig(JSON.parse(JSON.stringify(config))), config);
  for (const residues of ["all", "units", 1, null]) {
    assertThrows(
      () => resolveConfig({ residues }),
      ConfigError,
      "--residues must be one of nonzero, got",
    );
  }
  assertThrows(
    () => resolveConfig({ residues: "nonzero", modulus: 2 }),
    ConfigError,
    "--modulus must be 3 or more with --residues nonzero",
  );
  const parity = resolveConfig({ task: "parity", residues: "nonzero" });
  assert(idleKeys(parity).includes("residues"));
  assert(!idleKeys(config).includes("residues"));
});

Deno.test("modular() refuses what is no modulus, and division by composites", () => {
  for (const p of [1, 0, -3, 2.5, NaN, 5000]) {
    assertThrows(() => modular("add", p), RangeError, `modulo ${p}`);
  }
  assertThrows(() => modular("divide", 12), RangeError, "prime");
});

Deno.test("isPrime() agrees with a sieve", () => {
  const composite = new Set<number>();
  for (let i = 2; i < 500; i++) {
    for (let j = 2 * i; j < 500; j += i) composite.add(j);
  }
  for (let i = 0; i < 500; i++) {
    assertEquals(isPrime(i), i >= 2 && !composite.has(i), String(i));
  }
});

Deno.test("parity() draws different vectors and labels the first k bits", () => {
  const options = { bits: 6, parityBits: 3, samples: 64 };
  const { inputs, labels, classes } = parity(options, randomKey(1)("data"));
  assertEquals(classes, 2);
  // 64 different vectors of 6 bits are all of them.
  assertEquals(new Set(inputs.map((row) => row.join(""))).size, 64);
  inputs.forEach((row, i) =>
    assertEquals(labels[i], (row[0]! + row[1]! + row[2]!) % 2)
  );
});

Deno.test("parity() refuses more bits or vectors than there are", () => {
  const stream = randomKey(0)("data");
  const options = { bits: 4, parityBits: 2, samples: 8 };
  assertThrows(
    () => parity({ ...options, parityBits: 5 }, stream),
    RangeError,
    "5 bits",
  );
  assertThrows(
    () => parity({ ...options, samples: 17 }, stream),
    RangeError,
    "there are 16",
  );
});

Deno.test("split() parts every set in two, of the published sizes", () => {
  const examples = modular("add", 113);
  for (
    const [fraction, size] of [[0.4, 5107], [0.6, 7661], [0.7, 8938], [
      0.3,
      3830,
    ]] as const
  ) {
    const { train, test } = split(examples, fraction, randomKey(0)("split"));
    assertEquals(train.labels.length, size);
    const both = [...train.inputs, ...test.inputs].map(String);
    assertEquals(new Set(both).size, 12769);
    train.inputs.forEach(([a, b], i) =>
      assertEquals(train.labels[i], (a! + b!) % 113)
    );
  }
  assertEquals(trainSize(0.29, 100), 29);
});

Deno.test("split() refuses fractions that leave a part empty", () => {
  const examples = modular("add", 2);
  for (const fraction of [0, 1, 1.5, -0.5, NaN, 0.2]) {
    assertThrows(
      () => split(examples, fraction, randomKey(0)("split")),
      RangeError,
      `train fraction of ${fraction}`,
    );
  }
});

Deno.test("permutation() is one, for any length and seed", () => {
  fc.assert(fc.property(fc.nat(200), fc.nat(), (length, seed) => {
    const order = permutation(length, randomKey(seed)("x"));
    assertEquals(order.toSorted((a, b) => a - b), [...order.keys()]);
  }));
});

Deno.test("randomKey() is the same everywhere and always", () => {
  // xoroshiro128+ from the SHA-256 of "0:split": pinned, so that a rerun a year
  // later draws the same split.
  const stream = randomKey(0)("split");
  assertEquals(Array.from({ length: 5 }, () => stream.integer(1000)), [
    592,
    895,
    716,
    239,
    248,
  ]);
});

Deno.test("randomKey() draws evenly and normally", () => {
  const stream = randomKey(3)("statistics");
  const n = 20000;
  const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / n;
  const u = Array.from({ length: n }, stream.uniform);
  assert(u.every((x) => x >= 0 && x < 1));
  // Five standard errors.
  assert(Math.abs(mean(u) - 0.5) < 5 * Math.sqrt(1 / 12 / n));
  const z = Array.from({ length: n }, stream.normal);
  assert(Math.abs(mean(z)) < 5 / Math.sqrt(n));
  assert(Math.abs(mean(z.map((x) => x * x)) - 1) < 5 * Math.sqrt(2 / n));
  assert(Math.abs(mean(z.map((x) => x ** 4)) - 3) < 5 * Math.sqrt(96 / n));
});

Deno.test("no stream moves another", () => {
  const make = (config: Parameters<typeof resolveConfig>[0]) =>
    makeExperiment(
      resolveConfig({ modulus: 7, hidden: [8, 6], ...config as object }),
    );
  const base = make({});
  // Another architecture: the same split. Another fraction: the same weights.
  assertEquals(make({ hidden: [30] }).split, base.split);
  assertEquals(make({ trainFraction: 0.7 }).params, base.params);
  assertEquals(make({ lr: 1, loss: "softmax" }).params, base.params);
  // A deeper network starts with the same first layer.
  const first = (e: ReturnType<typeof make>) =>
    (e.params as Record<string, Record<string, { W: unknown }>>)["layers"]![
      "0"
    ]!.W;
  assertEquals(first(make({ hidden: [8, 6, 5] })), first(base));
  assertNotEquals(make({ seed: 1 }).split, base.split);
  assertNotEquals(make({ seed: 1 }).params, base.params);
});
