/**
 * Expressions of several tensors as one of the matrix in whose rows they lie.
 *
 * @module
 */

import { sizeOf, toTyped } from "../../numeric/tensor.ts";
import type { GraphBuilder, Value } from "../graph.ts";
import { concat } from "../operators/kernels.ts";
import {
  binary,
  broadcastShape,
  like,
  reshape,
} from "../operators/lowering.ts";
import {
  attributesOf,
  isElementwise,
  isOne,
  isPackable,
  type Member,
  termsOf,
  totalOf,
} from "./alike.ts";
import { keepsZeros } from "./zeros.ts";

/** Members that are rows of a matrix, in each of their roles. */
export interface Stack {
  /** The members. */
  readonly members: readonly Member[];
  /** How long a row is. */
  readonly length: number;
  /** By role the matrix that the step is given, and what its next is called. */
  readonly matrices: ReadonlyMap<
    string,
    { readonly value: Value; readonly after: string }
  >;
}

/**
 * What stands for a value of each member: a matrix [members, length], a column of
 * numbers [members, 1], or one number for all.
 */
export interface Part {
  /** It. */
  readonly value: Value;
  /** Which of them. */
  readonly kind: "matrix" | "column" | "number";
  /** Of a matrix: whether it is known to be 0 where it is filled up. */
  readonly zero?: boolean;
}

/** Makes expressions of stacks. */
export class Packer {
  readonly #g: GraphBuilder;
  readonly #stacks: readonly Stack[];
  readonly #all: readonly Member[];
  readonly #made = new Map<string, Part>();
  readonly #numbers = new Map<Value, Value>();
  readonly #own: ReadonlyMap<Value, readonly [role: string, member: Member]>;

  /**
   * Makes none yet.
   *
   * @param g Where nodes are made.
   * @param stacks The stacks.
   * @param all All members, those that lie in no stack too, in the model's order.
   */
  constructor(
    g: GraphBuilder,
    stacks: readonly Stack[],
    all: readonly Member[],
  ) {
    this.#g = g;
    this.#stacks = stacks;
    this.#all = all;
    this.#own = new Map(
      all.flatMap((member) =>
        [...member.before].map(([role, value]) =>
          [value, [role, member] as const] as const
        )
      ),
    );
  }

  /** What becomes of the matrices, with the names of these. */
  outputs(): [name: string, value: Value][] {
    return this.#stacks.flatMap((stack) =>
      [...stack.matrices].map(([role, { after }]): [string, Value] => {
        const part = this.#part(
          stack,
          stack.members.map((member) => member.after.get(role)!),
        );
        return [after, this.#filled(stack, part)];
      })
    );
  }

  // A value of each member of a stack.
  #part(stack: Stack, values: readonly Value[]): Part {
    const at = this.#stacks.indexOf(stack);
    const key = `${at}: ${values.map(({ id }) => id)}`;
    const part = this.#made.get(key) ?? this.#make(stack, values);
    this.#made.set(key, part);
    return part;
  }

  #make(stack: Stack, values: readonly Value[]): Part {
    const [first] = values as [Value];
    if (isOne(first) && values.every((x) => x === first)) {
      return { kind: "number", value: this.#number(first) };
    }
    if (values.every((x) => x.data && isOne(x) && x.dtype === first.dtype)) {
      const numbers = values.map((x) => Number(x.data![0]));
      const { dtype } = first;
      const column = this.#g.constant(
        dtype,
        [numbers.length, 1],
        toTyped(dtype, numbers),
      );
      return { kind: "column", value: column };
    }
    return this.#given(stack, values) ?? this.#total(stack, values) ??
      this.#elementwise(stack, values) ?? this.#collected(stack, values);
  }

  // What the step was given.
  #given(stack: Stack, values: readonly Value[]): Part | undefined {
    const [role] = this.#own.get(values[0]!) ?? [];
    if (role === undefined) return undefined;
    const all = values.every((x, i) =>
      this.#own.get(x)?.[0] === role &&
      this.#own.get(x)?.[1] === stack.members[i]
    );
    const matrix = all ? stack.matrices.get(role) : undefined;
    return matrix && { kind: "matrix", value: matrix.value, zero: true };
  }

  // Sums over all elements of each: along the rows.
  #total(stack: Stack, values: readonly Value[]): Part | undefined {
    const operands = values.map(({ node }) => totalOf(node));
    const { op } = values[0]!.node ?? {};
    const fits = op !== undefined &&
      values.every(({ node }, i) =>
        node?.op === op && isPackable(node, stack.members[i]!.shape)
      ) && operands.every((x) => x !== undefined);
    if (!fits) return undefined;
    const part = this.#part(stack, operands as Value[]);
    if (part.kind !== "matrix") return undefined;
    const g = this.#g;
    const x = this.#filled(stack, part);
    const terms = op === "ReduceSumSquare" ? binary(g, "Mul", x, x) : x;
    const shape = [values.length, 1];
    const sums = g.emit("ReduceSum", [terms, g.ints([1])], { keepdims: 1 }, {
      dtype: x.dtype,
      shape,
    });
    return { kind: "column", value: sums };
  }

  #elementwise(stack: Stack, values: readonly Value[]): Part | undefined {
    const nodes = values.map(({ node }) => node);
    const [first] = nodes;
    if (!first || totalOf(first)) return undefined;
    const fits = nodes.every((node, i) =>
      node && isPackable(node, stack.members[i]!.shape) &&
      node.op === first.op && attributesOf(node) === attributesOf(first) &&
      node.inputs.length === first.inputs.length &&
      node.outputs[0]!.dtype === first.outputs[0]!.dtype
    );
    if (!fits) return undefined;
    const parts = first.inputs.map((_, i) =>
      this.#part(stack, nodes.map((node) => node!.inputs[i]!))
    );
    const kind = (["matrix", "column", "number"] as const)
      .find((kind) => parts.some((part) => part.kind === kind))!;
    // Members of which one expands a number to its shape, and what is the same for
    // all of them.
    if (kind !== "matrix" && !isOne(values[0]!)) return undefined;
    const { dtype } = values[0]!;
    const shape = parts.map(({ value }) => value.shape).reduce(broadcastShape);
    const value = this.#g.emit(
      first.op,
      parts.map(({ value }) => value),
      first.attributes,
      { dtype, shape },
    );
    return { kind, value, zero: keepsZeros(first.op, parts) };
  }

  // What is made apart for each: laid side by side.
  #collected({ length }: Stack, values: readonly Value[]): Part {
    const g = this.#g;
    if (isOne(values[0]!)) {
      const column = values.map((x) => reshape(g, this.#number(x), [1, 1]));
      return { kind: "column", value: concat(g, column, 0) };
    }
    const rows = values.map((x) => {
      const size = sizeOf(x.shape);
      const row = reshape(g, x, [1, size]);
      if (size === length) return row;
      const pads = [0, 0, 0, length - size];
      return g.emit("Pad", [row, g.ints(pads), like(g, row, 0)], {}, {
        dtype: x.dtype,
        shape: [1, length],
      });
    });
    return { kind: "matrix", value: concat(g, rows, 0), zero: true };
  }

  // A matrix that is 0 where it is filled up.
  #filled({ members, length }: Stack, { kind, value, zero }: Part): Value {
    const g = this.#g;
    const sizes = members.map(({ shape }) => sizeOf(shape));
    if (kind !== "matrix") throw new TypeError("not a matrix");
    if (zero || sizes.every((size) => size === length)) return value;
    const flags = new Uint8Array(sizeOf(value.shape));
    sizes.forEach((size, row) =>
      flags.fill(1, row * length, row * length + size)
    );
    const mask = g.constant("bool", value.shape, flags);
    return g.emit("Where", [mask, value, like(g, value, 0)], {}, value);
  }

  // A number that is the same for all. What is a sum over all members is that of a
  // column.
  #number(x: Value): Value {
    const known = this.#numbers.get(x);
    if (known) return known;
    const value = flat(this.#g, this.#sumOfAll(x) ?? this.#again(x));
    this.#numbers.set(x, value);
    return value;
  }

  #again(x: Value): Value {
    const { node } = x;
    if (!node || x.name !== undefined || !isElementwise(node)) return x;
    if (!node.inputs.every(isOne)) return x;
    const operands = node.inputs.map((input) => this.#number(input));
    if (operands.every((value, i) => value === node.inputs[i])) return x;
    const shape = operands.map(({ shape }) => shape).reduce(broadcastShape);
    return this.#g.emit(node.op, operands, node.attributes, {
      dtype: x.dtype,
      shape,
    });
  }

  #sumOfAll(x: Value): Value | undefined {
    const terms = termsOf(x);
    if (terms.length < 2) return undefined;
    const fits = (members: readonly Member[]) =>
      members.length === terms.length &&
      terms.every(({ node }, i) => {
        const total = totalOf(node);
        return total && isPackable(node, members[i]!.shape);
      });
    const order = [
      this.#all,
      ...this.#stacks.map((stack) => inOrder(stack, this.#all)),
    ]
      .find(fits);
    if (!order) return undefined;
    const term = new Map(order.map(({ path }, i) => [path, terms[i]!]));
    const g = this.#g;
    const sums: Value[] = [];
    for (const stack of this.#stacks) {
      const own = stack.members.map(({ path }) => term.get(path));
      if (!own.every((x) => x !== undefined)) continue;
      const part = this.#total(stack, own);
      if (!part) continue;
      stack.members.forEach(({ path }) => term.delete(path));
      sums.push(g.emit("ReduceSum", [part.value, g.ints([0, 1])], {
        keepdims: 0,
      }, { dtype: x.dtype, shape: [] }));
    }
    if (sums.length === 0) return undefined;
    return [...sums, ...[...term.values()].map((x) => flat(g, x))]
      .reduce((a, b) => binary(g, "Add", a, b));
  }
}

// The members of a stack in the model's order.
const inOrder = ({ members }: Stack, all: readonly Member[]) =>
  all.filter(({ path }) => members.some((member) => member.path === path));

const flat = (g: GraphBuilder, x: Value) =>
  x.shape.length <= 2 ? x : reshape(g, x, []);
