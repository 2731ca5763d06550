/**
 * What trainings share: how they are run and watched.
 *
 * @module
 */

import {
  callback,
  checkOptions,
  type Checks,
  flag,
  list,
  named,
  signal,
  text,
} from "../base/options.ts";
import type { Config, ConfigInput } from "../config/config.ts";
import type { Extension } from "../extensions/extension.ts";
import { allowChanged, useExtensions } from "../extensions/use.ts";
import type { DeviceChoice } from "../devices/choice.ts";
import type { MetricsRow } from "../runs/run_folder.ts";

/** Where training stands. */
export interface Progress {
  /** Updates made so far. */
  readonly step: number;
  /** Updates to make in all. */
  readonly steps: number;
  /** Milliseconds a step, of the last chunk. */
  readonly msPerStep: number;
  /** The evaluations since the last call. */
  readonly rows: readonly MetricsRow[];
}

/** How to run a training. */
export interface TrainOptions {
  /**
   * Extensions whose parts the config names. They are added to the registries for
   * the process, and stay there.
   */
  readonly use?: readonly Extension[];
  /**
   * Go on with, or feed back, what was made with another version of an extension;
   * for the process, as `use` is.
   */
  readonly useChanged?: boolean;
  /** The run's folder; by default a new one in `runs/`. */
  readonly run?: string;
  /**
   * What a new run is called in lists, of replicas with their numbers behind it:
   * `NAME-0`. No key of the config: the same run by another name has its bytes. One
   * that is gone on with keeps its own.
   */
  readonly name?: string;
  /** Words to find a new run by in lists. */
  readonly tags?: readonly string[];
  /** Replace the run that lies in the folder. */
  readonly overwrite?: boolean;
  /**
   * Go on with the run that lies in the folder, from its last whole state, to
   * the bytes that it would have had uninterrupted. Its config must be this one;
   * `steps` may be more, and where it is computed another. A run that is over
   * ends as it did; where there is none, one is started.
   */
  readonly resume?: boolean;
  /**
   * Ends the training after the running chunk, with a checkpoint; one that is
   * aborted already, before the first step.
   */
  readonly signal?: AbortSignal;
  /**
   * Called with every evaluation, once it is written: with its row, and with the
   * number of the replica, 0 for a single run. Training waits for what it returns.
   * `false` or `"stop"` ends the training as a signal does, one update behind the
   * evaluation: with a checkpoint, `interrupted: true`, and `resume` goes on. Of
   * replicas it ends all. The row of the last step is told as well. What it throws,
   * `train()` throws; the run stays as its last checkpoint has it.
   */
  readonly onEvaluation?: (row: MetricsRow, replica: number) => unknown;
  /**
   * Called with evaluations that were written together, of a run by the number of
   * its replica, 0 for a single run. Unlike `onEvaluation` it takes no time from
   * the training, which is not called back for each of them. What it throws,
   * `train()` throws.
   */
  readonly onRows?: (rows: readonly MetricsRow[], replica: number) => void;
  /** Called after every chunk of steps. */
  readonly onProgress?: (progress: Progress) => void;
  /** onnx: called with the device that was taken, before anything is made. */
  readonly onDevice?: (choice: DeviceChoice) => void;
  /**
   * Called once the run's folder is there, before the first step, with the
   * number of updates that were made before and the number of the replica, 0 for
   * a single run.
   */
  readonly onStart?: (
    run: string,
    config: Config,
    step: number,
    replica: number,
  ) => void;
  /** Called with what may make a resumed run's bytes differ. */
  readonly onWarning?: (warning: string) => void;
}

/** Those, checked. */
export const TRAIN: Checks<TrainOptions> = {
  use: list,
  useChanged: flag,
  run: text,
  name: text,
  tags: named,
  overwrite: flag,
  resume: flag,
  signal,
  onEvaluation: callback,
  onRows: callback,
  onProgress: callback,
  onDevice: callback,
  onStart: callback,
  onWarning: callback,
};

/**
 * Checks how a training is to be run, and adds its extensions: before its config is
 * looked at.
 *
 * @param what The function, for messages.
 * @param options What it was given.
 * @throws {UsageError} if an option is unknown, or an extension cannot be added.
 */
export function prepare(what: string, options: TrainOptions): void {
  checkOptions(what, options, TRAIN);
  useExtensions(options.use);
  if (options.useChanged !== undefined) allowChanged(options.useChanged);
}

/**
 * A config with keys and names of extensions: of those nothing is known before
 * they are in use.
 */
export type ExtendedInput =
  & Omit<ConfigInput, "task" | "model" | "loss" | "optimizer" | "metrics">
  & {
    /** The task's name. */
    readonly task?: string;
    /** The architecture's name. */
    readonly model?: string;
    /** The loss's name. */
    readonly loss?: string;
    /** The optimizer's name. */
    readonly optimizer?: string;
    /** Groups of metrics, by their names. */
    readonly metrics?: readonly string[];
  }
  & Readonly<Record<string, unknown>>;

/** How to run a training with extensions. */
export interface ExtendedOptions extends TrainOptions {
  /** The extensions. */
  readonly use: readonly Extension[];
}
