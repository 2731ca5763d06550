/**
 * Engines whose evaluations are completed by what is measured outside the step:
 * they stop at every evaluation and look at the states.
 *
 * @module
 */

import { hostBatch } from "../../models/batch.ts";
import type { HostState } from "../../models/buffers.ts";
import { isLarge } from "../../models/size.ts";
import { type Experiment, stepKey } from "../experiment/experiment.ts";
import { openMeter } from "../metrics/mod.ts";
import type { SessionOptions } from "../onnx/runtime/options.ts";
import type { BandEngine, Evaluation } from "./engine.ts";
import { openEvaluator } from "./evaluation/evaluator.ts";
import { onnxPasses, type OpenPass } from "./evaluation/passes.ts";

// Completes evaluations; undefined where the step measures everything.
async function meterOf(
  experiments: readonly Experiment[],
  options: SessionOptions,
  passes: (experiment: Experiment) => OpenPass,
) {
  const { runtime, threads } = options;
  const meter = await openMeter(experiments[0]!, {
    ...(runtime && { runtime }),
    ...(threads !== undefined && { threads }),
  });
  // Of many rows the step measures nothing.
  const evaluators = isLarge(experiments[0]!)
    ? experiments.map((one) => openEvaluator(one, passes(one)))
    : undefined;
  if (!meter && !evaluators) return undefined;
  const inputs = experiments.map(({ split, model }) =>
    hostBatch(split.train, model).inputs
  );
  return {
    async complete(
      { step, metrics }: Evaluation,
      state: HostState,
      replica: number,
    ): Promise<Evaluation> {
      const rows = await evaluators?.[replica]?.measure(state, step);
      const own = await meter?.measure(state, inputs[replica]!);
      return { step, metrics: { ...metrics, ...rows, ...own } };
    },
    async close() {
      await meter?.close();
      for (const one of evaluators ?? []) await one.close();
    },
  };
}

/**
 * The engine itself, or where the runs' metrics ask for more than a step can
 * compute, one that measures that too and makes fewer updates than asked for: it
 * stops at every evaluation.
 *
 * @param engine The runs' engine.
 * @param experiments The runs.
 * @param options Where the engine runs.
 * @param passes What runs the rows of an experiment where they are too many for
 * the step; ONNX Runtime by default.
 */
export async function metered(
  engine: BandEngine,
  experiments: readonly Experiment[],
  options: SessionOptions = {},
  passes = ({ config }: Experiment) => onnxPasses(stepKey(config), options),
): Promise<BandEngine> {
  const meter = await meterOf(experiments, options, passes);
  if (!meter) return engine;
  return {
    get step() {
      return engine.step;
    },
    async advance(count, every) {
      const { step } = engine;
      let begun = performance.now();
      const states = step % every === 0 ? await engine.states() : [];
      let measuring = performance.now() - begun;
      const untilDue = Math.min(count, every - step % every);
      const advances = await engine.advance(untilDue, every);
      begun = performance.now();
      const completed: Evaluation[][] = [];
      for (const [r, { evaluations }] of advances.entries()) {
        const own: Evaluation[] = [];
        for (const evaluation of evaluations) {
          own.push(await meter.complete(evaluation, states[r]!, r));
        }
        completed.push(own);
      }
      measuring += performance.now() - begun;
      return advances.map((advance, r) => ({
        ...advance,
        evaluations: completed[r]!,
        measuring,
      }));
    },
    states: () => engine.states(),
    async at(step) {
      const completed = [];
      for (
        const [r, { evaluation, state }] of (await engine.at(step)).entries()
      ) {
        completed.push({
          evaluation: await meter.complete(evaluation, state, r),
          state,
        });
      }
      return completed;
    },
    async close() {
      await meter.close();
      await engine.close();
    },
  };
}
