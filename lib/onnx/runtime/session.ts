/**
 * Running ONNX models: the only file that imports an ONNX Runtime.
 *
 * @module
 */

import type { InferenceSession, Tensor } from "onnxruntime-node";
import { checkOptions } from "../../base/options.ts";
import type { DType, HostData, HostTensor } from "../../numeric/tensor.ts";
import type { OnnxDevice, Runtime } from "../../settings/devices.ts";
import { forbidTf32, packageFolder } from "./cuda.ts";
import { checkFeeds, type ValueSpec } from "./feeds.ts";
import { disabledOptimizers, SESSION, type SessionOptions } from "./options.ts";
import { explainedRun } from "./run_errors.ts";

/** A model that is ready to run. */
export interface Session {
  /** Inputs, in the order of the file. */
  readonly inputs: readonly ValueSpec[];
  /** Outputs, in the order of the file. */
  readonly outputs: readonly ValueSpec[];
  /** Outputs, in the order of the file. */
  readonly outputNames: readonly string[];
  /**
   * Runs the model.
   *
   * @param inputs A tensor for each input. Of float16 the
   * runtime node takes none.
   * @param outputs The outputs wanted; by default all.
   * @throws {TypeError} if an input is missing, unknown, or of another type or
   * shape, or of float16 under node, or an output is unknown.
   * @throws {RangeError} if an index lies outside its axis or an integer is divided
   * by 0.
   * @throws {Error} what ONNX Runtime says else, or if the session is closed.
   */
  run(
    inputs: Readonly<Record<string, HostTensor>>,
    outputs?: readonly string[],
  ): Promise<Record<string, HostTensor>>;
  /** Gives the model's memory back; once more does nothing. */
  close(): Promise<void>;
}

/** The execution provider of a device, by ONNX Runtime's name for it. */
export function providerOf(
  { runtime = "node", device = "cpu" }: SessionOptions = {},
): string {
  return runtime === "web" && device === "cpu" ? "wasm" : device;
}

type Ort = typeof import("onnxruntime-node");

// onnxruntime-node 1.30 knows no Float16Array, and says "not enough space".
function refuseFloat16(inputs: Readonly<Record<string, HostTensor>>): void {
  for (const [name, { dtype }] of Object.entries(inputs)) {
    if (dtype !== "float16") continue;
    throw new TypeError(
      `Cannot run with the input ${name} in float16: the runtime node takes ` +
        "none; give float32 and convert it in the graph with toPrecision, or " +
        "use the runtime web",
    );
  }
}

async function runtimeModule(
  runtime: Runtime,
  device: OnnxDevice,
): Promise<Ort> {
  if (runtime === "node") {
    packageFolder(); // Says what to do where there is none.
    const ort = (await import("onnxruntime-node")).default;
    // What fails is thrown as well; a library that cannot be loaded would be
    // printed besides.
    ort.env.logLevel = "fatal";
    return ort;
  }
  // Two builds: the one with WebGPU is twice as large and lacks float64.
  const { default: ort } = device === "webgpu"
    ? await import("onnxruntime-web/webgpu")
    : await import("onnxruntime-web");
  // Worker threads of the wasm build do not end with the program in Deno.
  ort.env.wasm.numThreads = 1;
  return ort as Ort;
}

/** An execution provider of a build of ONNX Runtime. */
export interface Provider {
  /** ONNX Runtime's name for it. */
  readonly name: string;
  /** Whether the package brings it along. */
  readonly bundled: boolean;
}

/**
 * The execution providers that a build of ONNX Runtime knows.
 *
 * @param runtime The build.
 * @throws {Error} if it cannot be loaded.
 */
export async function bundledProviders(runtime: Runtime): Promise<Provider[]> {
  if (runtime === "web") {
    return ["wasm", "webgpu"].map((name) => ({ name, bundled: true }));
  }
  const { default: ort } = await import("onnxruntime-node");
  return ort.listSupportedBackends()
    .map(({ name, bundled }) => ({ name, bundled }));
}

/**
 * Prepares a model for running.
 *
 * @param model The bytes of the model.
 * @param options Runtime, device, threads, optimisation.
 * @throws {UsageError} if an option is unknown.
 * @throws {Error} what ONNX Runtime says against the model or the device.
 */
export async function openSession(
  model: Uint8Array,
  options: SessionOptions = {},
): Promise<Session> {
  checkOptions("openSession()", options, SESSION);
  const { runtime = "node", device = "cpu", profile } = options;
  if (device === "cuda") forbidTf32();
  const ort = await runtimeModule(runtime, device);
  const session = await created(ort, model, options);
  const specs = valueSpecs(session.inputMetadata);
  let closed: Promise<void> | undefined;
  const close = async () => {
    if (profile !== undefined) session.endProfiling();
    await session.release();
  };
  return {
    inputs: specs,
    outputs: valueSpecs(session.outputMetadata),
    outputNames: session.outputNames,
    async run(inputs, outputs = session.outputNames) {
      if (closed) throw new Error("Cannot run a session that is closed");
      checkFeeds(specs, inputs, session.outputNames, outputs);
      if (runtime === "node") refuseFloat16(inputs);
      const feeds = feedsOf(ort, inputs);
      const results = await session.run(feeds, [...outputs], {
        // Errors are thrown; WebAssembly would print them besides.
        logSeverityLevel: 4,
      })
        .catch((error) => {
          throw explainedRun(error);
        });
      return Object.fromEntries(
        Object.entries(results).map(([name, { type, dims, data }]) => [name, {
          dtype: type as DType,
          shape: dims,
          data: data as HostData,
        }]),
      );
    },
    close: () => closed ??= close(),
  };
}

function created(
  ort: Ort,
  model: Uint8Array,
  options: SessionOptions,
): Promise<InferenceSession> {
  const { device = "cpu", deviceId = 0, threads = 0, spin = false } = options;
  const { optimization = "all", profile } = options;
  const provider = providerOf(options);
  return ort.InferenceSession.create(model, {
    executionProviders: [
      provider === "cuda" ? { name: provider, deviceId } : provider,
    ],
    graphOptimizationLevel: optimization,
    intraOpNumThreads: threads,
    extra: {
      optimization: {
        disable_specified_optimizers: disabledOptimizers(options),
      },
      session: {
        intra_op: { allow_spinning: spin ? "1" : "0" },
        // Else blocks of a card add to the same place, in the order in which they
        // come, and no run repeats itself.
        ...(device === "cuda" && { use_deterministic_compute: "1" }),
        ...(options.wholly && { disable_cpu_ep_fallback: "1" }),
      },
    },
    // Warnings speak of our own graphs' internals; errors are thrown, and would be
    // printed besides.
    logSeverityLevel: 4,
    ...(profile !== undefined &&
      { enableProfiling: true, profileFilePrefix: profile }),
  });
}

function feedsOf(
  ort: Ort,
  inputs: Readonly<Record<string, HostTensor>>,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(inputs)) {
    // The constructor's overloads pair each dtype with its array, which
    // a value of any dtype cannot show to the compiler.
    const pair = [dtype, data] as ["float32", Float32Array];
    feeds[name] = new ort.Tensor(...pair, [...shape]);
  }
  return feeds;
}

function valueSpecs(metadata: InferenceSession["inputMetadata"]): ValueSpec[] {
  return metadata.filter((value) => value.isTensor)
    .map(({ name, type, shape }) => ({
      name,
      dtype: type,
      // WebAssembly's word for a free length without a name: −1, unsigned.
      shape: shape.map((d) => d === 2 ** 32 - 1 ? "" : d),
    }));
}
