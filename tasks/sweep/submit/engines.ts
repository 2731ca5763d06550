/**
 * Which flags of `deno task sweep submit` are for which schedulers.
 *
 * @module
 */

import { UsageError } from "../../../lib/base/errors.ts";

/** What schedules a sweep. */
export const ENGINES = ["slurm", "kubernetes", "parallel"] as const;

/** One of them. */
export type Engine = typeof ENGINES[number];

const OWN: Readonly<Record<string, readonly Engine[]>> = {
  cpus: ["slurm", "kubernetes"],
  mem: ["slurm", "kubernetes"],
  gpus: ["slurm", "kubernetes"],
  time: ["slurm"],
  partition: ["slurm"],
  account: ["slurm"],
  qos: ["slurm"],
  before: ["slurm"],
  container: ["slurm"],
  sbatch: ["slurm"],
  requeues: ["slurm"],
  image: ["kubernetes"],
  claim: ["kubernetes"],
  mount: ["kubernetes"],
  folder: ["kubernetes"],
  namespace: ["kubernetes"],
  retries: ["kubernetes"],
};

/** Under which heading of --help a flag stands. */
export function groupOf(name: string): string {
  const engines = OWN[name];
  return engines ? `With --on ${engines.join(" or ")}:` : "Options:";
}

/**
 * Refuses what a scheduler does not know.
 *
 * @throws {UsageError} naming the first such flag.
 */
export function checkFlags(on: Engine, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    const engines = OWN[name];
    if (value === undefined || !engines || engines.includes(on)) continue;
    throw new UsageError(
      `--${name} is for --on ${engines.join(" and ")}, got --on ${on}`,
    );
  }
}
