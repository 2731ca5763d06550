/**
 * Every task by its name in a config.
 *
 * @module
 */

import { comparisonTask } from "./comparison.ts";
import { compositionTask } from "./composition.ts";
import { mnistTask } from "./mnist.ts";
import { modularTask } from "./modular.ts";
import { parityTask } from "./parity.ts";

/** Every task by its name in a config. */
export const tasks = {
  add: modularTask("add"),
  subtract: modularTask("subtract"),
  product: modularTask("product"),
  divide: modularTask("divide"),
  parity: parityTask,
  mnist: mnistTask,
  composition: compositionTask,
  comparison: comparisonTask,
};
