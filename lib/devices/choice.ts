/**
 * Choosing where to compute: looks at the places that there are, by computing.
 *
 * @module
 */

import { checkArgument, object } from "../base/options.ts";
import {
  type BackendName,
  type DeviceRow,
  deviceRows,
  type Finding,
  type OnnxDevice,
  onnxDevice,
  onnxDevices,
  type Runtime,
} from "../settings/devices.ts";

/** A place to compute, which can be looked at. */
export interface Device extends DeviceRow {
  /**
   * Looks whether it can be used here by computing something on it.
   *
   * @param deviceId Which of several cards, where there are such; 0 by default.
   */
  check(deviceId?: number): Promise<Finding>;
}

// A look is loaded when it is made: the table is read before anything heavy is.
const withCheck = (row: DeviceRow): Device => ({
  ...row,
  async check(deviceId = 0) {
    if (row.engine === "tfjs") {
      const { checkApart } = await import("./tfjs/check_apart.ts");
      return checkApart(row.name as BackendName);
    }
    const { checkOnnx } = await import("./onnx_check.ts");
    const { runtime = "node" } = row;
    return checkOnnx({ runtime, device: row.name as OnnxDevice, deviceId });
  },
});

/** Every device; of an engine and runtime, the ones that `auto` prefers first. */
export const devices: readonly Device[] = deviceRows.map(withCheck);

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
 * Takes the device that is asked for, or the best usable one.
 *
 * ```ts
 * import { chooseDevice } from "@groklab/groklab";
 * import { assertEquals } from "@std/assert";
 *
 * const { device, passedOver } = await chooseDevice({
 *   device: "cpu", // or "auto", the best that is there
 *   runtime: "web",
 *   deviceId: 0,
 * });
 * assertEquals([device, passedOver], ["cpu", []]);
 * ```
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
