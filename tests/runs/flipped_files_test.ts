/** One flipped bit in each file of a run, and what each reader says of it. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { probe, probeRun } from "../../lib/probes/mod.ts";
import { readSplitFile } from "../../lib/probes/foreign/split/read_split.ts";
import { readRuns } from "../../lib/report/runs.ts";
import { exportCheckpoint } from "../../lib/runs/exports/checkpoint.ts";
import { findCheckpoint } from "../../lib/runs/read.ts";
import { DamagedError } from "../../lib/base/sums.ts";
import { startFrom } from "../../lib/train/from_checkpoint.ts";
import { toResume } from "../../lib/train/unfinished.ts";
import { train } from "../../lib/train/train.ts";
import { configOf } from "../../tasks/train/config.ts";
import { withTempDir } from "../tasks/_run.ts";
import { bytesOf, copyRun } from "../train/_runs.ts";
import { fileIn, flipBit, notesOf } from "./_damage.ts";

const TINY = {
  modulus: 5,
  hidden: [4],
  threads: 1,
  steps: 8,
  evalEvery: 2,
  checkpointEvery: 4,
};

type Reader = (run: string, out: string) => Promise<unknown>;

// What each reader makes of a run, without what is a matter of its path.
const READERS: Record<string, Reader> = {
  "--resume": async (run) => {
    const { configs: [config] } = await toResume(run, { steps: 12 });
    const onWarning = (text: string) => console.warn(text);
    await train(config!, { run, resume: true, onWarning });
    const { "SHA256SUMS": _, ...files } = await bytesOf(run);
    const last = "checkpoints/step-00000012.onnx";
    return [files[last], files["metrics.jsonl"], files["split.json"]];
  },
  "--from": async (run) => {
    const { from } = await startFrom(run);
    return [from!.step, from!.sha256, from!.optimizer];
  },
  "--config": (run) => configOf({ config: run }, {}),
  "--split": (run) => readSplitFile(join(run, "split.json")),
  "export": async (run, out) => {
    await exportCheckpoint(run, out);
    return (await Deno.readFile(out)).toHex();
  },
  "probe": async (run) => {
    const { step, probes } = await probe(await findCheckpoint(run), ["margin"]);
    return { step, probes };
  },
  "probe --all-checkpoints": async (run) => {
    const { steps, series, probes } = await probeRun(run, ["trajectory"]);
    return { steps, series, probes };
  },
  "report": async (run) => {
    const [{ config, rows, summary, manifest }] = await readRuns(run) as [
      Awaited<ReturnType<typeof readRuns>>[number],
    ];
    return [config, rows, summary?.steps, manifest];
  },
};

// By file, who reads it; where there is another state, that is taken.
const READ_BY: Record<string, string[]> = {
  "config.json": [
    ...["--resume", "--config", "probe", "probe --all-checkpoints", "report"],
  ],
  "manifest.json": ["--resume", "report"],
  "split.json": ["--resume", "--split"],
  "metrics.jsonl": ["--resume", "report"],
  "summary.json": ["--resume", "report"],
  "checkpoints/step-00000000.onnx": ["probe --all-checkpoints"],
  "checkpoints/step-00000004.onnx": ["probe --all-checkpoints"],
  "checkpoints/step-00000008.onnx": [
    ...["--resume", "--from", "export", "probe", "probe --all-checkpoints"],
  ],
  "optimizer/step-00000000.onnx": [],
  "optimizer/step-00000004.onnx": [],
  "optimizer/step-00000008.onnx": ["--resume", "--from"],
};

Deno.test("a flipped bit is refused or said by who reads it, and changes nothing for others", async (t) => {
  await withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(TINY, { run: whole });
    assertEquals(
      Object.keys(await bytesOf(whole)).sort(),
      Object.keys(READ_BY).filter((name) => name !== "manifest.json").sort(),
    );
    let made = 0;
    /** What a reader makes of a copy, or that it refuses, and what was said. */
    const read = async (
      reader: Reader,
      damage: (run: string) => Promise<void> = () => Promise.resolve(),
    ) => {
      const run = join(dir, `${made++}`);
      await copyRun(whole, run);
      await damage(run);
      let found = "refused";
      const said = await notesOf(async () => {
        try {
          found = JSON.stringify(await reader(run, `${run}.onnx`));
        } catch (error) {
          assert(/SHA-256/.test((error as Error).message), `${error}`);
        }
      });
      return { found, said };
    };
    for (const [name, reader] of Object.entries(READERS)) {
      await t.step(name, async () => {
        const wanted = await read(reader);
        assertEquals(wanted.said, []);
        assert(wanted.found !== "refused");
        for (const [file, readers] of Object.entries(READ_BY)) {
          const { size } = await Deno.stat(join(whole, file));
          const bit = 8 * Math.floor(size / 2) + 1;
          const flip = (run: string) => flipBit(join(run, file), bit);
          const { found, said } = await read(reader, flip);
          const told = found === "refused" || said.length > 0;
          assertEquals(told, readers.includes(name), `${file}: ${said}`);
          if (!told) assertEquals(found, wanted.found, file);
        }
      });
    }
  });
});

Deno.test("a link to a file of a run is held to its sum as the file is", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train({ ...TINY, steps: 2 }, { run });
    const file = fileIn(run, "checkpoints", 2);
    const link = join(dir, "net.onnx");
    await Deno.symlink(file, link);
    await Deno.symlink(join(run, "config.json"), join(dir, "c.json"));
    const readers = [
      () => probe(link, ["margin"]),
      () => startFrom(link),
      () => exportCheckpoint(link, join(dir, "out.onnx")),
      () => configOf({ config: join(dir, "c.json") }, {}),
    ];
    for (const read of readers) await read();
    await flipBit(file, 4000);
    await flipBit(join(run, "config.json"), 300);
    const again = { overwrite: true };
    readers[2] = () => exportCheckpoint(link, join(dir, "out.onnx"), again);
    for (const read of readers) {
      await assertRejects(read, DamagedError, "it is not as it was written");
    }
  }));
