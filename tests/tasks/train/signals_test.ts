/** Stopping a training by signals: it ends with a checkpoint. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../../../deno.json" with { type: "json" };
import { assertSums } from "../../train/_runs.ts";
import {
  checkpointSteps,
  metricsRows,
  outputOf,
  startProgram,
  startTask,
  task,
  withTempDir,
} from "../_run.ts";

const TINY = ["--modulus", "5", "--hidden", "8"] as const;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What `deno task probe --json` says the last checkpoint's step is. */
async function probedStep(run: string): Promise<unknown> {
  const { code, stdout, stderr } = await task("probe", run, "--json");
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout).step;
}

// Minutes of steps; not endless, should one ever outlive its test.
const LONG = [...TINY, "--steps", "1000000", "--json"];

/** Waits until a run has metrics: from then on it can be stopped. */
async function rowsOf(run: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const text = await Deno.readTextFile(join(run, "metrics.jsonl"))
      .catch(() => "");
    if (text.split("\n").length > 3) return;
    if (Date.now() > deadline) throw new Error(`No metrics in ${run}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Stops a training, started detached, and checks what it leaves. */
async function assertInterrupted(
  child: Deno.ChildProcess,
  run: string,
  interrupt: () => void,
): Promise<void> {
  const ended = outputOf(child);
  try {
    await rowsOf(run);
    const sent = performance.now();
    interrupt();
    const { code, stdout, stderr } = await ended;
    const seconds = (performance.now() - sent) / 1000;
    assert(seconds < 10, `it went on for ${seconds} s`);
    assertEquals(code, 130, stderr);
    assert(!/^error:/m.test(stderr), stderr);
    const result = JSON.parse(stdout);
    assertEquals(result.interrupted, true);
    const { step } = (await metricsRows(run)).at(-1)!;
    assertEquals(result.steps, step);
    assertEquals(await checkpointSteps(run), [step]);
    assertEquals(await probedStep(run), step);
  } finally {
    // However the test ends, the training ends with it.
    try {
      Deno.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
    await ended;
  }
}

Deno.test("SIGINT to the program ends it with a checkpoint", async () => {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const child = startProgram("train", [...LONG, "--run", run], true);
    await assertInterrupted(child, run, () => child.kill("SIGINT"));
  });
});

Deno.test("SIGINT to deno task train ends it with a checkpoint", async () => {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const child = startTask("train", [...LONG, "--run", run], true);
    await assertInterrupted(child, run, () => child.kill("SIGINT"));
  });
});

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  Deno.test(`${signal} ends it with a checkpoint too`, async () => {
    await withTempDir(async (dir) => {
      const run = join(dir, "run");
      const child = startProgram("train", [...LONG, "--run", run], true);
      await assertInterrupted(child, run, () => child.kill(signal));
    });
  });
}

Deno.test("a run that is killed leaves a state to look at", async () => {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const child = startProgram("train", [...LONG, "--run", run], true);
    const ended = outputOf(child);
    await rowsOf(run);
    child.kill("SIGKILL");
    await ended;
    const steps = await checkpointSteps(run);
    assertEquals(steps.length, 1);
    assertEquals(await probedStep(run), steps[0]);
  });
});

Deno.test("Ctrl-C in a terminal ends it with a checkpoint", async () => {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const child = startTask("train", [...LONG, "--run", run], true);
    // A terminal sends the signal to the whole group: the program has it
    // twice, once more through deno task.
    await assertInterrupted(child, run, () => Deno.kill(-child.pid, "SIGINT"));
  });
});

Deno.test({
  name: "a terminal that is closed ends it with a checkpoint",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withTempDir(async (dir) => {
      const run = join(dir, "run");
      const { command } = deno.tasks.train;
      const words = [...LONG.filter((word) => word !== "--json"), "--run", run];
      // It gives what it runs a terminal, which is gone when it is killed.
      const terminal = new Deno.Command("script", {
        args: ["-qfc", `${command} ${words.join(" ")}`, "/dev/null"],
        cwd: fileURLToPath(new URL("../../../", import.meta.url)),
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await rowsOf(run);
      terminal.kill("SIGKILL");
      await terminal.status;
      const summary = join(run, "summary.json");
      const there = (path: string) =>
        Deno.stat(path).then(() => true, () => false);
      while (!await there(summary) || await there(join(run, "lock"))) {
        await pause(50);
      }
      const { steps, interrupted } = JSON.parse(
        await Deno.readTextFile(summary),
      );
      assertEquals(interrupted, true);
      assertEquals(await checkpointSteps(run), [steps]);
      await assertSums(run);
    }),
});
