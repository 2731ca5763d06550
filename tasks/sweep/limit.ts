/**
 * Times as they are typed: `30s`, `20m`, `1h30m`, or as Slurm writes them.
 *
 * @module
 */

import { ConfigError } from "../../lib/config/config.ts";

const UNITS = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;
// D-HH, D-HH:MM, D-HH:MM:SS, HH:MM:SS.
const SLURM = /^(?:(\d+)-(\d+)(?::(\d+)(?::(\d+))?)?|(\d+):(\d+):(\d+))$/;
// A timer knows no more.
const MOST_DAYS = 24;

/**
 * Milliseconds of a time.
 *
 * @throws {ConfigError} if it is none.
 */
export function limitOf(text: string, flag = "--limit"): number {
  const units = UNITS.exec(text);
  const slurm = SLURM.exec(text);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = units && text !== ""
    ? numbers(units.slice(1))
    : slurm?.[1] !== undefined
    ? numbers(slurm.slice(1, 5))
    : slurm
    ? [0, ...numbers(slurm.slice(5))]
    : [];
  const all = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  if (all > 0 && all <= MOST_DAYS * 86_400) return 1000 * all;
  throw new ConfigError(
    `${flag} must be a time such as 30s, 20m, 1h30m or 0-01:30:00, at most ` +
      `${MOST_DAYS} days, got ${text}`,
  );
}

const numbers = (words: readonly (string | undefined)[]) =>
  words.map((word) => Number(word ?? 0));
