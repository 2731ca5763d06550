/**
 * TensorFlow.js's WebAssembly backend, with what it lacks for training.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { createRequire } from "node:module";
import { join } from "node:path";
import { append } from "../../base/extremes.ts";
import type { Loaded } from "./backend.ts";

const BACKEND = "wasm";

// What the kernels below use of tfjs-backend-wasm's backend.
interface WasmBackend extends tf.KernelBackend {
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array;
}

type Call = {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly backend: WasmBackend;
  readonly attrs: Readonly<Record<string, unknown>>;
};

// Every kernel of this backend is called so; TensorFlow.js knows it of no backend.
const kernel = (run: (call: Call) => tf.TensorInfo): tf.KernelFunc => (call) =>
  run(call as Call);

/**
 * Loads tfjs-backend-wasm.
 *
 * @param folder Where it was set up.
 */
export function loadWasm(folder: string): Promise<Loaded> {
  createRequire(join(folder, "load.cjs"))("@tensorflow/tfjs-backend-wasm");
  for (const product of ["BatchMatMul", "_FusedMatMul"]) {
    transposeFirst(product);
  }
  mendGather();
  tf.registerKernel({
    kernelName: "UnsortedSegmentSum",
    backendName: BACKEND,
    kernelFunc: kernel(unsortedSegmentSum),
  });
  return Promise.resolve({
    registered: BACKEND,
    detail: "WebAssembly, one thread",
  });
}

// The package multiplies transposed matrices without SIMD, eight times slower
// than others: a copy that is transposed first costs a fraction of that.
function transposeFirst(kernelName: string): void {
  const stock = tf.getKernel(kernelName, BACKEND)!;
  tf.unregisterKernel(kernelName, BACKEND);
  tf.registerKernel({
    ...stock,
    kernelFunc: kernel(({ inputs, backend, attrs }) => {
      const copies: tf.TensorInfo[] = [];
      const straight = (input: string, flag: string) => {
        const x = inputs[input]!;
        if (!attrs[flag]) return x;
        const copy = transposed(x, backend);
        copies.push(copy);
        return copy;
      };
      const operands = {
        ...inputs,
        a: straight("a", "transposeA"),
        b: straight("b", "transposeB"),
      };
      const product = stock.kernelFunc({
        inputs: operands,
        backend,
        attrs: { ...attrs, transposeA: false, transposeB: false } as Record<
          string,
          tf.Attribute
        >,
      });
      for (const { dataId } of copies) backend.disposeData(dataId);
      return product as tf.TensorInfo;
    }),
  });
}

function transposed(x: tf.TensorInfo, backend: WasmBackend): tf.TensorInfo {
  const perm = x.shape.map((_, axis) => axis);
  append(perm, perm.splice(-2).reverse());
  const { kernelFunc } = tf.getKernel("Transpose", BACKEND)!;
  return kernelFunc({
    inputs: { x },
    backend,
    attrs: { perm },
  }) as tf.TensorInfo;
}

// With batch dimensions the package reads its indices with the wrong stride: it
// returns other elements than were asked for, or leaves its memory.
function mendGather(): void {
  const stock = tf.getKernel("GatherV2", BACKEND)!;
  tf.unregisterKernel("GatherV2", BACKEND);
  tf.registerKernel({
    ...stock,
    kernelFunc: (call) =>
      call.attrs!["batchDims"] === 0
        ? stock.kernelFunc(call)
        : kernel(gather)(call),
  });
}

function gather({ inputs, backend, attrs }: Call): tf.TensorInfo {
  const { x, indices } = inputs as Record<"x" | "indices", tf.TensorInfo>;
  const [axis] = tf.util.parseAxisParam(attrs["axis"] as number, x.shape);
  const info = tf.backend_util.segment_util.collectGatherOpShapeInfo(
    x as tf.Tensor,
    indices as tf.Tensor,
    axis!,
    attrs["batchDims"] as number,
  );
  const { batchSize, outerSize, dimSize, sliceSize } = info;
  const perBatch = tf.util.sizeFromShape(indices.shape) / batchSize;
  // Before the memory is looked at: making room can move it.
  const out = backend.makeOutput(info.outputShape, x.dtype);
  const [to, from, ids] = [out, x, indices].map((info) =>
    backend.typedArrayFromHeap(info)
  );
  for (let batch = 0; batch < batchSize; batch++) {
    for (let outer = 0; outer < outerSize; outer++) {
      const block = batch * outerSize + outer;
      for (let i = 0; i < perBatch; i++) {
        const id = ids![batch * perBatch + i]!;
        if (id < 0 || id >= dimSize) {
          throw new RangeError(
            `Cannot gather element ${id}: axis ${axis} has ${dimSize}`,
          );
        }
        const start = (block * dimSize + id) * sliceSize;
        to!.set(
          from!.subarray(start, start + sliceSize),
          (block * perBatch + i) * sliceSize,
        );
      }
    }
  }
  return out;
}

// The gradient of a gather; the package has none. Rows whose id is negative
// belong to no segment.
function unsortedSegmentSum({ inputs, backend, attrs }: Call): tf.TensorInfo {
  const { x, segmentIds } = inputs as Record<"x" | "segmentIds", tf.TensorInfo>;
  const segments = attrs["numSegments"] as number;
  const ids = segmentIds.shape.length;
  const width = tf.util.sizeFromShape(x.shape.slice(ids));
  const sum = backend.makeOutput(
    [segments, ...x.shape.slice(ids)],
    x.dtype,
  );
  const total = backend.typedArrayFromHeap(sum).fill(0);
  const rows = backend.typedArrayFromHeap(x);
  for (const [row, id] of backend.typedArrayFromHeap(segmentIds).entries()) {
    if (id < 0 || id >= segments) continue;
    for (let i = 0; i < width; i++) {
      total[id * width + i]! += rows[row * width + i]!;
    }
  }
  return sum;
}
