/**
 * Damaging runs, as a bad disk or a user does it.
 *
 * @module
 */

import { join } from "node:path";

/** A file of a run. */
export const fileIn = (run: string, part: string, step: number): string =>
  join(run, part, `step-${String(step).padStart(8, "0")}.onnx`);

/** Flips a bit of a file, counted from its first byte's lowest. */
export async function flipBit(path: string, bit: number): Promise<void> {
  const bytes = await Deno.readFile(path);
  const at = Math.floor(bit / 8) % bytes.length;
  bytes[at]! ^= 1 << (bit % 8);
  await Deno.writeFile(path, bytes);
}

/** What a work writes to stderr as notes, each once in a process. */
export async function notesOf(work: () => Promise<unknown>): Promise<string[]> {
  const notes: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => void notes.push(text);
  try {
    await work();
  } finally {
    console.warn = warn;
  }
  return notes;
}
