/**
 * Every task by its name in a config.
 *
 * @module
 */

import { comparisonTask } from "./tasks/comparison.ts";
import { compositionTask } from "./tasks/composition.ts";
import { doubleMnistTask } from "./tasks/double_mnist.ts";
import { mnistTask } from "./tasks/mnist.ts";
import { modularTask, type OperationTask } from "./tasks/modular.ts";
import { parityTask } from "./tasks/parity.ts";
import { opposingSignalsTask } from "./tasks/regression/opposing_signals.ts";
import { orthogonalFeaturesTask } from "./tasks/regression/orthogonal_features.ts";
import { type SequenceTask, sequenceTask } from "./tasks/sequence.ts";
import { rowsTask } from "./tasks/rows.ts";
import { spuriousParityTask } from "./tasks/spurious_parity.ts";

const add: OperationTask = modularTask("add");
const subtract: OperationTask = modularTask("subtract");
const product: OperationTask = modularTask("product");
const divide: OperationTask = modularTask("divide");
const addThenProduct: SequenceTask = sequenceTask("add", "product");

/** Every task by its name in a config. */
export const tasks = {
  add,
  subtract,
  product,
  divide,
  parity: parityTask,
  mnist: mnistTask,
  composition: compositionTask,
  comparison: comparisonTask,
  "opposing-signals": opposingSignalsTask,
  "orthogonal-features": orthogonalFeaturesTask,
  "add-then-product": addThenProduct,
  rows: rowsTask,
  "spurious-parity": spuriousParityTask,
  "double-mnist": doubleMnistTask,
};
