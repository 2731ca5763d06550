/**
 * Looking whether ONNX Runtime computes on a device, by computing there.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { hostTensorOf, toNumbers } from "../numeric/tensor.ts";
import { encodeModel, modelOf } from "../onnx/file/model.ts";
import { providerLacks } from "../onnx/runtime/cuda.ts";
import { openSession } from "../onnx/runtime/session.ts";
import type { Finding } from "../settings/devices.ts";
import { trace } from "../trace/backend.ts";
import { toPrecision } from "../trace/precision.ts";
import {
  adapter,
  type Lacking,
  MEND,
  mendCuda,
  NEEDS,
  type OnnxTarget,
} from "./onnx_needs.ts";
import { trialGraph, trialInputs, wrongResult } from "./trial_graph.ts";

const SIZE = 64;

// Thirteen bits: exact in float32, but not in the eleven of CUDA's TF32.
const FACTOR = 1 + 2 ** -12;

/**
 * Looks whether a device can be used: first for what it needs, where that can
 * be named, then by a small graph that must run on it as a whole and give the
 * exact values.
 */
export async function checkOnnx(target: OnnxTarget): Promise<Finding> {
  const lacking = await NEEDS[target.device](target);
  if (lacking) return lacking;
  try {
    return await compute(target);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    let missing = reasonOf(error as Error);
    // Which library is missing ONNX Runtime does not say, the loader does.
    const lacking = target.device === "cuda" && /load shared lib/.test(missing)
      ? providerLacks()
      : undefined;
    if (lacking) missing = `the loader does not find ${lacking}`;
    const mend = target.device === "cuda" ? await mendCuda(missing) : undefined;
    return {
      usable: false,
      missing,
      mend: mend ?? MEND[target.device](target),
    };
  }
}

async function compute(target: OnnxTarget): Promise<Finding> {
  const { runtime, device } = target;
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
      { ...target, threads: 1, wholly: device !== "cpu" },
    );
    try {
      const inputs = {
        a: matrix(() => FACTOR),
        b: matrix((row, column) => row === column ? row : 0),
      };
      const { c } = await session.run(inputs);
      const wrong = wrongProduct(toNumbers(c!), precision, target);
      if (wrong) return wrong;
    } finally {
      await session.close();
    }
  }
  if (device !== "cpu") {
    const wrong = await tryOperators(target);
    if (wrong !== undefined) {
      return { usable: false, missing: wrong, mend: MEND[device](target) };
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
 * @param target Where.
 */
export function wrongProduct(
  values: Float64Array,
  precision: "float32" | "float64",
  target: OnnxTarget,
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
    mend: rounded && target.device === "cuda"
      ? "set NVIDIA_TF32_OVERRIDE=0 in the environment"
      : MEND[target.device](target),
  };
}

// Every kind of operator of a step, on a device where one may be missing.
async function tryOperators(target: OnnxTarget): Promise<string | undefined> {
  const precisions = target.device === "cuda"
    ? ["float16", "float32", "float64"] as const
    : ["float32"] as const;
  const graph = trialGraph(precisions);
  const session = await openSession(
    encodeModel(modelOf(graph, { name: "trial" })),
    // WebGPU has some of these on the processor, as in a step.
    { ...target, threads: 1, wholly: target.device === "cuda" },
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
