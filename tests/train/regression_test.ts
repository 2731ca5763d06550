/** Training on a task without classes: what there is, and what there is not. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  ConfigError,
  type ConfigInput,
  resolveConfig,
} from "../../lib/config/config.ts";
import { readMetrics } from "../../lib/runs/read.ts";
import { reachedStep, saysGrokking } from "../../lib/runs/result.ts";
import { readRecord } from "../../lib/store/record.ts";
import { probe } from "../../lib/probes/asking/probe_checkpoint.ts";
import { train } from "../../lib/train/train.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { assertClose } from "../_golden.ts";

const TOY: ConfigInput = {
  task: "opposing-signals",
  trainRows: 60,
  testRows: 20,
  loss: "squared-error",
  hidden: [6],
  activation: "identity",
  biases: false,
  optimizer: "sgd",
  perpGrad: false,
  lr: 0.01,
  steps: 20,
  evalEvery: 10,
  threads: 1,
};

const folder = () => Deno.makeTempDir();

Deno.test("a regression has no accuracy and says nothing of grokking", async () => {
  const run = await folder();
  const result = await train({ ...TOY, metrics: ["all"] }, { run });
  const [row] = await readMetrics(run);
  const keys = Object.keys(row!);
  assert(!keys.some((key) => /accuracy|collapse|margin|logit_gap/.test(key)));
  for (const key of ["train_loss", "test_loss", "zero_terms", "weight_norm"]) {
    assert(keys.includes(key), key);
  }
  const { memorised_at, grokked_at, loss_threshold } = result;
  assertEquals([memorised_at, grokked_at, loss_threshold], [null, null, null]);
  assert(!saysGrokking(result));
  const record = await readRecord(run);
  assert(record && !("test_accuracy" in record));
  const { probes, skipped } = await probe(result.checkpoint, undefined, {});
  for (const name of ["edge-of-stability", "geometry", "nlm"] as const) {
    assert(probes[name], name);
  }
  for (const name of ["margin", "neural-collapse", "logit-scaling"] as const) {
    assert(skipped[name]!.includes("regression"), skipped[name]);
  }
});

Deno.test("a regression with a threshold has learnt where its loss is as low", async () => {
  const run = await folder();
  const { loss_threshold, memorised_at } = await train(
    { ...TOY, steps: 40, lossThreshold: 2 },
    { run },
  );
  const rows = await readMetrics(run);
  const at = rows.find(({ train_loss }) => train_loss <= 2)!.step;
  assertEquals([loss_threshold, memorised_at], [2, at]);
  const unended = [{ step: 0, test_loss: 3 }, { step: 5, test_loss: 1 }];
  assertEquals(reachedStep({ lossThreshold: 1 }, unended, "test"), 5);
  assertEquals(reachedStep({}, unended, "test"), null);
  // Of classes the loss says nothing.
  const accurate = unended.map((row) => ({ ...row, test_accuracy: 0.5 }));
  assertEquals(reachedStep({ lossThreshold: 1 }, accurate, "test"), null);
});

Deno.test("a regression trains alike in both engines, alone and as replicas", async () => {
  const losses = async (config: ConfigInput) => {
    const run = await folder();
    await train({ ...TOY, ...config }, { run });
    return (await readMetrics(run)).map(({ train_loss }) => train_loss);
  };
  for (const batchSize of [null, 8]) {
    const onnx = await losses({ batchSize });
    const tfjs = await losses({ batchSize, engine: "tfjs", backend: "cpu" });
    // float32, a few dozen sums of 60 terms.
    assertClose(onnx, tfjs, { relative: 1e-5, absolute: 0 }, "losses");
    const run = await folder();
    const [, second] = await trainReplicas(
      { ...TOY, batchSize },
      { replicas: 2 },
      { run },
    );
    const alone = await losses({ batchSize, seed: 1 });
    assertClose([second!.final.train_loss], [alone.at(-1)!], {
      relative: 1e-5,
      absolute: 0,
    }, "a replica's loss");
  }
});

for (
  const [change, words] of [
    [{ loss: "stablemax" }, "--loss stablemax needs classes"],
    [{ labelNoise: 0.1 }, "--label-noise needs classes"],
    [{ correctLogitScale: 0 }, "--correct-logit-scale needs classes"],
    [{ outlierShare: 0.5 }, "--outlier-share must be below 0.5"],
    [{ model: "transformer" }, "--model transformer reads tokens"],
  ] as const
) {
  Deno.test(`a regression is refused with ${JSON.stringify(change)}`, () => {
    assertThrows(
      () => resolveConfig({ ...TOY, ...change }),
      ConfigError,
      words,
    );
  });
}

Deno.test("only configs of regressions have a regression's keys", () => {
  const others = Object.keys(resolveConfig({}));
  for (const key of ["trainRows", "lossThreshold", "features", "activation"]) {
    assert(!others.includes(key), key);
  }
  const { trainRows, lossThreshold, hessianTrace, activation } = resolveConfig({
    task: "orthogonal-features",
    loss: "mse",
  });
  assertEquals(
    [trainRows, lossThreshold, hessianTrace, activation],
    [undefined, null, 10, undefined],
  );
  const { trainRows: _, ...rest } = TOY;
  assertEquals(resolveConfig(rest).trainRows, 4000);
});
