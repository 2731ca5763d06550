/**
 * Small runs to report on.
 *
 * @module
 */

import { join } from "node:path";
import type { ConfigInput } from "../../lib/config/config.ts";
import { train } from "../../lib/train/train.ts";

/** A perceptron small enough to train in a moment. */
export const SMALL: ConfigInput = {
  modulus: 23,
  hidden: [32, 32],
  trainFraction: 0.7,
  steps: 60,
  checkpointEvery: 20,
  threads: 1,
};

/** Trains into a folder of a name. */
export async function runIn(
  dir: string,
  name: string,
  config: ConfigInput = {},
): Promise<string> {
  const run = join(dir, name);
  await train({ ...SMALL, ...config }, { run });
  return run;
}
