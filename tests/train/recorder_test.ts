/** What a training leaves behind: when marks were passed, what stays on the disk. */

import { assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import type { Evaluation } from "../../lib/engine/engine.ts";
import { initialState } from "../../lib/engine/state.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import type { MetricsRow, RunWriter } from "../../lib/runs/run_folder.ts";
import {
  checkpointEncoder,
  isKept,
  Recorder,
} from "../../lib/train/recorder.ts";

const evaluation = (step: number, train = 0, test = 0) =>
  ({
    step,
    metrics: { train_accuracy: train, test_accuracy: test },
  }) as unknown as Evaluation;

/** A recorder whose run folder only takes note of what is asked of it. */
async function recording(more: ConfigInput = {}) {
  const config = resolveConfig({
    modulus: 5,
    hidden: [2],
    steps: 40,
    checkpointEvery: 10,
    ...more,
  });
  const experiment = makeExperiment(config);
  const done: string[] = [];
  const rows: MetricsRow[] = [];
  const run = {
    path: "run",
    appendMetrics(fresh: readonly MetricsRow[]) {
      rows.push(...fresh);
      return Promise.resolve();
    },
    writeCheckpoint(step: number) {
      done.push(`write ${step}`);
      return Promise.resolve(`checkpoint ${step}`);
    },
    removeCheckpoint(step: number) {
      done.push(`remove ${step}`);
      return Promise.resolve();
    },
    writeSummary() {
      done.push("summary");
      return Promise.resolve();
    },
  } as unknown as RunWriter;
  const encode = checkpointEncoder(experiment.model);
  const recorder = new Recorder({ config, run, step: 0 }, encode);
  const state = await initialState(experiment);
  return { recorder, state, done, rows };
}

Deno.test("a run's end says at which evaluation 99 % was reached, exactly or not", async () => {
  const { recorder, state, rows } = await recording();
  await recorder.record([
    evaluation(0, 0.98, 0),
    evaluation(10, 0.99, 0.9899),
    evaluation(20, 1, 0.99),
    evaluation(30, 0.5, 0.5),
  ], 1.23456);
  const last = { evaluation: evaluation(30, 0.5, 0.5), state };
  const { result, rows: fresh } = await recorder.finish(last, {
    ms: 1,
    seconds: 3,
  });
  assertEquals([result.memorised_at, result.grokked_at], [10, 20]);
  assertEquals([result.steps, result.interrupted], [30, true]);
  assertEquals([result.ms_per_step, result.diverged_at], [100, null]);
  // The last evaluation is a row already.
  assertEquals([fresh.length, rows.length], [0, 4]);
  assertEquals(rows[0]!.ms_per_step, 1.235);
});

Deno.test("a run is interrupted before its last step, unless it diverged", async () => {
  const end = async (step: number, diverged?: number) => {
    const { recorder, state } = await recording();
    const last = { evaluation: evaluation(step, 1, 1), state };
    const how = { ms: 1, seconds: 1, diverged };
    const { result, rows } = await recorder.finish(last, how);
    assertEquals(rows.length, 1);
    return [result.interrupted, result.diverged_at, result.memorised_at];
  };
  assertEquals(await end(39), [true, null, 39]);
  assertEquals(await end(40), [false, null, 40]);
  assertEquals(await end(39, 39), [false, 39, 39]);
});

Deno.test("one checkpoint follows the training, those that were asked for stay", async () => {
  const { recorder, state, done } = await recording();
  for (const step of [5, 7, 10, 12, 20]) {
    await recorder.save({ evaluation: evaluation(step), state });
    await recorder.settle(step);
  }
  assertEquals(done, [
    "write 5",
    "write 7",
    "remove 5",
    "write 10",
    "remove 7",
    "write 12",
    "write 20",
    "remove 12",
  ]);
});

Deno.test("isKept(): the multiples, and the first step, of what was asked for", () => {
  const kept = (config: ConfigInput, ...steps: number[]) =>
    steps.filter((step) => isKept(resolveConfig(config), step));
  const steps = [0, 5, 7, 10, 15, 20];
  assertEquals(kept({ checkpointEvery: 10 }, ...steps), [0, 10, 20]);
  assertEquals(kept({}, ...steps), []);
  const hash = "0".repeat(64);
  const from = { path: "c.onnx", step: 7, sha256: hash, optimizer: null };
  assertEquals(kept({ checkpointEvery: 10, from }, ...steps), [0, 7, 10, 20]);
});
