/** Trainings whose state overflows end with the last finite one. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import type { ConfigInput } from "../../lib/config/config.ts";
import { notFinite } from "../../lib/engine/finite.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { encodeTensors } from "../../lib/onnx/file/metadata.ts";
import { decodeTensors } from "../../lib/onnx/file/read_tensors.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { startFrom } from "../../lib/train/from_checkpoint.ts";
import { DivergedError } from "../../lib/train/diverged.ts";
import { train } from "../../lib/train/train.ts";
import { toResume } from "../../lib/train/unfinished.ts";
import { assertFailed, task, withTempDir } from "../tasks/_run.ts";
import { assertSameRun, atFirstStep } from "./_runs.ts";
import { GRADUAL, HUGE, stepOfOverflow } from "../engine/_huge.ts";

const gradual = { ...GRADUAL, steps: 40, evalEvery: 2, checkpointEvery: 3 };

Deno.test("train() ends with the last finite state, resumed or not", () =>
  withTempDir(async (dir) => {
    const [whole, stopped] = [join(dir, "whole"), join(dir, "stopped")];
    const step = await stepOfOverflow();
    const error = await assertRejects(
      () => train(gradual, { run: whole }),
      DivergedError,
    );
    assertMatch(
      error.message,
      new RegExp(
        `the optimizer's state \\(1?\\.?sum\\.layers\\.\\d\\.W\\) is not finite at ` +
          `step ${step}; the last finite state, step ${step - 1}, is in `,
      ),
    );
    const summary = JSON.parse(
      await Deno.readTextFile(join(whole, "summary.json")),
    );
    assertEquals([summary.diverged_at, summary.steps], [step, step - 1]);
    assertMatch(summary.diverged_in, /^optimizer\./);
    const { checkpoint } = summary;
    for (
      const file of [checkpoint, checkpoint.replace("checkpoints", "optimizer")]
    ) {
      const { tensors } = decodeTensors(await Deno.readFile(file), file);
      assertEquals(notFinite(tensors), undefined, file);
    }
    await train(gradual, { run: stopped, ...atFirstStep() });
    const again = await assertRejects(
      () => train(gradual, { run: stopped, resume: true }),
      DivergedError,
    );
    assertEquals(again.message.replace(stopped, whole), error.message);
    await assertSameRun(stopped, whole);
    const { message } = await assertRejects(() => toResume(whole));
    assertMatch(message, /optimizer's state .* was not finite at step/);
  }));

Deno.test("trainReplicas() ends those whose state overflows, the others go on", () =>
  withTempDir(async (run) => {
    const config = {
      ...HUGE,
      optimizer: "adagrad",
      outputScale: 1e12,
      steps: 6,
    } as const;
    const error = await assertRejects(
      () => trainReplicas(config, { replicas: 2 }, { run }),
      DivergedError,
    );
    assertMatch(
      error.message,
      /loss or the state is not finite: seed 0 at step 1, in the optimizer's state \(.*sum\.layers\.0\.W\) \(its last finite state, step 0/,
    );
    assertEquals(error.results.length, 0);
  }));

Deno.test("a state that float32 cannot hold ends a training at the switch to it", () =>
  withTempDir(async (run) => {
    const config: ConfigInput = {
      ...HUGE,
      optimizer: "adagrad",
      outputScale: 1e15,
      precision: "float64",
      lossPrecision: "float64",
      steps: 20,
      checkpointEvery: 5,
      switches: [{ at: 10, config: { precision: "float32" } }],
    };
    for (const checkpointEvery of [5, 20]) {
      const { message } = await assertRejects(
        () => train({ ...config, checkpointEvery }, { run, overwrite: true }),
        DivergedError,
      );
      assertMatch(message, /state .* is not finite at step 10; .* step 9, is/);
    }
  }));

Deno.test("no training starts from a state that is not finite, or resumes it", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const { checkpoint } = await train(
      { ...HUGE, outputScale: 1, optimizer: "adam", steps: 8 },
      { run, ...atFirstStep() },
    );
    const file = checkpoint.replace("checkpoints", "optimizer");
    const { tensors } = decodeTensors(await Deno.readFile(file), file);
    const path = Object.keys(tensors).find((path) => path.includes("nu."))!;
    const { shape, data } = tensors[path]!;
    const values = [...data as Float32Array];
    values[1] = Infinity;
    await Deno.writeFile(
      file,
      encodeTensors("optimizer", {
        ...tensors,
        [path]: hostTensorOf("float32", shape, values),
      }),
    );
    // A run of an older version, so that the file is not held to its sum.
    await Deno.remove(join(run, "SHA256SUMS"));
    const from = await startFrom(run);
    const started = await assertRejects(
      () => train({ ...from, steps: 9 }, { run: join(dir, "other") }),
      DivergedError,
    );
    assertMatch(
      started.message,
      /cannot start: the optimizer's state \(.*nu\./,
    );
    assertMatch(started.message, /--fresh-optimizer/);
    const fresh = await startFrom(run, { freshOptimizer: true });
    await train({ ...fresh, steps: 9 }, { run: join(dir, "fresh") });
  }));

Deno.test("train of a state that overflows: one line, exit code 1", () =>
  withTempDir(async (dir) => {
    const line = assertFailed(
      await task(
        "train",
        ...[
          "--modulus",
          "7",
          "--hidden",
          "8",
          "--loss",
          "mse",
          "--steps",
          "30",
        ],
        ...["--lr", "1e-12", "--output-scale", "1e12", "--json"],
        ...["--run", join(dir, "run")],
      ),
    );
    assertMatch(
      line,
      /Training stopped: the optimizer's state \(.*nu\.layers\.0\.W\) is not finite at step 1; the last finite state, step 0, is in/,
    );
  }));
