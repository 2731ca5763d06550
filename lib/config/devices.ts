/**
 * Which settings of where to compute go together.
 *
 * @module
 */

import { deviceRows, onnxDevices, type Runtime } from "../settings/devices.ts";
import type { FloatDType } from "../numeric/tensor.ts";

/** The keys that say where to compute, and in what. */
interface DeviceKeys {
  readonly engine: string;
  readonly device: string;
  readonly runtime: Runtime;
  readonly precision: FloatDType;
  readonly lossPrecision: FloatDType;
}

/**
 * What is wrong with an experiment's device and runtime, in words that begin
 * with a flag; undefined where nothing is.
 */
export function deviceProblem(config: DeviceKeys): string | undefined {
  const { engine, device, runtime } = config;
  if (engine === "tfjs") {
    if (device === "cuda" || device === "webgpu") {
      return `--device must be auto or cpu with --engine tfjs, got ${device}: ` +
        "use --backend";
    }
    return runtime === "node"
      ? tfjsProblem(config)
      : `--runtime must be node with --engine tfjs, got ${runtime}: use ` +
        "--backend wasm";
  }
  if (device === "auto") return undefined;
  const rows = onnxDevices(runtime, deviceRows);
  const row = rows.find(({ name }) => name === device);
  if (!row) {
    const names = rows.map(({ name }) => name).join(", ");
    return `--device must be auto or one of ${names} with --runtime ` +
      `${runtime}, got ${device}`;
  }
  if (runtime === "web" && device === "webgpu") {
    return "--runtime must be node to train with --device webgpu, got web: " +
      "that build of ONNX Runtime has no float64, in which losses are added up";
  }
  for (
    const [flag, type] of [
      ["--precision", config.precision],
      ["--loss-precision", config.lossPrecision],
    ] as const
  ) {
    if (row.precisions.includes(type)) continue;
    return `${flag} must be ${row.precisions.join(" or ")} with --device ` +
      `${device}, which has no other, got ${type}: use --device cpu`;
  }
}

function tfjsProblem(
  { precision, lossPrecision }: DeviceKeys,
): string | undefined {
  const types = { "--precision": precision, "--loss-precision": lossPrecision };
  for (const [flag, type] of Object.entries(types)) {
    if (type === "float32") continue;
    return `${flag} must be float32 with --engine tfjs, which has no other, ` +
      `got ${type}: use --engine onnx`;
  }
}
