/**
 * What of a loop's body depends on the turn alone, computed for many turns at once
 * in front of the loop.
 *
 * @module
 */

import { sizeOf, toNumbers } from "../../numeric/tensor.ts";
import { type Graph, newInput, type Node, type Value } from "../graph.ts";
import { nodesFor } from "../graph_walk.ts";
import { rewrite } from "../rewrite.ts";
import { vmap } from "./vmap.ts";
import { canStack } from "./vmap_rules.ts";

/** A body of which what depends on the turn alone comes from outside. */
export interface ByTurn {
  /** Its outputs. */
  readonly outputs: Graph["outputs"];
  /** What enters it in every turn, and that of all turns, [turns, …]. */
  readonly rows: readonly { readonly row: Value; readonly all: Value }[];
}

/** What {@link byTurn} is told. */
export interface Turns {
  /** How many turns. */
  readonly count: number;
  /** Inputs of the body that are known, by what they are in all turns, [count, …]. */
  readonly known: ReadonlyMap<Value, Value>;
  /** Values from outside of the body, the same in every turn. */
  readonly outer: ReadonlySet<Value>;
  /** Elements that a value may have in a turn to be kept for all of them. */
  readonly largest: number;
}

/**
 * Takes what depends on the turn alone out of a loop's body: corrections of
 * moments, learning rates, the rows of mini-batches. Whatever the body's nodes make
 * of known inputs and of constants goes, if it is small; larger things stay, made of
 * what comes in.
 *
 * @param body The body.
 * @param turns The turns, and what is known of them.
 */
export function byTurn(
  body: Pick<Graph, "outputs">,
  { count, known, outer, largest }: Turns,
): ByTurn {
  const nodes = nodesFor(body.outputs.map(([, value]) => value), outer);
  const found = new Set(known.keys());
  const isFixed = (value: Value) =>
    value.data !== undefined || outer.has(value);
  const left: Node[] = [];
  for (const node of nodes) {
    const { inputs, outputs } = node;
    const goes = inputs.some((value) => found.has(value)) &&
      inputs.every((value) => found.has(value) || isFixed(value)) &&
      outputs.every(({ shape }) => sizeOf(shape) <= largest) && canStack(node);
    if (goes) outputs.forEach((value) => found.add(value));
    else left.push(node);
  }
  const used = [
    ...left.flatMap(({ inputs }) => inputs),
    ...body.outputs.map(([, value]) => value),
  ];
  const wanted = [...new Set(used.filter((value) => found.has(value)))];
  const given = new Map([...known].map(([{ name }, all]) => [name!, all]));
  const all = vmap(
    {
      inputs: [...known.keys()],
      outputs: wanted.map((value, i) => [`${i}`, value]),
    },
    count,
    (name) => ({ value: given.get(name)!, stacked: true }),
  );
  const rows = wanted.map((value, i) => ({
    row: newInput(`by_turn.${i}`, value),
    all: all.outputs[i]![1],
  }));
  const replaced = new Map(wanted.map((value, i) => [value, rows[i]!.row]));
  return { outputs: rewrite(body, replaced), rows };
}

/**
 * Inputs of a body that only count: in every turn the same whole number is added.
 *
 * @param inputs The body's inputs that are carried from turn to turn.
 * @param nextOf What becomes of one.
 * @returns That number, by the input.
 */
export function countersOf(
  inputs: readonly Value[],
  nextOf: (input: Value) => Value | undefined,
): Map<Value, number> {
  const found = new Map<Value, number>();
  for (const input of inputs) {
    const next = nextOf(input);
    const node = next?.node;
    if (node?.op !== "Add" || !node.inputs.includes(input)) continue;
    const added = node.inputs.find((value) => value !== input);
    // Sums of whole numbers are exact, whatever the order.
    const [by, ...others] = added?.data ? toNumbers({ data: added.data }) : [];
    if (by === undefined || !Number.isInteger(by)) continue;
    const grown = next!.shape.length !== input.shape.length;
    if (grown || others.some((other) => other !== by)) continue;
    found.set(input, by);
  }
  return found;
}
