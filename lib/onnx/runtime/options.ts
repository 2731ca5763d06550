/**
 * What sessions and models are told, checked.
 *
 * @module
 */

import { type Checks, flag, oneOf, text, whole } from "../../base/options.ts";
import type { OnnxDevice, Runtime } from "../../settings/devices.ts";

/** The options of a session. */
export const SESSION: Checks<SessionOptions> = {
  runtime: oneOf(["node", "web"]),
  device: oneOf(["cpu", "cuda", "webgpu"]),
  deviceId: whole(0),
  wholly: flag,
  threads: whole(0),
  spin: flag,
  optimization: oneOf(["disabled", "basic", "extended", "all"]),
  folding: flag,
  recorded: flag,
  profile: text,
};

/** How to run a model. */
export interface SessionOptions {
  /** Native (`node`, the default) or WebAssembly (`web`). */
  readonly runtime?: Runtime;
  /**
   * Where to compute; `cpu` by default. On another device ONNX Runtime places
   * what that device has no kernel for on the CPU, node by node.
   */
  readonly device?: OnnxDevice;
  /** `cuda`: which of several cards; 0 by default. */
  readonly deviceId?: number;
  /** Refuse a model of which a node would be placed on the CPU instead. */
  readonly wholly?: boolean;
  /**
   * Threads inside one operator; 0, the default, takes every physical core.
   * WebAssembly has one.
   */
  readonly threads?: number;
  /**
   * Whether threads stay awake between operators. They begin sooner so, which suits
   * one session that runs without a pause; where sessions take turns the threads of
   * one are in the way of the other's. By default they sleep.
   */
  readonly spin?: boolean;
  /**
   * Whether ONNX Runtime computes once what depends on constants alone, however
   * large that is; by default it does.
   */
  readonly folding?: boolean;
  /** Graph optimisation; `all` by default. */
  readonly optimization?: "disabled" | "basic" | "extended" | "all";
  /**
   * `cuda`: whether training steps are recorded as CUDA graphs, many of which are
   * one thing to launch; where they cannot be, a note on stderr says why, and they
   * run as else. It needs the whole of `--allow-ffi`. By default the environment's
   * `GROKLAB_CUDA_GRAPH` decides: 1 records them.
   */
  readonly recorded?: boolean;
  /**
   * `node`: how the name of a file begins into which closing the session writes
   * when and where every node ran, in Chrome's trace format.
   */
  readonly profile?: string;
}

/** The optimisations that ONNX Runtime leaves out, as its options have them. */
export function disabledOptimizers(
  { device = "cpu", folding }: SessionOptions,
): string {
  return [
    // It keeps a factor in float32, whatever the type of the product.
    "MatMulScaleFusion",
    // It takes a Range away though it is asked for as an output, and the process
    // ends in a fault of memory (1.30).
    "GatherToSliceFusion",
    // What a graph transposes before a product is faster so on a processor.
    ...(device === "cpu" ? ["GemmTransposeFusion"] : []),
    // Of parts of unequal lengths it makes one operation, for which tables are copied
    // to the card in every run.
    ...(device === "cuda" ? ["GatherSliceToSplitFusion"] : []),
    ...(folding === false ? ["ConstantFolding"] : []),
  ].join(";");
}
