/**
 * A TensorFlow.js backend that records instead of computing: every kernel
 * appends ONNX nodes to the graph being built and returns a new tensor id.
 * TensorFlow.js's own automatic differentiation runs on it unchanged, so a
 * traced function may contain gradients, and gradients of these (see gradients.ts
 * for what is mended of them).
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { checkOptions, flag } from "../base/options.ts";
import { type MapLeaves, mapTree, type Tree } from "../base/tree.ts";
import type { DType } from "../numeric/tensor.ts";
import "./gradients.ts";
import { type Graph, GraphBuilder, type Spec, type Value } from "./graph.ts";
import { expand } from "./operators/lowering.ts";
import { type Rule, rules } from "./operators/rules.ts";
import { expandMasks } from "./operators/squares_kernels.ts";
import { explained, tensorsOf, withTypedGradients } from "./traced.ts";

/** The name under which the tracing backend is registered. */
const BACKEND = "groklab-trace";

/** What TensorFlow.js is told about a value's type: it knows three. */
function tfDType(dtype: DType): "float32" | "int32" | "bool" {
  if (dtype === "bool") return "bool";
  return dtype.startsWith("int") ? "int32" : "float32";
}

class TraceBackend extends tf.KernelBackend {
  builder = new GraphBuilder();
  /** Whether the function that is traced called data(). */
  wasRead = false;
  fewOperations = false;
  #values = new WeakMap<tf.DataId, Value>();

  /** Forgets the values of the last trace. */
  reset({ fewOperations = false, ...how }: TraceOptions = {}): void {
    this.builder = new GraphBuilder(how.deferSegmentSums, how.indicesInRange);
    this.fewOperations = fewOperations;
    this.#values = new WeakMap();
    this.wasRead = false;
  }

  value({ dataId, shape, dtype }: tf.TensorInfo): Value {
    if (!this.#values.has(dataId)) {
      // A tensor made outside the trace enters as a constant. It is read where
      // it lies: moved here, as TensorFlow.js would, it could not go back.
      const data = tf.engine().readSync(dataId);
      this.move(dataId, data, shape, dtype);
    }
    return this.#values.get(dataId)!;
  }

  tensorInfo(value: Value): tf.TensorInfo {
    const dataId = {};
    this.#values.set(dataId, value);
    return { dataId, shape: [...value.shape], dtype: tfDType(value.dtype) };
  }

  override write(
    data: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): tf.DataId {
    const dataId = {};
    this.move(dataId, data, shape, dtype);
    return dataId;
  }

  override move(
    dataId: tf.DataId,
    data: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): void {
    if (dtype === "string" || dtype === "complex64") {
      throw new TypeError(
        `Cannot trace a ${dtype} tensor: float32, int32 and bool can be traced`,
      );
    }
    const values = data as Float32Array<ArrayBuffer>;
    const weak = dtype === "float32";
    const g = this.builder;
    // Automatic differentiation writes whole tensors of ones; as a scalar and
    // an Expand they vanish where the next node broadcasts anyway.
    const first = weak && values.length > 0
      ? Float64Array.of(asWritten(values[0]!))
      : values.slice(0, 1);
    const constant = values.length > 1 &&
        values.every((x) => Object.is(x, values[0]))
      ? expand(g, g.constant(dtype, [], first, weak), shape)
      : g.constant(
        dtype,
        [...shape],
        values.length === 1 ? first : values.slice(),
        weak,
      );
    this.#values.set(dataId, constant);
  }

  override readSync(): never {
    throw new TypeError(
      "Cannot read a tensor's values while tracing: there are none yet. " +
        "A traced function may not call data() or dataSync()",
    );
  }

  /** Nothing ever comes: nobody may wait for it, and a rejection that nobody
   * catches would end the process. `trace` throws instead. */
  override read(): Promise<never> {
    this.wasRead = true;
    return new Promise(() => {});
  }

  override numDataIds = (): number => 0;
  override refCount = (): number => 1;
  override incRef(): void {}
  override disposeData = (): boolean => true;
  override memory = (): { unreliable: boolean } => ({ unreliable: true });
  override floatPrecision = (): 32 => 32;
  override epsilon = (): number => super.epsilon();
  override dispose(): void {}
}

/**
 * The number that was written where TensorFlow.js hands over its nearest
 * float32: the shortest decimal that rounds to it. So `tf.mul(x, 0.1)` is 0.1 in
 * a float64 graph too. (Below 1e-45 TensorFlow.js hands over 0: see `scalar`.)
 */
function asWritten(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Object.is(Math.fround(decimal), value)) return decimal;
  }
  return value;
}

// Errors name the operation that is traced, not one that its rule begins with.
function runRule(
  g: GraphBuilder,
  kernelName: string,
  rule: Rule,
  values: Record<string, Value>,
  attrs: unknown,
): Value | Value[] {
  g.doing = kernelName;
  try {
    return rule(g, values, attrs ?? {});
  } finally {
    delete g.doing;
  }
}

let tracer: TraceBackend | undefined;

function install(): TraceBackend {
  if (tracer) return tracer;
  const backend = tracer = new TraceBackend();
  for (const [kernelName, rule] of Object.entries(rules)) {
    tf.registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: ({ inputs, attrs }) => {
        const values: Record<string, Value> = {};
        for (const [name, info] of Object.entries(inputs)) {
          if (info) values[name] = backend.value(info);
        }
        const out = runRule(backend.builder, kernelName, rule, values, attrs);
        return Array.isArray(out)
          ? out.map((value) => backend.tensorInfo(value))
          : backend.tensorInfo(out);
      },
    });
  }
  return backend;
}

/** Whether a trace is being made now. */
export function isTracing(): boolean {
  return tf.engine().backendName === BACKEND;
}

/** Whether one is that is to have few operations. */
export const wantsFewOperations = (): boolean =>
  isTracing() && install().fewOperations;

/**
 * Names a traced tensor; on other backends returns it unchanged.
 *
 * @param name Its name in the graph: an activation that probes find.
 * @param tensor The tensor.
 */
export function nameTensor<T extends tf.Tensor>(name: string, tensor: T): T {
  if (!isTracing()) return tensor;
  const backend = install();
  const named = backend.builder.name(name, backend.value(tensor));
  return tf.engine().makeTensorFromTensorInfo(
    backend.tensorInfo(named),
  ) as T;
}

/** How to trace. */
export interface TraceOptions {
  /**
   * Leave sums by segment whose ids are not known (gradients of rows looked up)
   * as SegmentSum nodes, to be written by `expandSegmentSums` once they are.
   */
  readonly deferSegmentSums?: boolean;
  /**
   * Indices that are not known while tracing lie in their axes. By default
   * negative ones, which ONNX would count from the end, fail when the graph runs.
   */
  readonly indicesInRange?: boolean;
  /** Rather few operations than little work: on a card each costs the same. */
  readonly fewOperations?: boolean;
}

/**
 * Traces a function of TensorFlow.js tensors into a graph.
 *
 * ```ts
 * import { openSession, scalar, trace } from "@groklab/groklab";
 * import { encodeModel, hostTensorOf, modelOf } from "@groklab/groklab/onnx";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs-core";
 *
 * const graph = trace(
 *   ({ x }) => ({ third: tf.mul(x, scalar(1 / 3)) }),
 *   { x: { dtype: "float64", shape: [2] } },
 * );
 * const session = await openSession(
 *   encodeModel(modelOf(graph, { name: "f" })),
 * );
 * const { third } = await session.run({
 *   x: hostTensorOf("float64", [2], [3, 6]),
 * });
 * assertEquals([...third!.data], [1, 2]);
 * await session.close();
 * ```
 *
 * @param fn Takes a tree of tensors, returns a tree of tensors. It may use any
 * operation that has a rule (see `rules.ts`), gradients among them.
 * @param inputs Shape and element type of each leaf of `fn`'s argument. Traced
 * types may be wider than TensorFlow.js's own: `fn` sees a float64 input as a
 * float32 tensor, and the graph computes in float64.
 * @param options What may be left to later passes.
 * @returns The graph; its inputs and outputs carry the leaves' paths as names.
 * @throws {TypeError} if `fn` uses an operation without a rule, reads values,
 * or mixes floating types without `toPrecision`.
 */
export function trace<T extends Tree<Spec>>(
  fn: (inputs: MapLeaves<T, Spec, tf.Tensor>) => Tree<tf.Tensor>,
  inputs: T,
  options: TraceOptions = {},
): Graph {
  if (isTracing()) {
    throw new TypeError(
      "Cannot trace inside a traced function: call the inner function itself",
    );
  }
  checkOptions("trace()", options, {
    deferSegmentSums: flag,
    indicesInRange: flag,
    fewOperations: flag,
  });
  const backend = install();
  const engine = tf.engine();
  const previous = engine.backendName || undefined;
  backend.reset(options);
  const { builder } = backend;
  // Registered only while tracing, lest TensorFlow.js choose it for eager work.
  // Without asynchronous set-up this takes effect before it returns.
  tf.registerBackend(BACKEND, () => backend, 0);
  tf.setBackend(BACKEND);
  engine.startScope("trace");
  const restore = withTypedGradients((x) => backend.value(x).weak);
  try {
    const values: Value[] = [];
    const tensors = mapTree<Spec, tf.Tensor, T>(inputs, (spec, path) => {
      const value = builder.input(path, spec);
      values.push(value);
      return engine.makeTensorFromTensorInfo(backend.tensorInfo(value));
    });
    const outputs = tensorsOf(fn(tensors)).map(([path, tensor]) =>
      [path, backend.value(tensor)] as const
    );
    if (backend.wasRead) backend.readSync();
    return expandMasks({ inputs: values, outputs });
  } catch (error) {
    throw explained(error, Object.keys(rules));
  } finally {
    restore();
    engine.endScope();
    if (previous) tf.setBackend(previous);
    tf.removeBackend(BACKEND);
    backend.reset();
  }
}
