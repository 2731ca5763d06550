/** Which runs replicas are, and what they leave. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  ConfigError,
  type ConfigInput,
  resolveConfig,
} from "../../lib/config/config.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { bandOf } from "../../lib/train/band/band.ts";
import {
  replicaConfigs,
  type ReplicaOptions,
  trainReplicas,
} from "../../lib/train/band/replicas.ts";
import { small } from "./_small.ts";

Deno.test("replicaConfigs() counts seeds up; each is a config of its own", () => {
  const configs = replicaConfigs({ seed: 5 }, { replicas: 3, lr: [1, 2, 3] });
  assertEquals(configs.map(({ seed }) => seed), [5, 6, 7]);
  assertEquals(configs.map(({ lr }) => lr), [1, 2, 3]);
  assertEquals(configs.map(({ dataSeed }) => dataSeed), [null, null, null]);
  configs.forEach((config) => assertEquals(resolveConfig(config), config));
  const shared = replicaConfigs({ seed: 5 }, { replicas: 2, shareSplit: true });
  const [a, b] = shared.map(makeExperiment);
  assertEquals(a!.split, b!.split);
  assertEquals(a!.split, makeExperiment(resolveConfig({ seed: 5 })).split);
});

const REFUSED: [ReplicaOptions, ConfigInput, string][] = [
  [{ replicas: 0 }, {}, "--replicas must be an integer in 1..4096, got 0"],
  [{ replicas: 1.5 }, {}, "got 1.5"],
  [{ replicas: 5000 }, {}, "got 5000"],
  [{ replicas: 2, lr: [1] }, {}, "--replica-lr must name a value for each"],
  [{ replicas: 1, weightDecay: [1, 2] }, {}, "--replica-weight-decay"],
  [{ replicas: 2, lr: [1, -1] }, {}, "--lr must be above 0, got -1"],
  [{ replicas: 2 }, { engine: "tfjs" }, "use --engine onnx"],
];

for (const [options, config, message] of REFUSED) {
  Deno.test(`replicaConfigs() refuses: ${message}`, () => {
    assertThrows(() => replicaConfigs(config, options), ConfigError, message);
  });
}

Deno.test("trainReplicas() leaves a whole run for each, and takes no folder twice", async () => {
  const run = await Deno.makeTempDir();
  const go = (overwrite = false) =>
    trainReplicas(
      { ...small, steps: 30, checkpointEvery: 15 },
      { replicas: 2 },
      { run, overwrite },
    );
  const results = await go();
  for (const [r, result] of results.entries()) {
    assertEquals(result.run, join(run, `replica-${r}`));
    assertEquals(result.steps, 30);
    const files: string[] = [];
    for await (
      const { name } of Deno.readDir(join(result.run, "checkpoints"))
    ) {
      files.push(name);
    }
    assertEquals(
      files.sort(),
      [0, 15, 30].map((n) => `step-${String(n).padStart(8, "0")}.onnx`),
    );
  }
  await assertRejects(() => go(), RangeError, "it holds a run already");
  const again = await go(true);
  assertEquals(
    again.map(({ final }) => final),
    results.map(({ final }) => final),
  );
  await Deno.remove(run, { recursive: true });
});

Deno.test("bandOf() counts who passed, and when", () => {
  const result = (grokked_at: number | null, test_accuracy: number) =>
    ({ memorised_at: 10, grokked_at, final: { test_accuracy } }) as never;
  const band = bandOf([
    result(30, 1),
    result(null, 0.2),
    result(10, 0.99),
  ]);
  assertEquals(band, {
    runs: 3,
    memorised: { runs: 3, first: 10, median: 10, last: 10 },
    grokked: { runs: 2, first: 10, median: 20, last: 30 },
    final: { test_accuracy: { least: 0.2, median: 0.99, most: 1 } },
  });
  assertEquals(bandOf([result(null, 0)]).grokked, {
    runs: 0,
    first: null,
    median: null,
    last: null,
  });
});
