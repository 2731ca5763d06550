/**
 * What proves that a backend of TensorFlow.js can be used.
 *
 * @module
 */

import type { HostState } from "../../../models/buffers.ts";
import { maxOf } from "../../base/extremes.ts";
import { launchedBy, LAUNCHER } from "../../base/shell.ts";
import { resolveConfig } from "../../config/config.ts";
import { BackendError } from "../../devices/tfjs/backend.ts";
import { openBackend } from "../../devices/tfjs/backends.ts";
import { makeExperiment } from "../../experiment/experiment.ts";
import { hostTensorOf, toNumbers } from "../../numeric/tensor.ts";
import type { BackendName, Finding } from "../../settings/devices.ts";
import type { Engine } from "../engine.ts";
import { onnxEngine } from "../onnx/onnx_engine.ts";
import { tfjsEngine } from "./tfjs_engine.ts";

// Every part of a step at a size that takes no time. With this eps Adam's first
// update follows the gradient smoothly; with a tiny one it is the gradient's
// sign, which rounding decides where the gradient is about zero.
const PROBE = resolveConfig({
  engine: "tfjs",
  modulus: 11,
  hidden: [24, 20],
  eps: 1e-3,
  steps: 1,
});

// Of a tensor's largest element: sums of up to 121 float32 terms, each off by
// half of 2^-24 of itself, through three layers and back, with room to spare.
const TOLERANCE = 1e-5;

/** A backend that computes something else than the cpu backend. */
export class DisagreementError extends Error {
  /** What tells it from other errors. */
  override name = "DisagreementError";
}

/**
 * Makes one training step on a backend and on `cpu`, or on `cpu` and in ONNX
 * Runtime, and compares the weights, the optimizer's state and the loss.
 *
 * @param backend The backend.
 * @param folder Where it lies, if not where it is set up.
 * @returns What was found, in a few words.
 * @throws {BackendError} if it cannot be used here.
 * @throws {DisagreementError} if a result differs by more than rounding.
 */
export async function compareStep(
  backend: BackendName,
  folder?: string,
): Promise<string> {
  const { detail } = await openBackend(backend, folder);
  const experiment = makeExperiment(PROBE);
  const ours = await step(await tfjsEngine(experiment, backend));
  const [reference, theirs] = backend === "cpu"
    ? ["ONNX Runtime", await step(await onnxEngine(experiment))] as const
    : ["the cpu backend", await step(await tfjsEngine(experiment))] as const;
  let worst = 0;
  for (const [name, expected] of Object.entries(theirs)) {
    const [a, b] = [toNumbers(ours[name]!), toNumbers(expected)];
    const scale = Math.max(maxOf(b.map(Math.abs)), Number.MIN_VALUE);
    const off = maxOf(b.map((x, i) => Math.abs(x - a[i]!))) / scale;
    // Not `off > TOLERANCE`: what is no number does not agree either.
    if (!(off <= TOLERANCE)) {
      throw new DisagreementError(
        `The TensorFlow.js backend ${backend} (${detail}) computes another ` +
          `training step than ${reference}: ${name} is off by ` +
          `${off.toExponential(1)} of its largest element, ` +
          `at most ${TOLERANCE} is rounding`,
      );
    }
    worst = Math.max(worst, off);
  }
  return `${detail}; one training step agrees with ${reference} to ` +
    worst.toExponential(0);
}

async function step(engine: Engine): Promise<HostState> {
  try {
    const { losses } = await engine.advance(1, 1);
    const loss = hostTensorOf("float32", [], losses);
    return { ...await engine.state(), loss };
  } finally {
    await engine.close();
  }
}

async function look(backend: BackendName, folder?: string): Promise<Finding> {
  try {
    return { usable: true, detail: await compareStep(backend, folder) };
  } catch (error) {
    if (error instanceof BackendError) {
      const { missing, mend } = error;
      return { usable: false, missing, mend };
    }
    const missing = error instanceof Error ? error.message : String(error);
    return { usable: false, missing, mend: "use another backend" };
  }
}

if (import.meta.main) {
  const [backend, folder] = Deno.args as [BackendName, string?];
  launchedBy(undefined, Deno.env.get(LAUNCHER));
  console.log(JSON.stringify(await look(backend, folder)));
  Deno.exit(); // A WebGPU device would keep the program alive.
}
