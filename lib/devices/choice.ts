/**
 * The one table of where a step or a probe can be computed: what `--device`,
 * `--runtime` and `--backend` may name, what `deno task doctor` lists.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { UsageError } from "../base/errors.ts";
import type { OnnxDevice, Runtime } from "../onnx/runtime/session.ts";
import type { FloatDType } from "../trace/graph.ts";
import { checkArgument, object } from "../base/options.ts";

/** What a look at a device found: usable, or what is missing and what mends it. */
export type Finding =
  | { readonly usable: true; readonly detail: string }
  | { readonly usable: false; readonly missing: string; readonly mend: string };

/** A place to compute. */
export interface Device {
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
  /**
   * Looks whether it can be used here by computing something on it.
   *
   * @param deviceId Which of several cards, where there are such; 0 by default.
   */
  check(deviceId?: number): Promise<Finding>;
}

const ALL = ["float16", "float32", "float64"] as const;

// A row of ONNX Runtime's. Its check is loaded when it is made: the table is
// read before anything heavy is.
function onnx(
  runtime: Runtime,
  name: OnnxDevice,
  row: Pick<Device, "describe" | "precisions" | "onlyWhenAsked">,
): Device {
  return {
    engine: "onnx",
    runtime,
    name,
    ...row,
    async check(deviceId = 0) {
      const { checkOnnx } = await import("./onnx_check.ts");
      return checkOnnx({ runtime, device: name, deviceId });
    },
  };
}

// A row of TensorFlow.js's. One is tried in a process of its own.
function tfjs(name: Config["backend"], describe: string): Device {
  return {
    engine: "tfjs",
    name,
    describe,
    precisions: ["float32"],
    async check() {
      const { checkApart } = await import("../engine/tfjs/trial.ts");
      return checkApart(name);
    },
  };
}

/** Every device; of an engine and runtime, the ones that `auto` prefers first. */
export const devices: readonly Device[] = [
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

/** A device that was asked for and cannot be used here. */
export class DeviceError extends Error {
  /** What tells it from other errors. */
  override name = "DeviceError";
}

/** What to compute with ONNX Runtime on, as a config or a flag says it. */
export interface DeviceRequest {
  /** The device, or `auto`. */
  readonly device: "auto" | OnnxDevice;
  /** Which of several cards. */
  readonly deviceId: number;
  /** The build of ONNX Runtime. */
  readonly runtime: Runtime;
}

/** The device that was taken. */
export interface DeviceChoice {
  /** Its name. */
  readonly device: OnnxDevice;
  /** The build of ONNX Runtime. */
  readonly runtime: Runtime;
  /** Which of several cards. */
  readonly deviceId: number;
  /** What the look at it found. */
  readonly detail: string;
  /** What `auto` would rather have taken or never takes, and why not. */
  readonly passedOver: readonly { name: string; reason: string }[];
}

/**
 * The rows of ONNX Runtime's devices under a runtime.
 *
 * @param runtime The build of ONNX Runtime.
 */
export function onnxDevices(
  runtime: Runtime,
  table: readonly Device[] = devices,
): readonly Device[] {
  return table.filter((row) =>
    row.engine === "onnx" && row.runtime === runtime
  );
}

/**
 * The row of a device that was named.
 *
 * @throws {UsageError} if the runtime has no such device.
 */
export function onnxDevice(
  { device, runtime }: { device: OnnxDevice; runtime: Runtime },
  table: readonly Device[] = devices,
): Device {
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

/**
 * Takes the device that is asked for, or the best usable one.
 *
 * @param request What is asked for; `auto` takes the first usable row of the
 * table.
 * @param table The rows to choose from.
 * @throws {DeviceError} if what is asked for cannot be used, saying what is
 * missing and what mends it. Nothing else is taken in its place.
 * @throws {UsageError} if the runtime has no such device.
 */
export async function chooseDevice(
  request: DeviceRequest,
  table: readonly Device[] = devices,
): Promise<DeviceChoice> {
  checkArgument("chooseDevice()", "request", request, object);
  const { device, deviceId, runtime } = request;
  const asked = device !== "auto";
  const rows = asked
    ? [onnxDevice({ device, runtime }, table)]
    : onnxDevices(runtime, table);
  const passedOver: { name: string; reason: string }[] = [];
  let last = { missing: "", mend: "" };
  for (const row of rows) {
    if (!asked && row.onlyWhenAsked !== undefined) {
      passedOver.push({ name: row.name, reason: row.onlyWhenAsked });
      continue;
    }
    const finding = await row.check(deviceId);
    if (finding.usable) {
      return {
        device: row.name as OnnxDevice,
        runtime,
        deviceId,
        detail: finding.detail,
        passedOver,
      };
    }
    last = finding;
    const reason = `${finding.missing}: ${finding.mend}`;
    passedOver.push({ name: row.name, reason });
  }
  const name = rows.at(-1)?.name ?? device;
  throw new DeviceError(
    `Cannot compute on ${name} with --runtime ${runtime}: ${last.missing}; ` +
      `to mend it: ${last.mend}`,
  );
}

/** The choice in a line: what was taken, what was passed over and why. */
export function describeChoice(choice: DeviceChoice): string {
  checkArgument("describeChoice()", "choice", choice, object);
  const { device, runtime, deviceId, detail, passedOver } = choice;
  const which = device === "cuda" ? ` ${deviceId}` : "";
  const wasm = runtime === "web" ? " (WebAssembly)" : "";
  const rest = passedOver.map(({ name, reason }) => `${name} (${reason})`);
  // The processor is always the same; which card it is, the look found out.
  const found = device === "cpu" ? "" : `, ${detail}`;
  return `device: ${device}${which}${wasm}${found}` +
    (rest.length > 0 ? `; passed over: ${rest.join(", ")}` : "");
}
