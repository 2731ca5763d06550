/**
 * What flags of `deno task sweep submit` may be.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { UsageError } from "../../../lib/base/errors.ts";
import { quoted } from "../../../lib/base/shell.ts";
import type { Shares } from "../../../lib/sweeps/clusters/share.ts";
import type { Sweep } from "../../../lib/sweeps/layout.ts";
import type { Engine } from "./engines.ts";

/** What is asked of a scheduler, as Commander reads it. */
export interface Asked {
  readonly on: Engine;
  readonly shards?: number | undefined;
  readonly atOnce?: number | undefined;
  readonly jobs?: number | undefined;
  readonly dryRun?: boolean | undefined;
  readonly command?: string | undefined;
  readonly use?: readonly string[] | undefined;
  readonly cpus?: number | undefined;
  readonly mem?: string | undefined;
  readonly gpus?: string | undefined;
  readonly time?: string | undefined;
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  readonly qos?: string | undefined;
  readonly before?: readonly string[] | undefined;
  readonly container?: string | undefined;
  readonly sbatch?: readonly string[] | undefined;
  readonly requeues?: number | undefined;
  readonly image?: string | undefined;
  readonly claim?: string | undefined;
  readonly mount?: string | undefined;
  readonly folder?: string | undefined;
  readonly namespace?: string | undefined;
  readonly retries?: number | undefined;
}

/** What is asked, and of which sweep. */
export interface Submission {
  /** What is asked. */
  readonly asked: Asked;
  /** The sweep. */
  readonly sweep: Sweep;
  /** What all schedulers are told; its folder is this machine's, and so is its command. */
  readonly shares: Shares;
  /** Runs in all. */
  readonly runs: number;
}

/**
 * Checks a whole number.
 *
 * @throws {UsageError} if it is none, or out of range.
 */
export function whole(
  flag: string,
  value: number,
  least: number,
  most = 1_000_000,
): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw new UsageError(
    `--${flag} must be an integer in ${least}..${most}, got ${value}`,
  );
}

/**
 * Checks a text that is to stand in a script.
 *
 * @param wanted What it must be, in words, and as a pattern.
 * @throws {UsageError} if it is not that.
 */
export function matching(
  flag: string,
  value: string,
  [words, pattern]: readonly [words: string, pattern: RegExp],
): string {
  if (pattern.test(value)) return value;
  throw new UsageError(
    `--${flag} must be ${words}, got ${JSON.stringify(value)}`,
  );
}

/** A line that is not empty. */
export const LINE = ["a line of text", /^(?=.*\S)\P{Cc}+$/u] as const;

/** What groklab is called as on machines that see this one's files. */
export function calledHere(): string {
  const root = new URL("../../../", import.meta.url);
  const program = (name: string) =>
    quoted(fileURLToPath(new URL(`tasks/${name}`, root)), "linux");
  // Of an installed one npx would hand on no signals: its program does.
  if (root.pathname.includes("/node_modules/")) {
    return `node ${program("groklab.js")}`;
  }
  return `${quoted(Deno.execPath(), "linux")} run --allow-read --allow-env ` +
    `--allow-run ${program("groklab.ts")}`;
}
