/**
 * A database as the bytes of a file that says itself whether it is whole.
 *
 * @module
 */

import { sha256 } from "../base/sums.ts";

const SUM = /\n-- sha256 ([0-9a-f]{64})\n$/;
const SUM_LENGTH = 76;

/** The bytes of a database with their sum behind them, where SQLite does not look. */
export function sealed(bytes: Uint8Array): Uint8Array {
  const end = new TextEncoder().encode(`\n-- sha256 ${sha256(bytes)}\n`);
  const whole = new Uint8Array(bytes.length + end.length);
  whole.set(bytes);
  whole.set(end, bytes.length);
  return whole;
}

/** The bytes of a database; undefined where they are not what was written. */
export function unsealed(bytes: Uint8Array): Uint8Array | undefined {
  const length = bytes.length - SUM_LENGTH;
  const [, sum] = SUM.exec(new TextDecoder().decode(bytes.subarray(length))) ??
    [];
  const own = bytes.subarray(0, length);
  return sum !== undefined && sha256(own) === sum ? own : undefined;
}
