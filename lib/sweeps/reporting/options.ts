/**
 * What a sweep's report is told, checked.
 *
 * @module
 */

import {
  type Checks,
  flag,
  list,
  named,
  object,
  someOf,
  text,
} from "../../base/options.ts";
import { type ReportFormat, reportFormats } from "../../report/options.ts";
import type { Point } from "../layout.ts";

/** How to report on a sweep. */
export interface SweepReportOptions {
  /** The key along the maps; by default the one of the most values. */
  readonly x?: string;
  /** The key up the maps; by default the one of the second most. */
  readonly y?: string;
  /**
   * The keys of which each combination has maps of its own; by default those that
   * are left, as long as that makes no more than twelve.
   */
  readonly by?: readonly string[];
  /** Only runs that have one of these values, by key. */
  readonly at?: Readonly<Record<string, readonly unknown[]>>;
  /** Cells that have curves; by default the best, a middle one and the worst. */
  readonly cells?: readonly Point[];
  /** By default one page. */
  readonly formats?: readonly ReportFormat[];
  /** The page, or the folder of the figures; by default in the sweep's folder. */
  readonly out?: string;
  /** Replace what is there. */
  readonly overwrite?: boolean;
}

/** Its check. */
export const SWEEP_REPORT: Checks<SweepReportOptions> = {
  x: text,
  y: text,
  by: named,
  at: object,
  cells: list,
  formats: someOf(reportFormats),
  out: text,
  overwrite: flag,
};

/** What was written. */
export interface SweepReportWritten {
  /** The files with their sizes in bytes, in the order in which they were written. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** The keys along, up, and of which each combination has maps of its own. */
  readonly axes: {
    readonly x: string | null;
    readonly y: string | null;
    readonly by: readonly string[];
  };
  /** The keys over which cells pool. */
  readonly pooled: readonly string[];
  /** Cells. */
  readonly cells: number;
  /** Runs in them. */
  readonly runs: number;
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}
