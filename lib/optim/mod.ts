/**
 * Optimizers: chains of gradient transformations.
 *
 * @module
 */

import { type AdamOptions, scaleByAdam } from "./adam.ts";
import { perpGrad, type PerpGradOptions } from "./perp_grad.ts";
import {
  addDecayedWeights,
  type Rate,
  scaleByLearningRate,
  scaleByMomentum,
} from "./stages.ts";
import { chain, type GradientTransformation } from "./transform.ts";

export { type AdamOptions, type AdamState, scaleByAdam } from "./adam.ts";
export { perpGrad, type PerpGradOptions } from "./perp_grad.ts";
export {
  addDecayedWeights,
  type Rate,
  scaleByLearningRate,
  scaleByMomentum,
} from "./stages.ts";
export {
  applyUpdates,
  chain,
  type ChainState,
  type GradientTransformation,
  newCount,
  type Params,
  stateless,
  zerosLike,
  zipTrees,
} from "./transform.ts";

/** What every optimizer takes. */
export interface OptimizerOptions extends AdamOptions {
  /** Learning rate η. */
  readonly lr: Rate;
  /** Weight decay λ: decoupled in `adamw`, L2 in `adam` and `sgd`. */
  readonly weightDecay: Rate;
  /** Momentum μ of `sgd`. */
  readonly momentum: number;
  /** Updates over which the learning rate grows from 0; 0 for none. */
  readonly warmup: number;
}

/** Every optimizer by its name in a config, each agreeing with PyTorch's. */
export const optimizers: {
  readonly [
    name in "adamw" | "adam" | "sgd"
  ]: (options: OptimizerOptions) => GradientTransformation;
} = {
  adamw: ({ weightDecay, lr, warmup, ...adam }) =>
    chain(
      scaleByAdam(adam),
      addDecayedWeights(weightDecay),
      scaleByLearningRate(lr, warmup),
    ),
  adam: ({ weightDecay, lr, warmup, ...adam }) =>
    chain(
      addDecayedWeights(weightDecay),
      scaleByAdam(adam),
      scaleByLearningRate(lr, warmup),
    ),
  sgd: ({ weightDecay, lr, warmup, momentum }) =>
    chain(
      addDecayedWeights(weightDecay),
      scaleByMomentum(momentum),
      scaleByLearningRate(lr, warmup),
    ),
};

/** The name of an optimizer. */
export type OptimizerName = keyof typeof optimizers;

/**
 * An optimizer, with ⊥Grad before it where that is asked for: ⊥Grad sees the
 * plain gradient, weight decay stays with the optimizer.
 *
 * @param name Which one.
 * @param options Its constants.
 * @param perp ⊥Grad's options, or false for none.
 */
export function makeOptimizer(
  name: OptimizerName,
  options: OptimizerOptions,
  perp: PerpGradOptions | false,
): GradientTransformation {
  const base = optimizers[name](options);
  return perp ? chain(perpGrad(perp), base) : base;
}
