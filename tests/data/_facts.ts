/**
 * Facts of a graph of knowledge.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Dataset, Examples } from "../../lib/data/dataset.ts";

export const facts = ({ inputs, labels }: Examples) =>
  inputs.map((row, i) => [...row, labels[i]!] as Fact);

export type Fact = [number, number, number, number];

/** The parts of a dataset; atomic facts are the rows that end in `pad`. */
export function partsOf({ split, inputs, labels }: Dataset, pad: number) {
  const { train, test, extra } = split!;
  const rows = facts(train);
  const parts = {
    atomic: rows.filter(([, , last]) => last === pad),
    inferred: rows.filter(([, , last]) => last !== pad),
    test: facts(test),
    ood: facts(extra!["ood"]!),
  };
  assertEquals(Object.keys(extra!), ["ood"]);
  // The dataset is all of them, and no question is asked twice.
  assertEquals(facts({ inputs, labels }), [
    ...rows,
    ...parts.test,
    ...parts.ood,
  ]);
  assertEquals(new Set(inputs.map(String)).size, inputs.length);
  for (const part of Object.values(parts)) assert(part.length > 0);
  return parts;
}
