/**
 * From a config to the things that it names: data, model, loss, optimizer.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs-core";
import { type Config, definitionsOf } from "../config/config.ts";
import type { Split } from "../data/dataset.ts";
import { randomKey } from "../data/random.ts";
import { splitOf } from "../data/task.ts";
import { type Loss, scaleCorrectLogit } from "../losses/mod.ts";
import { type HostTensor, hostTensorOf } from "../onnx/tensor.ts";
import { chain, type GradientTransformation, type Rate } from "../optim/mod.ts";
import type { Tree } from "../tree.ts";
import type { Model } from "../../models/model.ts";

/** Everything that training needs, made from a config. */
export interface Experiment {
  /** The resolved config. */
  readonly config: Config;
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

/** A dataset's rows as tensors. */
export interface Batch<T = tf.Tensor> {
  /** [n, …row] as the model takes them. */
  readonly inputs: T;
  /** [n], the class of each row. */
  readonly labels: T;
}

/** Makes the experiment that a config describes. */
export function makeExperiment(config: Config): Experiment {
  const model = makeModel(config);
  return {
    config,
    split: splitOf(config),
    model,
    loss: lossOf(config),
    optimizer: optimizerOf(config),
    params: model.init(randomKey(config.seed), config.precision),
  };
}

/** The loss that a config describes. */
export function lossOf(config: Config): Loss {
  const { loss } = definitionsOf(config);
  return scaleCorrectLogit(loss.make(config), config.correctLogitScale);
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
): [name: string, part: GradientTransformation][] {
  const { optimizer, stages } = definitionsOf(config);
  const made = (place: "gradient" | "update") =>
    stages.filter((stage) => stage.place === place)
      .map((stage): [string, GradientTransformation] => [
        stage.by,
        stage.make(config),
      ]);
  const base = optimizer.make({ ...config, ...rates });
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
 */
export function optimizerOf(
  config: Config,
  rates: { readonly lr?: Rate; readonly weightDecay?: Rate } = {},
): GradientTransformation {
  const parts = optimizerParts(config, rates).map(([, part]) => part);
  return parts.length === 1 ? parts[0]! : chain(...parts);
}

/** The model that a config describes. */
export function makeModel(config: Config): Model {
  const { task, model } = definitionsOf(config);
  return model.make(task.form(config), config);
}

/** A part of a split as tensors in the host's memory. */
export function hostBatch(
  { inputs, labels }: Split["train"],
  { row }: Model,
): Batch<HostTensor> {
  const shape = [labels.length, ...row.shape];
  return {
    inputs: hostTensorOf(row.dtype, shape, inputs.flat()),
    labels: hostTensorOf("int64", [labels.length], labels),
  };
}
