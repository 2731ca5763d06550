/**
 * Files that other tools wrote: which task they were trained on, and what their
 * weights and activations are called.
 *
 * @module
 */

import { maxOf } from "../extremes.ts";
import { UsageError } from "../errors.ts";
import { isPrime, type OperationName } from "../data/modular.ts";
import type { ProbeModel } from "../onnx/probe_model.ts";
import type { ValueSpec } from "../onnx/session.ts";
import { type HostTensor, hostTensorOf } from "../onnx/tensor.ts";
import { aliasesOf, type TaskSizes } from "./name_map.ts";
import { NotApplicableError } from "./probe.ts";
import { modularPairs, type ModularTask, type ProbedTask } from "./task.ts";

/** What is told of a file that does not say it itself. */
export interface ForeignOptions {
  /** p, of an operation modulo p. */
  readonly modulus?: number;
  /** Which operation; by default addition. */
  readonly operation?: OperationName;
  /**
   * What a row is: `a`, `b`, `=` (the token p) and numbers of other tokens, with
   * commas between. By default `a,b`, of a model that reads three tokens `a,b,=`.
   */
  readonly tokens?: string;
  /** Names of weights and activations: `W_E=embedding.weight,W_U=head.weight:T`. */
  readonly map?: string;
}

/** A file with the task and the names that it was given. */
export interface Introduced {
  /** The file, asked by the names of the map. */
  readonly model: ProbeModel;
  /** The task; undefined where the file says it itself, or nothing does. */
  readonly task?: ProbedTask;
}

/**
 * Gives a file its task and its names.
 *
 * @param model The file.
 * @param options What is told of it.
 * @throws {UsageError} if it says itself what it was trained on, or does not fit
 * what is told.
 */
export async function introduce(
  model: ProbeModel,
  options: ForeignOptions,
): Promise<Introduced> {
  const { modulus, operation, tokens, map } = options;
  const told = Object.entries({ modulus, operation, tokens })
    .find(([, value]) => value !== undefined);
  const config = model.metadata("config") as
    | { task?: string; modulus?: number }
    | undefined;
  if (told && config !== undefined) {
    throw new UsageError(
      `--${
        told[0]
      } must be left out: ${model.source} says itself that it was ` +
        `trained on ${config.task} mod ${config.modulus}`,
    );
  }
  if (modulus === undefined) {
    if (!told && map === undefined) return { model };
    if (config === undefined) {
      throw new UsageError(
        `--modulus must come with ${
          map === undefined ? `--${told![0]}` : "--map"
        }:` +
          ` ${model.source} does not say what it was trained on`,
      );
    }
  }
  const p = modulus ?? config?.modulus ?? 0;
  const reading = readingOf(model, await model.inputs(), p, tokens);
  const classes = await classesOf(model, p);
  const introduced = map === undefined ? model : model.withAliases(
    aliasesOf(map, model, sizesOf(reading, p, classes)),
  );
  return {
    model: introduced,
    ...(config === undefined && {
      task: taskOf(operation ?? "add", p, reading),
    }),
  };
}

/** What a model reads of a pair. */
interface Reading {
  /** The tokens; a and b are functions of the pair. */
  readonly row: readonly ("a" | "b" | number)[];
  /** Tokens as integers, or one-hot: side by side, or each in a row of its own. */
  readonly as: "tokens" | "one-hot side by side" | "one-hot rows";
  /** The input's element type. */
  readonly dtype: "int64" | "int32" | "float32" | "float64";
  /** How many different tokens one-hot rows have. */
  readonly vocabulary: number | undefined;
}

function readingOf(
  model: ProbeModel,
  inputs: readonly ValueSpec[],
  p: number,
  text: string | undefined,
): Reading {
  const [input, ...others] = inputs;
  if (!input || others.length > 0) {
    throw new UsageError(
      `Cannot give ${model.source} pairs: it has ` +
        `${inputs.length} inputs (${
          inputs.map(({ name }) => name).join(", ")
        }), ` +
        "wanted one, of tokens or one-hot",
    );
  }
  const { dtype, shape } = input;
  const integer = dtype === "int64" || dtype === "int32";
  const axes = integer ? [2] : [2, 3];
  const known = integer || dtype === "float32" || dtype === "float64";
  if (!known || !axes.includes(shape.length)) {
    throw new UsageError(
      `Cannot give ${model.source} pairs: its input ${input.name} is ${dtype} ` +
        `[${shape}], wanted integers [batch, tokens], or one-hot floats ` +
        "[batch, tokens, vocabulary] or [batch, tokens · vocabulary]",
    );
  }
  const as = integer
    ? "tokens"
    : shape.length === 3
    ? "one-hot rows"
    : "one-hot side by side";
  const length = shape[1]!;
  const three = as !== "one-hot side by side" && length === 3;
  const row = tokensOf(text ?? (three ? "a,b,=" : "a,b"), p);
  const wide = shape[2];
  const vocabulary = typeof wide === "number" ? wide : largest(row, p) + 1;
  const wanted = as === "one-hot side by side"
    ? row.length * sideBySide(row, p)
    : row.length;
  if (typeof length === "number" && length !== wanted) {
    throw new UsageError(
      `--tokens must give what ${model.source} reads: its input ${input.name} ` +
        `is ${dtype} [${shape}], and ${text ?? row.join()} modulo ${p} is ` +
        `[batch, ${wanted}]`,
    );
  }
  return { row, as, dtype, vocabulary } as Reading;
}

const largest = (row: Reading["row"], p: number) =>
  maxOf([p - 1, ...row.filter((token) => typeof token === "number")]);

const sideBySide = (row: Reading["row"], p: number) => largest(row, p) + 1;

function tokensOf(text: string, p: number): Reading["row"] {
  const row = text.split(",").map((token) => token.trim()).map((token) =>
    token === "a" || token === "b" ? token : token === "=" ? p : Number(token)
  );
  const bad = row.some((token) =>
    typeof token === "number" && !(Number.isInteger(token) && token >= 0)
  );
  if (bad || text.trim() === "" || !row.includes("a") || !row.includes("b")) {
    throw new UsageError(
      "--tokens must be a, b, = and numbers of tokens with commas between, a and " +
        `b among them, got ${text}`,
    );
  }
  return row;
}

async function classesOf(model: ProbeModel, p: number): Promise<number> {
  const [{ name, shape }] = await model.outputs() as [ValueSpec];
  const classes = shape.at(-1);
  const declared = typeof classes === "number" ? classes : p;
  if (shape.length < 2 || shape.length > 3 || declared < p) {
    throw new UsageError(
      `Cannot probe ${model.source} modulo ${p}: its output ${name} has shape ` +
        `[${shape}], wanted logits of ${p} classes or more, [batch, classes] or ` +
        "[batch, position, classes]",
    );
  }
  return declared;
}

function sizesOf({ row, as }: Reading, p: number, classes: number): TaskSizes {
  const tokens = largest(row, p) + 1;
  const side = as === "one-hot side by side";
  return {
    // Often there is a token "=" that this model does not read.
    vocabulary: (length) => length === tokens || length === p + 1,
    length: side ? undefined : row.length,
    oneHot: side ? row.length * tokens : undefined,
    classes,
  };
}

function taskOf(
  operation: OperationName,
  p: number,
  reading: Reading,
): ProbedTask {
  if (operation === "divide" && !isPrime(p)) {
    throw new UsageError(
      `--operation divide needs a --modulus that is a prime, got ${p}`,
    );
  }
  const modular: ModularTask = modularPairs(operation, p, true);
  const { a, b, labels } = modular;
  const inputs = [...labels.keys()].map((i) =>
    reading.row.map((token) =>
      token === "a" ? a[i]! : token === "b" ? b[i]! : token
    )
  );
  return {
    name: operation,
    dataset: { inputs, labels: [...labels], classes: p },
    labels,
    config: undefined,
    input: inputOf(inputs, reading, p),
    modular: () => modular,
    split() {
      throw new NotApplicableError(
        "Nothing says which rows the file was trained on",
      );
    },
  };
}

function inputOf(
  inputs: readonly (readonly number[])[],
  { row, as, dtype, vocabulary }: Reading,
  p: number,
): HostTensor {
  const [rows, length] = [inputs.length, row.length];
  if (as === "tokens") {
    return hostTensorOf(dtype, [rows, length], inputs.flat());
  }
  const width = as === "one-hot rows" ? vocabulary! : sideBySide(row, p);
  const data = new Float32Array(rows * length * width);
  inputs.flat().forEach((token, i) => data[i * width + token] = 1);
  const shape = as === "one-hot rows"
    ? [rows, length, width]
    : [rows, length * width];
  return hostTensorOf(dtype, shape, data);
}
