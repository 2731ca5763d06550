/**
 * From a direction to an optimizer: weight decay, ⊥Grad of the update, schedule,
 * learning rate.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import type { Settings, Values } from "../settings/setting.ts";
import { castLike, scalar } from "../trace/precision.ts";
import type { OptimizerDefinition, Rated } from "./definition.ts";
import { norm } from "./norm.ts";
import { perpGradOf } from "./stages/perp_grad.ts";
import { idleInSchedule, scheduleOf } from "./schedule.ts";
import { type DescentSettings, descentSettings } from "./settings.ts";
import {
  addDecayedWeights,
  decayIndependently,
  scaleByLearningRate,
} from "./scaling.ts";
import {
  chain,
  type GradientTransformation,
  newCount,
  type Params,
  zipTrees,
} from "./transform.ts";

/**
 * Whether weight decay is a part of the gradient, of the direction, or by itself
 * beside an update that alone is multiplied by the learning rate.
 */
export type WeightDecayKind = "decoupled" | "l2" | "independent";

/**
 * Divides a transformation's updates by the length of the gradient that it was
 * given, all tensors as one vector: its learning rate becomes η/‖g‖. Of a gradient
 * that is exactly zero there is no update.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Appendix B.2.
 *
 * @param optimizer Its updates are proportional to its learning rate.
 */
export function overGradientNorm(
  optimizer: GradientTransformation,
): GradientTransformation {
  return {
    init: optimizer.init,
    update(gradients, state, params) {
      const [updates, next] = optimizer.update(gradients, state, params);
      const length = norm(gradients);
      return [
        zipTrees((u) => tf.divNoNan(u, castLike(length, u)), updates),
        next,
      ];
    },
  };
}

/**
 * The same in units of the first gradient that is not zero: the learning rate
 * becomes η·‖g₀‖/‖g‖, which is η in the first step.
 *
 * Source: ours; inferred from the published curves of arXiv 2501.04697, B.2, which
 * η/‖g‖ passes fifty times as fast.
 *
 * @param optimizer Its updates are proportional to its learning rate.
 */
export function overGrowthOfGradientNorm(
  optimizer: GradientTransformation,
): GradientTransformation<
  { readonly optimizer: Params; readonly firstNorm: tf.Tensor }
> {
  const unit = overGradientNorm(optimizer);
  return {
    // 0: there was no gradient yet.
    init: (params) => ({
      optimizer: unit.init(params),
      firstNorm: newCount(params),
    }),
    update(gradients, { optimizer: state = {}, firstNorm: known }, params) {
      const [updates, next] = unit.update(gradients, state, params);
      const length = castLike(norm(gradients), known);
      const first = tf.where(tf.equal(known, scalar(0)), length, known);
      return [
        zipTrees((u) => tf.mul(castLike(first, u), u), updates),
        { optimizer: next, firstNorm: first },
      ];
    },
  };
}

/** What tells an optimizer from the others. */
export interface Descent<S extends Settings> {
  /** What it is, in a few words. */
  readonly summary: string;
  /** The settings that its direction reads. */
  readonly settings: S;
  /** The kind of weight decay that is meant where a config says nothing. */
  readonly decay: WeightDecayKind;
  /** What turns gradients into a direction. */
  direction(config: Values<S>): GradientTransformation;
}

/**
 * The optimizer of a direction: L2 regularisation, the direction, ⊥Grad if it is
 * to turn the update, decoupled weight decay, the learning rate.
 */
export function defineDescent<const S extends Settings>(
  { summary, settings, decay: usual, direction }: Descent<S>,
): OptimizerDefinition<DescentSettings & S> {
  return {
    summary,
    settings: { ...descentSettings, ...settings },
    make(config) {
      const { lr, weightDecay } = config as Common;
      const kind = kindOf(config as Common, usual);
      const schedule = scheduleOf(config as Common);
      const decay = kind === "independent"
        ? []
        : [addDecayedWeights(weightDecay)];
      const turned = [direction(config as Values<S>)];
      if (turnsUpdate(config as Common)) {
        turned.push(perpGradOf(config as Common));
      }
      const optimizer = chain(
        ...(kind === "l2" ? [...decay, ...turned] : [...turned, ...decay]),
        scaleByLearningRate(lr, schedule),
      );
      const scaled = overNorm(config as Common, optimizer);
      return kind === "independent"
        ? chain(scaled, decayIndependently(weightDecay, schedule))
        : scaled;
    },
    check(config) {
      const common = config as Common;
      if (
        common.weightDecay === 0 || kindOf(common, usual) !== "l2" ||
        !turnsUpdate(common)
      ) return;
      return "--perp-at must be gradient with L2 regularisation, which it " +
        `would take away again, got update and --weight-decay ` +
        `${common.weightDecay}: use --weight-decay-kind decoupled`;
    },
    idle: (config) => [
      ...idleInSchedule(config as Common),
      ...((config as Common).lrOverGradientNorm ? [] : ["gradientNormUnit"]),
      // Where it turns gradients, it is a stage that reads them.
      ...(turnsUpdate(config as Common) ? [] : PERP),
      // That is the models' to read.
      "perpProjections",
    ],
  };
}

// What becomes of an optimizer whose rate is divided by the gradient's norm.
function overNorm(
  { lrOverGradientNorm, gradientNormUnit }: Common,
  optimizer: GradientTransformation,
): GradientTransformation {
  if (!lrOverGradientNorm) return optimizer;
  return gradientNormUnit === "first"
    ? overGrowthOfGradientNorm(optimizer)
    : overGradientNorm(optimizer);
}

const PERP = ["perpAt", "perpScope", "perpRenormalise"] as const;

// What every optimizer reads, whatever else it does.
type Common = Rated<Values<DescentSettings>>;

const kindOf = ({ weightDecayKind }: Common, usual: WeightDecayKind) =>
  weightDecayKind ?? usual;

const turnsUpdate = ({ perpGrad, perpAt }: Common) =>
  perpGrad && perpAt === "update";
