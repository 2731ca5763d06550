import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError } from "../../lib/base/files.ts";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import type { Engine, Snapshot } from "../../lib/engine/engine.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { encodeTensors } from "../../lib/onnx/file/metadata.ts";
import { decodeTensors } from "../../lib/onnx/file/read_tensors.ts";
import { lockRun } from "../../lib/runs/lock.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { DivergedError } from "../../lib/train/diverged.ts";
import { train } from "../../lib/train/train.ts";
import { newestInterrupted, toResume } from "../../lib/train/unfinished.ts";
import { metricsRows, withTempDir } from "../tasks/_run.ts";
import { assertSameRun, atFirstStep, copyRun, writeSums } from "./_runs.ts";

const TINY: ConfigInput = {
  modulus: 7,
  hidden: [8],
  threads: 1,
  steps: 40,
  evalEvery: 4,
  checkpointEvery: 10,
};

const experiment = makeExperiment(resolveConfig(TINY));

const engines: Record<string, (start?: Snapshot) => Promise<Engine>> = {
  "onnxEngine()": (start) => onnxEngine(experiment, { threads: 1 }, start),
  "onnxEngine() in WebAssembly": (start) =>
    onnxEngine(experiment, { runtime: "web" }, start),
  "tfjsEngine()": (start) => tfjsEngine(experiment, "cpu", undefined, start),
};

for (const [name, open] of Object.entries(engines)) {
  Deno.test(`${name} goes on from a file as if it had never stopped`, async () => {
    const whole = await open();
    const all = await whole.advance(12, 4);
    const first = await open();
    const begun = await first.advance(5, 4);
    // Through a file and back.
    const bytes = encodeTensors("state", await first.state());
    const { tensors: state } = decodeTensors(bytes, "state");
    const second = await open({ step: 5, state });
    assertEquals(second.step, 5);
    const rest = [await second.advance(1, 4), await second.advance(6, 4)];
    const parts = [begun, ...rest];
    assertEquals(parts.flatMap(({ losses }) => losses), all.losses);
    assertEquals(
      parts.flatMap(({ evaluations }) => evaluations),
      all.evaluations,
    );
    assertEquals(await second.state(), await whole.state());
    for (const engine of [whole, first, second]) await engine.close();
  });
}

// What a kill, a full disk or a power cut leaves of a run: files are removed,
// cut off or added.
const path = (folder: string, step: number) =>
  join(folder, `step-${String(step).padStart(8, "0")}.onnx`);
const cut = async (file: string, share: number) => {
  const { size } = await Deno.stat(file);
  await Deno.truncate(file, Math.floor(size * share));
};
const without = async (run: string, ...steps: number[]) => {
  for (const step of steps) {
    await Deno.remove(join(run, path("checkpoints", step)));
    await Deno.remove(join(run, path("optimizer", step)));
  }
};
const DAMAGES: Record<string, (run: string) => Promise<void>> = {
  "nothing but the summary": () => Promise.resolve(),
  "the last optimizer file": (run) =>
    Deno.remove(join(run, path("optimizer", 40))),
  "half of the last checkpoint": (run) =>
    cut(join(run, path("checkpoints", 40)), 0.5),
  "all of the last checkpoint's bytes": (run) =>
    cut(join(run, path("checkpoints", 40)), 0),
  "half of the last optimizer file": (run) =>
    cut(join(run, path("optimizer", 40)), 0.5),
  "the last two states": (run) => without(run, 40, 30),
  "the end of the metrics": (run) => cut(join(run, "metrics.jsonl"), 0.6),
  "half a line of the metrics, and states": async (run) => {
    await without(run, 40, 30);
    const file = join(run, "metrics.jsonl");
    const lines = (await Deno.readTextFile(file)).split("\n");
    await Deno.writeTextFile(file, lines.slice(0, 7).join("\n").slice(0, -9));
  },
  "all metrics": (run) => cut(join(run, "metrics.jsonl"), 0),
  "the data": (run) => Deno.remove(join(run, "split.json")),
  "all states, and has files that were being written": async (run) => {
    await without(run, 0, 10, 20, 30, 40);
    for (const name of [path("checkpoints", 0), "config.json"]) {
      await Deno.writeTextFile(join(run, `${name}.partial-4711`), "cut o");
    }
  },
};

Deno.test("a run that lost something ends in the same bytes", async (t) => {
  await withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(TINY, { run: whole });
    for (const [i, [what, damage]] of Object.entries(DAMAGES).entries()) {
      await t.step(what, async () => {
        const run = join(dir, `${i}`);
        await copyRun(whole, run);
        await Deno.remove(join(run, "summary.json"));
        await damage(run);
        await train(TINY, { run, resume: true });
        await assertSameRun(run, whole, what);
      });
    }
  });
});

const SITTINGS: Record<string, ConfigInput> = {
  "only the last state kept": { ...TINY, checkpointEvery: null },
  "states kept": { ...TINY, checkpointEvery: 3 },
  "TensorFlow.js": { ...TINY, engine: "tfjs" },
  "batch normalisation": { ...TINY, batchNorm: true, batchSize: 6 },
  "batch normalisation, TensorFlow.js": {
    ...TINY,
    batchNorm: true,
    engine: "tfjs",
  },
  "dropout": {
    ...TINY,
    model: "encoder",
    dModel: 8,
    heads: 2,
    dFf: 8,
    dropout: 0.3,
  },
  "parity, biases, momentum": {
    ...TINY,
    task: "parity",
    samples: 60,
    optimizer: "sgd",
    momentum: 0.8,
    warmup: 10,
  },
};

for (const [name, config] of Object.entries(SITTINGS)) {
  Deno.test(`a run in three sittings is one in a single: ${name}`, () =>
    withTempDir(async (dir) => {
      const [run, whole] = [join(dir, "run"), join(dir, "whole")];
      await train(config, { run: whole });
      // Where there is no run yet, one is begun.
      for (let sitting = 0; sitting < 2; sitting++) {
        const options = { run, resume: true, ...atFirstStep() };
        const result = await train(config, options);
        assertEquals(result.interrupted, true);
        assertEquals(result.steps, sitting + 1);
        assertEquals((await metricsRows(run)).at(-1)!.step, sitting + 1);
      }
      const result = await train(config, { run, resume: true });
      await assertSameRun(run, whole);
      // Over, it ends as it did.
      assertEquals(await train(config, { run, resume: true }), result);
    }));
}

Deno.test("a finished run goes further with more steps", () =>
  withTempDir(async (dir) => {
    const [run, whole] = [join(dir, "run"), join(dir, "whole")];
    const config = { ...TINY, checkpointEvery: null };
    await train(config, { run: whole });
    await train({ ...config, steps: 21 }, { run });
    await train(config, { run, resume: true });
    await assertSameRun(run, whole);
  }));

Deno.test("train() resumes the run that it began, and no other", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(TINY, { run, ...atFirstStep() });
    const refused = (config: ConfigInput, message: string) =>
      assertRejects(
        () => train({ ...TINY, ...config }, { run, resume: true }),
        UsageError,
        message,
      );
    await refused({ lr: 0.1 }, "with --lr 0.1: it was begun with 0.01;");
    await refused({ steps: 30 }, "with --steps 30: it was begun with 40");
    {
      using _lock = await lockRun(run);
      await refused({}, "another process is training this run");
    }
    // Where it is computed may be another; that is said.
    const warnings: string[] = [];
    const onWarning = (warning: string) => void warnings.push(warning);
    await train({ ...TINY, threads: 2 }, { run, resume: true, onWarning });
    assertEquals(warnings.length, 1);
    assert(warnings[0]!.includes("threads 1 → 2"), warnings[0]);
  }));

const DIVERGING: ConfigInput = {
  ...TINY,
  loss: "softmax",
  optimizer: "sgd",
  perpGrad: false,
  lr: 1e12,
  checkpointEvery: null,
};

Deno.test("a run that diverged is over", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const error = await assertRejects(
      () => train(DIVERGING, { run }),
      DivergedError,
    );
    const again = await assertRejects(
      () => train(DIVERGING, { run, resume: true }),
      DivergedError,
    );
    assertEquals(again.message, error.message);
    await assertRejects(() => toResume(run), UsageError, "not finite at step");
  }));

const BAND = { replicas: 3, lr: [0.01, 0.02, 0.03] };

Deno.test("replicas in three sittings are those of a single", () =>
  withTempDir(async (dir) => {
    const [run, whole] = [join(dir, "run"), join(dir, "whole")];
    for (const checkpointEvery of [null, 10]) {
      const config = { ...TINY, checkpointEvery };
      const overwrite = checkpointEvery !== null;
      await trainReplicas(config, BAND, { run: whole, overwrite });
      const stop = { run, overwrite, ...atFirstStep() };
      await trainReplicas(config, BAND, stop);
      const options = { run, resume: true, ...atFirstStep() };
      await trainReplicas(config, BAND, options);
      const { configs, band } = await toResume(run);
      assertEquals(configs.map(({ lr }) => lr), BAND.lr);
      assert(band);
      await trainReplicas(config, BAND, { run, resume: true });
      await assertSameRun(run, whole);
    }
    // A kill while the second of three saves its state: the first is ahead.
    const [ahead, behind] = [join(run, "replica-0"), join(run, "replica-1")];
    for (const r of [0, 1, 2]) {
      await Deno.remove(join(run, `replica-${r}`, "summary.json"));
    }
    await without(join(run, "replica-2"), 40);
    await cut(join(behind, path("checkpoints", 40)), 0.5);
    assert(await Deno.stat(join(ahead, path("checkpoints", 40))));
    await trainReplicas(TINY, BAND, { run, resume: true });
    await assertSameRun(run, whole);
  }));

Deno.test("a replica that diverged stays as it ended, the others go on", () =>
  withTempDir(async (dir) => {
    const [run, whole] = [join(dir, "run"), join(dir, "whole")];
    const config = { ...DIVERGING, checkpointEvery: 10 };
    const band = { replicas: 2, lr: [0.1, 1e12] };
    const diverges = async (folder: string, resume: boolean) => {
      const error = await assertRejects(
        () => trainReplicas(config, band, { run: folder, resume }),
        DivergedError,
      );
      assertEquals(error.results.length, 1);
      return error.message.replaceAll(folder, "");
    };
    const message = await diverges(whole, false);
    await copyRun(whole, run);
    await Deno.remove(join(run, "replica-0", "summary.json"));
    await without(join(run, "replica-0"), 40, 30);
    // The copy's summary names where it was made.
    const summary = join(run, "replica-1", "summary.json");
    const text = await Deno.readTextFile(summary);
    await Deno.writeTextFile(summary, text.replaceAll(whole, run));
    await writeSums(join(run, "replica-1"));
    assertEquals(await diverges(run, true), message);
    await assertSameRun(run, whole);
    assertEquals(await diverges(run, true), message);
  }));

Deno.test("the newest interrupted run is neither over nor being trained", () =>
  withTempDir(async (dir) => {
    const newest = () => newestInterrupted(dir);
    await assertRejects(newest, FileError, "Cannot find an interrupted run");
    const [old, band, over] = ["old", "band", "over"]
      .map((name) => join(dir, name)) as [string, string, string];
    await train(TINY, { run: old, ...atFirstStep() });
    await trainReplicas(TINY, BAND, { run: band, ...atFirstStep() });
    await train(TINY, { run: over });
    assertEquals(await newest(), band);
    using locks = new DisposableStack();
    for (const r of [0, 1, 2]) {
      locks.use(await lockRun(join(band, `replica-${r}`)));
    }
    assertEquals(await newest(), old);
  }));
