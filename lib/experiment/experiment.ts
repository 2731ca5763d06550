/**
 * From a config to the things that it names: data, model, loss, optimizer.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import {
  type Config,
  type Definitions,
  definitionsOf,
} from "../config/config.ts";
import { configAt } from "../config/switches.ts";
import type { Split } from "../data/dataset.ts";
import { randomKey, wordsOf } from "../numeric/random.ts";
import { squaresKey } from "../numeric/squares.ts";
import { datasetOf, splitOf } from "./split.ts";
import { UsageError } from "../base/errors.ts";
import { addZLoss, type Loss, scaleCorrectLogit } from "../losses/mod.ts";
import type { HostTensor } from "../numeric/tensor.ts";
import { chain, type GradientTransformation, type Rate } from "../optim/mod.ts";
import { scalar } from "../trace/precision.ts";
import type { Randomness } from "../trace/random.ts";
import type { Words } from "../numeric/threefry.ts";
import type { Tree } from "../base/tree.ts";
import { type Model, withScaledLogits } from "../../models/model.ts";
import { checkArgument, configCheck } from "../base/options.ts";

/** Everything that training needs, made from a config. */
export interface Experiment {
  /** The resolved config. */
  readonly config: Config;
  /** What it names. */
  readonly definitions: Definitions;
  /** Inputs of the train and the test rows as the model takes them. */
  readonly split: Split;
  /** The architecture. */
  readonly model: Model;
  /** The loss to train with. */
  readonly loss: Loss;
  /** The optimizer, ⊥Grad included. */
  readonly optimizer: GradientTransformation;
  /** The initial parameters. */
  readonly params: Tree<HostTensor>;
}

/**
 * Makes the experiment that a config describes.
 *
 * ```ts
 * import { makeExperiment, resolveConfig } from "@groklab/groklab";
 * import { onnxEngine } from "@groklab/groklab/train";
 * import { assert } from "@std/assert";
 *
 * const experiment = makeExperiment(
 *   resolveConfig({ modulus: 7, hidden: [16] }),
 * );
 * const engine = await onnxEngine(experiment);
 * const { losses } = await engine.advance(20, 10); // 20 updates
 * assert(losses.at(-1)! < losses[0]!);
 * await engine.close();
 * ```
 *
 * @throws {UsageError} if the train rows are too few for the batch size, or a
 * batch too small for the model.
 */
export function makeExperiment(config: Config): Experiment {
  checkArgument("makeExperiment()", "config", config, configCheck);
  const definitions = definitionsOf(config);
  const model = makeModel(config, definitions);
  const split = splitOf(config, datasetOf(config, definitions));
  const problem = batchProblem(config, model, split) ??
    laterProblem(config, model, definitions);
  if (problem !== undefined) throw new UsageError(problem);
  return {
    config,
    definitions,
    split,
    model,
    loss: lossOf(config, definitions),
    optimizer: optimizerOf(config, {}, definitions),
    params: model.init(randomKey(config.seed), config.precision),
  };
}

// What is wrong with the rows that a switch brings.
function laterProblem(
  config: Config,
  model: Model,
  { task }: Definitions,
): string | undefined {
  if ((task.form(config).tasks ?? 1) === 1) return;
  for (const { at } of config.switches) {
    const later = configAt(config, at);
    const problem = batchProblem(later, model, splitOf(later));
    if (problem !== undefined) return `From step ${at} on, ${problem}`;
  }
}

// Data files say only when they are read how many rows there are.
function batchProblem(
  { model: name, batchSize }: Config,
  { leastRows = 1 }: Model,
  { train: { inputs: { length: rows } } }: Split,
): string | undefined {
  if (batchSize !== null && batchSize > rows) {
    return `--batch-size must be at most ${rows}, the train rows, ` +
      `got ${batchSize}`;
  }
  if ((batchSize ?? rows) >= leastRows) return;
  return `The ${name} wants batches of ${leastRows} rows or more, got ` +
    (batchSize !== null ? `--batch-size ${batchSize}` : `${rows} to train on`);
}

/**
 * The key of what is random in an experiment's steps, as its generator wants it.
 *
 * @throws {TypeError} if it is no config as resolveConfig() gives it.
 */
export function stepKey(config: Config): Words {
  checkArgument("stepKey()", "config", config, configCheck);
  return config.generator === "squares"
    ? squaresKey(randomKey(config.seed)("steps"))
    : wordsOf(`${config.seed}:steps`);
}

/** What is random in an experiment's steps. */
export function randomnessOf(config: Config): Randomness {
  return { key: stepKey(config), generator: config.generator };
}

/**
 * The loss that a config describes.
 *
 * @param config The config.
 * @param definitions What it names, where that is known.
 * @throws {TypeError} if it is no config as resolveConfig() gives it.
 */
export function lossOf(
  config: Config,
  definitions?: Definitions,
): Loss {
  checkArgument("lossOf()", "config", config, configCheck);
  const { loss } = definitions ?? definitionsOf(config);
  const { correctLogitScale, zLoss = 0 } = config;
  return scaleCorrectLogit(
    addZLoss(loss.make(config), zLoss),
    correctLogitScale,
  );
}

/**
 * The parts of a config's optimizer by their names in the registries, first to
 * last: stages, the optimizer itself, stages.
 *
 * @param config The config.
 * @param rates What stands in place of the config's own rates.
 */
function optimizerParts(
  config: Config,
  rates: { readonly lr?: Rate; readonly weightDecay?: Rate } = {},
  definitions = definitionsOf(config),
): [name: string, part: GradientTransformation][] {
  const { model, optimizer, stages } = definitions;
  const decided = {
    ...config,
    perpProjections: config.perpProjections ?? model.projections ?? "apart",
  };
  const made = (place: "gradient" | "update") =>
    stages.filter((stage) => stage.place === place)
      .map((stage): [string, GradientTransformation] => [
        stage.by,
        stage.make(decided),
      ]);
  const { lr = config.lr, weightDecay = config.weightDecay } = rates;
  const base = optimizer.make({
    ...decided,
    lr: perSquare(lr, config.outputScale),
    weightDecay,
  });
  return [...made("gradient"), [config.optimizer, base], ...made("update")];
}

/**
 * The parts of a config's optimizer, and where the state of each lies in the
 * optimizer's: what stands before its paths.
 */
export function optimizerPrefixes(config: Config): Map<string, string> {
  const parts = optimizerParts(config);
  return new Map(
    parts.map(([name], i) => [name, parts.length === 1 ? "" : `${i}.`]),
  );
}

/**
 * The optimizer that a config describes, with the stages before and behind it:
 * those see the plain gradient, weight decay stays with the optimizer.
 *
 * @param config The config.
 * @param rates What stands in place of the config's own rates.
 * @param definitions What it names, where that is known.
 * @throws {TypeError} if it is no config as resolveConfig() gives it.
 */
export function optimizerOf(
  config: Config,
  rates: { readonly lr?: Rate; readonly weightDecay?: Rate } = {},
  definitions?: Definitions,
): GradientTransformation {
  checkArgument("optimizerOf()", "config", config, configCheck);
  const parts = optimizerParts(config, rates, definitions).map(([, part]) =>
    part
  );
  return parts.length === 1 ? parts[0]! : chain(...parts);
}

// rate/α²
const perSquare = (rate: Rate, alpha: number): Rate => {
  if (alpha === 1) return rate;
  return typeof rate === "number"
    ? rate / alpha ** 2
    : tf.div(rate, scalar(alpha ** 2));
};

/**
 * The model that a config describes, its logits scaled.
 *
 * @param config The config.
 * @param definitions What it names, where that is known.
 * @throws {TypeError} if it is no config as resolveConfig() gives it.
 */
export function makeModel(
  config: Config,
  definitions?: Definitions,
): Model {
  checkArgument("makeModel()", "config", config, configCheck);
  const { task, model } = definitions ?? definitionsOf(config);
  const made = model.make(task.form(config), config);
  return config.outputScale === 1
    ? made
    : withScaledLogits(made, config.outputScale);
}
