/**
 * What all clusters are told: how a share of a sweep is trained.
 *
 * @module
 */

import { quoted } from "../../base/shell.ts";

/** A sweep in shares, for a scheduler. */
export interface Shares {
  /** The sweep's name. */
  readonly name: string;
  /** The sweep's folder, absolute. */
  readonly folder: string;
  /** How many shares there are, 1 or more. */
  readonly shards: number;
  /** How many of them are trained at a time; all, if left out. */
  readonly atOnce?: number;
  /** What groklab is called as: words for a shell. */
  readonly command: string;
  /** Modules of `--use`. */
  readonly use: readonly string[];
  /** Which submission of the sweep to the engine it is, counted from 1. */
  readonly number: number;
}

/**
 * The words after groklab's own that train a share.
 *
 * @param shares The sweep.
 * @param index The share's index.
 * @param jobs How many runs go side by side.
 */
export function shareWords(
  { folder, shards, use }: Shares,
  index: string,
  jobs: string,
): string[] {
  return [
    ...["sweep", "run", folder, "--shard", `${index}/${shards}`],
    ...["--jobs", jobs],
    ...use.flatMap((module) => ["--use", module]),
  ];
}

/**
 * The same as a line for a shell.
 *
 * @param shares The sweep.
 * @param index The share's index, as the shell reads it inside double quotes.
 * @param jobs How many runs go side by side, as the shell reads it.
 */
export function shareLine(
  { folder, shards, use }: Shares,
  index: string,
  jobs: string,
): string {
  return [
    `sweep run ${word(folder)} --shard "${index}/${shards}" --jobs ${jobs}`,
    ...use.map((module) => `--use ${word(module)}`),
  ].join(" ");
}

/** A word for the shell of a node, whatever this machine's is. */
export function word(text: string): string {
  return quoted(text, "linux");
}

/** A text with which names of jobs are made: small letters, digits, hyphens. */
export function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, 30)
    .replaceAll(/^-+|-+$/g, "") || "sweep";
}
