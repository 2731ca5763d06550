/**
 * Engines whose evaluations are completed by what is measured outside the step:
 * they stop at every evaluation and look at the state.
 *
 * @module
 */

import { hostBatch } from "../../models/batch.ts";
import type { HostState } from "../../models/buffers.ts";
import { isLarge } from "../../models/size.ts";
import { type Experiment, stepKey } from "../experiment/experiment.ts";
import { openMeter } from "../metrics/mod.ts";
import type { SessionOptions } from "../onnx/runtime/options.ts";
import type { Advance, Engine, Evaluation, ReplicaEngine } from "./engine.ts";
import { openEvaluator } from "./evaluation/evaluator.ts";
import { onnxPasses, type OpenPass } from "./evaluation/passes.ts";

// Completes evaluations, and keeps the time that this takes.
async function meterOf(
  experiments: readonly Experiment[],
  options: SessionOptions,
  passes = ({ config }: Experiment) => onnxPasses(stepKey(config), options),
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
      replica = 0,
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

// Up to the next evaluation, from a step on.
const untilDue = (step: number, count: number, every: number) =>
  Math.min(count, every - step % every);

/**
 * The engine itself, or where the experiment's metrics ask for more than its
 * step can compute, one that measures that too and makes fewer updates than
 * asked for: it stops at every evaluation.
 *
 * @param engine The experiment's engine.
 * @param experiment The experiment.
 * @param options Where the engine runs.
 * @param passes What runs the rows where they are too many for the step; ONNX
 * Runtime by default.
 */
export async function metered(
  engine: Engine,
  experiment: Experiment,
  options: SessionOptions = {},
  passes?: OpenPass,
): Promise<Engine> {
  const meter = await meterOf([experiment], options, passes && (() => passes));
  if (!meter) return engine;
  return {
    get step() {
      return engine.step;
    },
    async advance(count, every) {
      const state = await engine.state();
      const part = await engine.advance(
        untilDue(engine.step, count, every),
        every,
      );
      const begun = performance.now();
      const evaluations: Evaluation[] = [];
      for (const evaluation of part.evaluations) {
        evaluations.push(await meter.complete(evaluation, state));
      }
      return { ...part, evaluations, measuring: performance.now() - begun };
    },
    stepBack: () => engine.stepBack(),
    async evaluate() {
      return meter.complete(await engine.evaluate(), await engine.state());
    },
    state: () => engine.state(),
    async close() {
      await meter.close();
      await engine.close();
    },
  };
}

/**
 * The same of an engine of several runs.
 *
 * @param engine The runs' engine.
 * @param experiments The runs.
 * @param options Where the engine runs.
 */
export async function meteredReplicas(
  engine: ReplicaEngine,
  experiments: readonly Experiment[],
  options: SessionOptions = {},
): Promise<ReplicaEngine> {
  const meter = await meterOf(experiments, options);
  if (!meter) return engine;
  return {
    get step() {
      return engine.step;
    },
    async advance(count, every) {
      let begun = performance.now();
      const due = engine.step % every === 0;
      const states = due ? await engine.at(engine.step) : [];
      let measuring = performance.now() - begun;
      const parts = await engine.advance(
        untilDue(engine.step, count, every),
        every,
      );
      begun = performance.now();
      const completed: Advance[] = [];
      for (const [r, part] of parts.entries()) {
        const evaluations: Evaluation[] = [];
        for (const evaluation of part.evaluations) {
          const { state } = states[r]!;
          evaluations.push(await meter.complete(evaluation, state, r));
        }
        completed.push({ ...part, evaluations });
      }
      measuring += performance.now() - begun;
      return completed.map((part) => ({ ...part, measuring }));
    },
    async at(step) {
      const all = await engine.at(step);
      const completed = [];
      for (const [r, { evaluation, state }] of all.entries()) {
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
