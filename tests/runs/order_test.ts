/**
 * In which order a run's files reach the disk: what a kill or a power cut at any
 * moment may find.
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { defaults } from "../../lib/config/config.ts";
import { replaceFiles, writeWhole } from "../../lib/base/files.ts";
import { makeManifest } from "../../lib/runs/manifest.ts";
import { removeRun } from "../../lib/runs/new_folder.ts";
import { type MetricsRow, RunWriter } from "../../lib/runs/run_folder.ts";
import { withTempDir } from "../tasks/_run.ts";
import { traced } from "./_traced.ts";

/** The whole of a file's writing. */
const whole = (name: string) => [
  `write ${name}.partial`,
  `sync ${name}.partial`,
  `move ${name}.partial to ${name}`,
];

const contents = async () => {
  const examples = { inputs: [[0, 1]], labels: [1] };
  return {
    config: defaults,
    manifest: await makeManifest("onnx/cpu"),
    split: { train: examples, test: examples },
  };
};

const places = (log: readonly string[], ...lines: string[]) =>
  lines.map((line) => {
    assert(log.includes(line), `${line} in\n${log.join("\n")}`);
    return log.indexOf(line);
  });

/** Asserts that some lines are there, one behind the other. */
function assertInOrder(log: readonly string[], ...lines: string[]): void {
  const at = places(log, ...lines);
  assertEquals(at, at.toSorted((a, b) => a - b), log.join("\n"));
}

Deno.test("a file is on the disk before it is moved into place", () =>
  withTempDir(async (dir) => {
    const log = await traced(() => writeWhole(join(dir, "a"), "text"));
    assertEquals(log, whole("a"));
  }));

Deno.test("a run begins with its manifest, its sums before what they are of", () =>
  withTempDir(async (dir) => {
    const log = await traced(async () =>
      await RunWriter.create(join(dir, "run"), await contents())
    );
    assertInOrder(
      log,
      ...whole("manifest.json"),
      ...whole("SHA256SUMS"),
      ...whole("config.json"),
      ...whole("split.json"),
      "move metrics.jsonl.partial to metrics.jsonl",
    );
  }));

Deno.test("a checkpoint comes behind the metrics and its sum, the optimizer's state last", () =>
  withTempDir(async (dir) => {
    const run = await RunWriter.create(join(dir, "run"), await contents());
    const log = await traced(async () => {
      await run.appendMetrics([{ step: 3 } as MetricsRow]);
      await run.writeCheckpoint(7, Uint8Array.of(1), Uint8Array.of(2));
    });
    const step = "step-00000007.onnx";
    assertEquals(log, [
      "write metrics.jsonl",
      "sync metrics.jsonl",
      ...whole("SHA256SUMS"),
      ...whole(step), // the checkpoint's
      ...whole(step), // the optimizer's
    ]);
    const removed = await traced(() => run.removeCheckpoint(7));
    assertEquals(removed, [
      ...whole("SHA256SUMS"),
      `remove ${step}`,
      `remove ${step}`,
    ]);
    const end = await traced(() => run.writeSummary({}));
    assertInOrder(end, ...whole("SHA256SUMS"), ...whole("summary.json"));
  }));

Deno.test("of a run that is removed the manifest goes last, and nothing of the user's", () =>
  withTempDir(async (dir) => {
    const path = join(dir, "run");
    const run = await RunWriter.create(path, await contents());
    await run.writeCheckpoint(7, Uint8Array.of(1), Uint8Array.of(2));
    await run.writeSummary({});
    const own = [join(path, "notes.txt"), join(path, "checkpoints", "mine")];
    for (const file of own) await Deno.writeTextFile(file, "");
    const log = await traced(() => removeRun(path));
    assertEquals(log.at(-1), "remove manifest.json");
    assertEquals(log.slice(0, 2), Array(2).fill("remove step-00000007.onnx"));
    for (const file of own) assert((await Deno.stat(file)).isFile);
    const left = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
    assertEquals(left, ["checkpoints", "notes.txt", "optimizer"]);
  }));

Deno.test("replaceFiles() moves the old ones away first, and the new ones in their order", () =>
  withTempDir(async (dir) => {
    const [from, to] = [join(dir, "from"), join(dir, "to")];
    for (const folder of [from, to]) await Deno.mkdir(folder);
    for (const name of ["record", "library"]) {
      await Deno.writeTextFile(join(from, name), "new");
    }
    await Deno.writeTextFile(join(to, "library"), "old");
    const log = await traced(() =>
      replaceFiles(["record", "library"], from, to)
    );
    assertEquals(log.filter((line) => line.startsWith("move")).slice(-3), [
      "move library to library", // the old one, away
      "move record to record",
      "move library to library",
    ]);
  }));

Deno.test("while a file is replaced it may be the old one or the new one", () =>
  withTempDir(async (dir) => {
    const path = join(dir, "run");
    const run = await RunWriter.create(path, await contents());
    await run.writeCheckpoint(7, Uint8Array.of(1));
    const { rename } = Deno;
    const seen: number[] = [];
    Deno.rename = async (from, to) => {
      const text = await Deno.readTextFile(join(path, "SHA256SUMS"));
      seen.push(text.split("step-00000007.onnx").length - 1);
      return await rename(from, to);
    };
    try {
      await run.writeCheckpoint(7, Uint8Array.of(2));
    } finally {
      Deno.rename = rename;
    }
    // Before the sums are written, and before the file is.
    assertEquals(seen, [1, 2]);
  }));
