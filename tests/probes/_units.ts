/**
 * A network of units whose logits are known.
 *
 * @module
 */

import type { ConfigInput } from "../../lib/config/config.ts";
import type { HostTensor } from "../../lib/numeric/tensor.ts";
import type { ProbeContext } from "../../lib/probes/mod.ts";
import { table } from "./_contexts.ts";

export const P = 3;

/** The rows s·onehot(a), whatever b: class a gets the logit s². */
export const readsA = (s: number): Record<string, HostTensor> => {
  const column = (j: number) => (n: number) => n === j ? s : 0;
  return {
    "layers.0.W": table(2 * P, [0, 1, 2].map(column)),
    "layers.1.W": table(P, [0, 1, 2].map(column)),
  };
};

export const CONFIG: ConfigInput = {
  modulus: P,
  hidden: [P],
  trainFraction: 2 / 3,
  loss: "softmax",
};

/** How many train rows have each value. */
export const countsOf = (context: ProbeContext, value: "a" | "b") => {
  const { rows } = context.task.split().train;
  const counts = [0, 0, 0];
  for (const row of rows) counts[context.modular[value][row]!]! += 1;
  return counts;
};
