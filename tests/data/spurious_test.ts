/** Tasks with a feature that agrees with the label of most rows. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { UsageError } from "../../lib/base/errors.ts";
import {
  ConfigError,
  type ConfigInput,
  resolveConfig,
} from "../../lib/config/config.ts";
import type { Examples, Split } from "../../lib/data/dataset.ts";
import { doubleMnist } from "../../lib/data/tasks/double_mnist.ts";
import { spuriousParity } from "../../lib/data/tasks/spurious_parity.ts";
import { randomKey } from "../../lib/numeric/random.ts";
import { probe } from "../../lib/probes/asking/probe_checkpoint.ts";
import { readMetrics } from "../../lib/runs/read.ts";
import { splitText } from "../../lib/runs/run_folder.ts";
import { train } from "../../lib/train/mod.ts";
import { withTempDir } from "../tasks/_run.ts";
import { files, images, labelOf, labels, pixel, writeAll } from "./_idx.ts";

const PARITY = {
  bits: 9,
  parityBits: 2,
  spuriousAgreement: 0.9,
  spuriousScale: 0.3,
  trainRows: 100,
  testRows: 60,
};

const partsOf = ({ train, test, extra }: Split) => ({ train, test, ...extra });

// In how many rows the spurious feature agrees, as `read` finds it.
const agreeing = (
  examples: Examples,
  read: (row: readonly number[], i: number) => number,
) =>
  examples.inputs.filter((row, i) => read(row, i) === examples.labels[i])
    .length;

Deno.test("spuriousParity() has a bit behind the core that agrees in exactly ρ of the rows", () => {
  const { split, classes, inputs } = spuriousParity(PARITY, randomKey(3));
  assertEquals(classes, 2);
  assertEquals(inputs.length, 100 + 4 * 60);
  const { train, test, extra } = split!;
  const all = partsOf(split!);
  assertEquals(
    Object.keys(all),
    ["train", "test", "aligned", "conflicting", "randomised"],
  );
  const high = Math.fround(0.3);
  for (const { inputs, labels } of Object.values(all)) {
    inputs.forEach((row, i) => {
      assertEquals(row.length, 10);
      assert(row.slice(0, 9).every((x) => x === 0 || x === 1));
      assert([0, high].includes(row[9]!));
      assertEquals(labels[i], (row[0]! + row[1]!) % 2);
    });
  }
  const counts = Object.values(all).map((part) =>
    agreeing(part, (row) => row[9]! / high)
  );
  assertEquals(counts.slice(0, 4), [90, 54, 60, 0]);
  // Drawn whatever the label is: of 60 about half, 4 standard deviations at most.
  assert(Math.abs(counts[4]! - 30) < 16, String(counts[4]));
  const cores = ({ inputs }: Examples) => inputs.map((row) => row.slice(0, 9));
  for (const part of Object.values(extra!)) {
    assertEquals(cores(part), cores(test));
    assertEquals(part.labels, test.labels);
  }
  const different = new Set(
    [...cores(train), ...cores(test)].map((row) => row.join("")),
  );
  assertEquals(different.size, 160);
});

Deno.test("spuriousParity() is its seed's, each part by a stream of its own", () => {
  const of = (seed: number, change = {}) =>
    spuriousParity({ ...PARITY, ...change }, randomKey(seed)).split!;
  assertEquals(of(1), of(1));
  assertNotEquals(of(1).train, of(2).train);
  // Another agreement leaves what it says nothing about.
  const [some, other] = [of(1), of(1, { spuriousAgreement: 0.5 })];
  assertEquals(some.extra, other.extra);
  assertNotEquals(some.train, other.train);
});

Deno.test("spuriousParity() refuses an agreement that leaves a group empty", () => {
  for (const spuriousAgreement of [0.996, 0.004, 1, 0]) {
    assertThrows(
      () => spuriousParity({ ...PARITY, spuriousAgreement }, randomKey(0)),
      RangeError,
      "--spurious-agreement must leave at least one of the 100 train rows",
    );
  }
  const { split } = spuriousParity(
    { ...PARITY, spuriousAgreement: 0.994 },
    randomKey(0),
  );
  assertEquals(agreeing(split!.train, (row) => row[9]! > 0 ? 1 : 0), 99);
});

const small = { trainRows: 10, testRows: 6 };

Deno.test("doubleMnist() puts a dim digit beside a bright one", () =>
  withTempDir(async (mnist) => {
    await writeAll(mnist, {
      ...files(),
      "t10k-images-idx3-ubyte": images(20),
      "t10k-labels-idx1-ubyte": labels(20),
    });
    const options = {
      mnist,
      spuriousAgreement: 0.8,
      spuriousScale: 0.3,
      ...small,
    };
    const { split, classes } = doubleMnist(options, randomKey(0));
    assertEquals(classes, 10);
    const all = partsOf(split!);
    for (const [name, { inputs, labels, source }] of Object.entries(all)) {
      const { rows, beside, scale } = source!;
      assertEquals(
        source!.file,
        `${name === "train" ? "train" : "t10k"}-images-idx3-ubyte`,
      );
      assertEquals(scale, 0.3);
      inputs.forEach((row, i) => {
        assertEquals(labels[i], labelOf(rows[i]!));
        assertEquals(
          row,
          Array.from({ length: 28 * 56 }, (_, at) => {
            const [y, x] = [Math.floor(at / 56), at % 56];
            return x < 28
              ? pixel(rows[i]!, 28 * y + x) / 255
              : 0.3 * pixel(beside![i]!, 28 * y + x - 28) / 255;
          }),
        );
      });
    }
    const digit = ({ source }: Examples) => (_: unknown, i: number) =>
      labelOf(source!.beside![i]!);
    const counts = Object.values(all)
      .map((part) => agreeing(part, digit(part)));
    assertEquals(counts.slice(0, 4), [8, 5, 6, 0]);
    assertEquals(new Set(all.train.source!.rows).size, 10);
    const test = split!.test.source!.rows;
    for (const { source } of Object.values(split!.extra!)) {
      assertEquals(source!.rows, test);
    }
    // The pixels are in MNIST's files.
    const written = JSON.parse(splitText(split!));
    assertEquals(Object.keys(written.train).toSorted(), ["labels", "source"]);
    assertEquals(written.extra.aligned.source, split!.extra!.aligned!.source);
    assertEquals(doubleMnist(options, randomKey(0)).split, split);
  }));

Deno.test("doubleMnist() says which images are missing", () =>
  withTempDir(async (mnist) => {
    const options = {
      mnist,
      spuriousAgreement: 0.8,
      spuriousScale: 0.3,
      ...small,
    };
    const refused = (change: object, says: string) =>
      assertThrows(
        () => doubleMnist({ ...options, ...change }, randomKey(0)),
        UsageError,
        says,
      );
    refused({}, "lacks train-images-idx3-ubyte");
    await writeAll(mnist, files());
    refused({}, `in ${mnist} there is none of 5`);
    await writeAll(mnist, {
      "t10k-images-idx3-ubyte": images(20),
      "t10k-labels-idx1-ubyte": labels(20),
    });
    refused({ trainRows: 31 }, "--train-rows must be at most 30");
    refused({ testRows: 21 }, "--test-rows must be at most 20");
  }));

Deno.test("configs with a spurious feature are refused with the reason", () => {
  const cases: [ConfigInput, RegExp][] = [
    [{ spuriousAgreement: 1 }, /^--spurious-agreement must lie in \(0, 1\)/],
    [{ spuriousAgreement: 0 }, /^--spurious-agreement must lie in \(0, 1\)/],
    [{ spuriousAgreement: -0.5 }, /^--spurious-agreement must lie in \(0, 1\)/],
    [{ spuriousAgreement: 1.5 }, /^--spurious-agreement must lie in \(0, 1\)/],
    [{ spuriousScale: 0 }, /^--spurious-scale must be above 0/],
    [{ trainRows: 9 }, /at least one of the 9 train rows.*leaves 9 and 0/],
    [{ parityBits: 5, bits: 4 }, /^--parity-bits must be at most --bits 4/],
    [
      { bits: 10 },
      /^--train-rows and --test-rows must be at most 1024 together/,
    ],
    [{ bits: 12 }, /at most 4096 together.*got 4000 and 1000$/],
    [{ task: "double-mnist", trainRows: 9 }, /leaves 9 and 0/],
    [{ task: "double-mnist", mnist: "" }, /^--mnist must name a folder/],
    [{ model: "transformer" }, /use another model/],
  ];
  for (const [change, says] of cases) {
    const error = assertThrows(
      () => resolveConfig({ task: "spurious-parity", ...change }),
      ConfigError,
    );
    assertMatch(error.message, says);
  }
});

Deno.test("only configs with a spurious feature have its keys", () => {
  const keys = [
    ...["spuriousAgreement", "spuriousScale", "trainRows", "testRows"] as const,
  ];
  const of = (config: ConfigInput) => {
    const resolved = resolveConfig(config);
    return keys.map((key) => resolved[key]);
  };
  assertEquals(of({ task: "spurious-parity" }), [0.95, 0.3, 4000, 1000]);
  assertEquals(of({ task: "double-mnist", testRows: 5 }), [0.95, 0.3, 4000, 5]);
  const plain = resolveConfig({ task: "parity" });
  assertEquals(keys.filter((key) => key in plain), []);
});

Deno.test("a run has a loss and an accuracy of each group, and probes find the same", () =>
  withTempDir(async (dir) => {
    const { checkpoint } = await train({
      task: "spurious-parity",
      ...PARITY,
      hidden: [16],
      loss: "softmax",
      perpGrad: false,
      optimizer: "sgd",
      lr: 0.5,
      steps: 40,
      evalEvery: 40,
    }, { run: `${dir}/run` });
    const row = (await readMetrics(`${dir}/run`)).at(-1)!;
    const { probes } = await probe(checkpoint, ["compressibility"]);
    const { parts, pruning } = probes.compressibility!;
    assertEquals(
      parts.map(({ name, rows }) => [name, rows]),
      [["train", 100], ["test", 60]].concat(
        ["aligned", "conflicting", "randomised"].map((name) => [name, 60]),
      ),
    );
    for (const [i, { name, accuracy }] of parts.entries()) {
      assertEquals(
        Math.fround(row[`${name}_accuracy`]!),
        Math.fround(accuracy),
        name,
      );
      assertEquals(pruning[i]!.part, name);
    }
    // What it has learnt by now is the bit.
    const [conflicting, aligned] = ["conflicting", "aligned"].map((name) =>
      row[`${name}_accuracy`]!
    );
    assert(aligned! > conflicting! + 0.3, `${aligned} and ${conflicting}`);
  }));
