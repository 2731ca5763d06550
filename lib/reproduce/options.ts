import {
  anything,
  callback,
  type Checks,
  flag,
  oneOf,
  signal,
  text,
  whole,
} from "../base/options.ts";
import type { Figure, RunRecord, Scale } from "../figures/figure.ts";
import type { Job, Places } from "./layout.ts";

/** Where a reproduction stands. */
export interface Standing {
  /** Runs that are there. */
  readonly finished: number;
  /** Runs that there will be. */
  readonly of: number;
  /** The runs in training, and their steps. */
  readonly training: readonly { readonly job: Job; readonly step: number }[];
  /** Milliseconds until all are there, as far as is known; NaN at first. */
  readonly left: number;
}

/** How to reproduce figures. */
export interface ReproduceOptions {
  /** Full, if left out. */
  readonly scale?: Scale;
  /**
   * Seeds 0, 1, … of each arm; by default 3 to 10, by what a run costs, in the quick
   * form the figure's.
   */
  readonly seeds?: number;
  /** Go on with runs that are there; finished ones are not repeated. */
  readonly resume?: boolean;
  /** Begin runs that are there again. */
  readonly overwrite?: boolean;
  /** Published records stand for runs that are not here. */
  readonly published?: boolean;
  /** Runs side by side; 2, if left out. */
  readonly jobs?: number;
  /** Threads of each run; 1, if left out. The bytes depend on it. */
  readonly threads?: number;
  /** Where to compute; the processor, if left out. */
  readonly device?: "cpu" | "cuda" | "webgpu";
  /** Where files lie; those of the repository, if left out. */
  readonly places?: Places;
  /** The figures; all of the project, if left out. */
  readonly figures?: Readonly<Record<string, Figure>>;
  /** The name of the program, for the manifests. */
  readonly program?: string;
  /** Stops after the running steps, all state kept. */
  readonly signal?: AbortSignal;
  /** Called before anything is trained, with an estimate of the time. */
  readonly onPlan?: (standing: Standing) => void;
  /** Called whenever a run gets further. */
  readonly onProgress?: (standing: Standing) => void;
  /** Called when a run is done. */
  readonly onRun?: (job: Job, record: RunRecord, standing: Standing) => void;
  /** Called with what the user may want to know. */
  readonly onWarning?: (text: string) => void;
}

export const REPRODUCE: Checks<ReproduceOptions> = {
  scale: oneOf(["full", "quick"]),
  seeds: whole(1),
  resume: flag,
  overwrite: flag,
  published: flag,
  jobs: whole(1),
  threads: whole(0),
  device: oneOf(["cpu", "cuda", "webgpu"]),
  places: anything,
  figures: anything,
  program: text,
  signal,
  onPlan: callback,
  onProgress: callback,
  onRun: callback,
  onWarning: callback,
};
