/**
 * Running ONNX models: the only file that imports an ONNX Runtime.
 *
 * @module
 */

import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { DType } from "../trace/graph.ts";
import type { HostData, HostTensor } from "./tensor.ts";

/** Which build of ONNX Runtime runs a model: native code or WebAssembly. */
export type Runtime = "node" | "web";

/** How to run a model. */
export interface SessionOptions {
  /** Native (`node`, the default) or WebAssembly (`web`). */
  readonly runtime?: Runtime;
  /** Threads inside one operator; 0, the default, takes every physical core. */
  readonly threads?: number;
  /** Graph optimisation; `all` by default. */
  readonly optimization?: "disabled" | "basic" | "extended" | "all";
}

/** A model that is ready to run. */
export interface Session {
  /** Outputs, in the order of the file. */
  readonly outputNames: readonly string[];
  /**
   * Runs the model.
   *
   * @param inputs A tensor for each input. Of float16 there can be none in
   * Deno: onnxruntime-node 1.30 refuses the array.
   * @param outputs The outputs wanted; by default all.
   * @throws {Error} what ONNX Runtime says against the inputs.
   */
  run(
    inputs: Readonly<Record<string, HostTensor>>,
    outputs?: readonly string[],
  ): Promise<Record<string, HostTensor>>;
  /** Gives the model's memory back. */
  close(): Promise<void>;
}

/** The execution provider that a runtime computes with, by ONNX's name. */
export function providerOf(runtime: Runtime = "node"): "cpu" | "wasm" {
  return runtime === "node" ? "cpu" : "wasm";
}

async function runtimeModule(runtime: Runtime) {
  if (runtime === "node") return (await import("onnxruntime-node")).default;
  const ort = (await import("onnxruntime-web")).default;
  // Worker threads of the wasm build do not end with the program in Deno.
  ort.env.wasm.numThreads = 1;
  return ort as unknown as typeof import("onnxruntime-node");
}

/**
 * Prepares a model for running.
 *
 * @param model The bytes of the model.
 * @param options Runtime, threads, optimisation.
 * @throws {Error} what ONNX Runtime says against the model.
 */
export async function openSession(
  model: Uint8Array,
  options: SessionOptions = {},
): Promise<Session> {
  const { runtime = "node", threads = 0, optimization = "all" } = options;
  const ort = await runtimeModule(runtime);
  const session: InferenceSession = await ort.InferenceSession.create(model, {
    executionProviders: [providerOf(runtime)],
    graphOptimizationLevel: optimization,
    intraOpNumThreads: threads,
    extra: {
      // It keeps a factor in float32, whatever the type of the product.
      optimization: { disable_specified_optimizers: "MatMulScaleFusion" },
    },
    // Warnings speak of our own graphs' internals; errors are thrown anyway.
    logSeverityLevel: 3,
  });
  return {
    outputNames: session.outputNames,
    async run(inputs, outputs = session.outputNames) {
      const feeds: Record<string, Tensor> = {};
      for (const [name, { dtype, shape, data }] of Object.entries(inputs)) {
        // The constructor's overloads pair each dtype with its array, which
        // a value of any dtype cannot show to the compiler.
        const pair = [dtype, data] as ["float32", Float32Array];
        feeds[name] = new ort.Tensor(...pair, [...shape]);
      }
      const results = await session.run(feeds, [...outputs]);
      return Object.fromEntries(
        Object.entries(results).map(([name, { type, dims, data }]) => [name, {
          dtype: type as DType,
          shape: dims,
          data: data as HostData,
        }]),
      );
    },
    close: () => session.release(),
  };
}
