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

/**
 * Every arm of every figure as a preset, `FIGURE-ARM`, and `nanda` for the
 * transformer that groks by weight decay.
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
  return new Map([["nanda", { what, config }], ...found]);
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
