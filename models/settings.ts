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
  yesNo,
} from "../lib/settings/setting.ts";
import { onlyWhereSaid } from "../lib/settings/only_where_said.ts";
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
  readonly qkNorm: Setting<boolean | undefined>;
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
  qkNorm: onlyWhereSaid(yesNo(
    false,
    "transformers: a LayerNorm on each head's queries and keys",
  )),
  dropout: dropoutRate,
  perpProjections: perpGradSettings.perpProjections,
  ...initSettings,
};

/** What all transformers take from a config as it is. */
export function residualSizes(
  config: Values<ResidualSettings>,
):
  & Pick<
    Values<ResidualSettings>,
    "dModel" | "heads" | "layers" | "attention" | "initScale"
  >
  & { readonly qkNorm: boolean } {
  const { dModel, heads, layers, attention, initScale, qkNorm = false } =
    config;
  return { dModel, heads, layers, attention, initScale, qkNorm };
}

/** Which of a transformer's keys say nothing beside others of a config. */
export function idleInResidual(config: object): ("perpProjections")[] {
  const { perpGrad, perpScope } = config as Values<PerpGradSettings>;
  return perpGrad && perpScope === "tensor" ? [] : ["perpProjections"];
}

/** Why heads, d_model and a norm of queries and keys do not go together. */
export function attentionProblem(
  { dModel, heads, qkNorm }: {
    readonly dModel: number;
    readonly heads: number;
    readonly qkNorm?: boolean | undefined;
  },
): string | undefined {
  if (dModel % heads !== 0) {
    return `--heads must divide --d-model ${dModel}, got ${heads}`;
  }
  if (!qkNorm || dModel > heads) return;
  return `--qk-norm must have heads of 2 numbers or more, got --heads ${heads} ` +
    `of --d-model ${dModel}: the LayerNorm of one number is always 0`;
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
