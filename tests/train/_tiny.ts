/**
 * A run with a state every five steps.
 *
 * @module
 */

import type { ConfigInput } from "../../lib/config/config.ts";

export const TINY: ConfigInput = {
  modulus: 5,
  hidden: [4],
  threads: 1,
  steps: 20,
  evalEvery: 2,
  checkpointEvery: 5,
};
