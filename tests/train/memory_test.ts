// What a training takes at the least, by closed form, and its refusal.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { UsageError } from "../../lib/errors.ts";
import { makeExperiment, makeModel } from "../../lib/train/experiment.ts";
import {
  checkMemory,
  leastMemory,
  memoryHere,
  type Needs,
} from "../../lib/train/memory.ts";
import { trainReplicas } from "../../lib/train/replicas.ts";
import { train } from "../../lib/train/train.ts";
import { leavesOf } from "../../lib/tree.ts";
import type { HostTensor } from "../../lib/onnx/tensor.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";

const needs = (config: ConfigInput = {}) =>
  leastMemory(resolveConfig({ device: "cpu", ...config }));
const sum = ({ state, data, activations }: Needs) => state + data + activations;

// p = 5, one hidden layer of 8: 10 × 8 + 8 × 5 = 120 parameters. Twice these, and
// two states.
const SMALL: ConfigInput = { modulus: 5, hidden: [8], trainFraction: 0.4 };

Deno.test("a small perceptron's least memory has a closed form", () => {
  // Adam keeps two numbers for each parameter, descent one.
  assertEquals(needs(SMALL), {
    state: 4 * (2 * 120 + 2 * (120 + 240)),
    // 25 rows of two tokens: a list of two numbers, the number that is its label
    // and where it lies, and the tokens as a tensor.
    data: 25 * (48 + 8 * (2 + 2) + 4 * 2),
    // 10 rows to train on, 8 neurons.
    activations: 4 * 10 * 8,
  });
  assertEquals(
    needs({ ...SMALL, optimizer: "sgd", precision: "float64" }).state,
    8 * (2 * 120 + 2 * (120 + 120)),
  );
  assertEquals(needs({ ...SMALL, batchSize: 4 }).activations, 4 * 4 * 8);
  // Statistics of the batch: all of it, value and gradient.
  const normalised = needs({ ...SMALL, batchNorm: true });
  assertEquals(normalised.activations, 4 * 2 * 10 * 8);
  assertEquals(normalised.state, 4 * (2 * 136 + 2 * (136 + 272)));
  // Where they are computed is not known, or is a card.
  assertEquals(needs({ ...SMALL, device: "auto" }).activations, 0);
});

Deno.test("what every task takes is a number, also where its rows are not known", () => {
  for (const task of ["add", "parity", "mnist", "composition", "comparison"]) {
    for (const model of ["mlp", "transformer", "encoder"]) {
      let config;
      try {
        config = resolveConfig({ task, model, device: "cpu" } as ConfigInput);
      } catch {
        continue; // A model that does not read such rows.
      }
      const all = sum(leastMemory(config));
      assert(Number.isFinite(all) && all > 0, `${task} ${model}: ${all}`);
    }
  }
});

Deno.test("models know the shapes of what they draw", () => {
  for (
    const config of [
      SMALL,
      { ...SMALL, embedding: 4, biases: true, batchNorm: true },
      { model: "transformer", modulus: 5, dModel: 8, heads: 2, norm: "pre" },
      { model: "encoder", modulus: 5, dModel: 8, heads: 2 },
    ] as ConfigInput[]
  ) {
    const resolved = resolveConfig(config);
    const drawn = leavesOf<HostTensor>(makeExperiment(resolved).params)
      .map(([path, { shape }]) => [path, shape]);
    assertEquals(makeModel(resolved).shapes, Object.fromEntries(drawn));
  }
});

Deno.test("more of anything never takes less", () => {
  const series: readonly ConfigInput[][] = [
    [5, 31, 113, 499, 997].map((modulus) => ({ modulus, hidden: [128] })),
    [1, 8, 200, 4000, 60000].map((width) => ({ hidden: [width] })),
    [1, 2, 3, 9].map((n) => ({ hidden: Array(n).fill(50) })),
    [16, 256, 4096].map((batchSize) => ({ batchSize })),
    [1, 2, 5].map((layers) => ({ model: "transformer", layers })),
    ["sgd", "adam"].map((optimizer) => ({ optimizer }) as ConfigInput),
    [10, 100].map((grokfastWindow) => ({ grokfast: "ma", grokfastWindow })),
  ];
  for (const configs of series) {
    const sizes = configs.map((config) => sum(needs(config)));
    assertEquals(sizes, sizes.toSorted((a, b) => a - b));
    assert(sizes[0]! < sizes.at(-1)!, `${sizes}`);
  }
});

Deno.test("what ran is below what it was seen to take", () => {
  const seen: [config: ConfigInput, bytes: number][] = [
    [{}, 254e6],
    [{ modulus: 997, hidden: [128], batchSize: 4096 }, 1.84e9],
    [{ modulus: 499, hidden: [128] }, 2e9],
    [{ modulus: 5, hidden: [4000, 4000] }, 2.2e9],
    [{ grokfast: "ma", grokfastWindow: 100 }, 650e6],
  ];
  for (const [config, bytes] of seen) {
    assert(sum(needs(config)) < bytes, JSON.stringify(config));
    checkMemory([resolveConfig({ device: "cpu", ...config })], bytes);
  }
});

Deno.test("what cannot fit is refused with both sizes and what makes it smaller", () => {
  const config = resolveConfig({ ...SMALL, device: "cpu" });
  const one = 3840 + 2200 + 320;
  checkMemory([config], one);
  checkMemory([config, config], 2 * one - 320);
  assertThrows(
    () => checkMemory([config], one - 1),
    UsageError,
    "Cannot train this here: it takes at least 0.00636 MB of memory, and there " +
      "are 0.00636 MB; ask for a smaller --hidden or fewer rows",
  );
  assertThrows(
    () => checkMemory([config, config], 10e3),
    UsageError,
    "Cannot train 2 replicas here: it takes at least 0.0124 MB of memory, and " +
      "there are 0.0100 MB; ask for fewer --replicas or a smaller --hidden or " +
      "fewer rows",
  );
  const wide = { ...SMALL, device: "cpu", batchNorm: true } as const;
  assertThrows(
    () =>
      checkMemory(
        [resolveConfig({ ...wide, modulus: 2000, hidden: [4000] })],
        8e9,
      ),
    UsageError,
    "it takes at least 52.3 GB of memory, and there are 8 GB; ask for a smaller " +
      "--batch-size or a smaller --hidden",
  );
  const deep = { model: "transformer", dModel: 8192, layers: 30 } as const;
  assertThrows(
    () => checkMemory([resolveConfig(deep)], 16e9),
    UsageError,
    "and there are 16 GB; ask for a smaller --d-model",
  );
});

Deno.test("train() and trainReplicas() refuse before a folder is made", () =>
  withTempDir(async (dir) => {
    assert(memoryHere()! > 1e8);
    // 2000 matrices of 8000 × 8000, eight numbers for each of theirs.
    const hidden = Array(2000).fill(8000);
    await assertRejects(
      () => train({ modulus: 5, hidden }, { run: `${dir}/a/b` }),
      UsageError,
      "Cannot train this here: it takes at least 4,094 GB of memory",
    );
    await assertRejects(
      () => trainReplicas({ hidden }, { replicas: 2 }, { run: `${dir}/c` }),
      UsageError,
      "Cannot train 2 replicas here: it takes at least 8,188",
    );
    assertEquals(await contentsOf(dir), {});
  }));
