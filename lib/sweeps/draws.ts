/**
 * Points drawn at random.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { randomKey, type RandomStream } from "../numeric/random.ts";
import { shown } from "../settings/checked.ts";
import type { KeyDraw, RandomDraws } from "./spec.ts";

/**
 * Refuses draws that cannot be made.
 *
 * @throws {UsageError} saying what is wrong with them.
 */
export function checkDraws({ count, seed = 0, draw }: RandomDraws): void {
  for (const [name, value] of Object.entries({ count, seed })) {
    const least = name === "count" ? 1 : 0;
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new UsageError(
      `${name} of random draws must be an integer of ${least} or more, got ` +
        value,
    );
  }
  if (Object.keys(draw).length === 0) {
    throw new UsageError("Random draws must name a key at least, got none");
  }
  for (const [key, how] of Object.entries(draw)) drawer(key, how);
}

/**
 * Points drawn at random, of draws that were checked. Each key has a stream of its
 * own, so that neither another key nor a higher count moves what was drawn before.
 */
export function* drawn(
  { count, seed = 0, draw }: RandomDraws,
): Generator<Readonly<Record<string, unknown>>, void, void> {
  const streams = randomKey(seed);
  const columns = Object.entries(draw).map(([key, how]) =>
    [key, drawer(key, how), streams(`sweep/${key}`)] as const
  );
  for (let i = 0; i < count; i++) {
    yield Object.fromEntries(
      columns.map(([key, next, stream]) => [key, next(stream)]),
    );
  }
}

function drawer(key: string, how: KeyDraw): (stream: RandomStream) => unknown {
  if ("choice" in how) {
    const { choice } = how;
    if (choice.length > 0) {
      return (stream) => choice[stream.integer(choice.length)];
    }
    throw new UsageError(`The choice for ${key} must have a value at least`);
  }
  const [name, [least, most]] = Object.entries(how)[0] as [
    string,
    readonly [number, number],
  ];
  const wanted = name === "integer"
    ? "two integers that rise"
    : name === "logUniform"
    ? "two numbers above 0 that rise"
    : "two finite numbers that rise";
  const fits = name === "integer"
    ? Number.isSafeInteger(least) && Number.isSafeInteger(most) &&
      most - least < 2 ** 31
    : Number.isFinite(least) && Number.isFinite(most) &&
      (name !== "logUniform" || least > 0);
  if (!fits || least >= most) {
    throw new UsageError(
      `${name} for ${key} must have ${wanted}, got ${shown([least, most])}`,
    );
  }
  if (name === "integer") {
    return (stream) => least + stream.integer(most - least + 1);
  }
  if (name === "uniform") {
    return (stream) => least + (most - least) * stream.uniform();
  }
  const [low, high] = [Math.log(least), Math.log(most)];
  // Rounding may lead out of the range.
  return (stream) => {
    const x = Math.exp(low + (high - low) * stream.uniform());
    return Math.min(most, Math.max(least, x));
  };
}
