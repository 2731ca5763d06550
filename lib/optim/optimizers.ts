/**
 * The usual optimizers as chains of stages, each agreeing with PyTorch's.
 *
 * @module
 */

import { decay, type Setting } from "../config/setting.ts";
import { scaleByAdam } from "./adam.ts";
import { defineOptimizer, type OptimizerDefinition } from "./definition.ts";
import {
  type AdamSettings,
  adamSettings,
  type RateSettings,
  rateSettings,
} from "./settings.ts";
import {
  addDecayedWeights,
  scaleByLearningRate,
  scaleByMomentum,
} from "./stages.ts";
import { chain } from "./transform.ts";

/** Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101). */
export const adamw: OptimizerDefinition<RateSettings & AdamSettings> =
  defineOptimizer({
    summary: "Adam with decoupled weight decay",
    settings: { ...rateSettings, ...adamSettings },
    make: ({ lr, weightDecay, warmup, ...adam }) =>
      chain(
        scaleByAdam(adam),
        addDecayedWeights(weightDecay),
        scaleByLearningRate(lr, warmup),
      ),
  });

/** Adam with L2 regularisation (Kingma & Ba, arXiv 1412.6980). */
export const adam: OptimizerDefinition<RateSettings & AdamSettings> =
  defineOptimizer({
    summary: "Adam with L2 regularisation",
    settings: { ...rateSettings, ...adamSettings },
    make: ({ lr, weightDecay, warmup, ...adam }) =>
      chain(
        addDecayedWeights(weightDecay),
        scaleByAdam(adam),
        scaleByLearningRate(lr, warmup),
      ),
  });

/** Gradient descent with heavy-ball momentum and L2 regularisation. */
export const sgd: OptimizerDefinition<
  RateSettings & { readonly momentum: Setting<number> }
> = defineOptimizer({
  summary: "gradient descent with momentum and L2 regularisation",
  settings: {
    ...rateSettings,
    momentum: decay(0, "<μ>", "SGD: momentum"),
  },
  make: ({ lr, weightDecay, warmup, momentum }) =>
    chain(
      addDecayedWeights(weightDecay),
      scaleByMomentum(momentum),
      scaleByLearningRate(lr, warmup),
    ),
});
