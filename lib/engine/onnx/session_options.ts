import type { Config } from "../../config/config.ts";
import type { DeviceChoice } from "../../devices/choice.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";

/** How sessions are opened on a device that was taken. */
export function sessionOf(
  { device, deviceId, runtime }: DeviceChoice,
  { threads }: Config,
): SessionOptions {
  return { device, deviceId, runtime, threads: threads ?? 0 };
}
