import type { Loadable } from "../../extensions/use.ts";
import type { ProbeName, ProbeResults } from "../catalogue.ts";
import type { RunCheckpoint } from "../context/context.ts";
import type { ProbeOptions } from "./options.ts";

/** A run and its checkpoints, oldest first. */
export interface ListedRun {
  /** The folder. */
  readonly path: string;
  /** The checkpoints. */
  readonly checkpoints: readonly RunCheckpoint[];
}

/** What there is to ask. */
export interface ProbingWork {
  /** A checkpoint's file, or a run folder. */
  readonly path: string;
  /**
   * The run, and its checkpoints as they were when asking began: one that is still
   * training makes more. Undefined where the file lies in no run.
   */
  readonly run: ListedRun | undefined;
  /** Probes of a checkpoint. */
  readonly names: readonly ProbeName[];
  /**
   * Whether all of them are asked of each of a run's checkpoints, a checkpoint
   * being a unit of work; else each of them of the file is one.
   */
  readonly whole: boolean;
  /** Which checkpoints, where they are asked; by default all of the run. */
  readonly asked?: readonly RunCheckpoint[];
}

/** The answers to a unit of work. */
export interface UnitAnswers {
  /** Which it is, 0 the first. */
  readonly index: number;
  /** Results by probe. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Why there is none, by probe. */
  readonly reasons: Readonly<Record<string, string>>;
}

/** What a thread is told. */
export interface ProbingOrder {
  /** What there is to ask. */
  readonly work: ProbingWork;
  /** How. */
  readonly options: Omit<ProbeOptions, "onProgress">;
  /** The extensions that the thread must have. */
  readonly use: Loadable;
  /** An Int32: the first unit that no thread has taken. */
  readonly next: SharedArrayBuffer;
}

/** A unit that a thread begins with. */
export interface UnitBegun {
  /** Which it is. */
  readonly begun: number;
}

/** A unit that a thread could not answer. */
export interface UnitFailed {
  /** Which it is. */
  readonly failed: number;
}

/** What a thread answers: a unit, or null when it takes no more. */
export type ProbingAnswer = UnitAnswers | UnitBegun | UnitFailed | null;

/** What is known of a file when it has been asked. */
export interface ProbedFile {
  /** Updates made before the checkpoint, where it says so. */
  readonly step: number | null;
  /** How another tool's file was read, where it leaves it open. */
  readonly notes: readonly string[];
}

/** What probing a checkpoint found; what `deno task probe --json` prints. */
export interface ProbeReport {
  /** The file. */
  readonly source: string;
  /** Updates made before the checkpoint, where it says so. */
  readonly step: number | null;
  /** How another tool's file was read, where it leaves it open; as a rule none. */
  readonly notes: readonly string[];
  /** ONNX Runtime's execution provider. */
  readonly provider: string;
  /** What was found, in five or six sentences. */
  readonly summary: readonly string[];
  /** Results by probe. */
  readonly probes: Partial<ProbeResults>;
  /** Probes that do not apply to this checkpoint, with the reason. */
  readonly skipped: Partial<Record<ProbeName, string>>;
}
