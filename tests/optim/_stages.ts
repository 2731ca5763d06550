/**
 * A config that switches each stage on; the compiler asks for one of every stage.
 *
 * @module
 */

import type { ConfigInput } from "../../lib/config/config.ts";
import type { stages } from "../../lib/optim/mod.ts";

/** The name of a stage. */
export type StageName = keyof typeof stages;

/** At a size that shows in a few steps. */
export const stageConfigs: Readonly<Record<StageName, ConfigInput>> = {
  grokfastEma: { grokfast: "ema" },
  grokfastMa: { grokfast: "ma", grokfastWindow: 3 },
  clipValue: { clipValue: 0.01 },
  clipNorm: { clipNorm: 0.1 },
  perpGrad: { perpScope: "global" },
  l1: { l1: 0.1 },
  freeFeatures: {
    task: "rows",
    classCounts: [5, 3, 2],
    model: "free-features",
    weightDecayKind: "l2",
    featureDecay: 0.1,
    featureDistance: 0.2,
  },
  constantNorm: { constantNorm: true },
};
