/**
 * What ONNX Runtime says when it stops at a number that an operator cannot take, in
 * words about the operation.
 *
 * @module
 */

import { NEGATIVE } from "../../trace/operators/indices.ts";

const PLACE = /while running (\w+) node\. Name:'([^']*)' Status Message: (.*)/s;
const INDEX = /(?:idx|index|indice) ?= ?(-?\d+)/;
const LENGTH = /inclusive range \[-(\d+),/;

/**
 * A run's error, as a RangeError that names the operation and what it found where
 * that is a number: an index outside its axis, an integer divided by 0. Any other
 * error is returned as it is.
 *
 * @param error What ONNX Runtime threw.
 */
export function explainedRun(error: unknown): unknown {
  const [, op, name, why] = PLACE.exec(String(error)) ?? [];
  if (why === undefined) return error;
  const found = foundIn(why);
  return found === undefined ? error : new RangeError(
    `Cannot run ${op} at ${name}: ${found}`,
    { cause: error },
  );
}

function foundIn(why: string): string | undefined {
  if (/^.*integer (modulo|division) by zero/i.test(why)) {
    return "an integer is divided by 0, of which there is none";
  }
  const index = INDEX.exec(why)?.[1];
  if (index === undefined) return undefined;
  const given = Number(index);
  const own = given > NEGATIVE ? NEGATIVE - given : given;
  const length = LENGTH.exec(why)?.[1];
  return `index ${own} lies outside its axis` +
    (length === undefined ? "" : ` of length ${length}`);
}
