/** Runs with damaged files: --resume and --from go back to what is whole. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { FileError } from "../../lib/base/files.ts";
import { DamagedError } from "../../lib/base/sums.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { startFrom } from "../../lib/train/from_checkpoint.ts";
import { toResume } from "../../lib/train/unfinished.ts";
import { train } from "../../lib/train/train.ts";
import { fileIn, flipBit, notesOf } from "../runs/_damage.ts";
import { withTempDir } from "../tasks/_run.ts";
import { assertSameRun, copyRun, writeSums } from "./_runs.ts";
import { TINY } from "./_tiny.ts";

/** A run that a kill ended behind step 15. */
async function killed(whole: string, run: string): Promise<void> {
  await copyRun(whole, run);
  await Deno.remove(join(run, "summary.json"));
  for (const part of ["checkpoints", "optimizer"]) {
    await Deno.remove(fileIn(run, part, 20));
  }
  await writeSums(run, "metrics.jsonl");
}

/** Goes on with a run: from which step, and what was said. */
async function resumed(run: string): Promise<[step: number, said: string]> {
  const said: string[] = [];
  let from = NaN;
  await train(TINY, {
    run,
    resume: true,
    onStart: (_, __, step) => from = step,
    onWarning: (text) => said.push(text),
  });
  return [from, said.join("\n")];
}

// What is damaged, the step that is gone on from, and what is said of it.
const DAMAGES: Record<
  string,
  [damage: (run: string) => Promise<unknown>, from: number, said: RegExp]
> = {
  "nothing": [() => Promise.resolve(), 15, /^$/],
  "a bit of the last checkpoint": [
    (run) => flipBit(fileIn(run, "checkpoints", 15), 4001),
    10,
    /from step 10, .* of step 15: .*15\.onnx: it is not as it was written/,
  ],
  "a bit of the last optimizer's state": [
    (run) => flipBit(fileIn(run, "optimizer", 15), 801),
    10,
    /from step 10, .* of step 15: .*optimizer.*15\.onnx: it is not as/,
  ],
  "a bit of one state, and another's file": [
    async (run) => {
      await flipBit(fileIn(run, "optimizer", 15), 3);
      await Deno.remove(fileIn(run, "optimizer", 10));
    },
    5,
    /of step 15: .*; of step 10: .*10\.onnx is not there/,
  ],
  "a digit of the metrics": [
    async (run) => {
      const path = join(run, "metrics.jsonl");
      const text = await Deno.readTextFile(path);
      // The digits of the row of step 8 alone: it stays JSON.
      const lines = text.split("\n");
      const other = lines[4]!.replace(
        /train_loss":(\d)/,
        (_, digit) => `train_loss":${(Number(digit) + 1) % 10}`,
      );
      assert(other !== lines[4]);
      await Deno.writeTextFile(path, text.replace(lines[4]!, other));
    },
    5,
    /metrics\.jsonl is not as it was written before step 15/,
  ],
  "a row of the metrics": [
    async (run) => {
      const path = join(run, "metrics.jsonl");
      const lines = (await Deno.readTextFile(path)).split("\n");
      await Deno.writeTextFile(path, lines.toSpliced(6, 1).join("\n"));
    },
    10,
    /metrics\.jsonl lacks the row of step 12/,
  ],
  "the config, torn": [
    (run) => Deno.truncate(join(run, "config.json"), 300),
    15,
    /config\.json: it is not as .*; it is taken from the checkpoint .*15\.onnx/,
  ],
  "the config, gone": [
    (run) => Deno.remove(join(run, "config.json")),
    15,
    /config\.json is not there; it is taken from the checkpoint/,
  ],
};

Deno.test("a damaged run goes on from its last whole state, and says so", async (t) => {
  await withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(TINY, { run: whole });
    for (const [i, [what, row]] of Object.entries(DAMAGES).entries()) {
      await t.step(what, async () => {
        const [damage, from, said] = row;
        const run = join(dir, `${i}`);
        await killed(whole, run);
        // Killed before it ended, it has sums of the rows before each state.
        const sums = await Deno.readTextFile(join(whole, "SHA256SUMS"));
        const rows = sums.split("\n").filter((line) =>
          /^#.* (0|5|1.):/.test(line)
        );
        await Deno.writeTextFile(
          join(run, "SHA256SUMS"),
          await Deno.readTextFile(join(run, "SHA256SUMS")) +
            rows.map((row) => `${row}\n`).join(""),
        );
        await damage(run);
        const [step, text] = await resumed(run);
        assertEquals(step, from);
        assert(said.test(text), text);
        await assertSameRun(run, whole, what);
      });
    }
  });
});

Deno.test("a run none of whose states is whole is not begun again", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const config = { ...TINY, checkpointEvery: null };
    await train(config, { run });
    await Deno.remove(join(run, "summary.json"));
    await flipBit(fileIn(run, "checkpoints", 20), 5000);
    const error = await assertRejects(
      () => train(config, { run, resume: true }),
      FileError,
      "none of its states is whole: of step 20: ",
    );
    assert(error.message.includes("put the files back from a copy"));
    await assertRejects(() => startFrom(run), DamagedError);
  }));

Deno.test("a run that ended and is damaged since gets its end anew", () =>
  withTempDir(async (dir) => {
    const [run, whole] = [join(dir, "run"), join(dir, "whole")];
    await train(TINY, { run: whole });
    for (
      const [path, from] of [
        ["summary.json", 20],
        ["checkpoints/step-00000020.onnx", 15],
        ["metrics.jsonl", 0],
      ] as const
    ) {
      await copyRun(whole, run);
      await flipBit(join(run, path), 300);
      assertEquals((await toResume(run)).configs.length, 1);
      const [step, said] = await resumed(run);
      assertEquals(step, from, said);
      assert(said.includes(`${join(run, path)}: it is not as`), said);
      await assertSameRun(run, whole, path);
      await Deno.remove(run, { recursive: true });
    }
  }));

Deno.test("--from takes the last whole state, model and optimizer", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(TINY, { run });
    const stepFrom = async () => (await startFrom(run)).from!.step;
    assertEquals(await stepFrom(), 20);
    await flipBit(fileIn(run, "optimizer", 20), 99);
    const notes = await notesOf(async () => assertEquals(await stepFrom(), 15));
    assertEquals(notes.length, 1);
    assert(
      /optimizer.*20\.onnx: it is not as.*15\.onnx is taken/.test(notes[0]!),
    );
    const only = { step: 20, freshOptimizer: true };
    assertEquals((await startFrom(run, only)).from!.optimizer, null);
    await assertRejects(() => startFrom(run, { step: 20 }), DamagedError);
    await Deno.remove(fileIn(run, "optimizer", 15));
    const more = await notesOf(async () => assertEquals(await stepFrom(), 10));
    assertEquals(more.length, 1);
    await assertRejects(
      () => startFrom(run, { step: 15 }),
      DamagedError,
      "it is not there",
    );
  }));

Deno.test("replicas go back together to what is whole in all", () =>
  withTempDir(async (dir) => {
    const [run, whole] = [join(dir, "run"), join(dir, "whole")];
    await trainReplicas(TINY, { replicas: 2 }, { run: whole });
    await copyRun(whole, run);
    for (const r of [0, 1]) {
      await Deno.remove(join(run, `replica-${r}`, "summary.json"));
    }
    await flipBit(fileIn(join(run, "replica-1"), "optimizer", 20), 1234);
    await flipBit(fileIn(join(run, "replica-0"), "checkpoints", 15), 9);
    const said: string[] = [];
    const steps: number[] = [];
    await trainReplicas(TINY, { replicas: 2 }, {
      run,
      resume: true,
      onStart: (_, __, step) => steps.push(step),
      onWarning: (text) => said.push(text),
    });
    assertEquals(steps, [10, 10]);
    assertEquals(said.length, 2);
    assert(
      /replica-0 goes on from step 10, .* of step 15/.test(said[0]!),
      said[0],
    );
    assert(
      /replica-1 goes on from step 10, .* of step 20/.test(said[1]!),
      said[1],
    );
    await assertSameRun(run, whole);
  }));
