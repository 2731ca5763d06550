/** SHA256SUMS: what a run has sums of, and when. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { FileError } from "../../lib/base/files.ts";
import { readVerified } from "../../lib/base/verified.ts";
import { checkpointsOf, readConfig, readMetrics } from "../../lib/runs/read.ts";
import { DamagedError, Sums, sumsOf } from "../../lib/base/sums.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";
import { assertSums, atFirstStep } from "../train/_runs.ts";
import { fileIn, flipBit, notesOf } from "./_damage.ts";

const TINY = {
  modulus: 5,
  hidden: [4],
  threads: 1,
  steps: 8,
  evalEvery: 2,
  checkpointEvery: 4,
};

/** How `sha256sum -c` ends in a folder, and what it says. */
async function sha256sum(run: string): Promise<[code: number, text: string]> {
  const { code, stdout, stderr } = await new Deno.Command("sha256sum", {
    args: ["-c", "--strict", "--quiet", "SHA256SUMS"],
    cwd: run,
  }).output();
  const decoder = new TextDecoder();
  return [code, decoder.decode(stdout) + decoder.decode(stderr)];
}

Deno.test("a run's sums are right while it is trained, and list all at the end", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const names: string[][] = [];
    await train(TINY, {
      run,
      onProgress: () => {
        const text = Deno.readTextFileSync(join(run, "SHA256SUMS"));
        names.push([...Sums.parse(text).files.keys()]);
      },
    });
    // The metrics grow, and the end is not there yet.
    assertEquals(names[0], [
      "checkpoints/step-00000000.onnx",
      "config.json",
      "manifest.json",
      "optimizer/step-00000000.onnx",
      "split.json",
    ]);
    await assertSums(run);
    assertEquals(await sha256sum(run), [0, ""]);
    await flipBit(join(run, "metrics.jsonl"), 100);
    const [code, text] = await sha256sum(run);
    assertEquals(code, 1);
    assert(text.includes("metrics.jsonl: FAILED"), text);
  }));

Deno.test("sums hold of an interrupted run, and of one gone on with", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const config = { ...TINY, checkpointEvery: null };
    await train(config, { run, ...atFirstStep() });
    assertEquals(await sha256sum(run), [0, ""]);
    await assertSums(run);
    await train(config, { run, resume: true });
    assertEquals(await sha256sum(run), [0, ""]);
    await assertSums(run);
    await train({ ...config, optimizer: "sgd", momentum: 0 }, {
      run,
      overwrite: true,
    });
    await assertSums(run);
  }));

Deno.test("Sums read what other tools write, and pass over what is none", () => {
  const [a, b] = ["a".repeat(64), "b".repeat(64)];
  const sums = Sums.parse(
    `# a comment\r\n${a} *./config.json\r\n${b}  a b.json\nnone\n` +
      `${b}  config.json\n` +
      `# metrics.jsonl before step 40: ${a}, 123 bytes\n${a.slice(1)}  cut\n`,
  );
  assertEquals([...sums.files], [["config.json", [a, b]], ["a b.json", [b]]]);
  assertEquals([...sums.rows], [[40, { bytes: 123, sum: a }]]);
  assertEquals(
    `${sums}`,
    `${b}  a b.json\n${a}  config.json\n${b}  config.json\n` +
      `# metrics.jsonl before step 40: ${a}, 123 bytes\n`,
  );
});

Deno.test("what readers read is what was written, or refused", async (t) => {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(TINY, { run });
    const readers: Record<string, () => Promise<unknown>> = {
      "config.json": () => readConfig(run),
      "metrics.jsonl": () => readMetrics(run),
      "checkpoints/step-00000004.onnx": () =>
        readVerified(fileIn(run, "checkpoints", 4)),
      "optimizer/step-00000008.onnx": () =>
        readVerified(fileIn(run, "optimizer", 8)),
    };
    for (const [name, read] of Object.entries(readers)) {
      await t.step(name, async () => {
        const path = join(run, name);
        const whole = await Deno.readFile(path);
        await read();
        for (const bit of [0, 77, 8 * whole.length - 1]) {
          await flipBit(path, bit);
          await assertRejects(read, DamagedError, `${path}: it is not as it`);
          await flipBit(path, bit);
        }
        await read();
      });
    }
    await t.step("a file that was put there", async () => {
      const path = fileIn(run, "checkpoints", 6);
      await Deno.copyFile(fileIn(run, "checkpoints", 4), path);
      await assertRejects(
        () => readVerified(path),
        DamagedError,
        "SHA256SUMS does not have it",
      );
      await Deno.remove(path);
    });
    await t.step("SHA256SUMS that lost its lines", async () => {
      const path = join(run, "SHA256SUMS");
      const text = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, "");
      await assertRejects(
        () => readConfig(run),
        DamagedError,
        "it has no sum of manifest.json",
      );
      await Deno.writeTextFile(path, text);
    });
  });
});

Deno.test("a run of an older version opens, with a line on stderr", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(TINY, { run, ...atFirstStep() });
    await Deno.remove(join(run, "SHA256SUMS"));
    const notes = await notesOf(async () => {
      await readConfig(run);
      await readMetrics(run);
      for (const { path } of await checkpointsOf(run)) await readVerified(path);
    });
    assertEquals(notes.length, 1);
    assert(notes[0]!.startsWith(`note: ${run} has no SHA256SUMS`), notes[0]);
    // Gone on with, it gets them.
    await train(TINY, { run, resume: true });
    await assertSums(run);
  }));

Deno.test("a folder with sums that is no run is none of ours", () =>
  withTempDir(async (dir) => {
    await Deno.mkdir(join(dir, "checkpoints"));
    await Deno.writeTextFile(join(dir, "SHA256SUMS"), "something\n");
    await Deno.writeTextFile(fileIn(dir, "checkpoints", 1), "a model");
    assertEquals(await sumsOf(dir), undefined);
    const bytes = await readVerified(fileIn(dir, "checkpoints", 1));
    assertEquals(new TextDecoder().decode(bytes), "a model");
  }));

Deno.test("a file that cannot be written leaves no sum of it", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    // A folder in the place of the file of step 4: moving it there fails.
    const taken = fileIn(run, "checkpoints", 4);
    await assertRejects(
      () =>
        train({ ...TINY, evalEvery: 1 }, {
          run,
          onProgress: () =>
            Deno.mkdirSync(join(taken, "inside"), { recursive: true }),
        }),
      FileError,
      taken,
    );
    const sums = await sumsOf(run);
    assert(sums!.files.has("checkpoints/step-00000000.onnx"));
    assert(!sums!.files.has("checkpoints/step-00000004.onnx"));
    assert(!sums!.files.has("optimizer/step-00000004.onnx"));
  }));
