/**
 * What a probe of a checkpoint is given.
 *
 * @module
 */

import { Memo } from "../../base/memo.ts";
import type { Config } from "../../config/config.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { Matrix } from "../../numeric/matrix.ts";
import { allFinite } from "../../numeric/statistics.ts";
import {
  type HostTensor,
  hostTensorOf,
  lastPosition,
  toNumbers,
} from "../../numeric/tensor.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import type { MetricsRow } from "../../runs/run_folder.ts";
import { NotApplicableError } from "./not_applicable.ts";
import {
  configOfMetadata,
  type ModularTask,
  type ProbedTask,
  taskOfConfig,
} from "./task.ts";

/** The run of a checkpoint, as probes of the checkpoint see it. */
export interface CheckpointRun {
  /** The folder. */
  readonly path: string;
  /** The checkpoints, oldest first; there is at least one. */
  readonly checkpoints: readonly RunCheckpoint[];
  /** Whether it was recorded by groklab: then it has metrics and a config. */
  readonly recorded: boolean;
  /** The rows of metrics.jsonl, in the order of the steps. */
  metrics(): Promise<readonly MetricsRow[]>;
  /** Looks at the last checkpoint. */
  last<T>(look: (context: ProbeContext) => T | Promise<T>): Promise<T>;
  /** Computes something once, for all probes that ask for it. */
  once<T>(key: unknown, make: () => T): T;
}

/** Where a checkpoint comes from, beside its own file. */
export interface ProbeContextOptions {
  /** The run that it belongs to. */
  readonly run?: CheckpointRun;
  /** The task, where another context made it already. */
  readonly task?: ProbedTask;
  /** Updates made before it, where its place says so. */
  readonly step?: number;
}

/**
 * A checkpoint with its task. What several probes need is computed once: the
 * logits and activations of every row, and whatever goes through {@link once}.
 */
export class ProbeContext {
  /** The file. */
  readonly model: ProbeModel;
  /** The run that it belongs to, or undefined. */
  readonly run: CheckpointRun | undefined;
  #task: ProbedTask | undefined;
  readonly #step: number | undefined;
  readonly #memo = new Memo();
  readonly #activations = new Map<string, HostTensor>();

  /**
   * The context of an opened file.
   *
   * @param model The file.
   * @param surroundings Its run and task, where they are known.
   */
  constructor(
    model: ProbeModel,
    { run, task, step }: ProbeContextOptions = {},
  ) {
    this.#step = step;
    this.model = model;
    this.run = run;
    this.#task = task;
  }

  /**
   * Where graphs of a probe's own are run: on the processor, in the model's build
   * of ONNX Runtime.
   */
  get host(): SessionOptions {
    const { runtime = "node", threads = 0 } = this.model.options;
    return { runtime, threads };
  }

  /** Updates made before the checkpoint, or null where it does not say. */
  get step(): number | null {
    const own = this.model.metadata("step") as number | undefined;
    return own ?? this.#step ?? null;
  }

  /**
   * The task that it was trained on.
   *
   * @throws {NotApplicableError} if nothing says which.
   */
  get task(): ProbedTask {
    return this.#task ??= taskOfConfig(this.config);
  }

  /**
   * The experiment that the checkpoint says it comes from.
   *
   * @throws {NotApplicableError} if it says none.
   */
  get config(): Config {
    return this.once("config", () => {
      const { source } = this.model;
      const config = this.model.metadata("config");
      if (config !== undefined) return configOfMetadata(config, source);
      throw new NotApplicableError(
        this.#task
          ? `${source} does not say how it was trained (no groklab.config in ` +
            "its metadata)"
          : `${source} does not say which task it was trained on ` +
            "(no groklab.config in its metadata): --modulus says that it was " +
            "addition, and modulo what",
      );
    });
  }

  /** Every row of the task: all pairs, or all bit vectors. */
  get dataset(): Dataset {
    return this.task.dataset;
  }

  /**
   * What is modular about the task.
   *
   * @throws {NotApplicableError} if it is no operation modulo p.
   */
  get modular(): ModularTask {
    return this.task.modular();
  }

  /** Every row of the task as the model's input. */
  inputs(): Record<string, HostTensor> {
    const [name] = this.model.inputNames;
    return { [name!]: this.task.input };
  }

  /**
   * The classes of the rows, int64 [n].
   *
   * @throws {NotApplicableError} if the task is a regression, which has none.
   */
  labels(): HostTensor {
    const { labels } = this.task;
    return hostTensorOf("int64", [labels.length], labels);
  }

  /**
   * The logits of every row, [n, classes]: of a model that has some at every
   * position, those at the last.
   *
   * @throws {NotApplicableError} if some are not finite.
   */
  logits(): Promise<Matrix> {
    return this.once("logits", async () => {
      const [name] = this.model.outputNames;
      const { [name!]: logits } = await this.model.run(this.inputs(), [name!]);
      const { shape, data: all } = this.atLast(name!, logits!);
      const [rows, columns] = shape as [number, number];
      const high = this.dataset.labels.find((label) => label >= columns);
      if (high !== undefined) {
        throw new NotApplicableError(
          `${this.model.source} has logits of ${columns} classes, and a row is ` +
            `labelled ${high}`,
        );
      }
      const data = toNumbers({ data: all });
      if (!allFinite(data)) {
        throw new NotApplicableError(
          `${this.model.source} has logits that are not finite: no probe ` +
            "that reads them says anything",
        );
      }
      return { rows, columns, data };
    });
  }

  /**
   * The rows of a value at the last position, [rows, width].
   *
   * @param name What it is called.
   * @param value [rows, width], or [rows, position, width].
   * @param rows Which rows, in which order; by default all.
   * @throws {NotApplicableError} if it has other axes, or other rows than the task.
   */
  atLast(
    name: string,
    value: HostTensor,
    rows?: ArrayLike<number>,
  ): HostTensor {
    const { shape } = value;
    const n = this.dataset.inputs.length;
    if (shape[0] === n && (shape.length === 2 || shape.length === 3)) {
      return lastPosition(value, rows);
    }
    throw new NotApplicableError(
      `${this.model.source} has ${name} of shape [${shape}]: it must be ` +
        `[rows, width] or [rows, position, width], of ${n} rows`,
    );
  }

  /**
   * An activation of every row, by its hook's name.
   *
   * @throws {UsageError} if the graph has no value of that name.
   */
  async activation(name: string): Promise<HostTensor> {
    await this.activations([name]);
    return this.#activations.get(name)!;
  }

  /**
   * Computes activations in one run, for {@link activation} to give.
   *
   * @throws {UsageError} if the graph has no value of a name.
   */
  async activations(names: readonly string[]): Promise<void> {
    const missing = names.filter((name) => !this.#activations.has(name));
    if (missing.length === 0) return;
    const values = await this.model.run(this.inputs(), missing);
    for (const name of missing) {
      if (!this.#activations.has(name)) {
        this.#activations.set(name, values[name]!);
      }
    }
  }

  /**
   * A weight.
   *
   * @throws {NotApplicableError} if the model has none of that name.
   */
  weight(name: string): HostTensor {
    const weight = this.model.weight(name);
    if (weight) return weight;
    throw new NotApplicableError(
      `${this.model.source} has no weight ${name}; it has ` +
        (this.model.weightNames.join(", ") || "none"),
    );
  }

  /**
   * What is made at the first asking, and then kept as long as the context:
   * gradients, transforms, whatever more than one probe reads.
   *
   * @param key Names it; the same key has the same type everywhere.
   * @param make Makes it. A promise that fails is kept as well.
   */
  once<T>(key: unknown, make: () => T): T {
    return this.#memo.get(key, make);
  }
}

/** A checkpoint of a run. */
export interface RunCheckpoint {
  /** Updates made before it. */
  readonly step: number;
  /** Its file. */
  readonly path: string;
}
