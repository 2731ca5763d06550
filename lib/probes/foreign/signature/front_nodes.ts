/**
 * Nodes that make of rows of tokens what the inputs of a file want.
 *
 * @module
 */

import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  create,
} from "../../../onnx/file/protobuf.ts";
import { hostTensorOf } from "../../../numeric/tensor.ts";
import { inputOf, tensorProto } from "../../../onnx/file/graph_writer.ts";
import type { GraphProto, NodeProto } from "../../../onnx/file/model.ts";
import { nodeOf, TYPE } from "../../../onnx/reading/nodes.ts";
import type { ValueSpec } from "../../../onnx/runtime/feeds.ts";

/** What an input gets of a row. */
export type InputRole =
  | { readonly as: "tokens" | "onehot"; readonly place: number | undefined }
  | { readonly as: "positions" }
  | { readonly as: "number"; readonly value: number };

/** Writes the nodes in front of a graph. */
export class FrontNodes {
  readonly #graph: GraphProto;
  readonly #length: number;
  readonly #vocabulary: number;
  readonly #nodes: NodeProto[] = [];
  readonly #tokens: string;

  /**
   * Begins to write.
   *
   * @param graph The graph; changed in place.
   * @param length Tokens of a row.
   * @param vocabulary How many different tokens there are.
   */
  constructor(graph: GraphProto, length: number, vocabulary: number) {
    this.#graph = graph;
    this.#length = length;
    this.#vocabulary = vocabulary;
    const taken = new Set([
      ...[...graph.input, ...graph.initializer].map(({ name }) => name),
      ...graph.node.flatMap(({ output }) => output),
    ]);
    let name = "row";
    while (taken.has(name)) name += "'";
    this.#tokens = name;
  }

  /** Writes what an input gets. */
  add(spec: ValueSpec, wanted: InputRole): void {
    const { name, shape } = spec;
    const info = this.#graph.input.find((input) => input.name === name)!;
    const type = info.type?.value.case === "tensorType"
      ? info.type.value.value.elemType
      : TYPE.int64;
    const value = this.#valueOf(name, shape, wanted);
    this.#nodes.push(nodeOf("Cast", [value], name, { to: type }));
  }

  /** Puts the nodes in front, and their one input in place of the others. */
  close(): void {
    const shape = ["batch", this.#length];
    this.#graph.input = [inputOf(this.#tokens, TYPE.int64, shape)];
    this.#graph.node = [...this.#nodes, ...this.#graph.node];
  }

  #valueOf(name: string, shape: ValueSpec["shape"], wanted: InputRole): string {
    const length = this.#length;
    const rank = shape.length;
    switch (wanted.as) {
      case "tokens": {
        const { place } = wanted;
        if (place === undefined) {
          return rank < 3
            ? this.#tokens
            : this.#shaped(name, this.#tokens, [length, 1]);
        }
        const one = this.#token(name, place);
        return rank < 2
          ? one
          : this.#shaped(name, one, Array(rank - 1).fill(1));
      }
      case "onehot":
        return this.#oneHot(name, shape, wanted.place);
      case "positions":
        return this.#positions(name);
      case "number":
        return this.#number(name, shape, wanted.value);
    }
  }

  #positions(name: string): string {
    const length = this.#length;
    const places = this.#integers(
      `${name}/places`,
      [length],
      Array.from({ length }, (_, i) => i),
    );
    const none = this.#node(
      "Sub",
      [this.#tokens, this.#tokens],
      `${name}/none`,
    );
    return this.#node("Add", [none, places], `${name}/positions`);
  }

  #token(name: string, place: number): string {
    const index = this.#integers(`${name}/place`, [], [place]);
    return this.#node("Gather", [this.#tokens, index], `${name}/token`, {
      axis: 1,
    });
  }

  #oneHot(
    name: string,
    shape: ValueSpec["shape"],
    place: number | undefined,
  ): string {
    const last = shape.at(-1);
    const count = place === undefined ? this.#length : 1;
    const side = shape.length < 3;
    const declared = typeof last === "number" ? last / (side ? count : 1) : 0;
    const width = Math.max(declared, this.#vocabulary);
    const tokens = place === undefined
      ? this.#tokens
      : this.#token(name, place);
    const column = this.#shaped(name, tokens, [count, 1]);
    const classes = this.#integers(
      `${name}/classes`,
      [width],
      Array.from({ length: width }, (_, i) => i),
    );
    const hot = this.#node("Equal", [column, classes], `${name}/one-hot`);
    // A reshape of flags has no kernel everywhere.
    const whole = this.#node("Cast", [hot], `${name}/ones`, { to: TYPE.int64 });
    return side ? this.#shaped(`${name}/side`, whole, [count * width]) : whole;
  }

  // Of the declared shape, with tokens for a length that is not said.
  #number(name: string, shape: ValueSpec["shape"], value: number): string {
    const t = tensorProto("", hostTensorOf("float32", [1], [value]));
    const rest = shape.slice(1).map((d) =>
      typeof d === "number" ? d : this.#length
    );
    const rows = this.#node("Shape", [this.#tokens], `${name}/shape`);
    const first = this.#integers(`${name}/first`, [1], [0]);
    const batch = this.#node("Gather", [rows, first], `${name}/batch`);
    const lengths = this.#integers(`${name}/rest`, [rest.length], rest);
    const whole = this.#node("Concat", [batch, lengths], `${name}/lengths`, {
      axis: 0,
    });
    const filled = nodeOf("ConstantOfShape", [whole], `${name}/filled`);
    filled.attribute.push(
      create(AttributeProtoSchema, {
        name: "value",
        type: AttributeType.TENSOR,
        t,
      }),
    );
    this.#nodes.push(filled);
    return `${name}/filled`;
  }

  #shaped(name: string, value: string, rest: readonly number[]): string {
    const shape = [-1, ...rest];
    const lengths = this.#integers(`${name}/shaping`, [shape.length], shape);
    return this.#node("Reshape", [value, lengths], `${name}/shaped`);
  }

  #integers(
    name: string,
    shape: readonly number[],
    values: readonly number[],
  ): string {
    const tensor = hostTensorOf("int64", shape, values);
    this.#graph.initializer.push(tensorProto(name, tensor));
    return name;
  }

  #node(
    opType: string,
    input: readonly string[],
    output: string,
    attributes: Readonly<Record<string, number>> = {},
  ): string {
    this.#nodes.push(nodeOf(opType, input, output, attributes));
    return output;
  }
}
