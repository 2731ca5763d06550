/**
 * What a probe is.
 *
 * @module
 */

import type { Settings, Values } from "../settings/setting.ts";
import type { ProbeContext } from "./context/context.ts";
import type { RunContext } from "./run_context.ts";

/** What all probes say about themselves. */
export interface ProbeText<Name extends string, Result, S extends Settings> {
  /** Its name on the command line and in reports. */
  readonly name: Name;
  /** What it finds out, in a line. */
  readonly describe: string;
  /** What a checkpoint or run must have for it, in words. */
  readonly needs: string;
  /**
   * What it can be told: every key is a flag of `deno task probe`, `neuronShare`
   * being `--neuron-share`. A key of two probes is one setting.
   */
  readonly settings?: S;
  /** The result for a terminal, line by line, without the probe's name. */
  text(result: Result): string[];
}

/**
 * A question to a checkpoint.
 *
 * A result is plain JSON: objects, lists, strings, booleans, null and finite
 * numbers. What may be no finite number has the type `number | null` and goes
 * through {@link finite}. Formula, source, shapes and units stand at the result's
 * type.
 */
export interface Probe<
  Name extends string,
  Result,
  S extends Settings = Record<never, never>,
> extends ProbeText<Name, Result, S> {
  /** It looks at one checkpoint. */
  readonly of: "checkpoint";
  /**
   * Why it takes long, in words that follow "it": then `--all-checkpoints` leaves
   * it out unless it is named.
   */
  readonly costly?: string;
  /**
   * Answers it.
   *
   * @param context The checkpoint and its task.
   * @param settings What it was told.
   * @throws {NotApplicableError} if the checkpoint lacks what it needs.
   */
  compute(
    context: ProbeContext,
    settings: Values<S>,
  ): Result | Promise<Result>;
  /** The numbers of a result that make a curve over a run's checkpoints. */
  curves?(result: Result): Readonly<Record<string, number | null>>;
}

/**
 * A probe of checkpoints, typed by its name, its result and its settings.
 *
 * ```ts
 * import {
 *   defineProbe,
 *   loadProbeModel,
 *   ProbeContext,
 *   train,
 * } from "@groklab/groklab";
 * import { finite } from "@groklab/groklab/probes";
 * import { toNumbers } from "@groklab/groklab/onnx";
 * import { assert } from "@std/assert";
 *
 * const sizes = defineProbe({
 *   name: "sizes",
 *   describe: "the mean size of the elements of each weight",
 *   needs: "weights",
 *   of: "checkpoint",
 *   compute: ({ model }) => ({
 *     sizes: model.weightNames.map((name) => {
 *       const values = toNumbers(model.tensor(name));
 *       const sum = values.reduce((sum, x) => sum + Math.abs(x), 0);
 *       return { name, mean: finite(sum / values.length) };
 *     }),
 *   }),
 *   text: ({ sizes }) => sizes.map(({ name, mean }) => `${name}: ${mean}`),
 * });
 *
 * const { checkpoint } = await train(
 *   { modulus: 7, hidden: [16], steps: 10 },
 *   { run: await Deno.makeTempDir() },
 * );
 * const model = await loadProbeModel(checkpoint);
 * const result = await sizes.compute(new ProbeContext(model), {});
 * assert(sizes.text(result)[0]!.startsWith("layers.0.W: 0."));
 * await model.close();
 * ```
 *
 * @param probe The probe, which is given back.
 */
export function defineProbe<
  const Name extends string,
  Result,
  const S extends Settings = Record<never, never>,
>(probe: Probe<Name, Result, S>): Probe<Name, Result, S> {
  return probe;
}

/**
 * A probe of runs, typed in the same way.
 *
 * @param probe The probe, which is given back.
 */
export function defineRunProbe<
  const Name extends string,
  Result,
  const S extends Settings = Record<never, never>,
>(probe: RunProbe<Name, Result, S>): RunProbe<Name, Result, S> {
  return probe;
}

/**
 * A question to a whole run: its metrics, its checkpoints in their order. Asked
 * under `--all-checkpoints`, or when it is named. Results are as a
 * {@link Probe}'s.
 */
export interface RunProbe<
  Name extends string,
  Result,
  S extends Settings = Record<never, never>,
> extends ProbeText<Name, Result, S> {
  /** It looks at a run. */
  readonly of: "run";
  /**
   * Answers it.
   *
   * @param context The run.
   * @param settings What it was told.
   * @throws {NotApplicableError} if the run lacks what it needs.
   */
  compute(context: RunContext, settings: Values<S>): Result | Promise<Result>;
}
