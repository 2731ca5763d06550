/**
 * The weights of a model, where they are known: of half a network no norm and no
 * scaling law is given.
 *
 * @module
 */

import type { Degree } from "../../onnx/inspect/degrees.ts";
import { degreesOf } from "../../onnx/inspect/homogeneity.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { NotApplicableError } from "./not_applicable.ts";

/**
 * The names of all weights.
 *
 * @throws {NotApplicableError} if there are none, or others that cannot be read.
 */
export function knownWeights(model: ProbeModel): readonly string[] {
  const { source, unread, weightNames } = model;
  if (unread.length > 0) {
    throw new NotApplicableError(
      `Not all weights of ${source} can be read: ${unread.join("; ")}`,
    );
  }
  if (weightNames.length > 0) return weightNames;
  throw new NotApplicableError(
    `${source} has no weights that the logits are made of`,
  );
}

/** The same, or undefined where they are not known. */
export function weightsIfKnown(
  model: ProbeModel,
): readonly string[] | undefined {
  try {
    return knownWeights(model);
  } catch (error) {
    if (error instanceof NotApplicableError) return undefined;
    throw error;
  }
}

/**
 * The degree of the logits in all weights; undefined where the weights are not
 * known, or an operator has no rule.
 */
export function logitDegree(model: ProbeModel): Degree | undefined {
  const names = weightsIfKnown(model);
  return names && degreesOf(model.graph, names).get(model.outputNames[0]!);
}
