// What a training is expected to take, by closed form and as measured, and its
// refusal.

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { makeExperiment, makeModel } from "../../lib/experiment/experiment.ts";
import {
  checkMemory,
  expectedMemory,
  groupLimit,
  memoryHere,
  type Needs,
} from "../../lib/engine/memory.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { train } from "../../lib/train/train.ts";
import { leavesOf } from "../../lib/base/tree.ts";
import type { HostTensor } from "../../lib/numeric/tensor.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";

const needs = (config: ConfigInput = {}) =>
  expectedMemory(resolveConfig({ device: "cpu", ...config }));
const sum = ({ program, state, data, activations }: Needs) =>
  program + state + data + activations;

// p = 5, one hidden layer of 8: 10 × 8 + 8 × 5 = 120 parameters. Twice these, and
// two states.
const SMALL: ConfigInput = { modulus: 5, hidden: [8], trainFraction: 0.4 };

Deno.test("a small perceptron's memory has a closed form", () => {
  const near = (found: number, wanted: number) =>
    assertAlmostEquals(found, wanted, 1e-9 * wanted);
  // Adam keeps two numbers for each parameter, descent one.
  near(needs(SMALL).state, 3.8 * 4 * (2 * 120 + 2 * (120 + 240)));
  near(
    needs({ ...SMALL, optimizer: "sgd", precision: "float64" }).state,
    3.8 * 8 * (2 * 120 + 2 * (120 + 120)),
  );
  assertEquals(needs(SMALL).data, 25 * 550);
  // All 25 rows, also where a batch has fewer: 8 neurons and 5 logits.
  near(needs(SMALL).activations, 2.8 * 4 * 25 * (8 + 5));
  near(needs({ ...SMALL, batchSize: 4 }).activations, 2.8 * 4 * 25 * 13);
  near(needs({ ...SMALL, batchNorm: true }).state, 3.8 * 4 * 8 * 136);
  // Where they are computed is not known, or is a card.
  assertEquals(needs({ ...SMALL, device: "auto" }).activations, 0);
  // Very many rows: of a step its own, of an evaluation those of a chunk.
  const large: ConfigInput = { modulus: 499, hidden: [128], batchSize: 4096 };
  const chunk = Math.ceil(2 ** 23 / 499);
  near(needs(large).activations, 4 * (2.8 * 4096 + 26 * chunk) * (128 + 499));
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
      const all = sum(expectedMemory(config));
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
    [16, 256, 4096].map((batchSize) => ({ modulus: 499, batchSize })),
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

// Peaks that were measured, in bytes; bench/README.md says how.
const SEEN: readonly [config: ConfigInput, bytes: number][] = [
  [{}, 228e6],
  [{ hidden: [64] }, 198e6],
  [{ hidden: [512] }, 302e6],
  [{ modulus: 251, hidden: [128] }, 431e6],
  [{ modulus: 251, hidden: [512] }, 751e6],
  [{ modulus: 251, hidden: [128], precision: "float64" }, 669e6],
  [{ modulus: 499, hidden: [128] }, 1.94e9],
  [{ modulus: 499, hidden: [128], batchSize: 4096 }, 1.34e9],
  [{ modulus: 499, hidden: [512], batchSize: 4096 }, 1.98e9],
  [{ modulus: 997, hidden: [128], batchSize: 4096 }, 1.86e9],
  [{ modulus: 997, hidden: [128] }, 6.88e9],
  [{ modulus: 5, hidden: [4000, 4000] }, 1.84e9],
  [{ grokfast: "ma", grokfastWindow: 100 }, 650e6],
  [{ model: "transformer" }, 438e6],
  [{ model: "encoder" }, 1.085e9],
];

Deno.test("what is expected is within 30 % of what was measured, and what ran is not refused", () => {
  for (const [config, bytes] of SEEN) {
    const off = sum(needs(config)) / bytes - 1;
    assert(Math.abs(off) < 0.3, `${JSON.stringify(config)}: off by ${off}`);
    const resolved = resolveConfig({ device: "cpu", ...config });
    checkMemory([resolved], bytes);
    assertThrows(() => checkMemory([resolved], bytes / 2), UsageError);
  }
});

Deno.test("what cannot fit is refused with both sizes and what makes it smaller", () => {
  const full = resolveConfig({ modulus: 997, hidden: [128], device: "cpu" });
  const least = 0.7 * sum(expectedMemory(full));
  checkMemory([full], least);
  assertThrows(
    () => checkMemory([full], least - 1),
    UsageError,
    "Cannot train this here: it takes about 6.7 GB of memory, 4.7 GB at the " +
      "least, and there are 4.7 GB; ask for a smaller --batch-size or a smaller " +
      "--hidden",
  );
  const { program, state, data, activations } = expectedMemory(full);
  const two = 0.7 * (program + 2 * state + 2 * data + activations);
  checkMemory([full, full], two);
  assertThrows(
    () => checkMemory([full, full], two - 1),
    UsageError,
    "Cannot train 2 replicas here: it takes about 7.3 GB of memory, 5.1 GB at " +
      "the least, and there are 5.1 GB; ask for fewer --replicas or a smaller " +
      "--batch-size or a smaller --hidden",
  );
  const deep = { model: "transformer", dModel: 8192, layers: 30 } as const;
  assertThrows(
    () => checkMemory([resolveConfig(deep)], 16e9),
    UsageError,
    "and there are 16 GB; ask for a smaller --d-model",
  );
  assertThrows(
    () => checkMemory([resolveConfig({ device: "cpu" })], 10e6),
    UsageError,
    "and there are 10.0 MB; ask for a smaller --hidden",
  );
});

Deno.test("the least limit of all control groups counts, of either version", () => {
  const reading = (files: Record<string, string>) =>
    groupLimit((path) => files[path]);
  assertEquals(reading({}), Infinity);
  assertEquals(reading({ "/sys/fs/cgroup/memory.max": "max\n" }), Infinity);
  assertEquals(reading({ "/sys/fs/cgroup/memory.max": "3000\n" }), 3000);
  assertEquals(
    reading({
      "/proc/self/cgroup": "0::/a.slice/b.scope\n",
      "/sys/fs/cgroup/memory.max": "max\n",
      "/sys/fs/cgroup/a.slice/memory.max": "2000\n",
      "/sys/fs/cgroup/a.slice/b.scope/memory.max": "5000\n",
    }),
    2000,
  );
  assertEquals(
    reading({
      "/proc/self/cgroup": "3:cpu:/x\n2:memory:/x/y\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/x/y/memory.limit_in_bytes": "7000\n",
    }),
    7000,
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
      "Cannot train this here: it takes about 15,5",
    );
    await assertRejects(
      () => trainReplicas({ hidden }, { replicas: 2 }, { run: `${dir}/c` }),
      UsageError,
      "Cannot train 2 replicas here: it takes about 31,1",
    );
    assertEquals(await contentsOf(dir), {});
  }));
