/**
 * What would crash or spoil the process of the tests, as a program: it prints
 * the message of the error that must come of it.
 *
 * @module
 */

import type { BackendName } from "../../lib/settings/devices.ts";
import * as tf from "@tensorflow/tfjs-core";
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { openBackend } from "../../lib/devices/tfjs/backends.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import { experimentOf } from "./_twenty.ts";

const acts = {
  /** Training on WebGPU whose device meets an error that nobody asks about. */
  async fault() {
    const engine = await tfjsEngine(experimentOf({}), "webgpu");
    await engine.advance(1, 1);
    const { device } = tf.backend() as unknown as { device: GPUDevice };
    // Shader code that is none: of such an error no call of WebGPU throws.
    device.createShaderModule({ code: "none" });
    await engine.advance(1, 1);
  },

  /** Two backends in one process. */
  async beside(...names: string[]) {
    for (const name of names) await openBackend(name as BackendName);
  },
};

/** Runs one of them, and gives the message of its error. */
export async function messageOf(
  act: keyof typeof acts,
  ...args: readonly string[]
): Promise<string> {
  const { code, signal, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-read", "--allow-ffi"],
      ...[fileURLToPath(import.meta.url), act, ...args],
    ],
    stderr: "null",
  }).output();
  assertEquals([code, signal], [0, null]);
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  const [act, ...args] = Deno.args;
  try {
    await acts[act as keyof typeof acts](...args);
  } catch (error) {
    console.log((error as Error).message);
  }
  Deno.exit();
}
