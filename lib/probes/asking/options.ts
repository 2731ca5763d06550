/**
 * What probing is told, checked.
 *
 * @module
 */

import { anything, type Checks, flag, whole } from "../../base/options.ts";
import type { ForeignOptions } from "../foreign/options.ts";
import { FOREIGN_RUN, type RunOptions } from "../run_options.ts";

/** The options of probing. */
export const PROBE: Checks<ProbeOptions> = {
  ...FOREIGN_RUN,
  settings: anything,
  jobs: whole(1),
  lenient: flag,
};

/** How to probe. */
export interface ProbeOptions extends RunOptions, ForeignOptions {
  /** What probes are told: keys of {@link probeSettings}, else their defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /**
   * How many threads ask, each with memory and ONNX Runtime sessions of its own;
   * 1 by default. Over a run's checkpoints they share the processor's cores.
   */
  readonly jobs?: number;
  /** Named probes that do not apply are skipped, with the reason, as others are. */
  readonly lenient?: boolean;
}
