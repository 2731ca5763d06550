/**
 * What a probe of a run is given.
 *
 * @module
 */

import { Memo } from "../base/memo.ts";
import {
  checkArgument,
  checkOptions,
  only,
  pathCheck,
} from "../base/options.ts";
import type { Config } from "../config/config.ts";
import { loadProbeModel } from "../onnx/inspect/load_probe_model.ts";
import { PROBE_MODEL } from "../onnx/inspect/options.ts";
import { checkRegular } from "../runs/layout.ts";
import { checkpointsOf, readConfig, readMetrics } from "../runs/read.ts";
import type { MetricsRow } from "../runs/run_folder.ts";
import type { Settings, Values } from "../settings/setting.ts";
import { ProbeContext, type RunCheckpoint } from "./context/context.ts";
import { NotApplicableError } from "./context/not_applicable.ts";
import {
  configOfMetadata,
  type ProbedTask,
  rowsAt,
  taskOfConfig,
} from "./context/task.ts";
import {
  foreignCheckpoints,
  type ForeignRun,
  foreignRunOf,
} from "./foreign/checkpoints.ts";
import { introduce } from "./foreign/foreign.ts";
import type { ForeignOptions } from "./foreign/options.ts";
import {
  FOREIGN_RUN,
  type ProbeSeries,
  type RunOptions,
} from "./run_options.ts";

/**
 * A run folder: metrics, data, checkpoints in their order. One checkpoint is open
 * at a time, so that memory does not grow with their number.
 */
export class RunContext {
  /** The folder. */
  readonly path: string;
  /** The checkpoints, oldest first; there is at least one. */
  readonly checkpoints: readonly RunCheckpoint[];
  readonly #config: unknown;
  readonly #options: RunOptions;
  readonly #memo = new Memo();

  /** How another tool's checkpoints were made out. */
  readonly notes: readonly string[];
  readonly #foreign: ForeignRun | undefined;

  private constructor(
    path: string,
    config: unknown,
    checkpoints: readonly RunCheckpoint[],
    options: RunOptions,
    foreignRun?: ForeignRun,
  ) {
    this.path = path;
    this.#foreign = foreignRun;
    this.notes = foreignRun?.notes ?? [];
    this.#config = config;
    this.checkpoints = checkpoints;
    this.#options = options;
  }

  /**
   * Opens a run folder, or one of another tool's checkpoints.
   *
   * @param path The folder.
   * @param options How to run its checkpoints, and who is told how far it is.
   * @param listed Its checkpoints, where they are known; by default all there are.
   * @throws {FileError} if it is no run, or has no checkpoint.
   */
  static async open(
    path: string,
    options: RunOptions & ForeignOptions = {},
    listed?: readonly RunCheckpoint[],
  ): Promise<RunContext> {
    checkArgument("RunContext.open()", "path", path, pathCheck);
    checkOptions("RunContext.open()", options, FOREIGN_RUN);
    const foreign = await foreignCheckpoints(path);
    if (foreign) {
      const checkpoints = listed ?? foreign;
      const run = await foreignRunOf(checkpoints.at(-1)!, options);
      return new RunContext(path, undefined, checkpoints, options, run);
    }
    await checkRegular(path);
    const checkpoints = listed ?? await checkpointsOf(path);
    const config = await readConfig(path);
    return new RunContext(path, config, checkpoints, options);
  }

  /**
   * The experiment.
   *
   * @throws {NotApplicableError} if this version cannot make it.
   */
  get config(): Config {
    return this.once("config", () => {
      if (!this.#foreign) return configOfMetadata(this.#config, this.path);
      throw new NotApplicableError(
        `${this.path} does not say how it was trained: it holds no run of ` +
          "groklab's",
      );
    });
  }

  /** The task, with the rows to train on at first and those to test. */
  get task(): ProbedTask {
    return this.#foreign?.task ?? this.#taskOf(this.config);
  }

  #taskOf(config: Config): ProbedTask {
    const { length } = config.switches;
    return this.once(`task, ${length} switches`, () => taskOfConfig(config));
  }

  // Without its extension there is no task; much can be asked all the same.
  #taskIfKnown(step: number): { readonly task?: ProbedTask } {
    try {
      return { task: this.#taskOf(rowsAt(this.config, step)) };
    } catch (error) {
      if (error instanceof NotApplicableError) return {};
      throw error;
    }
  }

  /** Whether it was recorded by groklab: then it has metrics and a config. */
  get recorded(): boolean {
    return this.#foreign === undefined;
  }

  /** The rows of metrics.jsonl, in the order of the steps. */
  metrics(): Promise<readonly MetricsRow[]> {
    return this.once("metrics", () => {
      if (!this.#foreign) return readMetrics(this.path);
      return Promise.reject(
        new NotApplicableError(`${this.path} has no metrics.jsonl`),
      );
    });
  }

  /**
   * Opens a checkpoint, lets it be looked at, and closes it.
   *
   * @param checkpoint One of {@link checkpoints}.
   * @param look Gets its context, which is good until it returns.
   */
  async with<T>(
    checkpoint: RunCheckpoint,
    look: (context: ProbeContext) => T | Promise<T>,
  ): Promise<T> {
    const { path, step } = checkpoint;
    const model = await loadProbeModel(path, only(this.#options, PROBE_MODEL));
    if (!this.#foreign) {
      try {
        return await look(
          new ProbeContext(model, { run: this, ...this.#taskIfKnown(step) }),
        );
      } finally {
        await model.close();
      }
    }
    const { options, task } = this.#foreign;
    await using closing = new AsyncDisposableStack();
    closing.defer(() => model.close());
    const { model: named } = await introduce(model, options);
    closing.defer(() => named.close());
    return await look(
      new ProbeContext(named, { run: this, step, ...(task && { task }) }),
    );
  }

  /**
   * Opens several checkpoints at once, lets them be looked at, and closes them.
   *
   * @param what What is being done, in a word or two.
   * @param chosen Some of {@link checkpoints}.
   * @param look Gets their contexts, and who is told how far it is.
   */
  async together<T>(
    what: string,
    chosen: readonly RunCheckpoint[],
    look: (
      contexts: readonly ProbeContext[],
      tell: (done: number, total: number) => void,
    ) => Promise<T>,
  ): Promise<T> {
    const tell = (done: number, total: number) =>
      this.#options.onProgress?.({ what, done, total });
    const open = (contexts: readonly ProbeContext[]): Promise<T> => {
      const next = chosen[contexts.length];
      return next
        ? this.with(next, (context) => open([...contexts, context]))
        : look(contexts, tell);
    };
    return await open([]);
  }

  /** The same of the last checkpoint. */
  last<T>(look: (context: ProbeContext) => T | Promise<T>): Promise<T> {
    return this.with(this.checkpoints.at(-1)!, look);
  }

  /**
   * The same of every checkpoint, oldest first, telling how far it is.
   *
   * @param what What is being done, in a word or two.
   * @param look Gets each context.
   * @param chosen Which of {@link checkpoints}; by default all.
   * @returns What it gave, in the order of the checkpoints.
   */
  async each<T>(
    what: string,
    look: (context: ProbeContext, checkpoint: RunCheckpoint) => T | Promise<T>,
    chosen: readonly RunCheckpoint[] = this.checkpoints,
  ): Promise<T[]> {
    const total = chosen.length;
    const tell = (done: number) =>
      this.#options.onProgress?.({ what, done, total });
    const results: T[] = [];
    tell(0);
    for (const checkpoint of chosen) {
      results.push(
        await this.with(checkpoint, (context) => look(context, checkpoint)),
      );
      tell(results.length);
    }
    return results;
  }

  /**
   * A probe's results at every checkpoint, oldest first; those that were computed
   * already are not computed again.
   *
   * @param probe The probe.
   * @param settings What it is told, if it is asked now.
   * @throws {NotApplicableError} if it does not apply to a checkpoint.
   */
  series<Result, S extends Settings>(
    probe: {
      readonly name: string;
      compute(
        context: ProbeContext,
        settings: Values<S>,
      ): Result | Promise<Result>;
    },
    settings: Values<S>,
  ): Promise<ProbeSeries<Result>> {
    return this.once(
      seriesKey(probe.name, settings),
      () =>
        this.each(probe.name, async (context, { step }) => ({
          step,
          result: await probe.compute(context, settings),
        })),
    );
  }

  /**
   * Keeps a probe's results at every checkpoint for {@link series} to give.
   *
   * @param name The probe's name.
   * @param settings What it was told.
   * @param series The results.
   */
  keep<Result>(
    name: string,
    settings: unknown,
    series: ProbeSeries<Result>,
  ): void {
    this.once(seriesKey(name, settings), () => Promise.resolve(series));
  }

  /**
   * What is made at the first asking, and then kept as long as the context.
   *
   * @param key Names it; the same key has the same type everywhere.
   * @param make Makes it. A promise that fails is kept as well.
   */
  once<T>(key: unknown, make: () => T): T {
    return this.#memo.get(key, make);
  }
}

const seriesKey = (name: string, settings: unknown) =>
  `series ${name} ${JSON.stringify(settings)}`;
