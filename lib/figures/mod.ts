/**
 * The figures of the paper, one a file, and the registry of them.
 *
 * @module
 */

import type { Figure } from "./figure.ts";
import { fig1 } from "./fig1.ts";
import { fig2 } from "./fig2.ts";
import { fig3 } from "./fig3.ts";
import { fig4 } from "./fig4.ts";
import { fig6 } from "./fig6.ts";

export type {
  Arm,
  Claim,
  Decision,
  Figure,
  Json,
  Measure,
  Results,
  Row,
  Scale,
} from "./figure.ts";
export type { RunRecord } from "./record.ts";

/** Every figure by its name, in the order in which they are listed. */
export const figures: Readonly<Record<string, Figure>> = {
  fig1,
  fig2,
  fig3,
  fig4,
  fig6,
};
