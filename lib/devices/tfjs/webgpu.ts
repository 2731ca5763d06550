/**
 * TensorFlow.js's WebGPU backend on Deno's own WebGPU, with its errors heard.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { createRequire } from "node:module";
import { join } from "node:path";
import { BackendError, type Loaded } from "./backend.ts";

const BACKEND = "webgpu";

// Limits of the card that the package's shaders make use of.
const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;

/**
 * Loads tfjs-backend-webgpu. The device is made here, not by the package, which
 * leaves an error of the device unheard and its results zeros.
 *
 * @param folder Where it was set up.
 * @throws {BackendError} if there is no WebGPU adapter.
 */
export async function loadWebgpu(folder: string): Promise<Loaded> {
  const adapter = await navigator.gpu?.requestAdapter({
    powerPreference: "high-performance",
  });
  if (!adapter) {
    throw new BackendError(
      BACKEND,
      "WebGPU finds no adapter",
      "install a Vulkan driver, or use --backend wasm",
    );
  }
  const device = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(
      LIMITS.map((limit) => [limit, adapter.limits[limit]]),
    ),
  });
  let fault: string | undefined;
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    const { message } = (event as GPUUncapturedErrorEvent).error;
    fault ??= message.trim().split("\n")[0];
  });
  device.lost.then(({ message, reason }) => {
    fault ??= `the device was lost (${message || reason})`;
  });

  const require = createRequire(join(folder, "load.cjs"));
  const { WebGPUBackend } = require("@tensorflow/tfjs-backend-webgpu");
  tf.removeBackend(BACKEND); // The package registered one that is deaf.
  const instance = new WebGPUBackend(device, adapter.info);
  tf.registerBackend(BACKEND, () => instance, 0);
  const { description, vendor, isFallbackAdapter } = adapter.info;
  return {
    registered: BACKEND,
    detail: (description || vendor || "an unnamed adapter") +
      (isFallbackAdapter ? ", in software" : ""),
    fault: () => fault,
  };
}
