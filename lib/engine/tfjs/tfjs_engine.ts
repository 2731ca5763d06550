/**
 * The eager engine: the step run by TensorFlow.js, kernel by kernel, on any of
 * its backends. It trains one run at a time.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { hostBatches } from "../../../models/batch.ts";
import { isLarge } from "../../../models/size.ts";
import { checkArgument, experimentCheck } from "../../base/options.ts";
import { mapTree } from "../../base/tree.ts";
import { type OpenBackend, openBackend } from "../../devices/tfjs/backends.ts";
import { type Experiment, randomnessOf } from "../../experiment/experiment.ts";
import {
  alone,
  type BandEngine,
  bandOfOne,
  type BandSnapshot,
  type Engine,
  type Evaluation,
  type Snapshot,
} from "../engine.ts";
import {
  constant,
  initialState,
  metricsOf,
  type State,
  stateOf,
  toDevice,
  toHost,
} from "../state.ts";
import { makeStep } from "../step.ts";
import { SteppedBand, type Stepper } from "../stepped_band.ts";
import type { StepResult } from "../update.ts";

/**
 * Starts the eager engine. Its float is float32: experiments in other
 * precisions are refused when their config is resolved.
 *
 * @param experiment What to train.
 * @param backend A TensorFlow.js backend; `cpu` is always there.
 * @param folder Where the backend lies, if not where it is set up.
 * @param start Where to go on from; by default the initial parameters.
 * @throws {BackendError} if the backend cannot be used here.
 */
export async function tfjsEngine(
  experiment: Experiment,
  backend = "cpu",
  folder?: string,
  start?: Snapshot,
): Promise<Engine> {
  checkArgument("tfjsEngine()", "experiment", experiment, experimentCheck);
  const device = await openBackend(backend, folder);
  return alone(await tfjsBand(experiment, device, bandOfOne(start)));
}

/** The same as a band of one, on a backend that is open. */
export async function tfjsBand(
  experiment: Experiment,
  device: OpenBackend,
  start?: BandSnapshot,
): Promise<BandEngine> {
  const stepper = eagerSteps(experiment, device);
  const from = start ??
    { step: 0, states: [await initialState(experiment)] };
  return new SteppedBand(stepper, from);
}

function eagerSteps(experiment: Experiment, device: OpenBackend): Stepper {
  const train = makeStep(experiment);
  const measured = !isLarge(experiment);
  const random = randomnessOf(experiment.config);
  const host = hostBatches(experiment.split, experiment.model);
  const batches = mapTree(host, constant);

  // Runs one step; the tensors of the new state outlive the scope, no other does.
  const turn = async (state: State, time: number, evaluating: boolean) => {
    device.use(); // Between two steps another engine may have had its turn.
    const kept = tf.tidy((): Omit<StepResult, "epoch"> => {
      const { epoch: _, ...result } = train(
        state,
        { ...random, time },
        batches,
        evaluating && measured,
      );
      return result;
    });
    const loss = (await kept.loss.data())[0]!;
    // What is not measured here is measured outside.
    const metrics = evaluating
      ? metricsOf(await toHost({ ...kept.metrics }))
      : undefined;
    tf.dispose([kept.loss, { ...kept.metrics }, state]);
    device.check();
    return { state: kept.state, loss, metrics };
  };

  return {
    async run([from], first, count, every) {
      device.use();
      let state = stateOf(toDevice(from!));
      const losses: number[] = [];
      const evaluations: Evaluation[] = [];
      for (let step = first; step < first + count; step++) {
        const next = await turn(state, step, step % every === 0);
        ({ state } = next);
        losses.push(next.loss);
        if (next.metrics) evaluations.push({ step, metrics: next.metrics });
        if (!Number.isFinite(next.loss)) break;
      }
      device.use();
      const states = [await toHost(state)];
      tf.dispose(state);
      device.check();
      return { turns: [{ losses, evaluations }], states };
    },
    close() {
      tf.dispose(batches);
      return Promise.resolve();
    },
  };
}
