/**
 * An experiment that replicas are made of.
 *
 * @module
 */

import type { ConfigInput } from "../../lib/config/config.ts";

export const small: ConfigInput = {
  modulus: 11,
  hidden: [16],
  trainFraction: 0.5,
};
