/**
 * The figures of the paper, one a file, and the registry of them.
 *
 * @module
 */

import type { Figure } from "./figure.ts";
import { fig2 } from "./fig2.ts";

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
  fig2,
};
