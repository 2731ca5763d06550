/** reproduce() over runs of its own that are damaged. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { reproduce } from "../../lib/reproduce/reproduce.ts";
import { fileIn, flipBit, notesOf } from "../runs/_damage.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { assertSameRun, copyRun } from "../train/_runs.ts";
import { placesIn, tiny } from "./_tiny.ts";

// Figures keep the last state only; with more there is one to go back to.
const saving = {
  tiny: {
    ...tiny,
    arms: tiny.arms.map((arm) => ({
      ...arm,
      config: { ...arm.config, checkpointEvery: 10 },
    })),
  },
};

const again = async (folder: string, figures = saving) => {
  const said: string[] = [];
  const runs: string[] = [];
  const { failures, outcomes } = await reproduce(["tiny"], {
    figures,
    places: placesIn(folder),
    scale: "quick",
    seeds: 1,
    resume: true,
    onWarning: (text) => said.push(text),
    onRun: ({ name }) => runs.push(name),
  });
  return { said: said.join("\n"), runs, failures, outcome: outcomes[0]! };
};

const runOf = (folder: string, name = "softmax-seed0") =>
  join(placesIn(folder).here, "tiny", "quick", name);

const DAMAGES: Record<string, [(run: string) => Promise<unknown>, RegExp]> = {
  "a bit of the last checkpoint": [
    (run) => flipBit(fileIn(run, "checkpoints", 40), 5000),
    /step-00000040\.onnx: it is not as it was written/,
  ],
  "a bit of the last optimizer's state": [
    (run) => flipBit(fileIn(run, "optimizer", 40), 2000),
    /optimizer.step-00000040\.onnx: it is not as it was written/,
  ],
  "a bit of the metrics": [
    (run) => flipBit(join(run, "metrics.jsonl"), 1234),
    /metrics\.jsonl: it is not as it was written/,
  ],
  "torn metrics": [
    (run) => Deno.truncate(join(run, "metrics.jsonl"), 700),
    /metrics\.jsonl: it is not as it was written/,
  ],
  "metrics of which the last row is gone": [
    async (run) => {
      const path = join(run, "metrics.jsonl");
      const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
      await Deno.writeTextFile(path, lines.slice(0, -1).join("\n") + "\n");
    },
    /metrics\.jsonl: it is not as it was written/,
  ],
  "a torn summary": [
    (run) => Deno.truncate(join(run, "summary.json"), 50),
    /summary\.json: it is not as it was written/,
  ],
  "a torn config": [
    (run) => Deno.truncate(join(run, "config.json"), 50),
    /config\.json: it is not as .*; it is taken from the checkpoint/,
  ],
  "a torn split": [
    (run) => Deno.truncate(join(run, "split.json"), 50),
    /split\.json: it is not as .*; it is written anew as the config makes it/,
  ],
};

Deno.test("reproduce() --resume mends damaged runs of its own, and says so", async (t) => {
  await withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    const first = await again(whole);
    assertEquals(first.failures, []);
    for (const [i, [what, row]] of Object.entries(DAMAGES).entries()) {
      await t.step(what, async () => {
        const [damage, says] = row;
        const folder = join(dir, `${i}`);
        await copyRun(whole, folder);
        await damage(runOf(folder));
        const { said, runs, failures, outcome } = await again(folder);
        assertEquals(failures, []);
        assertEquals(runs, ["softmax-seed0"]);
        assertMatch(said, says);
        assertEquals(outcome.claims, first.outcome.claims);
        assertEquals(outcome.runs, { finished: 2, of: 2 });
        await assertSameRun(runOf(folder), runOf(whole), what);
      });
    }
    await t.step("nothing", async () => {
      const { said, runs } = await again(whole);
      assertEquals([said, runs], ["", []]);
    });
    await t.step("no state that is whole", async () => {
      const last = join(dir, "last");
      const plain = { tiny } as unknown as typeof saving;
      await again(last, plain);
      const runs = {
        checkpoints: (run: string) =>
          flipBit(fileIn(run, "checkpoints", 40), 900),
        metrics: (run: string) => Deno.truncate(join(run, "metrics.jsonl"), 99),
      };
      for (const [what, damage] of Object.entries(runs)) {
        const folder = join(dir, what);
        await copyRun(last, folder);
        await damage(runOf(folder));
        const before = await contentsOf(runOf(folder));
        const { runs, failures, outcome } = await again(folder, plain);
        assertEquals([runs, failures.length], [[], 1]);
        assertMatch(
          failures[0]!,
          /^tiny softmax-seed0: Cannot resume .*: none of its states is whole: of step 40: /,
        );
        // Nothing is said of it, and it stays for who can mend it.
        assertEquals(outcome.runs, { finished: 1, of: 2 });
        assertEquals(await contentsOf(runOf(folder)), before);
      }
    });
    await t.step("a torn manifest, and a second damaged run", async () => {
      const folder = join(dir, "manifest");
      await copyRun(whole, folder);
      await Deno.truncate(join(runOf(folder), "manifest.json"), 60);
      const other = runOf(folder, "stablemax-seed0");
      await flipBit(fileIn(other, "checkpoints", 40), 77);
      const notes = await notesOf(async () => {
        const { runs, failures } = await again(folder);
        assertEquals(runs, ["stablemax-seed0"]);
        assertEquals(failures.length, 1);
        assertMatch(
          failures[0]!,
          /^tiny softmax-seed0: .*manifest\.json: it is not as .* are whole; put manifest\.json back from a copy/,
        );
      });
      assert(notes.some((note) => note.includes("is passed over")), `${notes}`);
      await assertSameRun(other, runOf(whole, "stablemax-seed0"));
    });
  });
});
