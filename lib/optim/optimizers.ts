/**
 * The usual optimizers, each agreeing with PyTorch's.
 *
 * @module
 */

import type { Setting } from "../settings/setting.ts";
import { only } from "../base/options.ts";
import { ADAM, scaleByAdam } from "./directions/adam.ts";
import type { OptimizerDefinition } from "./definition.ts";
import { defineDescent } from "./descent.ts";
import {
  type AdamSettings,
  adamSettings,
  type DescentSettings,
  momentum,
} from "./settings.ts";
import { scaleByMomentum } from "./scaling.ts";

/** Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101). */
export const adamw: OptimizerDefinition<DescentSettings & AdamSettings> =
  defineDescent({
    summary: "Adam, by default with decoupled weight decay",
    settings: adamSettings,
    decay: "decoupled",
    direction: (options) => scaleByAdam(only(options, ADAM)),
  });

/** Adam with L2 regularisation (Kingma & Ba, arXiv 1412.6980). */
export const adam: OptimizerDefinition<DescentSettings & AdamSettings> =
  defineDescent({
    summary: "Adam, by default with L2 regularisation",
    settings: adamSettings,
    decay: "l2",
    direction: (options) => scaleByAdam(only(options, ADAM)),
  });

/** Gradient descent with heavy-ball momentum and L2 regularisation. */
export const sgd: OptimizerDefinition<
  DescentSettings & { readonly momentum: Setting<number> }
> = defineDescent({
  summary: "gradient descent with momentum, by default with L2 regularisation",
  settings: { momentum },
  decay: "l2",
  direction: ({ momentum }) => scaleByMomentum(momentum),
});
