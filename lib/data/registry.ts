/**
 * Every task by its name in a config.
 *
 * @module
 */

import { modularTask } from "./modular.ts";
import { parityTask } from "./parity.ts";

/** Every task by its name in a config. */
export const tasks = {
  add: modularTask("add"),
  subtract: modularTask("subtract"),
  product: modularTask("product"),
  divide: modularTask("divide"),
  parity: parityTask,
};
