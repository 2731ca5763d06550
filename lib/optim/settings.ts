/**
 * The settings that several optimizers read.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import {
  choice,
  decay,
  notNegative,
  nullable,
  positive,
  type Setting,
  yesNo,
} from "../settings/setting.ts";
import { type PerpGradSettings, perpGradSettings } from "./stages/perp_grad.ts";
import { type ScheduleSettings, scheduleSettings } from "./schedule.ts";

/** What every optimizer reads. */
export type DescentSettings = ScheduleSettings & PerpGradSettings & {
  readonly lr: Setting<number>;
  readonly weightDecay: Setting<number>;
  readonly weightDecayKind: Setting<"decoupled" | "l2" | "independent" | null>;
  readonly lrOverGradientNorm: Setting<boolean>;
  readonly gradientNormUnit: Setting<"first" | undefined>;
};

/**
 * In what the norm that a rate is divided by is measured. Only configs that say it
 * have the key, so that others are what they have always been.
 */
const gradientNormUnit: Setting<"first" | undefined> = {
  ...choice(
    ["first"],
    "first",
    "<name>",
    "first: in units of the first gradient's norm, which is then divided by " +
      "as 1 (default: none)",
  ),
  schema: v.optional(v.picklist(["first"], "must be first")),
  preset: undefined,
};

/** η, λ, how they are used, and ⊥Grad, which may turn the update. */
export const descentSettings: DescentSettings = {
  ...perpGradSettings,
  lr: positive(0.01, "<η>", "learning rate"),
  lrOverGradientNorm: yesNo(
    false,
    "divide the learning rate by the gradient's norm",
  ),
  gradientNormUnit,
  weightDecay: notNegative(0, "<λ>", "weight decay"),
  weightDecayKind: nullable(choice(
    ["decoupled", "l2", "independent"],
    "decoupled",
    "<name>",
    "decoupled, l2 or independent of the learning rate (default: decoupled for " +
      "adamw, lion and muon, else l2)",
  )),
  ...scheduleSettings,
};

/** μ of heavy-ball momentum. */
export const momentum: Setting<number> = decay(
  0,
  "<μ>",
  "SGD and RMSprop: momentum",
);

/** Adam's constants. */
export type AdamSettings = {
  readonly [key in "beta1" | "beta2" | "eps"]: Setting<number>;
};

/** β₁, β₂, ε. */
export const adamSettings: AdamSettings = {
  beta1: decay(
    0.95,
    "<β>",
    "Adam: decay of the first moment; Lion and Muon: of the momentum",
  ),
  beta2: decay(
    0.999,
    "<β>",
    "Adam and RMSprop: decay of the second moment; Lion: of the momentum kept",
  ),
  eps: notNegative(
    1e-8,
    "<ε>",
    "added to the denominator (all but SGD and Lion)",
  ),
};
