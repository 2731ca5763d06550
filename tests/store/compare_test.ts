/** What a run is, and in what runs differ. */

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { compareRuns, describeRun } from "../../lib/store/compare.ts";
import { nameRun, tagRun } from "../../lib/store/labelling.ts";
import { withTempDir } from "../tasks/_run.ts";
import { makeRun } from "./_runs.ts";

Deno.test("describeRun() gives what is not the default, and how it ended", () =>
  withTempDir(async (runs) => {
    const run = makeRun(join(runs, "a"), {
      lr: 0.5,
      hidden: [8],
      steps: 7,
      device: "cpu",
    });
    await tagRun(run, ["x"]);
    Deno.mkdirSync(join(run, "checkpoints"));
    for (const step of [5, 0]) {
      const name = `step-${String(step).padStart(8, "0")}.onnx`;
      Deno.writeTextFileSync(join(run, "checkpoints", name), "");
    }
    const { manifest, config, outcome, ...rest } = await describeRun(run);
    assertEquals(rest, {
      run,
      state: "done",
      problem: null,
      labels: { name: null, tags: ["x"], note: null },
      changed: {
        lr: { is: 0.5, default: 0.01 },
        hidden: { is: [8], default: [200, 200] },
        steps: { is: 7, default: 500 },
      },
      checkpoints: [0, 5],
    });
    assertEquals([config["lr"], config["device"]], [0.5, "cpu"]);
    assertEquals(outcome, {
      step: 7,
      memorised_at: 1,
      grokked_at: 2,
      diverged_at: null,
      diverged_in: null,
      seconds: 0.125,
      ms_per_step: 0.5,
      interrupted: false,
      train_accuracy: 1,
      test_accuracy: 1,
      test_loss: 0.25,
    });
    assertEquals(manifest?.device.provider, "onnx/cpu");
  }));

Deno.test("compareRuns() gives in what runs differ, in config and outcome", () =>
  withTempDir(async (runs) => {
    const all = [
      makeRun(join(runs, "a"), { hidden: [8] }),
      makeRun(join(runs, "b"), { hidden: [8], seed: 4 }, { grokked_at: null }),
      makeRun(join(runs, "c"), { hidden: [8, 8] }, { interrupted: true }),
    ];
    await nameRun(all[1]!, "the second");
    assertEquals(await compareRuns(all), {
      runs: all,
      names: [null, "the second", null],
      config: { hidden: [[8], [8], [8, 8]], seed: [0, 4, 0] },
      outcome: {
        state: ["done", "done", "stopped"],
        grokked_at: [2, null, 2],
        interrupted: [false, false, true],
      },
    });
    await assertRejects(
      () => compareRuns(all.slice(1, 2)),
      UsageError,
      "name another run",
    );
    await assertRejects(
      () => compareRuns([all[0]!, runs]),
      UsageError,
      "it is no run",
    );
  }));

const DROPOUT = { dropout: 0.1 } as const;

Deno.test("runs from before there was a choice of generators draw by Threefry", () =>
  withTempDir(async (runs) => {
    const [old, now, asked, still, batches] = [
      makeRun(join(runs, "old"), DROPOUT, { older: true }),
      makeRun(join(runs, "now"), DROPOUT),
      makeRun(join(runs, "asked"), { ...DROPOUT, generator: "threefry" }),
      makeRun(join(runs, "still"), {}, { older: true }),
      makeRun(join(runs, "batches"), { batchSize: 8 }, { older: true }),
    ];
    const generators = async (run: string) =>
      (await describeRun(run)).changed["generator"];
    const threefry = { is: "threefry", default: "squares" };
    assertEquals(await generators(old), threefry);
    assertEquals(await generators(now), undefined);
    assertEquals(await generators(asked), threefry);
    assertEquals(await generators(still), undefined);
    assertEquals(await generators(batches), threefry);
    // The config itself is as the run has it.
    assertEquals("generator" in (await describeRun(old)).config, false);
    assertEquals((await compareRuns([old, now, still])).config, {
      dropout: [0.1, 0.1, null],
      generator: ["threefry", "squares", null],
    });
    assertEquals((await compareRuns([old, asked])).config, {});
  }));

Deno.test("an older run of an extension that is not here draws as its config says", () =>
  withTempDir(async (runs) => {
    const all = [{}, { batchSize: 8 }, DROPOUT].map((input, i) => {
      const run = makeRun(join(runs, `${i}`), input, { older: true });
      const path = join(run, "config.json");
      const config = {
        ...JSON.parse(Deno.readTextFileSync(path)),
        // Of a loss nothing is drawn, of a model it is not known here.
        ...(i < 2 ? { loss: "theirs" } : { model: "theirs" }),
        use: [{ module: "theirs.ts", sha256: "0".repeat(64), imports: {} }],
      };
      Deno.writeTextFileSync(path, JSON.stringify(config));
      Deno.removeSync(join(run, "SHA256SUMS"));
      return run;
    });
    const { config } = await compareRuns(all);
    assertEquals(config["generator"], [null, "threefry", null]);
  }));
