/** What is no regular file in a run folder, or where a model is. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { FileError, writeWhole } from "../../lib/base/files.ts";
import { probe } from "../../lib/probes/mod.ts";
import { readRuns } from "../../lib/report/runs.ts";
import { exportCheckpoint } from "../../lib/runs/exports/checkpoint.ts";
import { findCheckpoint, runsIn } from "../../lib/runs/read.ts";
import { readFile } from "../../lib/base/sums.ts";
import { startFrom } from "../../lib/train/from_checkpoint.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { toResume } from "../../lib/train/unfinished.ts";
import { train } from "../../lib/train/train.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startProgram,
  withTempDir,
} from "../tasks/_run.ts";
import { notesOf } from "./_damage.ts";
import { atFirstStep, copyRun } from "../train/_runs.ts";

const TINY = { modulus: 5, hidden: [4], threads: 1, steps: 20, evalEvery: 2 };

async function pipe(path: string): Promise<void> {
  const { success } = await new Deno.Command("mkfifo", { args: [path] })
    .output();
  assert(success);
}

// What is put in the place of a file or folder of a run.
const SORTS: Record<
  string,
  (path: string, outside: string) => Promise<unknown>
> = {
  "a symbolic link": async (path, outside) => {
    await Deno.rename(path, outside);
    await Deno.symlink(outside, path);
  },
  "a folder": async (path) => {
    await Deno.remove(path, { recursive: true });
    await Deno.mkdir(path);
  },
  "a pipe": async (path) => {
    await Deno.remove(path, { recursive: true });
    await pipe(path);
  },
};

const PLACES = [
  "metrics.jsonl",
  "config.json",
  "manifest.json",
  "SHA256SUMS",
  "checkpoints",
  "checkpoints/step-00000001.onnx",
  "optimizer/step-00000001.onnx",
];

Deno.test("what is no regular file in a run is refused, whoever reads", async (t) => {
  await withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(TINY, { run: whole, ...atFirstStep() });
    let i = 0;
    for (const place of PLACES) {
      for (const [sort, put] of Object.entries(SORTS)) {
        if (place === "checkpoints" && sort === "a folder") continue;
        await t.step(`${place} as ${sort}`, async () => {
          const run = join(dir, `run${i++}`);
          await copyRun(whole, run);
          const outside = join(dir, `outside${i}`);
          await put(join(run, place), outside);
          const before = await Deno.stat(outside)
            .then(({ mtime, size }) => ({ mtime, size }), () => undefined);
          const ways: Record<string, () => Promise<unknown>> = {
            resume: () => train(TINY, { run, resume: true }),
            overwrite: () => train(TINY, { run, overwrite: true }),
            toResume: () => toResume(run),
            report: () => readRuns(run),
            find: () => findCheckpoint(run),
            from: () => startFrom(run),
          };
          for (const [way, look] of Object.entries(ways)) {
            const error = await assertRejects(look, Error, undefined, way);
            const wanted = place === "checkpoints" ? "folder" : "regular file";
            assert(
              error.message.includes(`${place}: it is ${sort}, wanted a`) &&
                error.message.includes(wanted),
              `${way}: ${error.message}`,
            );
          }
          const after = await Deno.stat(outside)
            .then(({ mtime, size }) => ({ mtime, size }), () => undefined);
          assertEquals(after, before);
        });
      }
    }
  });
});

Deno.test("--resume writes over no file that a link in a run names", () =>
  withTempDir(async (dir) => {
    const [run, mine] = [join(dir, "run"), join(dir, "thesis.txt")];
    await train(TINY, { run, ...atFirstStep() });
    await Deno.writeTextFile(mine, "years of work\n");
    const metrics = join(run, "metrics.jsonl");
    await Deno.remove(metrics);
    await Deno.symlink(mine, metrics);
    for (const flag of ["--resume", "--from"]) {
      const args = flag === "--from" ? [flag, run, "--run", join(dir, "b")] : [
        flag,
        run,
      ];
      const line = assertRefused(
        await outputOf(startProgram("train", args)),
        1,
      );
      assert(line.includes(`${metrics}: it is a symbolic link`), line);
    }
    assertEquals(await Deno.readTextFile(mine), "years of work\n");
    // The folder itself may be a link: who makes one means it.
    await Deno.remove(metrics);
    await Deno.writeTextFile(metrics, "");
    await Deno.symlink(run, join(dir, "latest"));
    const found = await findCheckpoint(join(dir, "latest"));
    assertEquals(found, join(dir, "latest/checkpoints/step-00000001.onnx"));
  }));

Deno.test("writeWhole() writes through no link that lies in its way", () =>
  withTempDir(async (dir) => {
    const [path, mine] = [join(dir, "file"), join(dir, "mine")];
    await Deno.writeTextFile(mine, "mine");
    await Deno.symlink(mine, `${path}.partial-${Deno.pid}`);
    await writeWhole(path, "new");
    assertEquals(await Deno.readTextFile(mine), "mine");
    assertEquals(await Deno.readTextFile(path), "new");
    assertEquals(Object.keys(await contentsOf(dir)).sort(), [path, mine]);
  }));

Deno.test("devices and pipes are no models", () =>
  withTempDir(async (dir) => {
    const fifo = join(dir, "model.onnx");
    await pipe(fifo);
    for (const [path, sort] of [[fifo, "a pipe"], ["/dev/zero", "a device"]]) {
      for (
        const look of [
          () => readFile(path!),
          () => probe(path!),
          () => exportCheckpoint(path!, join(dir, "out.onnx")),
          () => startFrom(path!),
        ]
      ) {
        await assertRejects(look, FileError, `${path}: it is ${sort}, wanted`);
      }
    }
  }));

Deno.test("beside a model that is no run's, a pipe is no optimizer's state", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(TINY, { run, ...atFirstStep() });
    const step = "step-00000001.onnx";
    for (const part of ["checkpoints", "optimizer"]) {
      await Deno.mkdir(join(dir, part));
    }
    const model = join(dir, "checkpoints", step);
    await Deno.copyFile(join(run, "checkpoints", step), model);
    const beside = join(dir, "optimizer", step);
    await pipe(beside);
    await assertRejects(() => startFrom(model), FileError, "it is a pipe");
    await Deno.remove(beside);
    assertEquals((await startFrom(model)).from!.optimizer, null);
  }));

Deno.test("a link in the place of a replica's folder is refused", () =>
  withTempDir(async (dir) => {
    const [band, mine] = [join(dir, "band"), join(dir, "mine")];
    await trainReplicas(TINY, { replicas: 2 }, { run: band, ...atFirstStep() });
    await Deno.rename(join(band, "replica-1"), mine);
    await Deno.symlink(mine, join(band, "replica-1"));
    const before = await contentsOf(mine);
    const ways: Record<string, () => Promise<unknown>> = {
      resume: () =>
        trainReplicas(TINY, { replicas: 2 }, { run: band, resume: true }),
      overwrite: () =>
        trainReplicas(TINY, { replicas: 2 }, { run: band, overwrite: true }),
      // Another number of them does not make the link one of nobody's.
      fewer: () =>
        trainReplicas(TINY, { replicas: 1 }, { run: band, overwrite: true }),
      toResume: () => toResume(band),
      report: () => readRuns(band),
      find: () => findCheckpoint(band),
    };
    for (const [way, look] of Object.entries(ways)) {
      const { message } = await assertRejects(look, FileError, undefined, way);
      assertEquals(
        message,
        `Cannot use ${join(band, "replica-1")}: it is a symbolic link, ` +
          "wanted a folder",
      );
    }
    for (
      const flags of [["--resume", band], [
        "--run",
        band,
        "--replicas",
        "2",
        "--overwrite",
      ]]
    ) {
      const output = await outputOf(startProgram("train", flags));
      const line = assertRefused(output, 1);
      assert(line.includes("replica-1: it is a symbolic link"), line);
    }
    assertEquals(await contentsOf(mine), before);
    // Of a folder of runs the others are found.
    const notes = await notesOf(async () =>
      assertEquals(await runsIn(dir), [mine])
    );
    assert(
      notes.some((note) => note.includes("band is passed over")),
      `${notes}`,
    );
    // A band in a folder that is itself a link is meant.
    await Deno.remove(join(band, "replica-1"));
    await Deno.rename(mine, join(band, "replica-1"));
    await Deno.symlink(band, join(dir, "latest"));
    const run = join(dir, "latest");
    await trainReplicas(TINY, { replicas: 2 }, { run, resume: true });
  }));
