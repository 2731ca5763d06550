/**
 * What a device of ONNX Runtime needs, what of it is missing, and what mends that.
 *
 * @module
 */

import { taskLine } from "../base/shell.ts";
import {
  CUDA_IS_BUILT,
  cudaFiles,
  cudaIsInstalled,
  cudaLibraries,
  CUDNN,
  forbidTf32,
  isLoadable,
  mendLibraries,
} from "../onnx/runtime/cuda.ts";
import type { Finding, OnnxDevice, Runtime } from "../settings/devices.ts";

/** Which build of ONNX Runtime is to compute where. */
export interface OnnxTarget {
  /** The build of ONNX Runtime. */
  readonly runtime: Runtime;
  /** The device. */
  readonly device: OnnxDevice;
  /** `cuda`: which card. */
  readonly deviceId?: number;
}

// By the numbers of CUDA's runtime API.
const CUDA_FAILURES: Readonly<Record<string, string>> = {
  2: "free memory on the card (nvidia-smi shows who holds it)",
  35: "install a newer NVIDIA driver",
  100: "see that nvidia-smi shows the card, or use --device cpu",
  101: "name a card with --device-id (nvidia-smi -L lists them)",
};

/**
 * What mends what ONNX Runtime says of CUDA: by the number of a failure, or by the
 * library that could not be loaded.
 *
 * @param reason Its words.
 * @param libraries Reads what the provider needs, of which the version of CUDA is
 * known.
 * @returns Undefined where neither is named.
 */
export async function mendCuda(
  reason: string,
  libraries: () => Promise<readonly string[]> = cudaLibraries,
): Promise<string | undefined> {
  const failure = /CUDA failure (\d+)/.exec(reason)?.[1];
  const library = /\blib[\w-]+\.so[.\d]*/.exec(reason)?.[0];
  // cuDNN is asked for without a version when the one with is not there.
  const missing = /cudnn/i.test(reason) ? CUDNN : library;
  return CUDA_FAILURES[failure ?? ""] ??
    (missing && mendLibraries([missing], await libraries()));
}

/** What is missing, and what mends it; undefined where nothing is. */
export type Lacking = Exclude<Finding, { usable: true }> | undefined;

/** What a device lacks, looked for before anything is computed there. */
export const NEEDS: Readonly<
  Record<OnnxDevice, (target: OnnxTarget) => Promise<Lacking> | Lacking>
> = {
  cpu: () => undefined,
  cuda: cudaLacks,
  webgpu: ({ runtime }) => runtime === "web" ? adapterLacks() : vulkanLacks(),
};

/** What mends a device of which nothing else is known. */
export const MEND: Readonly<
  Record<OnnxDevice, (target: OnnxTarget) => string>
> = {
  cpu: ({ runtime }) =>
    runtime === "node"
      ? "use --runtime web, which needs no native code"
      : "run npx -y deno install in the repository",
  cuda: () => `see what ${taskLine("doctor")} finds, or use --device cpu`,
  webgpu: () => "use --device cpu, or install the graphics driver of a card",
};

async function cudaLacks(): Promise<Lacking> {
  if (!CUDA_IS_BUILT) {
    const { os, arch } = Deno.build;
    return {
      usable: false,
      missing: `onnxruntime-node has no CUDA provider for ${os}/${arch}`,
      mend: "use --device cpu, or Linux on x86-64",
    };
  }
  if (!await cudaIsInstalled()) {
    return {
      usable: false,
      missing: "its provider is not installed",
      mend: taskLine("setup", "cuda"),
    };
  }
  forbidTf32();
  let needed: readonly string[];
  try {
    needed = await cudaLibraries();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {
      usable: false,
      missing: "its provider is damaged",
      mend: `rm ${cudaFiles()}; ${taskLine("setup", "cuda")}`,
    };
  }
  // cuDNN stands in no list, for it is loaded when an operator asks for it; every
  // step does.
  const missing = [...needed, CUDNN].filter((name) =>
    isLoadable(name) === false
  );
  if (missing.length === 0) return undefined;
  return {
    usable: false,
    missing: `the loader does not find ${missing.join(", ")}`,
    mend: mendLibraries(missing, needed),
  };
}

function vulkanLacks(): Lacking {
  if (Deno.build.os !== "linux") return undefined;
  if (isLoadable("libvulkan.so.1") !== false) return undefined;
  return {
    usable: false,
    missing: "the Vulkan loader libvulkan.so.1 is missing",
    mend: "install it (Debian: apt-get install libvulkan1) and the card's " +
      "Vulkan driver, or use --device cpu",
  };
}

async function adapterLacks(): Promise<Lacking> {
  if (await adapter()) return undefined;
  return {
    usable: false,
    missing: "Deno's WebGPU finds no adapter",
    mend: MEND.webgpu({ runtime: "web", device: "webgpu" }),
  };
}

/** Deno's WebGPU adapter; undefined or null where there is none. */
export const adapter = async () => await navigator.gpu?.requestAdapter();
