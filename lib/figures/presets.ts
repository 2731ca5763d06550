/**
 * The experiments of the figures, to train one by its name.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { type ConfigInput, defaults } from "../config/config.ts";
import { type Arm, EVALUATIONS } from "./figure.ts";
import { figures } from "./mod.ts";

/** An experiment by its name. */
export interface Preset {
  /** What it is, in a line. */
  readonly what: string;
  /** What the figure sets; of the seed it says nothing. */
  readonly config: ConfigInput;
}

// Nanda et al. (arXiv 2301.05217), with the weight decay of the paper's Figure 6.
const NANDA = "fig6-add-decay";

// The paper's panels that are one experiment, or of several the one that the panel
// is about; Figures 2 and 9 are by precision, of which float32 is usual.
const PANELS: Readonly<Record<string, string>> = {
  fig1a: "fig1-perp-softmax-float32",
  fig1b: "fig1-stablemax",
  fig1c: "fig1-softmax",
  fig2a: "fig2-float32-0.4",
  fig2b: "fig2-float32-0.6",
  fig2c: "fig2-float32-0.7",
  fig5a: "fig5-mlp",
  fig5b: "fig5-mlp-biases",
  fig5c: "fig5-transformer",
  fig6a: "fig6-encoder-perp",
  fig6b: "fig6-mlp-perp-adamw",
  fig6c: "fig6-encoder-decay",
  fig7a: "fig7-sgd",
  fig7b: "fig7-sgd-decay",
  fig7c: "fig7-perp-sgd",
};

/**
 * Every arm of every figure as a preset, `FIGURE-ARM`; `nanda` for the transformer
 * that groks by weight decay; and a panel of the paper, `fig1a`, for the arm that it
 * is about.
 */
export function presets(): Map<string, Preset> {
  const found = new Map<string, Preset>();
  for (const [figure, { title, arms }] of Object.entries(figures)) {
    for (const arm of arms) {
      const what = `${title.replace(/:.*/, "")}: ${arm.label}`;
      found.set(`${figure}-${arm.name}`, { what, config: configOf(arm) });
    }
  }
  const { config } = found.get(NANDA)!;
  const what = "Nanda's transformer, grokking by weight decay";
  const panels = Object.entries(PANELS).map(([panel, arm]) =>
    [panel, found.get(arm)!] as const
  );
  return new Map([["nanda", { what, config }], ...panels, ...found]);
}

// As `reproduce` trains it.
function configOf({ config }: Arm): ConfigInput {
  const { steps = defaults.steps } = config;
  return { evalEvery: Math.max(1, Math.round(steps / EVALUATIONS)), ...config };
}

/**
 * The config of a preset.
 *
 * @param name Its name.
 * @throws {UsageError} if there is none of that name.
 */
export function presetConfig(name: string): ConfigInput {
  const known = presets();
  const preset = known.get(name);
  if (preset) return preset.config;
  // Of a figure that is named alone, its arms.
  const ofFigure = [...known.keys()].filter((key) =>
    key.startsWith(`${name}-`)
  );
  throw new UsageError(
    `--preset ${JSON.stringify(name)} is not known: ` +
      (ofFigure.length > 0
        ? `choose an arm of the figure, ${ofFigure.join(", ")}`
        : `${nearest(name, [...known.keys()])}; --preset list shows all`),
  );
}
