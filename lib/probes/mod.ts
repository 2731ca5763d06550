/**
 * Probes: questions to a checkpoint file, answered through ONNX Runtime.
 *
 * @module
 */

import { onnxDevice } from "../devices.ts";
import { UsageError } from "../errors.ts";
import { ProbeModel } from "../onnx/probe_model.ts";
import type { SessionOptions } from "../onnx/session.ts";
import type { FloatDType } from "../trace/graph.ts";
import { fourier } from "./fourier.ts";
import { logitScaling } from "./logit_scaling.ts";
import { NotApplicableError, type Probe, ProbeContext } from "./probe.ts";

export {
  fourier,
  fourierBasis,
  type FourierResult,
  gini,
  type Spectrum,
} from "./fourier.ts";
export {
  logitScaling,
  type LogitScalingResult,
  type ScalingRow,
} from "./logit_scaling.ts";
export { NotApplicableError, type Probe, ProbeContext } from "./probe.ts";

/** Every probe by its name. */
export const probes = {
  "fourier": fourier,
  "logit-scaling": logitScaling,
} satisfies Record<string, Probe>;

/** The name of a probe. */
export type ProbeName = keyof typeof probes;

/** The result of each probe. */
export type ProbeResults = {
  [N in ProbeName]: Awaited<ReturnType<(typeof probes)[N]["compute"]>>;
};

/** What probing a checkpoint found; what `deno task probe --json` prints. */
export interface ProbeReport {
  /** The file. */
  readonly source: string;
  /** Updates made before the checkpoint, where it says so. */
  readonly step: number | null;
  /** ONNX Runtime's execution provider. */
  readonly provider: string;
  /** Results by probe. */
  readonly probes: Partial<ProbeResults>;
  /** Probes that do not apply to this checkpoint, with the reason. */
  readonly skipped: Partial<Record<ProbeName, string>>;
}

/**
 * Probes a checkpoint.
 *
 * @param path An .onnx file.
 * @param names Which probes; by default every one that applies.
 * @param options How to run the model.
 * @throws {FileError} if the file cannot be read.
 * @throws {SyntaxError} if it is no ONNX model.
 * @throws {UsageError} if the device has no numbers of the weights' type.
 * @throws {NotApplicableError} if a probe that was named does not apply, or none
 * does.
 */
export async function probe(
  path: string,
  names?: readonly ProbeName[],
  options: SessionOptions = {},
): Promise<ProbeReport> {
  const model = await ProbeModel.load(path, options);
  checkTypes(model);
  const context = new ProbeContext(model);
  const results: Record<string, unknown> = {};
  const skipped: Partial<Record<ProbeName, string>> = {};
  try {
    for (const name of names ?? Object.keys(probes) as ProbeName[]) {
      try {
        results[name] = await probes[name].compute(context);
      } catch (error) {
        if (names || !(error instanceof NotApplicableError)) throw error;
        skipped[name] = error.message;
      }
    }
  } finally {
    await model.close();
  }
  if (Object.keys(results).length === 0) {
    throw new NotApplicableError(
      `No probe applies to ${path}: ` +
        [...new Set(Object.values(skipped))].join("; "),
    );
  }
  return {
    source: path,
    step: (model.metadata("step") as number | undefined) ?? null,
    provider: model.provider,
    probes: results as Partial<ProbeResults>,
    skipped,
  };
}

// ONNX Runtime would compute on the CPU what the device has no numbers for, and
// say nothing.
function checkTypes(model: ProbeModel): void {
  const { runtime = "node", device = "cpu" } = model.options;
  const { precisions } = onnxDevice({ runtime, device });
  for (const name of model.weightNames) {
    const dtype = model.weight(name)!.dtype as FloatDType;
    if (!precisions.includes(dtype)) {
      throw new UsageError(
        `Cannot probe ${model.source} on ${device}: its weight ${name} is ` +
          `${dtype}, and ${device} computes in ${precisions.join(", ")}: ` +
          "use --device cpu",
      );
    }
  }
}
