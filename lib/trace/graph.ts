/**
 * The graph that a trace builds: values, nodes and a builder that merges equal
 * sub-expressions as they are made.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  type DType,
  type HostData,
  sizeOf,
  toTyped,
} from "../numeric/tensor.ts";
import { checkKernel } from "./operators/kernel_types.ts";

/** A tensor in the graph, known by shape and type, not by contents. */
export interface Value {
  /** Its number; a value is made after everything that it depends on. */
  readonly id: number;
  /** Element type. */
  readonly dtype: DType;
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** The node that makes it; absent for inputs and constants. */
  readonly node?: Node;
  /** Its contents, where it is a constant. */
  readonly data?: HostData;
  /**
   * A number written in the traced function, or computed from such numbers
   * only: it takes the floating type of whatever it meets.
   */
  readonly weak: boolean;
  /** Its name in the file, where one was given. */
  name?: string;
  /** The axis whose length is that of these data, and another of others. */
  freeAxis?: number;
}

/** An attribute of a node; a bare number or list of numbers is integer. */
export type Attribute =
  | number
  | readonly number[]
  | string
  | { readonly float: number }
  | { readonly graph: Subgraph };

/** An application of an ONNX operator. */
export interface Node {
  /** Its number; a node is made after everything that it depends on. */
  readonly id: number;
  /** The operator, as ONNX calls it. */
  readonly op: string;
  /** The operands. */
  readonly inputs: readonly Value[];
  /** The operator's attributes. */
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** The results. */
  readonly outputs: readonly Value[];
}

/** The body of a Loop or a branch of an If; it may use values from outside. */
export interface Subgraph {
  /** Its name, shown by viewers. */
  readonly name: string;
  /** Values that enter on every turn or call. */
  readonly inputs: readonly Value[];
  /** Values that leave it. */
  readonly outputs: readonly Value[];
  /** Its nodes, each after those it depends on. */
  readonly nodes: readonly Node[];
}

/** A whole function as a graph, outputs by name. */
export interface Graph {
  /** The arguments; their names are their paths. */
  readonly inputs: readonly Value[];
  /** The results with their names. */
  readonly outputs: readonly (readonly [name: string, value: Value])[];
}

/** The type and shape of an operator's result. */
export interface Spec {
  /** Element type. */
  readonly dtype: DType;
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** Whether it is weak; by default, whether all its float operands are. */
  readonly weak?: boolean;
}

// One counter for the process: values of different traces that meet in one
// file (a Loop body, its outer graph) never share a number.
let counter = 0;

function constantKey(value: Value): string {
  const { dtype, shape, weak } = value;
  const { buffer, byteOffset, byteLength, constructor } = value.data!;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const digest = createHash("sha256").update(bytes).digest("base64");
  return `${dtype}${weak ? "~" : ""}[${shape}]${constructor.name} ${digest}`;
}

// Whether the floats among some operands are all weak.
function areWeak(inputs: readonly Value[]): boolean {
  const floats = inputs.filter(isFloat);
  return floats.length > 0 && floats.every((v) => v.weak);
}

/**
 * Applies an operator outside any builder, so without merging: for the few
 * nodes (Loop, If, names) that are made once by construction.
 */
export function newNode(
  op: string,
  inputs: readonly Value[],
  attributes: Readonly<Record<string, Attribute>>,
  results: readonly Spec[],
): readonly Value[] {
  const allWeak = areWeak(inputs);
  const outputs: Value[] = [];
  const node: Node = { id: counter++, op, inputs, attributes, outputs };
  for (const spec of results) {
    const { dtype, shape, weak = allWeak && isFloat(spec) } = spec;
    outputs.push({ id: counter++, dtype, shape, node, weak });
  }
  return outputs;
}

/** A value that enters a graph or a subgraph from outside. */
export function newInput(name: string, { dtype, shape }: Spec): Value {
  return { id: counter++, dtype, shape, weak: false, name };
}

/** A constant outside any builder. */
export function newConstant(
  dtype: DType,
  shape: readonly number[],
  data: HostData,
  weak = false,
): Value {
  return { id: counter++, dtype, shape, data, weak };
}

/** Whether a value is of a floating type. */
export function isFloat({ dtype }: { readonly dtype: DType }): boolean {
  return dtype.startsWith("float");
}

/** Makes values and nodes; equal nodes are made once. */
export class GraphBuilder {
  /** Whether sums by segment may wait until their ids are known. */
  readonly deferSegmentSums: boolean;
  /** The operation that nodes are made for now: errors name it. */
  doing?: string;
  /** Whether indices that are not known yet are known to lie in their axes. */
  readonly indicesInRange: boolean;
  readonly #nodes = new Map<string, readonly Value[]>();
  readonly #constants = new Map<string, Value>();
  readonly #names = new Set<string>();

  /**
   * Starts an empty graph.
   *
   * @param deferSegmentSums Whether sums by segment may wait.
   * @param indicesInRange Whether unknown indices need no looking at.
   */
  constructor(deferSegmentSums = false, indicesInRange = false) {
    this.deferSegmentSums = deferSegmentSums;
    this.indicesInRange = indicesInRange;
  }

  /**
   * A new input of the function.
   *
   * @throws {RangeError} if the name is taken.
   */
  input(name: string, spec: Spec): Value {
    this.#take(name);
    return newInput(name, spec);
  }

  #take(name: string): void {
    if (this.#names.has(name)) {
      throw new RangeError(
        `Cannot name a value ${name}: the name is taken in this graph`,
      );
    }
    this.#names.add(name);
  }

  /** A constant; equal ones are one value. */
  constant(
    dtype: DType,
    shape: readonly number[],
    data: HostData,
    weak = false,
  ): Value {
    const value = newConstant(dtype, shape, data, weak);
    const key = constantKey(value);
    const known = this.#constants.get(key);
    if (known) return known;
    this.#constants.set(key, value);
    return value;
  }

  /** An int64 vector, as ONNX takes shapes and axes. */
  ints(values: readonly number[]): Value {
    return this.constant(
      "int64",
      [values.length],
      BigInt64Array.from(values, BigInt),
    );
  }

  /**
   * Applies an operator with several results. Where none of them has an element
   * there is nothing to compute: they are constants.
   *
   * @throws {TypeError} if ONNX Runtime has no kernel for the operands.
   */
  emitMany(
    op: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>>,
    results: readonly Spec[],
  ): readonly Value[] {
    checkKernel(op, inputs, this.doing);
    if (results.every(({ shape }) => sizeOf(shape) === 0)) {
      return results.map((spec) => {
        const { dtype, shape, weak = areWeak(inputs) && isFloat(spec) } = spec;
        return this.constant(dtype, shape, toTyped(dtype, []), weak);
      });
    }
    const weak = results.map((spec) => spec.weak);
    const key = `${op}(${inputs.map((v) => v.id)})${
      JSON.stringify([attributes, weak])
    }`;
    let outputs = this.#nodes.get(key);
    if (!outputs) {
      outputs = newNode(op, inputs, attributes, results);
      this.#nodes.set(key, outputs);
    }
    return outputs;
  }

  /** Applies an operator with one result. */
  emit(
    op: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>>,
    result: Spec,
  ): Value {
    return this.emitMany(op, inputs, attributes, [result])[0]!;
  }

  /**
   * Gives a value its name in the file. A value that has one already (or is an
   * input or a constant) is named through an Identity node.
   *
   * @throws {RangeError} if the name is taken.
   */
  name(name: string, value: Value): Value {
    this.#take(name);
    const named = value.name !== undefined || value.node === undefined
      ? newNode("Identity", [value], {}, [value])[0]!
      : value;
    named.name = name;
    return named;
  }
}
