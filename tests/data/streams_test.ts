/**
 * What is drawn from random streams, by value (tests/golden/make_streams.py): a
 * rerun a year later draws the same split, the same noise and the same weights.
 */

import { assert, assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import type { Examples } from "../../lib/data/dataset.ts";
import {
  permutation,
  randomKey,
  sample,
  wordsOf,
} from "../../lib/numeric/random.ts";
import { datasetOf, splitOf } from "../../lib/experiment/split.ts";
import type { HostTensor } from "../../lib/numeric/tensor.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { leavesOf } from "../../lib/base/tree.ts";
import { assertClose, golden, valuesOf } from "../_golden.ts";

interface Golden {
  readonly words: number[];
  readonly integers: Readonly<Record<string, number[]>>;
  readonly uniform: number[];
  readonly normal: number[];
  readonly permutation: number[];
  readonly sample: number[];
  readonly split: {
    readonly modulus: number;
    readonly seed: number;
    readonly trainFraction: number;
    readonly train: Examples;
    readonly test: Examples;
    readonly labelNoise: number;
    readonly noisy: number[];
  };
  readonly parity: { readonly config: ConfigInput; readonly rows: number[][] };
  readonly codes: {
    readonly modulus: number;
    readonly codeBits: number;
    readonly seed: number;
    readonly codes: number[][];
  };
  readonly base2: readonly {
    readonly modulus: number;
    readonly rows: number[][];
  }[];
  readonly init: Readonly<
    Record<string, {
      readonly config: ConfigInput;
      readonly seed: number;
      readonly params: Readonly<Record<string, number[]>>;
    }>
  >;
}

const reference = await golden<Golden>("streams");

const draws = (count: number, draw: () => number) =>
  Array.from({ length: count }, draw);

// A logarithm, a root and a cosine, each off by a last place or so.
const TRANSCENDENTAL = { relative: 4 * 2 ** -52, absolute: 2 ** -52 };

Deno.test("a stream's integers, uniform and normal numbers are the reference's", () => {
  for (const [below, expected] of Object.entries(reference.integers)) {
    const stream = randomKey(0)(`below ${below}`);
    assertEquals(draws(6, () => stream.integer(Number(below))), expected);
  }
  assertEquals(draws(6, randomKey(3)("u").uniform), reference.uniform);
  assertClose(
    draws(6, randomKey(3)("z").normal),
    reference.normal,
    TRANSCENDENTAL,
    "normal numbers",
  );
  assertEquals([...wordsOf("dropout/a")], reference.words);
});

Deno.test("permutation() and sample() draw the reference's orders", () => {
  assertEquals(permutation(12, randomKey(5)("p")), reference.permutation);
  assertEquals(sample(7, 10, randomKey(5)("s")), reference.sample);
});

Deno.test("permutation() and sample() draw every order equally often", () => {
  const orders = [
    (seed: number) => permutation(4, randomKey(seed)("even")),
    (seed: number) => sample(4, 4, randomKey(seed)("even")),
  ];
  for (const draw of orders) {
    const counts = new Map<string, number>();
    const n = 4800;
    for (let seed = 0; seed < n; seed++) {
      const key = draw(seed).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    assertEquals(counts.size, 24);
    const expected = n / 24;
    const chi = [...counts.values()]
      .reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // χ² of 23 degrees of freedom: its mean and five standard deviations.
    assert(chi < 23 + 5 * Math.sqrt(2 * 23), `χ² ${chi}`);
  }
});

Deno.test("splits, label noise, parity's vectors and codes are the reference's", () => {
  const { train, test, labelNoise, noisy, ...config } = reference.split;
  assertEquals(splitOf(resolveConfig(config)), { train, test });
  assertEquals(splitOf(resolveConfig({ ...config, labelNoise })), {
    train: { ...train, labels: noisy },
    test,
  });
  const bits = datasetOf(
    resolveConfig({ task: "parity", ...reference.parity.config }),
  );
  assertEquals(bits.inputs, reference.parity.rows);
  const { codes, ...encoded } = reference.codes;
  const pairs = datasetOf(resolveConfig({ ...encoded, encoding: "binary" }));
  assertEquals(
    pairs.inputs,
    codes.flatMap((a) => codes.map((b) => [...a, ...b])),
  );
});

Deno.test("residues in base 2 are the reference's", () => {
  for (const { modulus, rows } of reference.base2) {
    const config = resolveConfig({ modulus, encoding: "base-2" });
    assertEquals(datasetOf(config).inputs, rows);
    // No seed moves them, nor a code's length.
    const other = resolveConfig({ ...config, dataSeed: 5, codeBits: 9 });
    assertEquals(datasetOf(other).inputs, rows);
  }
});

for (const [name, { config, seed, params }] of Object.entries(reference.init)) {
  Deno.test(`the initial parameters of ${name} are the reference's`, () => {
    const experiment = makeExperiment(resolveConfig({ ...config, seed }));
    const leaves = Object.fromEntries(
      leavesOf<HostTensor>(experiment.params),
    );
    for (const [path, values] of Object.entries(params)) {
      assertClose(
        valuesOf(leaves[path]),
        values.map(Math.fround),
        { relative: 2 ** -23, absolute: 0 },
        path,
      );
    }
  });
}
