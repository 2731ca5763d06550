/**
 * Files that other tools wrote: which task they were trained on, and what their
 * weights and activations are called.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import { checkOptions } from "../../base/options.ts";
import { short } from "../../base/terminal.ts";
import { isPrime, type OperationName } from "../../data/tasks/modular.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { aliasesOf } from "../context/name_map.ts";
import { namesOf } from "../context/names.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import type { TaskSizes } from "../context/orientation.ts";
import {
  modularPairs,
  type ModularTask,
  type ProbedTask,
} from "../context/task.ts";
import { FOREIGN, type ForeignOptions } from "./options.ts";
import {
  type InputEncoding,
  inputEncodingsOf,
  inputOf,
  largest,
} from "./signature/input_encoding.ts";
import { findSignature, rowsOf } from "./signature/signature.ts";
import {
  introduceRows,
  lossNamed,
  readSplit,
  splitName,
} from "./split/introduce_rows.ts";
import { splitOfPairs } from "./split/split_task.ts";

/** A file with the task and the names that it was given. */
export interface Introduced {
  /** The file, asked by the names of the map. */
  readonly model: ProbeModel;
  /** The task; undefined where the file says it itself, or nothing does. */
  readonly task?: ProbedTask;
  /** The map, where it was proposed. */
  readonly map?: string;
  /** How inputs and logits were made out, where the file leaves it open. */
  readonly notes?: readonly string[];
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
  checkOptions("introduce()", options, FOREIGN);
  const { map, ...rest } = foreignOf(options);
  const { modulus, operation, split, loss } = rest;
  const told = Object.entries(rest).find(([, value]) => value !== undefined);
  const config = model.metadata("config") as
    | { task?: string; modulus?: number }
    | undefined;
  if (told && config !== undefined) throw saysItself(model, config, told[0]);
  if (modulus === undefined && split !== undefined) {
    return await introduceRows(model, { ...options, split });
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
  if (config !== undefined && map === "auto") {
    throw new UsageError(
      `--map auto must be left out: ${model.source} has the names that probes ` +
        "know",
    );
  }
  if (modulus === undefined || config !== undefined) {
    return { model: await named(model, map!, config?.modulus ?? 0) };
  }
  const modular = pairsOf(operation ?? "add", modulus);
  const { encoding, logits, notes, ...understood } = await findSignature(
    model,
    modular,
    options,
  );
  const only = understood.model.only([logits.name]);
  const task = taskOf(modular, encoding);
  const sizes = sizesOf(encoding, modulus, logits.classes);
  const names = await namesOf(map, only, sizes, task.input);
  return {
    model: names.model,
    task: {
      ...task,
      ...(split !== undefined && {
        split: always(
          splitOfPairs(await readSplit(split), modular, splitName(split)),
        ),
      }),
      ...lossNamed(loss),
    },
    ...names.proposed,
    notes: [...notes, ...names.notes, ...numbersIn(only)],
  };
}

const saysItself = (
  model: ProbeModel,
  config: { readonly task?: string; readonly modulus?: number },
  told: string,
) =>
  new UsageError(
    `--${told} must be left out: ${model.source} says itself that it was ` +
      `trained on ${config.task} mod ${config.modulus}`,
  );

// What may have been trained and counts for no weight: a temperature of 2.
function numbersIn({ constants }: ProbeModel): string[] {
  const found = constants.filter(({ number }) => number !== undefined);
  if (found.length === 0) return [];
  const [some, rest] = [found.slice(0, 4), found.length - 4];
  return [
    "no weights, but numbers that formulas are written with: " +
    some.map(({ name, number }) => `${name} = ${short(number!)}`).join(", ") +
    (rest > 0 ? ` and ${rest} more (--contents)` : ""),
  ];
}

/** What is told of a file, out of other options. */
export function foreignOf(
  options: { [K in keyof ForeignOptions]: ForeignOptions[K] | undefined },
): ForeignOptions {
  const { modulus, operation, tokens, input, output, split, loss, map } =
    options;
  return Object.fromEntries(
    Object.entries({
      ...{ modulus, operation, tokens, input, output, split, loss, map },
    }).filter(([, value]) => value !== undefined),
  );
}

const always = <T>(value: T) => () => value;

// A file that says itself what it was trained on.
async function named(
  model: ProbeModel,
  map: string,
  p: number,
): Promise<ProbeModel> {
  const [input] = await model.inputs();
  const [encoding] = inputEncodingsOf(model.source, input!, p, undefined);
  const [output] = await model.outputs();
  const classes = output!.shape.at(-1);
  const sizes = sizesOf(
    encoding!,
    p,
    typeof classes === "number" ? classes : p,
  );
  return model.withAliases(aliasesOf(map, model, sizes));
}

function sizesOf(
  { row, as, width }: InputEncoding,
  p: number,
  classes: number,
): TaskSizes {
  const tokens = largest(row, p) + 1;
  const side = as === "one-hot side by side";
  return {
    // Often there is a token "=" that is never read, or one that is cut off.
    vocabulary: (length) => [tokens, p, p + 1].includes(length),
    length: side ? undefined : row.length,
    oneHot: side ? row.length * width : undefined,
    classes,
  };
}

function pairsOf(operation: OperationName, p: number): ModularTask {
  if (operation === "divide" && !isPrime(p)) {
    throw new UsageError(
      `--operation divide needs a --modulus that is a prime, got ${p}`,
    );
  }
  return modularPairs(operation, p, true);
}

function taskOf(modular: ModularTask, encoding: InputEncoding): ProbedTask {
  const { operation, modulus, labels } = modular;
  const inputs = rowsOf(modular, encoding.row);
  return {
    name: operation,
    dataset: { inputs, labels: [...labels], classes: modulus },
    labels,
    config: undefined,
    input: inputOf(inputs, encoding),
    modular: () => modular,
    split() {
      throw new NotApplicableError(
        "Nothing says which rows the file was trained on: --split does",
      );
    },
  };
}
