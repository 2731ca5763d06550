/**
 * Two operations modulo p that are learnt one after the other.
 *
 * @module
 */

import type { Setting } from "../../settings/setting.ts";
import { defineTask, type TaskDefinition } from "../definition.ts";
import { modular, modulus, type OperationName } from "./modular.ts";

/** A task of learning one operation's table, then another's. */
export type SequenceTask = TaskDefinition<{
  readonly modulus: Setting<number>;
}>;

/**
 * The task of learning one operation's table, then another's. A row is [a, ∘, b]:
 * two residues below p and between them a token that says which operation, p for
 * the first and p + 1 for the second. The label is a ∘ b mod p.
 *
 * The tasks are ours: De Lange et al. (arXiv 2205.13452) have images.
 *
 * @param first The operation that is learnt first.
 * @param second The other; neither is division.
 */
export function sequenceTask(
  first: Exclude<OperationName, "divide">,
  second: Exclude<OperationName, "divide">,
): SequenceTask {
  return defineTask({
    summary: `${first} modulo p, then ${second}`,
    settings: { modulus },
    form: ({ modulus: p }) => ({
      input: { kind: "tokens", vocabulary: p + 2, length: 3 },
      classes: p,
      total: p ** 2,
      tasks: 2,
    }),
    dataset({ modulus: p }) {
      const tables = [first, second].map((name) => modular(name, p));
      return {
        inputs: tables.flatMap(({ inputs }, i) =>
          inputs.map(([a, b]) => [a!, p + i, b!])
        ),
        labels: tables.flatMap(({ labels }) => labels),
        classes: p,
        taskSizes: tables.map(({ labels }) => labels.length),
      };
    },
    describe: ({ modulus: p }) => `${first} mod ${p}, then ${second}`,
  });
}
