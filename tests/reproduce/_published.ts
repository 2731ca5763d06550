/**
 * What is published of a figure that takes a moment.
 *
 * @module
 */

import { assert } from "@std/assert";
import { dirname, join } from "node:path";
import { publish } from "../../lib/reproduce/publish.ts";
import { reproduce } from "../../lib/reproduce/reproduce.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { figures, placesIn } from "./_tiny.ts";

let made: Promise<Record<string, Uint8Array>> | undefined;

/** What publishing its quick form makes, by path; it is trained once. */
export const publishedFiles = (): Promise<Record<string, Uint8Array>> =>
  made ??= publishOnce();

async function publishOnce(): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  await withTempDir(async (folder) => {
    const places = placesIn(folder);
    await reproduce(["tiny"], { figures, places, scale: "quick", seeds: 2 });
    await publish(["tiny"], { figures, places });
    const all = Object.entries(await contentsOf(places.published));
    for (const [path, bytes] of all) {
      if (bytes) files[path.slice(places.published.length + 1)] = bytes;
    }
  });
  return files;
}

/** Gives work a folder with what is published, and no run. */
export function withPublished(
  work: (places: ReturnType<typeof placesIn>) => Promise<void>,
): Promise<void> {
  return withTempDir(async (folder) => {
    const places = placesIn(folder);
    const files = await publishedFiles();
    for (const [path, bytes] of Object.entries(files)) {
      const file = join(places.published, path);
      await Deno.mkdir(dirname(file), { recursive: true });
      await Deno.writeFile(file, bytes);
    }
    await work(places);
  });
}

/** Where the records lie. */
export const RECORDS = "tiny/records/quick";

/** Their names. */
export const ALL = ["softmax-seed0", "softmax-seed1", "stablemax-seed0"]
  .concat("stablemax-seed1");

/** Changes a file. */
export async function edit(path: string, change: (text: string) => string) {
  const before = await Deno.readTextFile(path);
  const after = change(before);
  assert(after !== before, "the test changes something");
  await Deno.writeTextFile(path, after);
}
