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
import { assertSynced, traced } from "./_traced.ts";

/** The whole of a file's writing. */
const whole = (name: string) => [
  `write ${name}.partial`,
  `sync ${name}.partial`,
  `move ${name}.partial to ${name}`,
];

/** What was moved into place, in this order. */
const moves = (log: readonly string[]) =>
  log.flatMap((line) => /^move \S+ to (\S+)$/.exec(line)?.[1] ?? []);

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
    assertEquals(moves(log), [
      "manifest.json",
      "SHA256SUMS",
      "config.json",
      "split.json",
      "metrics.jsonl",
    ]);
    assertSynced(log);
  }));

Deno.test("a checkpoint comes behind the metrics and its sum, the optimizer's state last", () =>
  withTempDir(async (dir) => {
    const run = await RunWriter.create(join(dir, "run"), await contents());
    const log = await traced(async () => {
      await run.appendMetrics([{ step: 3 } as MetricsRow]);
      await run.writeCheckpoint(7, Uint8Array.of(1), Uint8Array.of(2));
    });
    const step = "step-00000007.onnx";
    assertEquals(log[0], "write metrics.jsonl");
    assertInOrder(
      log,
      "sync metrics.jsonl",
      "move SHA256SUMS.partial to SHA256SUMS",
    );
    // The checkpoint's, then the optimizer's.
    assertEquals(moves(log), ["SHA256SUMS", step, step]);
    assertSynced(log);
    const removed = await traced(() => run.removeCheckpoint(7));
    assertEquals(removed, [
      ...whole("SHA256SUMS"),
      `remove ${step}`,
      `remove ${step}`,
    ]);
    const end = await traced(() => run.writeSummary({}));
    assertEquals(moves(end), ["SHA256SUMS", "summary.json"]);
    assertSynced(end);
    assertEquals(await traced(() => run.removeCheckpoint(8)), []);
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
