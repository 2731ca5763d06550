/**
 * The one table of where a step or a probe can be computed: what `--device`,
 * `--runtime` and `--backend` may name, what `deno task doctor` lists.
 *
 * @module
 */

import type { FloatDType } from "./trace/graph.ts";

/** What a look at a device found: usable, or what is missing and what mends it. */
export type Finding =
  | { readonly usable: true; readonly detail: string }
  | { readonly usable: false; readonly missing: string; readonly mend: string };

/** A place to compute. */
export interface Device {
  /** The engine that computes there. */
  readonly engine: "onnx" | "tfjs";
  /** onnx: which build of ONNX Runtime reaches it. */
  readonly runtime?: "node" | "web";
  /** Its name: of `--device` (onnx) or `--backend` (tfjs). */
  readonly name: string;
  /** One line on what it is. */
  readonly describe: string;
  /** The floating types that it computes in. */
  readonly precisions: readonly FloatDType[];
  /** Looks whether it can be used here by computing something on it. */
  check(): Promise<Finding>;
}
