/**
 * From a config to the things that it names: data, model, loss, optimizer.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs-core";
import type { Config } from "../config/config.ts";
import { type Split, split } from "../data/dataset.ts";
import { randomKey } from "../data/random.ts";
import { dataKey, datasetOf } from "../data/task.ts";
import { type Loss, losses } from "../losses/mod.ts";
import { type HostTensor, hostTensorOf } from "../onnx/tensor.ts";
import {
  type GradientTransformation,
  makeOptimizer,
  type Rate,
} from "../optim/mod.ts";
import type { Tree } from "../tree.ts";
import { mlp } from "../../models/mlp.ts";
import type { Model } from "../../models/model.ts";
import { transformer } from "../../models/transformer.ts";

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
  const key = randomKey(config.seed);
  const dataset = datasetOf(config);
  const model = makeModel(config);
  return {
    config,
    split: split(dataset, config.trainFraction, dataKey(config)("split")),
    model,
    loss: losses[config.loss],
    optimizer: optimizerOf(config),
    params: model.init(key, config.precision),
  };
}

/**
 * The optimizer that a config describes, ⊥Grad included.
 *
 * @param config The config.
 * @param rates What stands in place of the config's own rates.
 */
export function optimizerOf(
  config: Config,
  rates: { readonly lr?: Rate; readonly weightDecay?: Rate } = {},
): GradientTransformation {
  const { perpGrad, perpScope, perpRenormalise } = config;
  return makeOptimizer(
    config.optimizer,
    { ...config, ...rates },
    perpGrad && { scope: perpScope, renormalise: perpRenormalise },
  );
}

/** The model that a config describes. */
export function makeModel(config: Config): Model {
  const { task, modulus, hidden, bits } = config;
  if (config.model === "transformer") {
    // A model is generic in its tree of parameters; init and apply of one model
    // agree on it.
    return transformer(config) as unknown as Model;
  }
  const onBits = task === "parity";
  return mlp({
    inputs: onBits ? { bits } : { modulus },
    hidden,
    classes: onBits ? 2 : modulus,
    biases: config.biases ?? onBits,
  }) as unknown as Model;
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
