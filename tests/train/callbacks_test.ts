// What a script hears of a training, and how it ends one.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import type { ConfigInput } from "../../lib/config/config.ts";
import { readMetrics } from "../../lib/runs/read.ts";
import type { MetricsRow } from "../../lib/runs/run_folder.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";
import { bytesOf } from "./_runs.ts";

const small: ConfigInput = {
  modulus: 7,
  hidden: [8],
  steps: 40,
  evalEvery: 10,
};

Deno.test("train() tells onEvaluation every row of metrics.jsonl, in its order", () =>
  withTempDir(async (dir) => {
    const heard: MetricsRow[] = [];
    const run = join(dir, "a");
    await train(small, {
      run,
      onEvaluation: async (row, replica) => {
        assertEquals(replica, 0);
        await new Promise((resolve) => setTimeout(resolve, 1));
        heard.push(row);
      },
    });
    assertEquals(heard.map(({ step }) => step), [0, 10, 20, 30, 40]);
    assertEquals(
      JSON.stringify(heard),
      JSON.stringify(await readMetrics(run)),
    );
    // Who only looks changes nothing.
    const other = join(dir, "b");
    await train(small, { run: other });
    assertEquals(await bytesOf(run), await bytesOf(other));
  }));

for (const answer of [false, "stop", Promise.resolve(false)] as const) {
  Deno.test(`train() stops where onEvaluation says ${Deno.inspect(answer)}, and resumes`, () =>
    withTempDir(async (dir) => {
      const run = join(dir, "a");
      const stopped = await train(small, {
        run,
        onEvaluation: ({ step }) => step === 20 ? answer : undefined,
      });
      assertEquals(stopped.steps, 21);
      assert(stopped.interrupted);
      assert(stopped.checkpoint.endsWith("step-00000021.onnx"));
      const { interrupted } = await train(small, { run, resume: true });
      assert(!interrupted);
      const other = join(dir, "b");
      await train(small, { run: other });
      assertEquals(await bytesOf(run), await bytesOf(other));
    }));
}

Deno.test("what is neither false nor stop goes on, and a stop at the end is none", () =>
  withTempDir(async (dir) => {
    for (const [i, answer] of [true, 0, "", null, "go"].entries()) {
      const run = join(dir, `${i}`);
      const { steps } = await train(small, { run, onEvaluation: () => answer });
      assertEquals(steps, 40);
    }
    const { interrupted } = await train(small, {
      run: join(dir, "end"),
      onEvaluation: ({ step }) => step < 40,
    });
    assertEquals(interrupted, false);
  }));

Deno.test("what onEvaluation throws, train() throws, and the run is resumed", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "a");
    await assertRejects(
      () =>
        train(small, {
          run,
          onEvaluation: ({ step }) => {
            if (step === 10) throw new TypeError("of its own");
          },
        }),
      TypeError,
      "of its own",
    );
    const { steps } = await train(small, { run, resume: true });
    assertEquals(steps, 40);
    const other = join(dir, "b");
    await train(small, { run: other });
    assertEquals(await bytesOf(run), await bytesOf(other));
  }));

Deno.test("replicas tell whose row it is, and one of them stops all", () =>
  withTempDir(async (run) => {
    const heard: string[] = [];
    const results = await trainReplicas(small, { replicas: 3 }, {
      run,
      onEvaluation: ({ step }, replica) => {
        heard.push(`${replica}@${step}`);
        return !(step === 10 && replica === 1);
      },
    });
    assertEquals(results.map(({ steps }) => steps), [11, 11, 11]);
    assert(results.every(({ interrupted }) => interrupted));
    const steps = [0, 10, 11];
    assertEquals(
      heard,
      steps.flatMap((step) => [0, 1, 2].map((r) => `${r}@${step}`)),
    );
  }));

Deno.test("a signal that is aborted already leaves the start, of replicas too", () =>
  withTempDir(async (dir) => {
    const signal = AbortSignal.abort();
    const run = join(dir, "a");
    const { steps, interrupted } = await train(small, { run, signal });
    assertEquals([steps, interrupted], [0, true]);
    const results = await trainReplicas(small, { replicas: 2 }, {
      run: join(dir, "b"),
      signal,
    });
    assertEquals(
      results.map(({ steps, interrupted }) => [steps, interrupted]),
      [
        [0, true],
        [0, true],
      ],
    );
    assertEquals((await train(small, { run, resume: true })).steps, 40);
  }));
