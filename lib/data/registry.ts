/**
 * Every task by its name in a config.
 *
 * @module
 */

import { comparisonTask } from "./tasks/comparison.ts";
import { compositionTask } from "./tasks/composition.ts";
import { mnistTask } from "./tasks/mnist.ts";
import { modularTask } from "./tasks/modular.ts";
import { parityTask } from "./tasks/parity.ts";

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
