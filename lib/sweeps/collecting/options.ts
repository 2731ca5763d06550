/**
 * What collecting is told, checked.
 *
 * @module
 */

import { type Checks, flag } from "../../base/options.ts";

/** How to collect a sweep. */
export interface CollectOptions {
  /** A row for each evaluation of each run, instead of one for each run. */
  readonly metrics?: boolean;
  /** All keys of the configs, not only those in which the runs differ. */
  readonly allKeys?: boolean;
  /** Replace the file if it is there. */
  readonly overwrite?: boolean;
}

/** Its check. */
export const COLLECT: Checks<CollectOptions> = {
  metrics: flag,
  allKeys: flag,
  overwrite: flag,
};

/** What was collected. */
export interface Collected {
  /** The file. */
  readonly path: string;
  /** Runs of the sweep. */
  readonly runs: number;
  /** Rows that were written. */
  readonly rows: number;
  /** The columns' names. */
  readonly columns: readonly string[];
  /** Runs by how they stand. */
  readonly states: Readonly<Record<string, number>>;
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}
