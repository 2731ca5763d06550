/**
 * The settings that several models read.
 *
 * @module
 */

import {
  choice,
  integer,
  nullable,
  positive,
  type Setting,
  type Values,
} from "../lib/settings/setting.ts";
import type { Input } from "../lib/data/definition.ts";
import {
  type PerpGradSettings,
  perpGradSettings,
} from "../lib/optim/stages/perp_grad.ts";
import { dropoutRate } from "./layers/dropout.ts";
import { type InitName, inits } from "./init.ts";

/** What every model reads. */
export type InitSettings = {
  readonly init: Setting<InitName | null>;
  readonly initScale: Setting<number>;
};

const initNames = Object.keys(inits) as InitName[];

/** What parameters start as. */
export const initSettings: InitSettings = {
  init: nullable(choice(
    initNames,
    "pytorch",
    "<name>",
    `initial parameters: ${initNames.join(", ")} (default: the model's own)`,
  )),
  initScale: positive(1, "<α>", "multiplies all initial parameters"),
};

/** What every transformer reads. */
export type ResidualSettings = InitSettings & {
  readonly layers: Setting<number>;
  readonly dModel: Setting<number>;
  readonly heads: Setting<number>;
  readonly norm: Setting<"none" | "pre" | "post" | null>;
  readonly positions: Setting<"learned" | "none" | null>;
  readonly attention: Setting<"softmax" | "stablemax">;
  readonly dropout: Setting<number | null>;
} & Pick<PerpGradSettings, "perpProjections">;

const width = (preset: number, help: string) =>
  integer([1, 65536], preset, "<n>", `transformers: ${help}`);

/** Sizes and kind of a transformer. */
export const residualSettings: ResidualSettings = {
  layers: integer([1, 64], 1, "<n>", "transformers: layers"),
  dModel: width(128, "width of the residual stream"),
  heads: width(4, "attention heads"),
  norm: nullable(choice(
    ["none", "pre", "post"],
    "none",
    "<place>",
    "transformers: LayerNorm none, pre or post (default: none; post in the " +
      "encoder)",
  )),
  positions: nullable(choice(
    ["learned", "none"],
    "learned",
    "<kind>",
    "transformers: positions learned or none (default: learned; none in the " +
      "encoder)",
  )),
  attention: choice(
    ["softmax", "stablemax"],
    "softmax",
    "<name>",
    "transformers: weights by softmax or stablemax",
  ),
  dropout: dropoutRate,
  perpProjections: perpGradSettings.perpProjections,
  ...initSettings,
};

/** What all transformers take from a config as it is. */
export function residualSizes(
  { dModel, heads, layers, attention, initScale }: Values<ResidualSettings>,
): Pick<
  Values<ResidualSettings>,
  "dModel" | "heads" | "layers" | "attention" | "initScale"
> {
  return { dModel, heads, layers, attention, initScale };
}

/** Which of a transformer's keys say nothing beside others of a config. */
export function idleInResidual(config: object): ("perpProjections")[] {
  const { perpGrad, perpScope } = config as Values<PerpGradSettings>;
  return perpGrad && perpScope === "tensor" ? [] : ["perpProjections"];
}

/** Why heads and d_model do not go together. */
export function headsProblem(
  { dModel, heads }: { readonly dModel: number; readonly heads: number },
): string | undefined {
  return dModel % heads === 0
    ? undefined
    : `--heads must divide --d-model ${dModel}, got ${heads}`;
}

/**
 * An input that a model accepts only as tokens.
 *
 * @throws {TypeError} if its rows are no tokens.
 */
export function tokensOf(input: Input): Input & { readonly kind: "tokens" } {
  if (input.kind === "tokens") return input;
  throw new TypeError(
    `Cannot make a transformer for ${input.name}: it reads tokens`,
  );
}
