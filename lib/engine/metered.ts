/**
 * Engines whose evaluations are completed by what is measured outside the step:
 * they stop at every evaluation and look at the states.
 *
 * @module
 */

import { hostBatch } from "../../models/batch.ts";
import { isLarge } from "../../models/size.ts";
import { type Experiment, randomnessOf } from "../experiment/experiment.ts";
import { openMeter } from "../metrics/mod.ts";
import type { SessionOptions } from "../onnx/runtime/options.ts";
import type { BandEngine, Evaluated, Evaluation } from "./engine.ts";
import { openEvaluator } from "./evaluation/evaluator.ts";
import { onnxPasses } from "./evaluation/passes.ts";

// Long: the methods of an engine, which share what measures.
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
  passes = ({ config }: Experiment) =>
    onnxPasses(randomnessOf(config), options),
): Promise<BandEngine> {
  const [first] = experiments as [Experiment];
  const { runtime, threads } = options;
  const meter = await openMeter(first, {
    ...(runtime && { runtime }),
    ...(threads !== undefined && { threads }),
  });
  // Of many rows the step measures nothing.
  const evaluators = isLarge(first)
    ? experiments.map((one) => openEvaluator(one, passes(one)))
    : [];
  if (!meter && evaluators.length === 0) return engine;
  const inputs = experiments.map(({ split, model }) =>
    hostBatch(split.train, model).inputs
  );
  const complete = async (
    { evaluation: { step, metrics }, state }: Evaluated,
    r: number,
  ): Promise<Evaluation> => {
    const rows = await evaluators[r]?.measure(state, step);
    const own = await meter?.measure(state, inputs[r]!);
    return { step, metrics: { ...metrics, ...rows, ...own } };
  };
  return {
    get step() {
      return engine.step;
    },
    async advance(count, every) {
      const { step } = engine;
      const begun = performance.now();
      const states = step % every === 0 ? await engine.states() : [];
      const started = performance.now();
      const untilDue = Math.min(count, every - step % every);
      const advances = await engine.advance(untilDue, every);
      const made = performance.now();
      // Only of its first step a call has an evaluation.
      const completed = await Array.fromAsync(
        advances,
        ({ evaluations: [evaluation] }, r) =>
          evaluation && complete({ evaluation, state: states[r]! }, r),
      );
      const measuring = performance.now() - made + started - begun;
      return advances.map((advance, r) => ({
        ...advance,
        evaluations: completed[r] ? [completed[r]] : [],
        measuring,
      }));
    },
    states: () => engine.states(),
    async at(step) {
      return await Array.fromAsync(
        await engine.at(step),
        async (now, r) => ({ ...now, evaluation: await complete(now, r) }),
      );
    },
    async close() {
      await meter?.close();
      for (const one of evaluators) await one.close();
      await engine.close();
    },
  };
}
