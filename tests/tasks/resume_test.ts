/**
 * Stopping and resuming as a user does it: the real command, killed at random.
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { randomKey } from "../../lib/data/random.ts";
import {
  contentsOf,
  outputOf,
  startProgram,
  task,
  withTempDir,
} from "./_run.ts";

const NET = "--modulus 11 --hidden 16 --threads 1".split(" ");

/**
 * What a run is, timings and sittings apart: every file with its bytes, in
 * hexadecimal or as text.
 */
async function bytesOf(run: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const decoder = new TextDecoder();
  for (const [path, bytes] of Object.entries(await contentsOf(run))) {
    const name = path.slice(run.length + 1);
    if (bytes === null || name.endsWith("manifest.json")) continue;
    files[name] = name.endsWith(".onnx")
      ? bytes.toHex()
      : decoder.decode(bytes);
    if (name.endsWith("metrics.jsonl")) {
      files[name] = files[name].replaceAll(/,"ms_per_step":[^,}]*/g, "");
    }
    if (!name.endsWith("summary.json")) continue;
    const { ms_per_step, seconds, run: _, checkpoint, ...summary } = JSON.parse(
      files[name],
    );
    assert(ms_per_step >= 0 && seconds >= 0 && checkpoint.startsWith(run));
    files[name] = JSON.stringify(summary);
  }
  return files;
}

/** The step of the newest checkpoint, -1 where there is none. */
function newestStep(run: string): number {
  try {
    return Math.max(
      -1,
      ...[...Deno.readDirSync(join(run, "checkpoints"))]
        .map(({ name }) => Number(/^step-(\d+)\.onnx$/.exec(name)?.[1] ?? -1)),
    );
  } catch {
    return -1;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const KILLS = 10;

Deno.test(`${KILLS} times kill -9 and --resume end in the same bytes`, () =>
  withTempDir(async (dir) => {
    const seed = Date.now() % 1e6;
    const random = randomKey(seed)("kills");
    const flags = "--steps 4000 --eval-every 7 --checkpoint-every 20";
    const args = [...NET, ...flags.split(" ")];
    const [whole, run] = [join(dir, "whole"), join(dir, "killed")];
    assertEquals((await task("train", ...args, "--run", whole)).code, 0);

    const begun = () =>
      Deno.stat(join(run, "config.json")).then(() => true, () => false);
    const again = async () =>
      await begun()
        ? ["--resume", run]
        : [...args, "--run", run, "--overwrite"];
    let kills = 0;
    const moments: number[] = [];
    while (kills < KILLS) {
      const before = newestStep(run);
      const child = startProgram("train", await again());
      const ended = outputOf(child);
      // Some while it starts; most some checkpoints later, so that the training
      // gets on, and has not ended before the last.
      if (random.uniform() < 0.3) {
        await pause(400 * random.uniform());
      } else {
        const wanted = before + 1 + 20 * random.integer(10);
        let running = true;
        void ended.then(() => running = false);
        while (running && newestStep(run) < wanted) await pause(2);
        await pause(10 * random.uniform());
      }
      try {
        child.kill("SIGKILL");
      } catch {
        // It ended by itself.
      }
      const { code, stderr } = await ended;
      assertEquals(code, 137, `seed ${seed}, after ${moments}: ${stderr}`);
      kills += 1;
      moments.push(newestStep(run));
    }
    const { code, stderr } = await task("train", "--resume", run);
    assertEquals(code, 0, `seed ${seed}, killed after ${moments}: ${stderr}`);
    const [expected, found] = [await bytesOf(whole), await bytesOf(run)];
    assertEquals(Object.keys(found).sort(), Object.keys(expected).sort());
    for (const [name, bytes] of Object.entries(expected)) {
      const same = found[name] === bytes;
      assert(same, `${name} differs: seed ${seed}, killed after ${moments}`);
    }
    const manifest = JSON.parse(
      await Deno.readTextFile(join(run, "manifest.json")),
    );
    assert(manifest.resumed.length > 0);
  }));
