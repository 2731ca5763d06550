/** In which order a run is written: what a power cut leaves is always whole. */

import { assert, assertEquals } from "@std/assert";
import { join, relative } from "node:path";
import { writeWhole } from "../../lib/base/files.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";

type Path = string | URL;

/**
 * What is done to the files below a folder, in its order: "write", "sync",
 * "move" (into place), "remove".
 */
async function deedsIn(
  folder: string,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const deeds: string[] = [];
  const note = (deed: string, path: Path) => {
    const name = relative(folder, `${path}`).replace(/\.partial-\d+$/, "*");
    if (!name.startsWith("..")) deeds.push(`${deed} ${name}`);
  };
  const { writeTextFile, rename, remove, open } = Deno;
  const { syncData } = Deno.FsFile.prototype;
  const opened = new WeakMap<Deno.FsFile, Path>();
  Deno.writeTextFile = (path, ...rest) => {
    note("write", path);
    return writeTextFile(path, ...rest);
  };
  Deno.rename = async (from, to) => {
    await rename(from, to);
    note("move", to);
  };
  Deno.remove = async (path, ...rest) => {
    await remove(path, ...rest);
    note("remove", path);
  };
  Deno.open = async (path, ...rest) => {
    const file = await open(path, ...rest);
    opened.set(file, path);
    if (/\.partial-\d+$/.test(`${path}`)) note("write", path);
    return file;
  };
  Deno.FsFile.prototype.syncData = async function () {
    await syncData.call(this);
    const path = opened.get(this);
    if (path !== undefined) note("sync", path);
  };
  try {
    await work();
  } finally {
    Object.assign(Deno, { writeTextFile, rename, remove, open });
    Deno.FsFile.prototype.syncData = syncData;
  }
  return deeds;
}

Deno.test("writeWhole() has the disk take the bytes before they are in place", () =>
  withTempDir(async (dir) => {
    const deeds = await deedsIn(dir, () => writeWhole(join(dir, "a"), "text"));
    assertEquals(deeds, ["write a*", "sync a*", "move a"]);
  }));

const TINY = { modulus: 5, hidden: [4], threads: 1, steps: 6, evalEvery: 2 };

const model = (step: number) => `checkpoints/step-0000000${step}.onnx`;
const state = (step: number) => `optimizer/step-0000000${step}.onnx`;

/**
 * The deeds but for the writing of what is moved into place, of which the disk has
 * each before. It is waited for once for several files: which it has first is its own
 * affair.
 */
function withoutAsides(deeds: readonly string[]): string[] {
  const there: string[] = [];
  return deeds.filter((deed) => {
    const [, sync, move] = /^sync (.+)\*$|^move (.+)/.exec(deed) ?? [];
    if (sync !== undefined) there.push(sync);
    if (move === undefined) return !deed.endsWith("*");
    assert(there.includes(move), `${deed} in\n${deeds.join("\n")}`);
    there.splice(there.indexOf(move), 1);
    return true;
  });
}

const saved = (step: number) => [
  "sync metrics.jsonl",
  "move SHA256SUMS",
  `move ${model(step)}`,
  `move ${state(step)}`,
];

Deno.test("a run's rows, sums and states are on the disk in this order", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const stop = new AbortController();
    const deeds = await deedsIn(run, () =>
      train(TINY, {
        run,
        signal: stop.signal,
        onProgress: () => stop.abort(),
      }));
    assertEquals(withoutAsides(deeds), [
      "move manifest.json",
      "move SHA256SUMS",
      "move config.json",
      "move split.json",
      "move metrics.jsonl",
      ...saved(0),
      "write metrics.jsonl", // of step 0
      "write metrics.jsonl", // of step 1, at which it was stopped
      ...saved(1),
      // Only now the state before goes, its sum first.
      "move SHA256SUMS",
      `remove ${model(0)}`,
      `remove ${state(0)}`,
      "move SHA256SUMS",
      "move summary.json",
    ]);
    let from = NaN;
    const again = await deedsIn(run, () =>
      train(TINY, {
        run,
        resume: true,
        onStart: (_, __, step) => from = step,
      }));
    assertEquals(from, 1);
    const first = again.indexOf("move SHA256SUMS");
    assert(first >= 0 && first < again.indexOf("move config.json"));
    assert(first < again.indexOf("remove summary.json"));
    // The state that it goes on from is there until the next is.
    assert(
      again.indexOf(`remove ${model(1)}`) > again.indexOf(`move ${state(6)}`),
    );
  }));

Deno.test("an overwritten run is one until nothing else of it is left", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(TINY, { run });
    const deeds = await deedsIn(
      run,
      () => train({ ...TINY, seed: 1 }, { run, overwrite: true }),
    );
    const removed = deeds.filter((deed) => deed.startsWith("remove"));
    const before = removed.slice(
      0,
      removed.indexOf("remove manifest.json") + 1,
    );
    assertEquals(before, [
      `remove ${model(6)}`,
      `remove ${state(6)}`,
      "remove config.json",
      "remove split.json",
      "remove metrics.jsonl",
      "remove summary.json",
      "remove SHA256SUMS",
      "remove manifest.json",
    ]);
  }));
