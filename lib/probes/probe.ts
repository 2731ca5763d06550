/**
 * What a probe is, and what it is given.
 *
 * @module
 */

import {
  type Config,
  configKeys,
  definitionsOf,
  resolveConfig,
} from "../config/config.ts";
import type { Dataset } from "../data/dataset.ts";
import { datasetOf } from "../data/task.ts";
import type { ProbeModel } from "../onnx/probe_model.ts";
import { type HostTensor, hostTensorOf } from "../onnx/tensor.ts";

/** A checkpoint that lacks what a probe needs. */
export class NotApplicableError extends TypeError {
  /** What tells it from other errors. */
  override name = "NotApplicableError";
}

/** A question to a checkpoint. */
export interface Probe<Result = unknown> {
  /** Its name on the command line. */
  readonly name: string;
  /** What it finds out, in a line. */
  readonly describe: string;
  /** What a checkpoint must have for it, in words. */
  readonly needs: string;
  /**
   * Answers it.
   *
   * @param context The checkpoint and its task.
   * @returns Plain JSON; formulas and units stand at the result's type.
   * @throws {NotApplicableError} if the checkpoint lacks what it needs.
   */
  compute(context: ProbeContext): Result | Promise<Result>;
}

/** A checkpoint with its task: what probes are computed from. */
export class ProbeContext {
  /** The file. */
  readonly model: ProbeModel;
  #dataset: Dataset | undefined;

  /** The context of an opened file. */
  constructor(model: ProbeModel) {
    this.model = model;
  }

  /**
   * The experiment that the checkpoint says it comes from.
   *
   * @throws {NotApplicableError} if it says none.
   */
  get config(): Config {
    const config = this.model.metadata("config");
    if (config === undefined) {
      throw new NotApplicableError(
        `${this.model.source} does not say which task it was trained on ` +
          "(no groklab.config in its metadata)",
      );
    }
    // Settings that a later version added say nothing to this one's probes.
    const known = Object.entries(config as object)
      .filter(([key]) => configKeys.includes(key as keyof Config));
    try {
      return resolveConfig(Object.fromEntries(known));
    } catch (error) {
      throw new NotApplicableError(
        `${this.model.source} was trained on what this version cannot: ` +
          (error as Error).message,
        { cause: error },
      );
    }
  }

  /** Every row of the task: all pairs, or all bit vectors. */
  get dataset(): Dataset {
    return this.#dataset ??= datasetOf(this.config);
  }

  /** Every row of the task as the model's input. */
  inputs(): Record<string, HostTensor> {
    const { inputs } = this.dataset;
    const [name] = this.model.inputNames;
    const shape = [inputs.length, inputs[0]!.length];
    const { task } = definitionsOf(this.config);
    const { kind } = task.form(this.config).input;
    const dtype = kind === "tokens" ? "int64" : "float32";
    return { [name!]: hostTensorOf(dtype, shape, inputs.flat()) };
  }

  /** The classes of the rows, int64 [n]. */
  labels(): HostTensor {
    const { labels } = this.dataset;
    return hostTensorOf("int64", [labels.length], labels);
  }

  /**
   * A weight as numbers.
   *
   * @throws {NotApplicableError} if the model has none of that name.
   */
  weight(name: string): HostTensor {
    const weight = this.model.weight(name);
    if (!weight) {
      throw new NotApplicableError(
        `${this.model.source} has no weight ${name}; it has ` +
          (this.model.weightNames.join(", ") || "none"),
      );
    }
    return weight;
  }
}
