/**
 * Tasks that succeed, and the rows that they leave.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { type Output, task, type TaskName } from "../_run.ts";

export const SMALL = ["--modulus", "13", "--hidden", "32,24", "--threads", "1"];

export async function ok(name: TaskName, ...args: string[]): Promise<Output> {
  const output = await task(name, ...args);
  assertEquals(output.code, 0, output.stderr);
  return output;
}

// deno-lint-ignore no-explicit-any -- read as any JSON of unknown shape is.
export async function json(name: TaskName, ...args: string[]): Promise<any> {
  return JSON.parse((await ok(name, ...args, "--json")).stdout);
}

export const rowsOf = async (run: string) =>
  (await Deno.readTextFile(join(run, "metrics.jsonl"))).trim().split("\n")
    .map((line) => JSON.parse(line));

export const untimed = (rows: Record<string, unknown>[]) =>
  rows.map(({ ms_per_step, ...row }) => {
    assertEquals(typeof ms_per_step, "number");
    return row;
  });
