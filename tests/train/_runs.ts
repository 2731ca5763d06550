/**
 * Comparing what trainings leave behind.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { contentsOf } from "../tasks/_run.ts";

/**
 * What a run is, timings and sittings apart: its files, checkpoints in
 * hexadecimal, the others as text.
 */
export async function bytesOf(run: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const decoder = new TextDecoder();
  for (const [path, bytes] of Object.entries(await contentsOf(run))) {
    const name = path.slice(run.length + 1);
    if (bytes === null || name.endsWith("manifest.json")) continue;
    // It has the sums of what differs: timings, sittings.
    if (name.endsWith("SHA256SUMS")) continue;
    let text = name.endsWith(".onnx") ? bytes.toHex() : decoder.decode(bytes);
    if (name.endsWith("metrics.jsonl")) {
      text = text.replaceAll(/,"ms_per_step":[^,}]*/g, "");
    }
    if (name.endsWith("summary.json")) {
      const { ms_per_step, seconds, run: folder, checkpoint, ...summary } = JSON
        .parse(text);
      assert(ms_per_step >= 0 && seconds >= 0);
      assert(folder.startsWith(run) && checkpoint.startsWith(run));
      text = JSON.stringify(summary);
    }
    files[name] = text;
  }
  return files;
}

/**
 * Asserts what `sha256sum -c SHA256SUMS` does of a run that has ended, and that
 * every file is listed.
 *
 * @param but A file that is not: the metrics, of a run that has not ended.
 */
export async function assertSums(run: string, but?: string): Promise<void> {
  const text = await Deno.readTextFile(join(run, "SHA256SUMS"));
  const lines = text.split("\n").filter((line) => /^[^#]/.test(line));
  const sums = lines.map((line) => /^([0-9a-f]{64}) {2}(.+)$/.exec(line)!);
  const found: string[] = [];
  for (const [, sum, name] of sums) {
    const bytes = await Deno.readFile(join(run, name!));
    const hash = createHash("sha256").update(bytes).digest("hex");
    assertEquals(hash, sum, `${run}: ${name}`);
    found.push(name!);
  }
  const names = Object.entries(await contentsOf(run))
    .filter(([, bytes]) => bytes !== null)
    .map(([path]) => path.slice(run.length + 1))
    .filter((name) => name !== "SHA256SUMS" && name !== but);
  assertEquals(found, names.sort());
}

/**
 * Writes the sums of a run anew, as if its files had been written as they are:
 * for tests that give a run other contents.
 *
 * @param but A file that gets none: the metrics, of a run in training.
 */
export async function writeSums(run: string, but?: string): Promise<void> {
  const lines: string[] = [];
  for (const [path, bytes] of Object.entries(await contentsOf(run))) {
    const name = path.slice(run.length + 1);
    if (bytes === null || [but, "SHA256SUMS", "lock"].includes(name)) continue;
    const hash = createHash("sha256").update(bytes).digest("hex");
    lines.push(`${hash}  ${name}\n`);
  }
  const text = lines.sort((a, b) => a.slice(66) < b.slice(66) ? -1 : 1).join(
    "",
  );
  await Deno.writeTextFile(join(run, "SHA256SUMS"), text);
}

/** The run folders in a folder, itself or its replicas. */
async function runsIn(folder: string): Promise<string[]> {
  const names = Object.keys(await contentsOf(folder));
  return names.filter((path) => path.endsWith("manifest.json"))
    .map((path) => path.slice(0, -"/manifest.json".length));
}

/** Asserts that two runs are the same, timings and sittings apart. */
export async function assertSameRun(
  found: string,
  expected: string,
  context = "",
): Promise<void> {
  for (const run of await runsIn(found)) await assertSums(run);
  const [actual, wanted] = [await bytesOf(found), await bytesOf(expected)];
  assertEquals(Object.keys(actual).sort(), Object.keys(wanted).sort(), context);
  for (const [name, bytes] of Object.entries(wanted)) {
    assert(actual[name] === bytes, `${name} differs ${context}`);
  }
}

/** Copies a folder. */
export async function copyRun(from: string, to: string): Promise<void> {
  for (const [path, bytes] of Object.entries(await contentsOf(from))) {
    const copy = join(to, path.slice(from.length));
    if (bytes === null) await Deno.mkdir(copy, { recursive: true });
    else {
      await Deno.mkdir(join(copy, ".."), { recursive: true });
      await Deno.writeFile(copy, bytes);
    }
  }
}

/** What a training ends at the first progress with, after a single step. */
export function atFirstStep(): {
  readonly signal: AbortSignal;
  readonly onProgress: () => void;
} {
  const stop = new AbortController();
  return { signal: stop.signal, onProgress: () => stop.abort() };
}
