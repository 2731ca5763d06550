/**
 * How a run is looked at, and what is told of it on the way.
 *
 * @module
 */

import { callback, type Checks } from "../base/options.ts";
import {
  PROBE_MODEL,
  type ProbeModelOptions,
} from "../onnx/inspect/options.ts";
import { FOREIGN, type ForeignOptions } from "./foreign/options.ts";

/** A probe's result at each checkpoint that it applies to, oldest first. */
export type ProbeSeries<Result> = readonly {
  /** Updates made before the checkpoint. */
  readonly step: number;
  /** What it found there. */
  readonly result: Result;
}[];

/** How far asking probes is, or a walk over checkpoints. */
export interface ProbeProgress {
  /** What is being done: a probe's name, `probes` or `checkpoints`. */
  readonly what: string;
  /** Probes done, or checkpoints. */
  readonly done: number;
  /** How many there are in all. */
  readonly total: number;
}

/** How to look at a run. */
export interface RunOptions extends ProbeModelOptions {
  /** Called before the first checkpoint and after each. */
  readonly onProgress?: (progress: ProbeProgress) => void;
}

/** The options of a run that is looked at, or of a folder of another tool's. */
export const FOREIGN_RUN: Checks<RunOptions & ForeignOptions> = {
  ...PROBE_MODEL,
  ...FOREIGN,
  onProgress: callback,
};
