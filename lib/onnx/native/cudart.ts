/**
 * The functions of CUDA's runtime that are called here, as `cuda_runtime_api.h` has
 * them from version 12 on; all but the last say by a number whether they failed.
 *
 * @module
 */

/** What they take, and give. */
export const SYMBOLS = {
  cudaSetDevice: { parameters: ["i32"], result: "i32" },
  cudaMalloc: { parameters: ["buffer", "usize"], result: "i32" },
  cudaFree: { parameters: ["pointer"], result: "i32" },
  cudaMemcpyAsync: {
    parameters: ["pointer", "pointer", "usize", "i32", "pointer"],
    result: "i32",
  },
  cudaStreamCreateWithFlags: { parameters: ["buffer", "u32"], result: "i32" },
  cudaStreamDestroy: { parameters: ["pointer"], result: "i32" },
  // Not on the thread that everything else runs on.
  cudaStreamSynchronize: {
    parameters: ["pointer"],
    result: "i32",
    nonblocking: true,
  },
  cudaStreamBeginCapture: { parameters: ["pointer", "i32"], result: "i32" },
  cudaStreamEndCapture: { parameters: ["pointer", "buffer"], result: "i32" },
  cudaGraphGetNodes: {
    parameters: ["pointer", "buffer", "buffer"],
    result: "i32",
  },
  cudaGraphNodeGetType: { parameters: ["pointer", "buffer"], result: "i32" },
  cudaGraphMemcpyNodeGetParams: {
    parameters: ["pointer", "buffer"],
    result: "i32",
  },
  cudaPointerGetAttributes: {
    parameters: ["buffer", "pointer"],
    result: "i32",
  },
  cudaGraphInstantiateWithFlags: {
    parameters: ["buffer", "pointer", "u64"],
    result: "i32",
  },
  cudaGraphDestroy: { parameters: ["pointer"], result: "i32" },
  cudaGraphLaunch: { parameters: ["pointer", "pointer"], result: "i32" },
  cudaGraphExecDestroy: { parameters: ["pointer"], result: "i32" },
  cudaGetErrorString: { parameters: ["i32"], result: "pointer" },
} as const;

/** A library that has them. */
export type Cuda = Deno.DynamicLibrary<typeof SYMBOLS>;
