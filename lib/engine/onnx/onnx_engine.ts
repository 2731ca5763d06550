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
import { Card } from "../../onnx/native/card.ts";
import { asksForRecording } from "../../onnx/runtime/cuda.ts";
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
import type { Graph } from "../../trace/graph.ts";
import { initialStates } from "../state.ts";
import { SteppedBand, type Stepper } from "../stepped_band.ts";
import { BoundSteps } from "./bound_steps.ts";
import { ASKING, openLoops, PLANNED } from "./loop_session.ts";
import { packedStepper } from "./packed_state.ts";
import { TriedSteps } from "./tried_steps.ts";
import { type Form, formFor, inLoops, loopStep } from "./traced_step.ts";

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
 * @param form How their steps are written, by default as suits the device.
 * @throws {UsageError} if a processor would have to hold too many loops.
 */
export async function onnxBand(
  experiments: readonly Experiment[],
  options: SessionOptions = {},
  start?: BandSnapshot,
  known?: Memo,
  kept?: KeptSession,
  form: Form = formFor(options),
): Promise<BandEngine> {
  const groups = inLoops(experiments, options);
  const { runtime } = options;
  const from = start ??
    { step: 0, states: await initialStates(experiments, runtime, known) };
  // Of their types and shapes, which matter here, all states are as the first.
  const steps = await Array.fromAsync(
    groups,
    (group) => loopStep(group, from.states[0]!, options, form),
  );
  const sizes = groups.map(({ length }) => length);
  const large = isLarge(experiments[0]!);
  const { device = "cpu" } = options;
  const session = { ...options, ...(large && { folding: false }) };
  const open = () =>
    openLoops(
      steps,
      sizes,
      session,
      // Much memory is given back; another device would get the data in every call.
      large || device !== "cpu" ? undefined : kept,
      form === "card" ? PLANNED : ASKING,
    );
  const stepper = isRecorded(session)
    ? new TriedSteps(await open(), open, () => recorded(steps, sizes, session))
    : await open();
  const packed = groups.flatMap((group, i) =>
    group.map(() => steps[i]!.packed)
  );
  return new SteppedBand(packedStepper(stepper, packed), from);
}

// Whether steps are to be recorded on a card.
function isRecorded(
  { device, runtime = "node", recorded }: SessionOptions,
): boolean {
  return device === "cuda" && runtime === "node" &&
    (recorded ?? asksForRecording());
}

function recorded(
  [step, ...others]: readonly Graph[],
  [runs]: readonly number[],
  options: SessionOptions,
): Stepper {
  if (others.length > 0) throw new Error("the runs are not all of one size");
  return new BoundSteps(step!, runs!, new Card(options.deviceId), options);
}
