/**
 * Files of several inputs, or of inputs that are told what they get: made to read
 * rows of tokens, from which nodes in front make what each of them wants.
 *
 * @module
 */

import { UsageError } from "../../../base/errors.ts";
import { nearest } from "../../../base/nearest.ts";
import type { Edit } from "../../../onnx/inspect/edits.ts";
import type { ProbeModel } from "../../../onnx/inspect/probe_model.ts";
import type { ValueSpec } from "../../../onnx/runtime/feeds.ts";
import { FrontNodes, type InputRole } from "./front_nodes.ts";
import { largest, type Row } from "./input_encoding.ts";

/** What is said of inputs: `NAME=tokens:0`, in the words of `--input`. */
export type InputRoles = Readonly<Record<string, string>>;

/**
 * What `--input` says, once for each input.
 *
 * @throws {UsageError} if a text is no name and what it gets.
 */
export function inputRoles(texts: readonly string[]): InputRoles {
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

function inputRole(name: string, text: string, row: Row): InputRole {
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

// Names that say themselves which comes first.
const PAIRS = ["a,b", "x,y", "i,j", "left,right", "lhs,rhs", "first,second"];

/** Inputs in the order that their names say, or else the file's. */
function inOrder(names: readonly string[]): readonly string[] {
  const low = names.map((name) => name.toLowerCase());
  const turned = PAIRS.includes(low.toReversed().join());
  if (turned) return names.toReversed();
  const parts = names.map((name) => /^(.*?)(\d+)$/.exec(name));
  const stems = new Set(parts.map((part) => part?.[1]));
  if (stems.size !== 1 || stems.has(undefined)) return names;
  const numberOf = (name: string) => Number(/\d+$/.exec(name)![0]);
  return names.toSorted((one, other) => numberOf(one) - numberOf(other));
}

/** A model that reads rows of tokens, int64 [batch, tokens]. */
export interface Adapted {
  /** The model. */
  readonly model: ProbeModel;
  /** What each of the file's inputs gets, in the words of `--input`. */
  readonly inputs: InputRoles;
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
  told: InputRoles,
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
  const places = inOrder(names);
  const open = specs.filter(({ name }) => told[name] === undefined);
  const inputs = Object.fromEntries(specs.map((spec) => {
    const text = told[spec.name] ??
      (open.length === specs.length
        ? guessed(
          spec,
          places.indexOf(spec.name),
          names.length,
          row,
          vocabulary,
        )
        : undefined);
    if (text !== undefined) return [spec.name, text];
    throw new UsageError(
      `--input must say what ${model.source} gets in each of its inputs ` +
        `${names.join(", ")}: ${WORDS}, as in --input ${spec.name}=tokens:0`,
    );
  }));
  const front: Edit = (graph) => {
    const writer = new FrontNodes(graph, row.length, vocabulary);
    for (const spec of specs) {
      writer.add(spec, inputRole(spec.name, inputs[spec.name]!, row));
    }
    writer.close();
  };
  return { model: model.edited(front), inputs };
}
