/**
 * How much there is in an ONNX file, counted in its bytes without parsing it: what
 * would take the memory of the machine is refused before.
 *
 * Source: Protocol Buffers, "Encoding"; onnx.proto for the numbers of the fields.
 *
 * @module
 */

import { FileError } from "../../base/files.ts";

/** Nodes that a file may have, those of functions and branches among them. */
export const MOST_NODES = 50_000;
/** Bytes of metadata and documentation that it may have. */
export const MOST_TEXT = 16 * 2 ** 20;
/** Bytes of memory that its messages may take, raw contents of tensors apart. */
export const MOST_MEMORY = 256 * 2 ** 20;
/** Bytes that a message of Protocol Buffers may have at most. */
export const MOST_BYTES = 2 ** 31 - 1;

// An object with its fields, and for each byte of a list of numbers what it takes;
// both as measured, with the copies that are made of it.
const OBJECT = 700;
const BIGINT = 100;
const FLOATS = 12;
const DOUBLES = 6;
const SHORT = 48; // Integers of a byte.
// Messages of a few bytes each.
const SMALL = 64;
// Graphs in graphs.
const DEEPEST = 64;

type Message =
  | "model"
  | "graph"
  | "training"
  | "function"
  | "node"
  | "attribute"
  | "tensor"
  | "sparse"
  | "value"
  | "entry";

/** What a field of bytes is: a message, text, a name, raw contents, or numbers. */
type Field = Message | "text" | "name" | "raw" | number;

// By field number; what is not listed counts as small messages.
const FIELDS: Readonly<Record<Message, Readonly<Record<number, Field>>>> = {
  model: {
    2: "text",
    3: "text",
    4: "text",
    6: "text",
    7: "graph",
    14: "entry",
    20: "training",
    25: "function",
  },
  training: { 1: "graph", 2: "graph" },
  graph: {
    1: "node",
    2: "name",
    5: "tensor",
    10: "text",
    11: "value",
    12: "value",
    13: "value",
    15: "sparse",
    16: "entry",
  },
  function: {
    1: "name",
    4: "name",
    5: "name",
    6: "name",
    7: "node",
    8: "text",
    10: "name",
    11: "attribute",
    12: "value",
    14: "entry",
  },
  node: {
    1: "name",
    2: "name",
    3: "name",
    4: "name",
    5: "attribute",
    6: "text",
    7: "name",
    8: "name",
    9: "entry",
  },
  value: { 1: "name", 3: "text", 4: "entry" },
  attribute: {
    1: "name",
    4: "raw",
    5: "tensor",
    6: "graph",
    7: FLOATS,
    8: BIGINT,
    9: "name",
    10: "tensor",
    11: "graph",
    13: "text",
    21: "name",
    22: "sparse",
    23: "sparse",
  },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {
    1: BIGINT,
    4: FLOATS,
    5: SHORT,
    6: "name",
    7: BIGINT,
    8: "name",
    9: "raw",
    10: DOUBLES,
    11: BIGINT,
    12: "text",
    13: "entry",
  },
  entry: { 1: "text", 2: "text" },
};

/** What a file holds. */
export interface ModelSize {
  /** Nodes, everywhere. */
  readonly nodes: number;
  /** Bytes of metadata and documentation. */
  readonly text: number;
  /** About how many bytes its messages take in memory. */
  readonly memory: number;
}

/** Bytes that are no message. */
class Torn extends Error {}

/**
 * Counts what a file holds. Of bytes that are no model it counts as far as they go.
 *
 * @param bytes The contents of an .onnx file.
 */
export function sizeOfModel(bytes: Uint8Array): ModelSize {
  const counted = { nodes: 0, text: 0, memory: 0 };
  try {
    count(bytes, 0, bytes.length, "model", 0, counted);
  } catch (error) {
    // Whoever parses it says so.
    if (!(error instanceof Torn)) throw error;
  }
  return counted;
}

function count(
  bytes: Uint8Array,
  from: number,
  to: number,
  message: Message,
  depth: number,
  counted: { nodes: number; text: number; memory: number },
): void {
  counted.memory += OBJECT;
  if (message === "node") counted.nodes++;
  if (depth > DEEPEST) throw new Torn();
  const fields = FIELDS[message];
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || at > to) throw new Torn();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < to) {
    const tag = varint();
    const type = tag % 8;
    // One number of a list that is not packed, or a field of its own.
    if (type !== 2) {
      if (type === 0) varint();
      else if (type === 1) at += 8;
      else if (type === 5) at += 4;
      else throw new Torn();
      counted.memory += BIGINT;
      continue;
    }
    const length = varint();
    const end = at + length;
    if (end > to) throw new Torn();
    const field = fields[Math.floor(tag / 8)];
    if (typeof field === "number") counted.memory += length * field;
    else if (field === "text" || field === "name") {
      if (field === "text") counted.text += length;
      counted.memory += SMALL + length;
    } else if (field === undefined) {
      counted.memory += SMALL * (1 + length);
    } else if (field !== "raw") {
      count(bytes, at, end, field, depth + 1, counted);
    }
    at = end;
  }
}

/**
 * Refuses a file that would take more memory than what it is worth.
 *
 * @param bytes The contents of an .onnx file.
 * @param source What to call it in messages.
 * @throws {FileError} naming what there is too much of, and how much is read.
 */
export function checkModelSize(bytes: Uint8Array, source: string): void {
  const { nodes, text, memory } = sizeOfModel(bytes);
  const many = (n: number) => n.toLocaleString("en");
  const mib = (n: number) => `${many(Math.ceil(n / 2 ** 20))} MiB`;
  const refuse = (what: string, most: string) => {
    throw new FileError(
      `Cannot read ${source}: it has ${what}; at most ${most} are read`,
    );
  };
  if (nodes > MOST_NODES) refuse(`${many(nodes)} nodes`, many(MOST_NODES));
  if (text > MOST_TEXT) {
    refuse(`${mib(text)} of metadata and documentation`, mib(MOST_TEXT));
  }
  if (memory > MOST_MEMORY) {
    refuse(
      `names, shapes and numbers that take about ${mib(memory)} of memory`,
      mib(MOST_MEMORY),
    );
  }
}

/**
 * Refuses a file that is larger than a message can be, before it is read.
 *
 * @param path The file.
 * @throws {FileError} if it is, with its size. Whoever reads it says what else is
 * wrong with it.
 */
export async function checkFileSize(path: string): Promise<void> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info || info.size <= MOST_BYTES) return;
  throw new FileError(
    `Cannot read ${path}: it has ${
      info.size.toLocaleString("en")
    } bytes, and an ` +
      `ONNX file at most ${
        MOST_BYTES.toLocaleString("en")
      }: larger weights lie in ` +
      "files beside it",
  );
}
