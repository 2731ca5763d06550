/**
 * What a training leaves behind: metrics, checkpoints, and how it ended.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import {
  type CheckpointWriter,
  checkpointWriter,
  encodeTensors,
} from "../onnx/checkpoint.ts";
import type { MetricsRow, RunWriter } from "../runs/run_folder.ts";
import type { HostTensor } from "../onnx/tensor.ts";
import { leavesOf, treeOf } from "../tree.ts";
import type { Evaluation, HostState } from "./engine.ts";
import { buffersOf, type Experiment } from "./experiment.ts";

/** Accuracy from which a network counts as having memorised, or grokked. */
export const THRESHOLD = 0.99;

// How old the state on the disk may get.
const FOLLOW_MS = 15_000;

/** How a training ended; what `deno task train --json` prints. */
export interface TrainResult {
  /** The run's folder. */
  readonly run: string;
  /** The resolved config. */
  readonly config: Config;
  /** Updates made. */
  readonly steps: number;
  /** First evaluated step with train accuracy ≥ 0.99, or null. */
  readonly memorised_at: number | null;
  /** First evaluated step with test accuracy ≥ 0.99, or null. */
  readonly grokked_at: number | null;
  /** The metrics after the last update. */
  readonly final: Evaluation["metrics"];
  /** Mean milliseconds a step, evaluations included. */
  readonly ms_per_step: number;
  /** Seconds spent training, without the start. */
  readonly seconds: number;
  /** The last checkpoint's file. */
  readonly checkpoint: string;
  /** Whether it ended before the last step. */
  readonly interrupted: boolean;
}

/** An evaluated state of one run. */
export interface Evaluated {
  /** Its step and metrics. */
  readonly evaluation: Evaluation;
  /** Its parameters and optimizer state. */
  readonly state: HostState;
}

/** Writes one run while it is trained. */
export class Recorder {
  readonly #config: Config;
  readonly #run: RunWriter;
  readonly #checkpoints: CheckpointWriter;
  readonly #rows: MetricsRow[] = [];
  // Beside the checkpoints that were asked for, one that follows the training:
  // a run that is killed leaves its last state but a few seconds.
  #follower: number | undefined;
  #written = performance.now();

  private constructor(
    config: Config,
    run: RunWriter,
    checkpoints: CheckpointWriter,
  ) {
    this.#config = config;
    this.#run = run;
    this.#checkpoints = checkpoints;
  }

  /**
   * Starts recording into runs.
   *
   * @param experiment What is trained, of which only the model and its shapes
   * matter: all runs share what writes its checkpoints.
   * @param runs The runs with their configs.
   */
  static async createAll(
    experiment: Experiment,
    runs: readonly { readonly config: Config; readonly run: RunWriter }[],
  ): Promise<Recorder[]> {
    const { config, model, params } = experiment;
    const tensors = [...leavesOf(params), ...leavesOf(buffersOf(experiment))];
    const all = treeOf<HostTensor>(tensors);
    const writer = await checkpointWriter(model, all, config.runtime);
    return runs.map(({ config, run }) => new Recorder(config, run, writer));
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
    this.#rows.push(...fresh);
    await this.#run.appendMetrics(fresh);
    return fresh;
  }

  /** Writes the first state. */
  async begin(first: Evaluated): Promise<void> {
    if (this.#config.checkpointEvery === null) await this.follow(first);
    else await this.#save(first);
  }

  /** Writes a checkpoint that was asked for. */
  async keep(evaluated: Evaluated): Promise<void> {
    await this.#save(evaluated);
    await this.#forget(evaluated.evaluation.step);
  }

  /** Whether the state on the disk has grown old. */
  get late(): boolean {
    return performance.now() - this.#written > FOLLOW_MS;
  }

  /** Writes the checkpoint that follows the training, and removes the last. */
  async follow(evaluated: Evaluated): Promise<void> {
    const { step } = evaluated.evaluation;
    await this.#save(evaluated);
    await this.#forget(step);
    this.#follower = step;
  }

  /** Writes the last state and how the training ended. */
  async finish(
    last: Evaluated,
    { ms, seconds }: { ms: number; seconds: number },
  ): Promise<{ result: TrainResult; rows: MetricsRow[] }> {
    const { evaluation: { step, metrics } } = last;
    const rows = this.#rows.at(-1)?.step === step
      ? []
      : await this.record([last.evaluation], ms);
    const checkpoint = await this.#save(last);
    await this.#forget(step);
    const reached = (name: "train_accuracy" | "test_accuracy") =>
      this.#rows.find((row) => row[name] >= THRESHOLD)?.step ?? null;
    const result = {
      run: this.#run.path,
      config: this.#config,
      steps: step,
      memorised_at: reached("train_accuracy"),
      grokked_at: reached("test_accuracy"),
      final: metrics,
      ms_per_step: seconds * 1000 / Math.max(step, 1),
      seconds,
      checkpoint,
      interrupted: step < this.#config.steps,
    };
    return { result, rows };
  }

  /** Writes how the run ended. */
  summarise(result: TrainResult): Promise<void> {
    return this.#run.writeSummary(result);
  }

  #save({ evaluation: { step, metrics }, state }: Evaluated): Promise<string> {
    const buffers = part(state, "buffers.");
    const names = Object.keys(buffers);
    const tensors = { ...part(state, "params."), ...buffers };
    const model = this.#checkpoints.encode(tensors, {
      config: this.#config,
      step,
      metrics,
      ...(names.length > 0 && { buffers: names }),
    });
    const optimizer = part(state, "optimizer.");
    return this.#run.writeCheckpoint(
      step,
      model,
      Object.keys(optimizer).length > 0
        ? encodeTensors("optimizer", optimizer)
        : undefined,
    );
  }

  // Removes the follower, unless it is the step that was just written.
  async #forget(written: number): Promise<void> {
    const old = this.#follower;
    this.#follower = undefined;
    this.#written = performance.now();
    if (old !== undefined && old !== written) {
      await this.#run.removeCheckpoint(old);
    }
  }
}

// The tensors of one part of the state, under their own paths.
function part(state: HostState, prefix: string): HostState {
  return Object.fromEntries(
    Object.entries(state).filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
