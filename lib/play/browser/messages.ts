/**
 * What page and worker say to each other.
 *
 * @module
 */

import type { Evaluation } from "../../engine/engine.ts";
import type { Manifest } from "../../runs/manifest.ts";
import type { Wave } from "./circles.ts";

/** What the page asks of the worker. */
export type Order =
  /** ONNX Runtime's .wasm. */
  | { readonly kind: "open"; readonly wasm: ArrayBuffer }
  /** Starts a training anew, from keys of a config. */
  | {
    readonly kind: "start";
    readonly config: Readonly<Record<string, unknown>>;
  }
  /** Trains until told otherwise. */
  | { readonly kind: "run" }
  /** Stops behind the steps that are being made. */
  | { readonly kind: "pause" }
  /** Makes one step. */
  | { readonly kind: "step" }
  /** From here on with other values of some keys. */
  | {
    readonly kind: "change";
    readonly config: Readonly<Record<string, unknown>>;
  }
  /** The run so far as files. */
  | { readonly kind: "save"; readonly manifest: Manifest };

/** The network at a step. */
export interface Frame {
  /** Updates made. */
  readonly step: number;
  /** The train loss before the last update; null where it was none. */
  readonly loss: number | null;
  /** Milliseconds a step, of the last ones. */
  readonly msPerStep: number;
  /** What was measured on the way. */
  readonly evaluations: readonly Evaluation[];
  /** The first weights by frequency. */
  readonly spectrum: readonly Wave[];
  /** The planes of the strongest frequencies, with the residues in them. */
  readonly circles: readonly {
    readonly frequency: number;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
  /** What the network says, where it was asked. */
  readonly answers?: Answers;
}

/** The network's answers at a step. */
export interface Answers {
  /** p. */
  readonly modulus: number;
  /** The logit of one class for each pair (a, b), [p · p], a slowest; NaN where the
   * task has no such pair. */
  readonly picture: Float32Array;
  /** Which class. */
  readonly class: number;
  /** Logits of some train rows, [n, classes]. */
  readonly sample: Float64Array;
  /** How many classes there are. */
  readonly classes: number;
}

/** What the worker says. */
export type Word =
  | { readonly kind: "ready" }
  /** A training stands, at its first step. */
  | {
    readonly kind: "started";
    readonly config: Readonly<Record<string, unknown>>;
    readonly parameters: number;
    readonly rows: number;
  }
  | { readonly kind: "frame"; readonly frame: Frame }
  /** No step is made any more: all are, or somebody paused, or it broke. */
  | { readonly kind: "stopped"; readonly why: "end" | "pause" | string }
  | { readonly kind: "saved"; readonly name: string; readonly zip: Uint8Array }
  /** What was asked cannot be; a training may run on all the same. */
  | {
    readonly kind: "refused";
    readonly message: string;
    readonly running: boolean;
  };
