/**
 * TensorFlow itself under TensorFlow.js: the kernels of tfjs-node over an addon
 * that `deno task setup tensorflow` built against the libtensorflow of the
 * official wheel, for a CPU or for CUDA.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { createRequire } from "node:module";
import { join } from "node:path";
import util from "node:util";
import { BackendError, type Loaded } from "./backend.ts";

/** The package whose kernels both variants use; their code is the same. */
export const NODE_PACKAGE = "@tensorflow/tfjs-node";

/** Where in its package the addon lies. */
export const ADDON = "lib/napi-v8/tfjs_binding.node";

// What TensorFlow reads as it loads. TensorFloat-32 keeps ten bits of a float32
// in products; by default TensorFlow takes a card's whole memory, and writes
// lines of INFO to stderr.
const SETTINGS = {
  "TF_CPP_MIN_LOG_LEVEL": "2",
  "TF_FORCE_GPU_ALLOW_GROWTH": "true",
  "NVIDIA_TF32_OVERRIDE": "0",
} as const;

/** The environment variables that it sets where they are not set. */
export const NODE_VARIABLES: readonly string[] = Object.keys(SETTINGS);

/**
 * Loads tfjs-node's kernels into the project's tfjs-core.
 *
 * @param folder Where the variant was set up.
 * @param backend Which variant.
 * @throws {BackendError} if TensorFlow sees no GPU that `node-gpu` could use:
 * it would compute on the CPU without a word.
 */
export async function loadNode(
  folder: string,
  backend: "node" | "node-gpu",
): Promise<Loaded> {
  await applySettings(backend);
  // Node 23 removed what tfjs-node calls for every tensor it makes.
  const old = util as { isNullOrUndefined?: (x: unknown) => boolean };
  old.isNullOrUndefined ??= (x) => x === null || x === undefined;

  const require = createRequire(join(folder, "load.cjs"));
  const addon = require(join(folder, "node_modules", NODE_PACKAGE, ADDON));
  const { NodeJSKernelBackend } = require(
    `${NODE_PACKAGE}/dist/nodejs_kernel_backend.js`,
  );
  const instance = new NodeJSKernelBackend(
    addon,
    backend === "node" ? NODE_PACKAGE : `${NODE_PACKAGE}-gpu`,
  );
  if (backend === "node-gpu" && !instance.isUsingGpuDevice) {
    throw new BackendError(
      backend,
      "TensorFlow sees no GPU",
      "look with nvidia-smi whether the driver sees one, or use --backend node",
    );
  }
  require(`${NODE_PACKAGE}/dist/register_all_kernels.js`);
  // The name under which tfjs-node's kernels are registered.
  tf.registerBackend("tensorflow", () => instance, 0);
  return {
    registered: "tensorflow",
    detail: `TensorFlow ${addon.TF_Version} on the ` +
      (instance.isUsingGpuDevice ? "GPU" : "CPU"),
  };
}

async function applySettings(backend: string): Promise<void> {
  for (const [variable, value] of Object.entries(SETTINGS)) {
    const permission = { name: "env", variable } as const;
    const { state } = await Deno.permissions.query(permission);
    if (state === "granted") {
      if (!Deno.env.has(variable)) Deno.env.set(variable, value);
    } else if (backend === "node-gpu" && variable === "NVIDIA_TF32_OVERRIDE") {
      throw new BackendError(
        backend,
        `this program may not set ${variable}, without which products are ` +
          "rounded to TensorFloat-32",
        `run it with --allow-env=${NODE_VARIABLES.join(",")}`,
      );
    }
  }
}
