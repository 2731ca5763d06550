/**
 * From a config to the things that it names: data, model, loss, optimizer.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs-core";
import { type Config, definitionsOf } from "../config/config.ts";
import type { Split } from "../data/dataset.ts";
import { randomKey, wordsOf } from "../data/random.ts";
import { splitOf } from "../data/task.ts";
import type { Loss } from "../losses/mod.ts";
import { type HostTensor, hostTensorOf } from "../onnx/tensor.ts";
import { chain, type GradientTransformation, type Rate } from "../optim/mod.ts";
import type { Words } from "../trace/threefry.ts";
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
    loss: definitionsOf(config).loss.make(config),
    optimizer: optimizerOf(config),
    params: model.init(randomKey(config.seed), config.precision),
  };
}

/** The key of what is random in an experiment's steps. */
export function stepKey({ seed }: Config): Words {
  return wordsOf(`${seed}:steps`);
}

/** What the first step finds in the model's buffers; empty where it has none. */
export function buffersOf(
  { model, config }: Experiment,
): Tree<HostTensor> {
  return model.buffers?.(config.precision) ?? {};
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
  const { optimizer, stages } = definitionsOf(config);
  const made = (place: "gradient" | "update") =>
    stages.filter((stage) => stage.place === place)
      .map((stage) => stage.make(config));
  const base = optimizer.make({ ...config, ...rates });
  const all = [...made("gradient"), base, ...made("update")];
  return all.length === 1 ? base : chain(...all);
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
