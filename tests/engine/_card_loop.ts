/**
 * A card's steps, run by the processor: in the loop that is planned for a card, and
 * in the one that asks.
 *
 * @module
 */

import type { Experiment } from "../../lib/experiment/experiment.ts";
import {
  type LoopForm,
  openLoops,
} from "../../lib/engine/onnx/loop_session.ts";
import { packedStepper } from "../../lib/engine/onnx/packed_state.ts";
import { inLoops, loopStep } from "../../lib/engine/onnx/traced_step.ts";
import { initialStates } from "../../lib/engine/state.ts";
import { SteppedBand, type Stepper } from "../../lib/engine/stepped_band.ts";
import type { HostState } from "../../models/buffers.ts";

const CARD = { device: "cuda" } as const;

/** The loops of a card, on the processor. */
export async function cardLoops(
  experiments: readonly Experiment[],
  form: LoopForm,
): Promise<{ loops: Stepper; states: readonly HostState[] }> {
  const states = await initialStates(experiments);
  const groups = inLoops(experiments, CARD);
  const steps = await Array.fromAsync(
    groups,
    (group) => loopStep(group, states[0]!, CARD),
  );
  const sizes = groups.map(({ length }) => length);
  const loops = await openLoops(steps, sizes, { threads: 1 }, undefined, form);
  const packed = groups.flatMap((group, i) =>
    group.map(() => steps[i]!.packed)
  );
  return { loops: packedStepper(loops, packed), states };
}

/** A band whose steps they run. */
export async function cardBand(
  experiments: readonly Experiment[],
  form: LoopForm,
): Promise<SteppedBand> {
  const { loops, states } = await cardLoops(experiments, form);
  return new SteppedBand(loops, { step: 0, states });
}
