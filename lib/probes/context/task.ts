/**
 * The task that a checkpoint was trained on, as probes see it: its rows, which of
 * them were trained on, what is modular about them.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import { checkArgument, configCheck } from "../../base/options.ts";
import {
  type Config,
  configKeys,
  definitionsOf,
  resolveConfig,
} from "../../config/config.ts";
import { configWithout } from "../../config/stand_ins.ts";
import { configAt } from "../../config/switches.ts";
import { useProblem } from "../../config/used.ts";
import type { Dataset, Examples } from "../../data/dataset.ts";
import { sequenceKeys } from "../../data/sequence.ts";
import {
  modular,
  type OperationName,
  operations,
  type ResidueName,
} from "../../data/tasks/modular.ts";
import { datasetOf, splitOf } from "../../experiment/split.ts";
import type { Loss } from "../../losses/mod.ts";
import { type HostTensor, hostTensorOf } from "../../numeric/tensor.ts";
import { NotApplicableError } from "./not_applicable.ts";

/** Some rows of a task. */
export interface Part {
  /** Which rows of the whole. */
  readonly rows: Int32Array;
  /**
   * What they were labelled with, label noise included.
   *
   * @throws {NotApplicableError} if the task is a regression.
   */
  readonly labels: Int32Array;
}

/** The rows of a task in their parts. */
export interface TaskSplit {
  /** Those to train on. */
  readonly train: Part;
  /** Those to test; there may be none. */
  readonly test: Part;
  /** Further parts that the task has, by name. */
  readonly extra?: Readonly<Record<string, Part>>;
}

/** An operation modulo p, of which every row is a pair of residues. */
export interface ModularTask {
  /** The operation. */
  readonly operation: OperationName;
  /** p. */
  readonly modulus: number;
  /** Whether the network reads residues as tokens, or one-hot. */
  readonly tokens: boolean;
  /** The first operand of each row. */
  readonly a: Int32Array;
  /** The second operand of each row. */
  readonly b: Int32Array;
  /** a ∘ b mod p of each row. */
  readonly labels: Int32Array;
}

/** A task with all its rows. */
export interface ProbedTask {
  /** Its name: `add`. */
  readonly name: string;
  /** Every row: all pairs, or all bit vectors. */
  readonly dataset: Dataset;
  /**
   * The class of each row.
   *
   * @throws {NotApplicableError} if the task is a regression, which has none.
   */
  readonly labels: Int32Array;
  /** The experiment; undefined where the file says none. */
  readonly config: Config | undefined;
  /** The loss, where no experiment says it but somebody else. */
  readonly loss?: Loss;
  /** Every row as the model takes it. */
  readonly input: HostTensor;
  /**
   * The rows to train on and those to test.
   *
   * @throws {NotApplicableError} if nothing says which they are.
   */
  split(): TaskSplit;
  /**
   * What is modular about it.
   *
   * @throws {NotApplicableError} if it is no operation modulo p.
   */
  modular(): ModularTask;
}

/**
 * The experiment that metadata name.
 *
 * @param metadata A config of this version or an older one.
 * @param source What to call the file in messages.
 * @throws {NotApplicableError} if this version cannot make it.
 * @throws {UsageError} if it was made with another version of an extension.
 */
export function configOfMetadata(metadata: unknown, source: string): Config {
  // Without its extension there is still much to be found out.
  const without = configWithout(metadata);
  if (without) return without;
  // With another version of it numbers would be another's.
  const changed = useProblem(metadata);
  if (changed !== undefined) {
    throw new UsageError(`Cannot probe ${source}: ${changed}`);
  }
  // Settings that a later version added say nothing to this one's probes.
  const known = Object.entries(metadata as object)
    .filter(([key]) => configKeys.includes(key as keyof Config));
  try {
    return resolveConfig(Object.fromEntries(known));
  } catch (error) {
    throw new NotApplicableError(
      `${source} was trained on what this version cannot: ` +
        (error as Error).message,
      { cause: error },
    );
  }
}

/**
 * A config that has the rows trained on after some steps; the config itself where
 * no switch has brought others.
 */
export function rowsAt(config: Config, step: number): Config {
  const later = configAt(config, step);
  const same = sequenceKeys.every((key) => later[key] === config[key]);
  return same ? config : later;
}

/**
 * The task that a config names.
 *
 * @throws {TypeError} if it is no config as resolveConfig() gives it.
 */
export function taskOfConfig(config: Config): ProbedTask {
  checkArgument("taskOfConfig()", "config", config, configCheck);
  const dataset = datasetOf(config);
  const form = definitionsOf(config).task.form(config);
  const tokens = form.input.kind === "tokens";
  const { inputs } = dataset;
  const labels = labelsOf(config, dataset);
  let split: TaskSplit | undefined;
  let pairs: ModularTask | undefined;
  return {
    name: config.task,
    dataset,
    get labels() {
      return labels();
    },
    config,
    input: hostTensorOf(
      tokens ? "int64" : "float32",
      [inputs.length, inputs[0]!.length],
      inputs.flat(),
    ),
    split: () => split ??= rowsOfSplit(config, dataset),
    modular() {
      if (!(config.task in operations)) {
        throw new NotApplicableError(
          `It was trained on ${config.task}, which is no operation modulo p: ` +
            "its inputs are no residues",
        );
      }
      const operation = config.task as OperationName;
      const { modulus, residues } = config;
      return pairs ??= modularPairs(operation, modulus, tokens, residues);
    },
  };
}

/** An operation's pairs, in the order of its dataset, however they are encoded. */
export function modularPairs(
  operation: OperationName,
  modulus: number,
  tokens: boolean,
  residues?: ResidueName,
): ModularTask {
  const { inputs, labels } = modular(operation, modulus, residues);
  const operand = (i: number) => Int32Array.from(inputs, (row) => row[i]!);
  return {
    operation,
    modulus,
    tokens,
    a: operand(0),
    b: operand(1),
    labels: Int32Array.from(labels),
  };
}

function rowsOfSplit(config: Config, dataset: Dataset): TaskSplit {
  const { train, test, extra = {} } = splitOf(config, dataset);
  if (dataset.split) {
    // The rows of the whole are those of the parts, one behind the other.
    let end = 0;
    const next = (examples: Examples) => {
      const start = end;
      end += examples.inputs.length;
      return part(config, examples, (i) => start + i);
    };
    return {
      train: next(train),
      test: next(test),
      extra: Object.fromEntries(
        Object.entries(extra).map(([name, rows]) => [name, next(rows)]),
      ),
    };
  }
  // A part has the very rows of the whole.
  const places = new Map(dataset.inputs.map((row, i) => [row, i]));
  const find = ({ inputs }: Examples) => (i: number) => places.get(inputs[i]!)!;
  return {
    train: part(config, train, find(train)),
    test: part(config, test, find(test)),
  };
}

function part(
  config: Config,
  examples: Examples,
  place: (i: number) => number,
): Part {
  const labels = labelsOf(config, examples);
  return {
    rows: Int32Array.from(examples.inputs, (_, i) => place(i)),
    get labels() {
      return labels();
    },
  };
}

// The classes of rows, or who says that there are none: whatever reads them does not
// apply to a regression.
function labelsOf(
  { task }: Config,
  { labels, targets }: Examples,
): () => Int32Array {
  const classes = Int32Array.from(labels);
  return () => {
    if (!targets) return classes;
    throw new NotApplicableError(
      `It was trained on ${task}, a regression: its rows have no classes`,
    );
  };
}
