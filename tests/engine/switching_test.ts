import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  ConfigError,
  type ConfigInput,
  resolveConfig,
} from "../../lib/config/config.ts";
import { configAt } from "../../lib/config/switches.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError } from "../../lib/base/files.ts";
import { decodeTensors } from "../../lib/onnx/file/read_tensors.ts";
import { toNumbers } from "../../lib/numeric/tensor.ts";
import { under } from "../../models/buffers.ts";
import { inForceAt, transferState } from "../../lib/engine/transfer.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { startFrom } from "../../lib/train/from_checkpoint.ts";
import { DivergedError } from "../../lib/train/diverged.ts";
import { train } from "../../lib/train/train.ts";
import { contentsOf, metricsRows, withTempDir } from "../tasks/_run.ts";
import { assertSameRun, atFirstStep, copyRun } from "../train/_runs.ts";

const TINY: ConfigInput = {
  modulus: 7,
  hidden: [8],
  threads: 1,
  steps: 40,
  evalEvery: 4,
  checkpointEvery: 10,
};

const SWITCHED: ConfigInput = {
  ...TINY,
  switches: [
    { at: 10, config: { loss: "softmax", lr: 0.02 } },
    { at: 17, config: { precision: "float64", lossPrecision: "float64" } },
    { at: 30, config: { optimizer: "sgd", perpGrad: false } },
  ],
};

const checkpoint = (run: string, step: number, folder = "checkpoints") =>
  join(run, folder, `step-${String(step).padStart(8, "0")}.onnx`);
const tensorsIn = async (file: string) =>
  decodeTensors(await Deno.readFile(file), file);

Deno.test("a switch is one engine's state carried into the next", () =>
  withTempDir(async (run) => {
    await train(SWITCHED, { run });
    const config = resolveConfig({ ...SWITCHED, device: "cpu" });
    const whole = makeExperiment(config);
    let before = configAt(config, 0);
    let state = undefined;
    const metrics = [];
    for (const [first, last] of [[0, 10], [10, 17], [17, 30], [30, 40]]) {
      const part = inForceAt(whole, first!);
      const start = state && await transferState(state, before, part);
      const engine = await onnxEngine(
        part,
        { threads: 1 },
        start && { step: first!, state: start },
      );
      const { evaluations } = await engine.advance(last! - first!, 4);
      metrics.push(...evaluations);
      [state, before] = [await engine.state(), part.config];
      await engine.close();
    }
    const { tensors, metadata } = await tensorsIn(checkpoint(run, 40));
    assertEquals(tensors, under(state!, "params."));
    assertEquals(
      (await tensorsIn(checkpoint(run, 40, "optimizer"))).tensors,
      under(state!, "optimizer."),
    );
    // A checkpoint has the config in force.
    assertEquals(metadata("config"), JSON.parse(JSON.stringify(before)));
    assertEquals(before.switches, []);
    const rows = await metricsRows(run);
    assertEquals(
      rows.slice(0, -1).map(({ step, train_loss }) => [step, train_loss]),
      metrics.map(({ step, metrics }) => [step, metrics.train_loss]),
    );
  }));

Deno.test("a run with switches is repeated by its config and resumed at any of them", () =>
  withTempDir(async (dir) => {
    const [whole, again] = [join(dir, "whole"), join(dir, "again")];
    await train(SWITCHED, { run: whole });
    const config = await Deno.readTextFile(join(whole, "config.json"));
    await train(JSON.parse(config), { run: again });
    await assertSameRun(again, whole);
    for (const last of [30, 20, 10]) {
      const run = join(dir, `${last}`);
      await copyRun(whole, run);
      await Deno.remove(join(run, "summary.json"));
      for (const step of [10, 20, 30, 40].filter((step) => step > last)) {
        await Deno.remove(checkpoint(run, step));
      }
      await train(SWITCHED, { run, resume: true });
      await assertSameRun(run, whole, `from step ${last}`);
    }
    // Stopped right at a switch.
    const run = join(dir, "stopped");
    const at1 = { ...SWITCHED, switches: [{ at: 1, config: { lr: 0.1 } }] };
    await train(at1, { run, ...atFirstStep() });
    await train(at1, { run, resume: true });
    await train(at1, { run: again, overwrite: true });
    await assertSameRun(run, again);
  }));

Deno.test("replicas switch as the runs that they are", () =>
  withTempDir(async (dir) => {
    const [band, whole] = [join(dir, "band"), join(dir, "whole")];
    // Too wide to be stacked: then a replica is a single run to the last bit.
    const wide = { modulus: 13, hidden: [8192], evalEvery: 10, steps: 32 };
    const config = { ...SWITCHED, ...wide };
    await trainReplicas(config, { replicas: 2 }, { run: band });
    await train({ ...config, seed: 1 }, { run: whole });
    await assertSameRun(join(band, "replica-1"), whole);
  }));

Deno.test("an optimizer's parts keep their states where their trees are the same", async () => {
  const first = makeExperiment(resolveConfig(TINY));
  const engine = await onnxEngine(first, { threads: 1 });
  await engine.advance(5, 5);
  const state = await engine.state();
  await engine.close();
  const next = (config: ConfigInput) =>
    transferState(
      state,
      first.config,
      makeExperiment(resolveConfig({ ...TINY, ...config })),
    );
  // ⊥Grad has no state, and stands before AdamW: AdamW moves to its place.
  assertEquals(
    under(await next({ perpGrad: false, lr: 1 }), "optimizer."),
    under(state, "optimizer.1."),
  );
  const wide = await next({ precision: "float64" });
  for (const [path, tensor] of Object.entries(wide)) {
    assertEquals(tensor.dtype, "float64");
    assertEquals(tensor.data, toNumbers(state[path]!));
  }
  // Another optimizer, or another tree of states, starts afresh.
  for (const config of [{ optimizer: "adam" }, { warmup: 3 }] as const) {
    const fresh = await next(config);
    assertEquals(under(fresh, "params."), under(state, "params."));
    for (const tensor of Object.values(under(fresh, "optimizer."))) {
      assert(toNumbers(tensor).every((x) => x === 0));
    }
  }
});

Deno.test("a loss that is infinite behind a switch ends with the state before it", () =>
  withTempDir(async (dir) => {
    const switches = [{
      at: 6,
      config: { loss: "softmax", correctLogitScale: 1e39 },
    }];
    const config = { ...TINY, checkpointEvery: null, switches };
    const run = join(dir, "run");
    await assertRejects(
      () => train(config, { run }),
      DivergedError,
      "not finite at step 6; the last finite state, step 5, is in",
    );
    const { metadata } = await tensorsIn(checkpoint(run, 5));
    assertEquals((metadata("config") as ConfigInput).loss, "stablemax");
    const band = join(dir, "band");
    await assertRejects(
      () => trainReplicas(config, { replicas: 2 }, { run: band }),
      DivergedError,
      "seed 0 at step 6",
    );
    assertEquals(
      (await tensorsIn(checkpoint(join(band, "replica-0"), 5))).tensors,
      (await tensorsIn(checkpoint(run, 5))).tensors,
    );
  }));

const REFUSED: [switches: unknown, message: string][] = [
  [[{ at: 0, config: { lr: 1 } }], "--switch-at must rise within 1..39"],
  [[{ at: 40, config: { lr: 1 } }], "--switch-at must rise within 1..39"],
  [[{ at: 9, config: { lr: 1 } }, { at: 9, config: { lr: 2 } }], "got 9"],
  [
    [{ at: 9, config: {} }],
    "--to must name what may change at step 9, got not",
  ],
  [[{ at: 9, config: { hidden: [9] } }], "got hidden: choose from"],
  [[{ at: 9, config: { lr: -1 } }], "From step 9 on, --lr must be above 0"],
  [
    [{ at: 9, config: { lossPrecision: "float16" } }],
    "From step 9 on, --loss-precision of stablemax",
  ],
  [[{ at: 9 }], "--switch-at"],
  [{ at: 9 }, "--switch-at must be a list of { at, config }"],
];

for (const [switches, message] of REFUSED) {
  Deno.test(`resolveConfig() refuses switches ${JSON.stringify(switches)}`, () => {
    assertThrows(
      () => resolveConfig({ ...TINY, switches }),
      ConfigError,
      message,
    );
  });
}

Deno.test("a run that starts from a checkpoint without changes is that run", () =>
  withTempDir(async (dir) => {
    const [source, run, again] = ["source", "run", "again"]
      .map((name) => join(dir, name)) as [string, string, string];
    await train(SWITCHED, { run: source });
    const config = await startFrom(source, { step: 20 });
    await train(config, { run });
    for (const step of [30, 40]) {
      for (const folder of ["checkpoints", "optimizer"]) {
        assertEquals(
          (await tensorsIn(checkpoint(run, step, folder))).tensors,
          (await tensorsIn(checkpoint(source, step, folder))).tensors,
        );
      }
    }
    const losses = async (run: string) =>
      (await metricsRows(run)).filter(({ step }) => step >= 20)
        .map(({ step, train_loss }) => [step, train_loss]);
    assertEquals(await losses(run), await losses(source));
    // Its config.json repeats it, and it is resumed as any other.
    const file = await Deno.readTextFile(join(run, "config.json"));
    await train(JSON.parse(file), { run: again, ...atFirstStep() });
    await train(JSON.parse(file), { run: again, resume: true });
    await assertSameRun(again, run);
  }));

Deno.test("a run that starts from a checkpoint may be another in all but architecture", () =>
  withTempDir(async (dir) => {
    const [source, run] = [join(dir, "source"), join(dir, "run")];
    await train(TINY, { run: source });
    const last = await startFrom(source, { freshOptimizer: true });
    assertEquals(last.from?.step, 40);
    assertEquals(last.from?.optimizer, null);
    assertThrows(
      () => resolveConfig(last),
      ConfigError,
      "--steps must be above the step 40 of the checkpoint",
    );
    const config = { ...last, steps: 44, seed: 5, task: "product" } as const;
    await train({ ...config, precision: "float64" }, { run });
    const state = await tensorsIn(checkpoint(run, 44, "optimizer"));
    assertEquals([...toNumbers(state.tensors["1.0.count"]!)], [4]);
    const before = await contentsOf(dir);
    const refused = (
      config: ConfigInput,
      error: new (...args: never[]) => Error,
      message: string,
    ) =>
      assertRejects(
        () => train(config, { run: join(dir, "refused") }),
        error,
        message,
      );
    await refused(
      { ...config, hidden: [9] },
      UsageError,
      "its tensor layers.0.W is [14, 8], this experiment's [14, 9]",
    );
    await refused(
      { ...config, biases: true },
      UsageError,
      "it has no tensor layers.0.b, this experiment one of [8]",
    );
    await refused(
      { ...config, from: { ...last.from!, sha256: "0".repeat(64) } },
      FileError,
      "the config wants 000000000000…: it is another file",
    );
    await refused(
      { ...config, from: { ...last.from!, path: join(dir, "gone.onnx") } },
      FileError,
      "No such file",
    );
    assertEquals(await contentsOf(dir), before);
  }));
