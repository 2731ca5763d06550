import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import * as fc from "fast-check";
import {
  ConfigError,
  idleKeys,
  resolveConfig,
} from "../../lib/config/config.ts";
import {
  binaryCodes,
  bitsFor,
  encodePairs,
  encodingNames,
} from "../../lib/data/tasks/encoding.ts";
import { withLabelNoise } from "../../lib/data/label_noise.ts";
import { randomKey, sample } from "../../lib/numeric/random.ts";
import { datasetOf, splitOf } from "../../lib/experiment/split.ts";

Deno.test("bitsFor() is the fewest bits that suffice", () => {
  for (let p = 2; p <= 2048; p++) {
    const bits = bitsFor(p);
    assert(2 ** bits >= p && 2 ** (bits - 1) < p, `${bits} bits for ${p}`);
  }
});

Deno.test("binaryCodes() are different codes of so many bits", () => {
  fc.assert(fc.property(
    fc.integer({ min: 2, max: 300 }),
    fc.nat(3),
    fc.nat(),
    (p, more, seed) => {
      const bits = bitsFor(p) + more;
      const codes = binaryCodes(p, bits, randomKey(seed)("codes"));
      assertEquals(codes.length, p);
      assert(codes.every((code) => code.length === bits));
      assert(codes.flat().every((bit) => bit === 0 || bit === 1));
      assertEquals(new Set(codes.map(String)).size, p);
    },
  ));
});

Deno.test("binaryCodes() refuses fewer bits than tell the numbers apart", () => {
  assertThrows(
    () => binaryCodes(5, 2, randomKey(0)("codes")),
    RangeError,
    "there are 4, wanted at least 3 bits",
  );
});

Deno.test("encodePairs() writes numbers in base 2, the most significant digit first", () => {
  fc.assert(fc.property(
    fc.integer({ min: 2, max: 2048 }),
    fc.nat(),
    fc.nat(),
    (p, x, y) => {
      const pair = [x % p, y % p];
      const [row] = encodePairs([pair], p, "base-2");
      const half = bitsFor(p);
      const read = (digits: number[]) => parseInt(digits.join(""), 2);
      assertEquals(row!.length, 2 * half);
      assertEquals([read(row!.slice(0, half)), read(row!.slice(half))], pair);
    },
  ));
});

Deno.test("encodePairs() refuses what is no residue, and residues without a code", () => {
  for (const encoding of ["scalar", "base-2", "binary"] as const) {
    for (const n of [-1, 5, 1.5, NaN]) {
      assertThrows(
        () => encodePairs([[0, n]], 5, encoding, Array(5).fill([0, 1])),
        RangeError,
        `the number ${n} modulo 5: wanted an integer in 0..4`,
      );
    }
  }
  assertThrows(
    () => encodePairs([[0, 3]], 5, "binary", [[0], [1]]),
    RangeError,
    "the number 3: there are codes of the first 2 numbers",
  );
});

Deno.test("an encoding changes the inputs of a table and nothing else", () => {
  for (const task of ["add", "subtract", "product", "divide"] as const) {
    const of = (config: object) =>
      datasetOf(resolveConfig({ task, modulus: 13, ...config }));
    const table = of({});
    const scalar = of({ encoding: "scalar" });
    const binary = of({ encoding: "binary" });
    const base2 = of({ encoding: "base-2" });
    for (const { labels, classes } of [scalar, base2, binary]) {
      assertEquals({ labels, classes }, {
        labels: table.labels,
        classes: table.classes,
      });
    }
    // Back from the numbers to the residues.
    assertEquals(
      scalar.inputs.map((row) => row.map((x) => Math.round(13 * x))),
      table.inputs,
    );
    assert(scalar.inputs.flat().every((x) => x >= 0 && x < 1));
    const codes = new Map<string, number>();
    binary.inputs.forEach((row, i) => {
      assertEquals(row.length, 8); // four bits for 13 residues, twice
      const [a, b] = table.inputs[i]!;
      for (const [code, n] of [[row.slice(0, 4), a], [row.slice(4), b]]) {
        const known = codes.get(String(code)) ?? n;
        assertEquals(known, n);
        codes.set(String(code), n as number);
      }
    });
    assertEquals(codes.size, 13);
    assertEquals(of({ encoding: "binary" }), binary);
    assertNotEquals(of({ encoding: "binary", dataSeed: 1 }), binary);
  }
});

Deno.test("an encoding does not move the split", () => {
  const labels = (encoding: (typeof encodingNames)[number]) =>
    splitOf(resolveConfig({ modulus: 17, encoding })).train.labels;
  for (const name of encodingNames) {
    assertEquals(labels(name), labels("two-hot"));
  }
});

const refused: [config: object, message: RegExp][] = [
  [
    { encoding: "unary" },
    /--encoding must be one of two-hot, scalar, base-2, binary/,
  ],
  [
    { encoding: "binary", codeBits: 6 },
    /--code-bits must be at least 7, so that 113 residues .* got 6/,
  ],
  [
    { encoding: "scalar", model: "transformer" },
    /--model transformer reads tokens: .* scalars with --encoding scalar/,
  ],
  [
    { encoding: "binary", model: "transformer" },
    /--model transformer reads tokens: .* bits with --encoding binary/,
  ],
  [
    { encoding: "base-2", model: "encoder" },
    /--model encoder reads tokens: .* bits with --encoding base-2/,
  ],
  [{ task: "mnist", model: "transformer" }, /--task mnist has pixels, use/],
  [{ task: "mnist", mnist: "" }, /--mnist must name a folder/],
  [{ labelNoise: 1 }, /--label-noise must lie in \[0, 1\), got 1/],
];

for (const [config, message] of refused) {
  Deno.test(`resolveConfig() refuses ${JSON.stringify(config)}`, () => {
    const error = assertThrows(() => resolveConfig(config), ConfigError);
    assert(message.test(error.message), error.message);
  });
}

Deno.test("--code-bits says nothing but of binary codes", () => {
  const idle = (config: object) => idleKeys(resolveConfig(config));
  for (const encoding of ["two-hot", "scalar", "base-2"]) {
    assert(idle({ encoding }).includes("codeBits"));
  }
  assert(!idle({ encoding: "binary" }).includes("codeBits"));
  assert(idle({ task: "mnist" }).includes("trainFraction"));
  assert(!idle({ task: "mnist" }).includes("trainSize"));
});

Deno.test("withLabelNoise() gives so many rows another class", () => {
  fc.assert(fc.property(
    fc.array(fc.nat(4), { minLength: 1, maxLength: 60 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat(),
    (labels, share, seed) => {
      const inputs = labels.map((_, i) => [i]);
      const stream = randomKey(seed)("label-noise");
      const noisy = withLabelNoise({ inputs, labels }, share, 5, stream);
      assertEquals(noisy.inputs, inputs);
      assert(noisy.labels.every((label) => label >= 0 && label < 5));
      const wrong = noisy.labels.filter((label, i) => label !== labels[i]);
      assertEquals(wrong.length, Math.round(share * labels.length));
    },
  ));
});

Deno.test("withLabelNoise() prefers no class", () => {
  const n = 12000;
  const labels = Array<number>(n).fill(2);
  const inputs = labels.map(() => []);
  const stream = randomKey(5)("label-noise");
  const noisy = withLabelNoise({ inputs, labels }, 1, 4, stream);
  for (const label of [0, 1, 3]) {
    const count = noisy.labels.filter((x) => x === label).length;
    // Five standard errors of a share of a third.
    assert(Math.abs(count - n / 3) < 5 * Math.sqrt(n * 2 / 9), `${count}`);
  }
});

Deno.test("label noise leaves the test rows and the split alone", () => {
  const of = (labelNoise: number) =>
    splitOf(resolveConfig({ modulus: 23, labelNoise }));
  const clean = of(0);
  const noisy = of(0.25);
  assertEquals(noisy.test, clean.test);
  assertEquals(noisy.train.inputs, clean.train.inputs);
  const wrong = noisy.train.labels
    .filter((label, i) => label !== clean.train.labels[i]);
  assertEquals(wrong.length, Math.round(0.25 * clean.train.labels.length));
  assertEquals(of(0.25), noisy);
});

Deno.test("sample() draws different integers, all equally often", () => {
  fc.assert(fc.property(fc.nat(50), fc.nat(50), fc.nat(), (a, b, seed) => {
    const [count, length] = [Math.min(a, b), Math.max(a, b)];
    const drawn = sample(count, length, randomKey(seed)("x"));
    assertEquals(new Set(drawn).size, count);
    assert(drawn.every((x) => Number.isInteger(x) && x >= 0 && x < length));
  }));
  const stream = randomKey(2)("x");
  const [n, counts] = [8000, Array<number>(10).fill(0)];
  for (let i = 0; i < n; i++) {
    // The place of a number says something as well: the second one drawn.
    counts[sample(3, 10, stream)[1]!]! += 1;
  }
  for (const count of counts) {
    assert(Math.abs(count - n / 10) < 5 * Math.sqrt(n * 0.09), `${count}`);
  }
});
