/**
 * A training without files: steps, and what the network looks like between them. It
 * runs in a browser's worker, and anywhere else where there is ONNX Runtime.
 *
 * @module
 */

import { type Config, resolveConfig } from "../../config/config.ts";
import { configAt } from "../../config/switches.ts";
import type { Engine, Evaluation } from "../../engine/engine.ts";
import { onnxEngine } from "../../engine/onnx/onnx_engine.ts";
import { inForceAt, transferState } from "../../engine/transfer.ts";
import {
  type Experiment,
  makeExperiment,
} from "../../experiment/experiment.ts";
import { sizeOf } from "../../numeric/tensor.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { type HostState, initialTensors } from "../../../models/buffers.ts";
import type { Frame } from "./messages.ts";
import { Pictures } from "./pictures.ts";

/** Evaluations lie so many steps apart: what they cost is little beside the steps. */
export const EVERY = 10;

// So many milliseconds of steps between two pictures: five a second and more, as
// far as a step is no longer itself.
const BETWEEN = 150;

/** Keys of a config, with their values. */
export type Keys = Readonly<Record<string, unknown>>;

/** A row of the run's metrics. */
export type Row = Evaluation["metrics"] & {
  readonly step: number;
  readonly ms_per_step: number;
};

/** A network in training. */
export class Training {
  readonly #options: SessionOptions;
  readonly #pictures: Pictures;
  #experiment: Experiment;
  #engine: Engine;
  #msPerStep = 0;
  #rows: Row[] = [];
  #over = false;
  // When the network was last asked what it says of every pair.
  #asked = 0;

  private constructor(
    experiment: Experiment,
    engine: Engine,
    pictures: Pictures,
    options: SessionOptions,
  ) {
    this.#experiment = experiment;
    this.#engine = engine;
    this.#pictures = pictures;
    this.#options = options;
  }

  /**
   * Starts a training.
   *
   * @param keys Any part of a config; evaluations are every {@link EVERY} steps.
   * @param options Where it runs.
   * @throws {ConfigError} if the config is not valid.
   * @throws {NotApplicableError} if its task is no operation modulo p.
   */
  static async start(keys: Keys, options: SessionOptions): Promise<Training> {
    const config = resolveConfig({
      ...keys,
      evalEvery: EVERY,
      ...(options.runtime && { runtime: options.runtime }),
    });
    const experiment = makeExperiment(config);
    const engine = await onnxEngine(inForceAt(experiment, 0), options);
    const pictures = await Pictures.of(
      experiment,
      await engine.state(),
      options,
    );
    return new Training(experiment, engine, pictures, options);
  }

  /** The config, with what has changed on the way. */
  get config(): Config {
    return this.#experiment.config;
  }

  /** The experiment in force. */
  get experiment(): Experiment {
    return this.#experiment;
  }

  /** How many numbers are trained. */
  get parameters(): number {
    return Object.values(initialTensors(this.#experiment))
      .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  /** How many rows there are to train on. */
  get trainRows(): number {
    return this.#experiment.split.train.labels.length;
  }

  /** Updates made. */
  get step(): number {
    return this.#engine.step;
  }

  /** Whether all steps of the config are made, or the loss was not finite. */
  get over(): boolean {
    return this.#over || this.step >= this.config.steps;
  }

  /** The evaluations so far. */
  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** Parameters and optimizer state. */
  state(): Promise<HostState> {
    return this.#engine.state();
  }

  /** The network as it is, without a step. */
  async look(): Promise<Frame> {
    const state = await this.#engine.state();
    return {
      step: this.step,
      loss: null,
      msPerStep: this.#msPerStep,
      evaluations: [],
      ...this.#pictures.weights(state),
      answers: await this.#pictures.answers(state),
    };
  }

  /**
   * Makes steps until the next picture is due.
   *
   * @param most How many at most.
   * @returns The picture; and in words what was not finite, where training ends so.
   */
  async advance(most = Infinity): Promise<[frame: Frame, broken?: string]> {
    const { step } = this;
    const quick = this.#msPerStep > 0
      ? Math.floor(BETWEEN / this.#msPerStep)
      : 1;
    const count = Math.max(
      1,
      Math.min(quick, most, this.config.steps - step),
    );
    const began = performance.now();
    const { losses, evaluations, diverged, broken } = await this.#engine
      .advance(count, EVERY);
    const ms = (performance.now() - began) / Math.max(losses.length, 1);
    this.#msPerStep = ms;
    for (const { step, metrics } of evaluations) {
      this.#rows.push({ step, ...metrics, ms_per_step: ms });
    }
    const state = await this.#engine.state();
    this.#over = diverged !== undefined;
    const asked = this.step - this.#asked >= EVERY || this.over;
    if (asked) this.#asked = this.step;
    const frame: Frame = {
      step: this.step,
      loss: losses.at(-1) ?? null,
      msPerStep: ms,
      evaluations,
      ...this.#pictures.weights(state),
      ...(asked && { answers: await this.#pictures.answers(state) }),
    };
    if (diverged === undefined) return [frame];
    return [
      frame,
      `At step ${diverged} ${broken ?? "the loss"} is not finite any more: ` +
      "the picture is of the step before.",
    ];
  }

  /**
   * Goes on with other values of some keys, as a config's `switches` have it.
   *
   * @param keys The keys that change.
   * @throws {ConfigError} if they may not, or not so.
   */
  async change(keys: Keys): Promise<void> {
    const { config: before } = this.#experiment;
    const { step } = this;
    const earlier = before.switches.filter(({ at }) => at < step);
    const config = resolveConfig({
      ...before,
      switches: [...earlier, { at: step, config: keys }],
    });
    const experiment = { ...this.#experiment, config };
    const next = inForceAt(experiment, step);
    const state = await transferState(
      await this.#engine.state(),
      configAt(before, step),
      next,
    );
    const engine = await onnxEngine(next, this.#options, { step, state });
    await this.#engine.close();
    this.#engine = engine;
    this.#experiment = experiment;
  }

  /** Gives the memory back. */
  async close(): Promise<void> {
    await this.#engine.close();
    await this.#pictures.close();
  }
}
