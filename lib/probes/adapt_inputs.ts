/**
 * Files of several inputs, or of inputs that are told what they get: made to read
 * rows of tokens, from which nodes in front make what each of them wants.
 *
 * @module
 */

import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
} from "onnx-buf";
import { UsageError } from "../errors.ts";
import { nearest } from "../names.ts";
import type { Edit } from "../onnx/edits.ts";
import { inputOf, tensorProto } from "../onnx/graph_writer.ts";
import type { GraphProto, NodeProto } from "../onnx/model.ts";
import type { ProbeModel } from "../onnx/probe_model.ts";
import { nodeOf, TYPE } from "../onnx/reading/nodes.ts";
import type { ValueSpec } from "../onnx/session.ts";
import { hostTensorOf } from "../onnx/tensor.ts";
import { largest, type Row } from "./rows_read.ts";

/** What an input gets of a row. */
type Wanted =
  | { readonly as: "tokens" | "onehot"; readonly place: number | undefined }
  | { readonly as: "positions" }
  | { readonly as: "number"; readonly value: number };

/** What is said of inputs: `NAME=tokens:0`, in the words of `--input`. */
export type Told = Readonly<Record<string, string>>;

/**
 * What `--input` says, once for each input.
 *
 * @throws {UsageError} if a text is no name and what it gets.
 */
export function toldOf(texts: readonly string[]): Told {
  const entries = texts.map((text) => {
    const at = text.indexOf("=");
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new UsageError(
      "--input must be the name of an input and what it gets, as in " +
        `--input left=tokens:0, got ${text}`,
    );
  });
  return Object.fromEntries(entries);
}

const WORDS = "tokens, onehot (either with :0, :1, … for one token alone), " +
  "a, b, positions or a number";

function wantedOf(name: string, text: string, row: Row): Wanted {
  const [, word, digits] = /^(tokens|onehot)(?::(\d+))?$/.exec(text) ?? [];
  if (word) {
    const place = digits === undefined ? undefined : Number(digits);
    if (place !== undefined && place >= row.length) {
      throw new UsageError(
        `--input ${name}=${text} must take one of the tokens 0 to ` +
          `${row.length - 1} of ${row.join()}`,
      );
    }
    return { as: word as "tokens" | "onehot", place };
  }
  if (text === "a" || text === "b") {
    return { as: "tokens", place: row.indexOf(text) };
  }
  if (text === "positions") return { as: "positions" };
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) {
    return { as: "number", value };
  }
  throw new UsageError(`--input ${name}=${text} must say ${WORDS}`);
}

// An input of one token each is one of several; one-hot where it is as wide.
function guessed(
  { dtype, shape }: ValueSpec,
  place: number,
  count: number,
  row: Row,
  vocabulary: number,
): string | undefined {
  const [, length, ...rest] = shape;
  const single = length === undefined || length === 1;
  const integer = dtype === "int64" || dtype === "int32";
  if (count !== row.length || rest.length > 0 && !rest.every((d) => d === 1)) {
    return undefined;
  }
  if (single && dtype !== "bool" && shape.length > 0) return `tokens:${place}`;
  if (typeof length === "number" && length >= vocabulary) {
    return `onehot:${place}`;
  }
  return integer && shape.length === 0 ? `tokens:${place}` : undefined;
}

/** A model that reads rows of tokens, int64 [batch, tokens]. */
export interface Adapted {
  /** The model. */
  readonly model: ProbeModel;
  /** What each of the file's inputs gets, in the words of `--input`. */
  readonly inputs: Told;
}

/**
 * Makes a model read rows of tokens.
 *
 * @param model The file.
 * @param specs Its inputs.
 * @param told What is said of some of them.
 * @param row The tokens of a row.
 * @param p The modulus.
 * @throws {UsageError} if it has no input of a name, or nothing says what one gets.
 */
export function adapted(
  model: ProbeModel,
  specs: readonly ValueSpec[],
  told: Told,
  row: Row,
  p: number,
): Adapted {
  const names = specs.map(({ name }) => name);
  for (const name of Object.keys(told)) {
    if (names.includes(name)) continue;
    throw new UsageError(
      `--input ${name} must name an input of ${model.source}: ` +
        nearest(name, names),
    );
  }
  const vocabulary = largest(row, p) + 1;
  const open = specs.filter(({ name }) => told[name] === undefined);
  const inputs = Object.fromEntries(specs.map((spec) => {
    const text = told[spec.name] ??
      (open.length === specs.length
        ? guessed(spec, names.indexOf(spec.name), names.length, row, vocabulary)
        : undefined);
    if (text !== undefined) return [spec.name, text];
    throw new UsageError(
      `--input must say what ${model.source} gets in each of its inputs ` +
        `${names.join(", ")}: ${WORDS}, as in --input ${spec.name}=tokens:0`,
    );
  }));
  const front: Edit = (graph) => {
    const writer = new Front(graph, row.length, vocabulary);
    for (const spec of specs) {
      writer.add(spec, wantedOf(spec.name, inputs[spec.name]!, row));
    }
    writer.close();
  };
  return { model: model.edited(front), inputs };
}

/** Writes the nodes in front of a graph. */
class Front {
  readonly #graph: GraphProto;
  readonly #length: number;
  readonly #vocabulary: number;
  readonly #nodes: NodeProto[] = [];
  readonly #tokens: string;

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

  add(spec: ValueSpec, wanted: Wanted): void {
    const { name, shape } = spec;
    const info = this.#graph.input.find((input) => input.name === name)!;
    const type = info.type?.value.case === "tensorType"
      ? info.type.value.value.elemType
      : TYPE.int64;
    const value = this.#valueOf(name, shape, wanted);
    this.#nodes.push(nodeOf("Cast", [value], name, { to: type }));
  }

  close(): void {
    const shape = ["batch", this.#length];
    this.#graph.input = [inputOf(this.#tokens, TYPE.int64, shape)];
    this.#graph.node = [...this.#nodes, ...this.#graph.node];
  }

  #valueOf(name: string, shape: ValueSpec["shape"], wanted: Wanted): string {
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
      case "positions": {
        const { "none": none, "places": places } = {
          none: this.#node("Sub", [this.#tokens, this.#tokens], `${name}/none`),
          places: this.#integers(
            `${name}/places`,
            [length],
            Array.from({ length }, (_, i) => i),
          ),
        };
        return this.#node("Add", [none, places], `${name}/positions`);
      }
      case "number":
        return this.#number(name, shape, wanted.value);
    }
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
