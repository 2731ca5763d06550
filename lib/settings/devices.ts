/**
 * The one table of where a step or a probe can be computed: what `--device`,
 * `--runtime` and `--backend` may name, what `deno task doctor` lists.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import type { FloatDType } from "../numeric/tensor.ts";

/** Which build of ONNX Runtime runs a model: native code or WebAssembly. */
export type Runtime = "node" | "web";

/** What a build of ONNX Runtime can compute on. */
export type OnnxDevice = "cpu" | "cuda" | "webgpu";

/** What a look at a device found: usable, or what is missing and what mends it. */
export type Finding =
  | { readonly usable: true; readonly detail: string }
  | { readonly usable: false; readonly missing: string; readonly mend: string };

/** A place to compute: a row of the table. */
export interface DeviceRow {
  /** The engine that computes there. */
  readonly engine: "onnx" | "tfjs";
  /** onnx: which build of ONNX Runtime reaches it. */
  readonly runtime?: Runtime;
  /** Its name: of `--device` (onnx) or `--backend` (tfjs). */
  readonly name: string;
  /** One line on what it is. */
  readonly describe: string;
  /** The floating types that it computes in. */
  readonly precisions: readonly FloatDType[];
  /** onnx: why `auto` never takes it, where it does not. */
  readonly onlyWhenAsked?: string;
}

/** The names of TensorFlow.js's backends. */
export const backendNames = [
  "cpu",
  "wasm",
  "webgpu",
  "node",
  "node-gpu",
] as const;

/** The name of a backend, as in `--backend`. */
export type BackendName = (typeof backendNames)[number];

const ALL = ["float16", "float32", "float64"] as const;

const onnx = (
  runtime: Runtime,
  name: OnnxDevice,
  row: Pick<DeviceRow, "describe" | "precisions" | "onlyWhenAsked">,
): DeviceRow => ({ engine: "onnx", runtime, name, ...row });

const tfjs = (name: BackendName, describe: string): DeviceRow => ({
  engine: "tfjs",
  name,
  describe,
  precisions: ["float32"],
});

/** Every device; of an engine and runtime, the ones that `auto` prefers first. */
export const deviceRows: readonly DeviceRow[] = [
  onnx("node", "cuda", {
    describe: "an NVIDIA card through ONNX Runtime's CUDA provider",
    precisions: ALL,
  }),
  onnx("node", "webgpu", {
    describe: "a graphics card through Dawn, as bundled with ONNX Runtime",
    precisions: ["float32"],
    onlyWhenAsked: "used only when asked for: no card has confirmed it",
  }),
  onnx("node", "cpu", {
    describe: "the processor, in native code",
    precisions: ALL,
  }),
  onnx("web", "webgpu", {
    describe: "a graphics card through Deno's WebGPU, for probes",
    precisions: ["float32"],
    onlyWhenAsked: "used only when asked for: no card has confirmed it",
  }),
  onnx("web", "cpu", {
    describe: "the processor, in WebAssembly with one thread",
    precisions: ALL,
  }),
  tfjs("cpu", "JavaScript: slow, always there"),
  tfjs("wasm", "WebAssembly with SIMD, one thread"),
  tfjs("webgpu", "Deno's own WebGPU"),
  tfjs("node", "TensorFlow on the CPU"),
  tfjs("node-gpu", "TensorFlow on an NVIDIA card"),
];

/**
 * The rows of ONNX Runtime's devices under a runtime.
 *
 * @param runtime The build of ONNX Runtime.
 */
export function onnxDevices<Row extends DeviceRow>(
  runtime: Runtime,
  table: readonly Row[],
): readonly Row[] {
  return table.filter((row) =>
    row.engine === "onnx" && row.runtime === runtime
  );
}

/**
 * The row of a device that was named.
 *
 * @throws {UsageError} if the runtime has no such device.
 */
export function onnxDevice<Row extends DeviceRow>(
  { device, runtime }: { device: OnnxDevice; runtime: Runtime },
  table: readonly Row[],
): Row {
  const rows = onnxDevices(runtime, table);
  const row = rows.find(({ name }) => name === device);
  if (row) return row;
  throw new UsageError(
    `--device must be auto or one of ${
      rows.map(({ name }) => name).join(", ")
    }` +
      ` with --runtime ${runtime}, got ${device}`,
  );
}
