/**
 * The compiled engine: steps traced once, run by ONNX Runtime many a call. Runs
 * that are small go through one graph together, stacked; a run alone, or one that
 * is too large for that, is a loop of its own.
 *
 * @module
 */

import { isLarge } from "../../../models/size.ts";
import {
  checkArgument,
  checkOptions,
  experimentCheck,
} from "../../base/options.ts";
import type { Memo } from "../../base/memo.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { KeptSession } from "../../onnx/runtime/kept_session.ts";
import { SESSION, type SessionOptions } from "../../onnx/runtime/options.ts";
import {
  alone,
  type BandEngine,
  bandOfOne,
  type BandSnapshot,
  type Engine,
  type Snapshot,
} from "../engine.ts";
import { initialStates } from "../state.ts";
import { SteppedBand } from "../stepped_band.ts";
import { openLoops } from "./loop_session.ts";
import { inLoops, loopStep } from "./traced_step.ts";

/**
 * Starts the compiled engine.
 *
 * @param experiment What to train.
 * @param options Runtime and threads.
 * @param start Where to go on from; by default the initial parameters.
 * @throws {TypeError} if it is no experiment as makeExperiment() gives it.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export async function onnxEngine(
  experiment: Experiment,
  options: SessionOptions = {},
  start?: Snapshot,
): Promise<Engine> {
  checkArgument("onnxEngine()", "experiment", experiment, experimentCheck);
  checkOptions("onnxEngine()", options, SESSION);
  return alone(await onnxBand([experiment], options, bandOfOne(start)));
}

/**
 * Starts the engine for runs that differ in seed, data, learning rate and weight
 * decay only.
 *
 * @param experiments The runs; everything else is the first's.
 * @param options Device, runtime, threads.
 * @param start Where to go on from; by default the initial parameters.
 * @param known What runs before them had in common with them.
 * @param kept What keeps a session for runs behind them.
 * @throws {UsageError} if a processor would have to hold too many loops.
 */
export async function onnxBand(
  experiments: readonly Experiment[],
  options: SessionOptions = {},
  start?: BandSnapshot,
  known?: Memo,
  kept?: KeptSession,
): Promise<BandEngine> {
  const groups = inLoops(experiments, options);
  const { runtime } = options;
  const from = start ??
    { step: 0, states: await initialStates(experiments, runtime, known) };
  // Of their types and shapes, which matter here, all states are as the first.
  const steps = await Array.fromAsync(
    groups,
    (group) => loopStep(group, from.states[0]!, options),
  );
  const sizes = groups.map(({ length }) => length);
  const large = isLarge(experiments[0]!);
  const { device = "cpu" } = options;
  const loops = await openLoops(
    steps,
    sizes,
    { ...options, ...(large && { folding: false }) },
    // Much memory is given back; another device would get the data in every call.
    large || device !== "cpu" ? undefined : kept,
  );
  return new SteppedBand(loops, from);
}
