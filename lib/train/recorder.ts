/**
 * What a training leaves behind: metrics, checkpoints, and how it ended.
 *
 * @module
 */

import { type HostState, modelTensors, under } from "../../models/buffers.ts";
import type { Model } from "../../models/model.ts";
import { append } from "../base/extremes.ts";
import { treeOf } from "../base/tree.ts";
import type { Config } from "../config/config.ts";
import { configAt, firstStep } from "../config/switches.ts";
import type { Evaluated, Evaluation } from "../engine/engine.ts";
import type { DType } from "../numeric/tensor.ts";
import {
  type CheckpointMetadata,
  encodeTensors,
} from "../onnx/file/metadata.ts";
import { type CheckpointWriter, checkpointWriter } from "../runs/checkpoint.ts";
import { reachedStep, type TrainResult } from "../runs/result.ts";
import type { MetricsRow, RunWriter } from "../runs/run_folder.ts";

// How old the state on the disk may get.
const FOLLOW_MS = 15_000;

/** A run that is recorded. */
export interface Recorded {
  /** Its config. */
  readonly config: Config;
  /** Its folder. */
  readonly run: RunWriter;
  /** Updates made before. */
  readonly step: number;
  /** The metrics before them. */
  readonly rows?: readonly MetricsRow[];
}

/** How a training ends, beside its last state. */
export interface Ending {
  /** Milliseconds a step, of the last chunk. */
  readonly ms: number;
  /** Seconds of training. */
  readonly seconds: number;
  /** The first step whose loss or state was not finite, if there was one. */
  readonly diverged?: number | undefined;
  /** Where the loss was finite there: the path of a tensor that was not. */
  readonly broken?: string | undefined;
}

/** Writes one run while it is trained. */
export class Recorder {
  /** The run's config. */
  readonly config: Config;
  readonly #run: RunWriter;
  readonly #encode: CheckpointEncoder;
  readonly #rows: MetricsRow[];
  // The first step of this sitting.
  readonly #since: number;
  // Beside the checkpoints that were asked for, one that follows the training:
  // a run that is killed leaves its last state but a few seconds.
  #follower: number | undefined;
  #written = performance.now();

  /**
   * Starts recording.
   *
   * @param recorded The run.
   * @param encode What makes its checkpoints, which runs of a model share.
   */
  constructor(
    { config, run, step, rows = [] }: Recorded,
    encode: CheckpointEncoder,
  ) {
    this.config = config;
    this.#run = run;
    this.#encode = encode;
    this.#rows = [...rows];
    this.#since = step;
    if (!isKept(config, step)) this.#follower = step;
  }

  /** Writes evaluations as rows and returns these. */
  async record(
    evaluations: readonly Evaluation[],
    ms: number,
  ): Promise<MetricsRow[]> {
    const fresh = evaluations.map(({ step, metrics }) => ({
      step,
      ...metrics,
      ms_per_step: Math.round(ms * 1000) / 1000,
    }));
    append(this.#rows, fresh);
    await this.#run.appendMetrics(fresh);
    return fresh;
  }

  /** Whether the state on the disk has grown old. */
  get late(): boolean {
    return performance.now() - this.#written > FOLLOW_MS;
  }

  /** Writes a checkpoint and returns its path. */
  async save(
    { evaluation: { step, metrics }, state }: Evaluated,
  ): Promise<string> {
    const config = configAt(this.config, step);
    const buffers = Object.keys(under(state, "buffers."));
    const model = await this.#encode(modelTensors(state), {
      config,
      step,
      metrics,
      ...(buffers.length > 0 && { buffers }),
    });
    const optimizer = under(state, "optimizer.");
    return this.#run.writeCheckpoint(
      step,
      model,
      Object.keys(optimizer).length > 0
        ? encodeTensors("optimizer", optimizer)
        : undefined,
    );
  }

  /**
   * Removes the checkpoint that followed the training until now, once another
   * was saved; that one follows from here on, unless it was asked for.
   *
   * @param step The step that was saved.
   */
  async settle(step: number): Promise<void> {
    const old = this.#follower;
    this.#follower = isKept(this.config, step) ? undefined : step;
    this.#written = performance.now();
    if (old !== undefined && old !== step) {
      await this.#run.removeCheckpoint(old);
    }
  }

  /** Writes the last state and says how the training ended. */
  async finish(
    last: Evaluated,
    { ms, seconds, diverged, broken }: Ending,
  ): Promise<{ result: TrainResult; rows: MetricsRow[] }> {
    const { evaluation: { step, metrics } } = last;
    const rows = this.#rows.at(-1)?.step === step
      ? []
      : await this.record([last.evaluation], ms);
    const checkpoint = await this.save(last);
    const result = {
      run: this.#run.path,
      config: this.config,
      steps: step,
      memorised_at: reachedStep(this.config, this.#rows, "train"),
      grokked_at: reachedStep(this.config, this.#rows, "test"),
      ...(metrics.test_accuracy === undefined && {
        loss_threshold: this.config.lossThreshold ?? null,
      }),
      diverged_at: diverged ?? null,
      diverged_in: broken ?? null,
      final: metrics,
      ms_per_step: seconds * 1000 / Math.max(step - this.#since, 1),
      seconds,
      checkpoint,
      interrupted: diverged === undefined && step < this.config.steps,
    };
    return { result, rows };
  }

  /** Writes how the run ended, once its last state is saved. */
  async summarise(result: TrainResult): Promise<void> {
    await this.settle(result.steps);
    await this.#run.writeSummary(result);
  }
}

/** Whether a checkpoint of a step was asked for. */
export function isKept(config: Config, step: number): boolean {
  const { checkpointEvery } = config;
  return checkpointEvery !== null &&
    (step % checkpointEvery === 0 || step === firstStep(config));
}

/** Makes the bytes of a checkpoint of parameters and buffers, by path. */
export type CheckpointEncoder = (
  params: HostState,
  metadata: CheckpointMetadata & { readonly config: Config },
) => Promise<Uint8Array<ArrayBuffer>>;

/** What makes a model's checkpoints: of each precision the forward pass is traced once. */
export function checkpointEncoder(model: Model): CheckpointEncoder {
  const writers = new Map<DType, Promise<CheckpointWriter>>();
  return async (params, metadata) => {
    const { precision, runtime } = metadata.config;
    const writer = writers.get(precision) ??
      checkpointWriter(model, treeOf(Object.entries(params)), runtime);
    writers.set(precision, writer);
    return (await writer).encode(params, metadata);
  };
}
