/**
 * Comparing what trainings leave behind.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
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

/** Asserts that two runs are the same, timings and sittings apart. */
export async function assertSameRun(
  found: string,
  expected: string,
  context = "",
): Promise<void> {
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
