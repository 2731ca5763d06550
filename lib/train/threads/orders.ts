/**
 * What is said to a worker that trains, and what it answers.
 *
 * @module
 */

import type { Loadable } from "../../extensions/use.ts";
import type { Config } from "../../config/config.ts";
import type { TrainResult } from "../../runs/result.ts";

/** How a run is trained in a thread. */
export interface TrainingWay {
  /** Begin again, instead of going on with what is there. */
  readonly overwrite?: boolean;
  /**
   * Leave out the state that it starts with, unless the config asks for it: a run of
   * moments that is killed is made again from its config.
   */
  readonly briefly?: boolean;
}

/** What is said to a worker. */
export type TrainingOrder =
  /** Have extensions, before anything is trained. */
  | { readonly kind: "use"; readonly extensions: Loadable }
  /** Train a run: go on with what is there, or replace it. */
  | { readonly kind: "train"; config: Config; run: string; how: TrainingWay }
  /** Train for a moment in a folder, to see how long a step takes. */
  | { readonly kind: "trial"; config: Config; run: string }
  /** Stop after the running steps, with a checkpoint. */
  | { readonly kind: "stop" };

/** How a training in a thread ended. */
export interface TrainingEnd {
  /** Milliseconds a step. */
  readonly ms: number;
  /** How the run ended; none of a trial, and of one that diverged at its start. */
  readonly result?: TrainResult;
  /** Where it diverged, in words. */
  readonly diverged?: string;
}

/** What it answers. */
export type TrainingAnswer =
  /** How far it is. */
  | { readonly kind: "progress"; step: number; ms: number }
  /** Something to be told. */
  | { readonly kind: "warning"; text: string }
  /** The order was carried out, or stopped. */
  | { readonly kind: "ended"; readonly end: TrainingEnd }
  /** It could not be; whether what lies in the folder is damaged. */
  | { readonly kind: "failed"; text: string; damaged: boolean };
