/**
 * Tensors that are transformed alike, as one: where a step costs as much as it has
 * operations, on a card, an optimizer of twelve tensors costs no more than of one.
 *
 * Tensors are rows of a matrix, filled up with zeros to the longest. What is done
 * element by element is done to the matrix, numbers of a tensor are a column, and a
 * tensor's sums are sums along its row. Nothing is computed otherwise; sums are
 * added in another order. Which tensors these are is read off the graph: no
 * optimizer knows of it.
 *
 * @module
 */

import { type DType, sizeOf } from "../../numeric/tensor.ts";
import { type Graph, GraphBuilder, newInput, type Value } from "../graph.ts";
import { reshape, slice } from "../operators/lowering.ts";
import { rewrite } from "../rewrite.ts";
import { alike, type Member } from "./alike.ts";
import { Packer, type Stack } from "./packer.ts";

/** What a tensor of the model is called among a graph's inputs and outputs, by role. */
export interface Roles {
  /** Its path. */
  readonly path: string;
  /** By role, the input and the output that takes its place. */
  readonly names: ReadonlyMap<string, readonly [before: string, after: string]>;
}

/** A matrix of which each row is a tensor, filled up with zeros. */
export interface Packed {
  /** The name of the input, and of the output that takes its place. */
  readonly names: readonly [before: string, after: string];
  /** Its type. */
  readonly dtype: DType;
  /** How long a row is. */
  readonly length: number;
  /** The rows: what they are called by themselves, and their shapes. */
  readonly rows: readonly {
    readonly names: readonly [before: string, after: string];
    readonly shape: readonly number[];
  }[];
}

// Numbers that are not worth a thought: a card reads them while it starts the next
// operation.
const FEW = 2 ** 21;
// How many times as large a matrix may be as what lies in it, where it is larger.
const FILLING = 1.5;

/**
 * Packs what a graph carries from step to step.
 *
 * @param graph A step.
 * @param tensors The model's tensors in their roles.
 * @param times How many of the graph there will be, stacked.
 * @returns The graph with matrices in the place of tensors, and which these are:
 * of a graph in which nothing is alike none.
 */
export function pack(
  graph: Graph,
  tensors: readonly Roles[],
  times = 1,
): { readonly graph: Graph; readonly packed: readonly Packed[] } {
  const given = graph.inputs.map((input) => [input.name!, input] as const);
  const groups = alike(
    membersOf(given, graph.outputs, tensors)
      .filter(({ shape }) => sizeOf(shape) > 1),
  )
    .flatMap((kind) => inStacks(kind, times));
  if (groups.length === 0) return { graph, packed: [] };

  const g = new GraphBuilder();
  const stacks = groups.map((group, i) => stackOf(group, i, tensors));
  // What else needs a tensor cuts it out of the matrix.
  const cut = new Map<Value, Value>();
  for (const { members, matrices } of stacks) {
    for (const [role, { value }] of matrices) {
      members.forEach(({ shape, before }, row) => {
        const line = slice(g, value, [row, 0], [1, sizeOf(shape)]);
        cut.set(before.get(role)!, reshape(g, line, shape));
      });
    }
  }
  const outputs = rewrite(graph, cut);
  const renewed = membersOf(
    graph.inputs.map((input) => [input.name!, cut.get(input) ?? input]),
    outputs,
    tensors,
  );
  const at = new Map(renewed.map((member) => [member.path, member]));
  const packer = new Packer(
    g,
    stacks.map((stack) => ({
      ...stack,
      members: stack.members.map(({ path }) => at.get(path)!),
    })),
    renewed,
  );
  const packed = stacks.flatMap(({ packed }) => packed);
  const gone = new Set(
    packed.flatMap(({ rows }) => rows.flatMap(({ names }) => names)),
  );
  const matrices = stacks.flatMap(({ matrices }) => [...matrices.values()]);
  return {
    packed,
    graph: {
      inputs: [
        ...graph.inputs.filter(({ name }) => !gone.has(name!)),
        ...matrices.map(({ value }) => value),
      ],
      outputs: [
        ...outputs.filter(([name]) => !gone.has(name)),
        ...packer.outputs(),
      ],
    },
  };
}

function membersOf(
  given: readonly (readonly [name: string, value: Value])[],
  made: Graph["outputs"],
  tensors: readonly Roles[],
): Member[] {
  const [inputs, outputs] = [new Map(given), new Map(made)];
  return tensors.map(({ path, names }) => {
    const roles = [...names].map(([role, [before, after]]) =>
      [role, inputs.get(before)!, outputs.get(after)!] as const
    );
    return {
      path,
      shape: roles[0]![1].shape,
      before: new Map(roles.map(([role, before]) => [role, before])),
      after: new Map(roles.map(([role, , after]) => [role, after])),
    };
  });
}

// Members in matrices that are not mostly filling.
function inStacks(kind: readonly Member[], times: number): Member[][] {
  const sized = kind.map((member) => ({ member, size: sizeOf(member.shape) }))
    .sort((a, b) => b.size - a.size);
  const stacks: { members: Member[]; longest: number; sum: number }[] = [];
  for (const { member, size } of sized) {
    const last = stacks.at(-1);
    const whole = last && (last.members.length + 1) * last.longest;
    if (
      last && whole !== undefined &&
      (whole * times <= FEW || whole <= FILLING * (last.sum + size))
    ) {
      last.members.push(member);
      last.sum += size;
    } else stacks.push({ members: [member], longest: size, sum: size });
  }
  return stacks.map(({ members }) => members)
    .filter(({ length }) => length > 1);
}

function stackOf(
  members: readonly Member[],
  index: number,
  tensors: readonly Roles[],
): Stack & { readonly packed: readonly Packed[] } {
  const [first] = members as [Member];
  const length = sizeOf(first.shape);
  const namesOf = ({ path }: Member, role: string) =>
    tensors.find((one) => one.path === path)!.names.get(role)!;
  const packed = [...first.before].map(([role, { dtype }]): Packed => ({
    names: [`packed.${index}.${role}`, `state.packed.${index}.${role}`],
    dtype,
    length,
    rows: members.map((member) => ({
      names: namesOf(member, role),
      shape: member.shape,
    })),
  }));
  const matrices = new Map(
    [...first.before.keys()].map((role, i) => {
      const { names: [name, after], dtype } = packed[i]!;
      const value = newInput(name, { dtype, shape: [members.length, length] });
      return [role, { value, after }];
    }),
  );
  return { members, length, matrices, packed };
}
