/**
 * Starting schedulers' programs.
 *
 * @module
 */

import { UsageError } from "../../../lib/base/errors.ts";
import type { Engine } from "./engines.ts";

/** A scheduler that did not take what it was given. */
export class SchedulerError extends Error {
  /** What tells it from other errors. */
  override name = "SchedulerError";
}

/** How a program ended. */
export interface Ended {
  /** Its exit code. */
  readonly code: number;
  /** What it said on stdout; empty where that was the user's. */
  readonly stdout: string;
  /** What it said on stderr; the same. */
  readonly stderr: string;
}

/**
 * Runs a program of a scheduler's.
 *
 * @param on The scheduler.
 * @param words The program and its arguments.
 * @param input What it reads.
 * @throws {UsageError} if it is not there.
 */
export async function runProgram(
  on: Engine,
  [program, ...args]: readonly [string, ...string[]],
  input?: string,
): Promise<Ended> {
  const child = started(on, program, {
    args,
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  });
  // It may end before it has read all; then its exit code says why.
  const written = input === undefined
    ? Promise.resolve()
    : ReadableStream.from([new TextEncoder().encode(input)])
      .pipeTo(child.stdin).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await written;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/**
 * Starts a program of a scheduler's.
 *
 * @throws {UsageError} if it is not there.
 */
export function started(
  on: Engine,
  program: string,
  options: Deno.CommandOptions,
): Deno.ChildProcess {
  try {
    return new Deno.Command(program, options).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError(
      `Cannot submit with --on ${on}: there is no program ${program} on this ` +
        "machine's PATH; --dry-run prints what it would be given",
    );
  }
}

/** The error of a program that did not do what it was to do. */
export function refusedBy(
  program: string,
  { code, stdout, stderr }: Ended,
): SchedulerError {
  return new SchedulerError(
    `Cannot submit: ${program} ended with ${code}: ` +
      `${stderr || stdout || "it said nothing"}`,
  );
}
