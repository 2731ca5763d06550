/**
 * The figures of the paper, one a file, and the registry of them.
 *
 * @module
 */

import { eps } from "./beyond/eps.ts";
import { imbalancedCollapse } from "./beyond/imbalanced_collapse.ts";
import type { Arm, Claim, Figure } from "./figure.ts";
import { fig1 } from "./paper/fig1.ts";
import { fig2 } from "./paper/fig2.ts";
import { fig3 } from "./paper/fig3.ts";
import { fig4 } from "./paper/fig4.ts";
import { fig5 } from "./paper/fig5.ts";
import { fig6 } from "./paper/fig6.ts";
import { fig7 } from "./paper/fig7.ts";
import { fig8 } from "./paper/fig8.ts";
import { fig9 } from "./paper/fig9.ts";
import { fig10 } from "./paper/fig10.ts";
import { fig11 } from "./paper/fig11.ts";
import { fig12 } from "./paper/fig12.ts";
import { fig13 } from "./paper/fig13.ts";
import { fig14 } from "./paper/fig14.ts";
import { fig15 } from "./paper/fig15.ts";
import { fig16 } from "./paper/fig16.ts";
import { fig17 } from "./paper/fig17.ts";
import { largeLr } from "./beyond/large_lr/large_lr.ts";
import { perp } from "./beyond/perp.ts";
import { opposing } from "./beyond/opposing.ts";
import { proxies } from "./beyond/proxies.ts";
import { remedies } from "./beyond/remedies.ts";
import { sgdStability } from "./beyond/sgd_stability.ts";
import { slingshots } from "./beyond/slingshots.ts";
import { stabilityGap } from "./beyond/stability_gap.ts";
import { provenanceOf } from "./provenance.ts";
import { minutesOf } from "./seeds.ts";

export type {
  Arm,
  Claim,
  Decision,
  Figure,
  Json,
  Measure,
  Provenance,
  Results,
  Row,
  Scale,
  StepMedian,
  Tally,
} from "./figure.ts";
export type { RunRecord } from "./figure.ts";

const all: Readonly<Record<string, Figure>> = {
  fig1,
  fig2,
  fig3,
  fig4,
  fig5,
  fig6,
  fig7,
  fig8,
  fig9,
  fig10,
  fig11,
  fig12,
  fig13,
  fig14,
  fig15,
  fig16,
  fig17,
  eps,
  "imbalanced-collapse": imbalancedCollapse,
  "large-lr": largeLr,
  perp,
  slingshots,
  opposing,
  proxies,
  remedies,
  "sgd-stability": sgdStability,
  "stability-gap": stabilityGap,
};

// What is told of figures in tables of their own: where claims come from, and
// what runs cost.
function told(name: string, figure: Figure): Figure {
  const arms = figure.arms.map((arm): Arm => {
    const minutes = minutesOf(name, arm.name);
    return minutes === undefined ? arm : { ...arm, minutes };
  });
  const claims = figure.claims.map((claim): Claim => {
    const provenance = provenanceOf(name, claim.id);
    return provenance ? { ...claim, provenance } : claim;
  });
  return { ...figure, arms, claims };
}

/** Every figure by its name, in the order in which they are listed. */
export const figures: Readonly<Record<string, Figure>> = Object.fromEntries(
  Object.entries(all).map(([name, figure]) => [name, told(name, figure)]),
);
