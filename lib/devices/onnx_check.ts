/**
 * Looking whether ONNX Runtime computes on a device, by computing there.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { taskLine } from "../base/shell.ts";
import { hostTensorOf, toNumbers } from "../numeric/tensor.ts";
import { encodeModel, modelOf } from "../onnx/file/model.ts";
import {
  CUDA_IS_BUILT,
  cudaFiles,
  cudaIsInstalled,
  cudaLibraries,
  CUDNN,
  forbidTf32,
  isLoadable,
  mendLibraries,
  providerLacks,
} from "../onnx/runtime/cuda.ts";
import { openSession } from "../onnx/runtime/session.ts";
import type { Finding, OnnxDevice, Runtime } from "../settings/devices.ts";
import { trace } from "../trace/backend.ts";
import { toPrecision } from "../trace/precision.ts";
import { trialGraph, trialInputs, wrongResult } from "./trial_graph.ts";

const SIZE = 64;

// Thirteen bits: exact in float32, but not in the eleven of CUDA's TF32.
const FACTOR = 1 + 2 ** -12;

/** What is to be looked at. */
export interface Place {
  /** The build of ONNX Runtime. */
  readonly runtime: Runtime;
  /** The device. */
  readonly device: OnnxDevice;
  /** `cuda`: which card. */
  readonly deviceId?: number;
}

/**
 * Looks whether a device can be used: first for what it needs, where that can
 * be named, then by a small graph that must run on it as a whole and give the
 * exact values.
 */
export async function checkOnnx(place: Place): Promise<Finding> {
  const lacking = await NEEDS[place.device](place);
  if (lacking) return lacking;
  try {
    return await compute(place);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    let missing = reasonOf(error as Error);
    // Which library is missing ONNX Runtime does not say, the loader does.
    const lacking = place.device === "cuda" && /load shared lib/.test(missing)
      ? providerLacks()
      : undefined;
    if (lacking) missing = `the loader does not find ${lacking}`;
    const mend = place.device === "cuda" ? await mendCuda(missing) : undefined;
    return {
      usable: false,
      missing,
      mend: mend ?? MEND[place.device](place),
    };
  }
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

type Lacking = Exclude<Finding, { usable: true }> | undefined;

const NEEDS: Readonly<
  Record<OnnxDevice, (place: Place) => Promise<Lacking> | Lacking>
> = {
  cpu: () => undefined,
  cuda: cudaLacks,
  webgpu: ({ runtime }) => runtime === "web" ? adapterLacks() : vulkanLacks(),
};

const MEND: Readonly<Record<OnnxDevice, (place: Place) => string>> = {
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

const adapter = async () => await navigator.gpu?.requestAdapter();

async function compute(place: Place): Promise<Finding> {
  const { runtime, device } = place;
  // The other devices' float64, where they have any, is their own affair: the
  // WebGPU ones have none.
  const precisions = device === "webgpu"
    ? ["float32"] as const
    : ["float32", "float64"] as const;
  for (const precision of precisions) {
    const graph = trace(({ a, b }) => {
      const [x, y] = [a!, b!].map((t) =>
        toPrecision(t as tf.Tensor, precision)
      );
      return { c: tf.relu(tf.sub(tf.matMul(x as tf.Tensor2D, y!), x!)) };
    }, {
      a: { dtype: "float32", shape: [SIZE, SIZE] },
      b: { dtype: "float32", shape: [SIZE, SIZE] },
    });
    const session = await openSession(
      encodeModel(modelOf(graph, { name: "check" })),
      { ...place, threads: 1, wholly: device !== "cpu" },
    );
    try {
      const inputs = {
        a: matrix(() => FACTOR),
        b: matrix((row, column) => row === column ? row : 0),
      };
      const { c } = await session.run(inputs);
      const wrong = wrongProduct(toNumbers(c!), precision, place);
      if (wrong) return wrong;
    } finally {
      await session.close();
    }
  }
  if (device !== "cpu") {
    const wrong = await tryOperators(place);
    if (wrong !== undefined) {
      return { usable: false, missing: wrong, mend: MEND[device](place) };
    }
  }
  const what = `products exact in ${precisions.join(" and ")}`;
  if (runtime === "node" || device === "cpu") {
    return { usable: true, detail: what };
  }
  const info = (await adapter())?.info;
  const software = info?.isFallbackAdapter ? ", which is software" : "";
  return {
    usable: true,
    detail: `${what}, on ${info?.description || "an adapter"}${software}`,
  };
}

/**
 * What is wrong with the products of the look; undefined where nothing is.
 *
 * @param values [64, 64]: each row of 1 + 2⁻¹² times the diagonal 0, 1, …, less
 * itself, at least 0.
 * @param precision What they were multiplied in.
 * @param place Where.
 */
export function wrongProduct(
  values: Float64Array,
  precision: "float32" | "float64",
  place: Place,
): Lacking {
  const expected = (column: number) => FACTOR * Math.max(column - 1, 0);
  const wrong = values.findIndex((x, i) => x !== expected(i % SIZE));
  if (wrong < 0) return undefined;
  const [got, wanted] = [values[wrong]!, expected(wrong % SIZE)];
  const rounded = Math.abs(got / wanted - 1) < 2 ** -9;
  return {
    usable: false,
    missing: `its ${precision} products are wrong: ${got}, not ${wanted}` +
      (rounded ? " (it rounds to TF32)" : ""),
    mend: rounded && place.device === "cuda"
      ? "set NVIDIA_TF32_OVERRIDE=0 in the environment"
      : MEND[place.device](place),
  };
}

// Every kind of operator of a step, on a device where one may be missing.
async function tryOperators(place: Place): Promise<string | undefined> {
  const precisions = place.device === "cuda"
    ? ["float16", "float32", "float64"] as const
    : ["float32"] as const;
  const graph = trialGraph(precisions);
  const session = await openSession(
    encodeModel(modelOf(graph, { name: "trial" })),
    // WebGPU has some of these on the processor, as in a step.
    { ...place, threads: 1, wholly: place.device === "cuda" },
  );
  try {
    return wrongResult(await session.run(trialInputs()), precisions);
  } finally {
    await session.close();
  }
}

const matrix = (f: (row: number, column: number) => number) =>
  hostTensorOf(
    "float32",
    [SIZE, SIZE],
    Array.from(
      { length: SIZE ** 2 },
      (_, i) => f(Math.floor(i / SIZE), i % SIZE),
    ),
  );

// Of what ONNX Runtime says, the words that say something to a user.
function reasonOf({ message }: Error): string {
  const known = [
    /CUDA failure \d+: [^;]*/,
    /cuDNN is unavailable.*/,
    /CUDNN failure \d+: [^;]*/,
    /\blib[\w-]+\.so[.\d]*: cannot open[^;]*/,
    /Failed to get (a WebGPU|GPU) adapter.*/,
    /nodes that are assigned to the default CPU EP/,
  ].map((pattern) => pattern.exec(message)?.[0])
    .find((words) => words !== undefined);
  const words = known ?? message.replaceAll(/\s+/g, " ");
  return `ONNX Runtime says: ${words.trim()}`;
}
