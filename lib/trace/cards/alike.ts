/**
 * Which tensors of a step are transformed alike: what becomes of each of them, and
 * of its moments, is the same expression, element by element.
 *
 * @module
 */

import { append } from "../../base/extremes.ts";
import { sizeOf } from "../../numeric/tensor.ts";
import { isFloat, type Node, type Value } from "../graph.ts";
import { ELEMENTWISE } from "../transforms/vmap_rules.ts";

/** A tensor of the model in each of its roles: itself, its moments, … */
export interface Member {
  /** Its path among the parameters. */
  readonly path: string;
  /** Its shape. */
  readonly shape: readonly number[];
  /** By role, what the step is given. */
  readonly before: ReadonlyMap<string, Value>;
  /** By role, what the step makes of it. */
  readonly after: ReadonlyMap<string, Value>;
}

/** Sums over all elements that can be made for several tensors at once. */
const TOTALS = ["ReduceSum", "ReduceSumSquare"];

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** Whether a value is a single number. */
export const isOne = ({ shape }: Value): boolean => sizeOf(shape) === 1;

/** Whether a node does the same to each element of its operands, and to numbers. */
export function isElementwise({ op, inputs, outputs }: Node): boolean {
  const [result] = outputs as [Value];
  return ELEMENTWISE.includes(op) && outputs.length === 1 &&
    inputs.every((x) => isOne(x) || sameShape(x.shape, result.shape));
}

/** What a node adds up wholly, undefined where it does something else. */
export function totalOf(node: Node | undefined): Value | undefined {
  if (!node || !TOTALS.includes(node.op)) return undefined;
  const [x, axes] = node.inputs as [Value, Value?];
  const whole = axes?.data?.length === x.shape.length;
  return whole && isOne(node.outputs[0]!) && isFloat(x) ? x : undefined;
}

/** Whether a node can be made for several tensors at once, of which one has a shape. */
export function isPackable(
  node: Node | undefined,
  shape: readonly number[],
): node is Node {
  if (!node) return false;
  const total = totalOf(node);
  if (total) return sameShape(total.shape, shape);
  const [result] = node.outputs as [Value];
  return isElementwise(node) &&
    (isOne(result) || sameShape(result.shape, shape));
}

/** The terms of a sum of numbers. */
export function termsOf(x: Value): Value[] {
  const { node } = x;
  return node?.op === "Add" && isOne(x) && x.name === undefined
    ? node.inputs.flatMap(termsOf)
    : [x];
}

/**
 * Members of which all is the same but their shapes, two or more of each kind.
 *
 * @param members All there are.
 */
export function alike(members: readonly Member[]): Member[][] {
  const shared = sharedBy(members);
  const numbers = new Map<string, number>();
  const numbered = (key: string) => {
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  };
  const kinds = Map.groupBy(members, (member) => {
    const found = new Map<Value, Kind>();
    return [...member.after].map(([role, value]) => {
      const { dtype } = member.before.get(role)!;
      return `${role} ${dtype} ${
        kindOf(member, value, shared, numbered, found).id
      }`;
    }).join("; ");
  });
  return [...kinds.values()].filter(({ length }) => length > 1);
}

// Numbers that are made for several members at once: a schedule, a norm of all.
function sharedBy(members: readonly Member[]): Set<Value> {
  const seen = new Set<Value>();
  const shared = new Set<Value>();
  for (const { shape, after, before } of members) {
    const own = new Set<Value>(before.values());
    const visited = new Set<Value>();
    const stack = [...after.values()];
    for (let x = stack.pop(); x; x = stack.pop()) {
      if (visited.has(x)) continue;
      visited.add(x);
      if (!own.has(x) && isPackable(x.node, shape)) {
        append(stack, x.node.inputs);
      }
    }
    for (const x of visited) (seen.has(x) ? shared : seen).add(x);
  }
  return shared;
}

// An expression without the shapes in it: its number, and whether a member's own
// tensors are in it. What has none is given from elsewhere, however it is made.
interface Kind {
  readonly id: number;
  readonly own: boolean;
}

function kindOf(
  member: Member,
  x: Value,
  shared: ReadonlySet<Value>,
  numbered: (key: string) => number,
  found: Map<Value, Kind>,
): Kind {
  const known = found.get(x);
  if (known) return known;
  const kind = (): Kind => {
    for (const [role, value] of member.before) {
      if (value === x) return { id: numbered(`own ${role}`), own: true };
    }
    const one = isOne(x);
    // A number that several share tells those from others that share another one.
    if (one && shared.has(x) && x.node) {
      return { id: numbered(`number ${x.id}`), own: false };
    }
    const given = {
      id: numbered(one ? "number" : `given ${x.dtype}`),
      own: false,
    };
    if (!isPackable(x.node, member.shape)) return given;
    const { op, inputs } = x.node;
    const operands = inputs.map((input) =>
      kindOf(member, input, shared, numbered, found)
    );
    if (!operands.some(({ own }) => own)) return given;
    const ids = operands.slice(0, totalOf(x.node) ? 1 : Infinity)
      .map(({ id }) => id);
    const key = `${op} ${x.dtype} ${attributesOf(x.node)} ${ids}`;
    return { id: numbered(key), own: true };
  };
  const made = kind();
  found.set(x, made);
  return made;
}

/** What tells nodes of one operator from each other, shapes apart. */
export const attributesOf = (node: Node): string =>
  totalOf(node) ? "" : JSON.stringify(node.attributes);
