/**
 * What the `nlm` probe measures: the train loss's gradient beside the weights, and
 * losses after steps.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { hostBatch } from "../../../models/batch.ts";
import { under, withBuffers } from "../../../models/buffers.ts";
import { noHook } from "../../../models/model.ts";
import { leavesOf, type Tree, treeOf } from "../../base/tree.ts";
import { openChunkedLoss } from "../../engine/evaluation/chunked_loss.ts";
import { valueAndGradients } from "../../engine/forward.ts";
import { constant } from "../../engine/state.ts";
import { mean, meanLoss } from "../../losses/mod.ts";
import { nlmLosses } from "../../metrics/nlm.ts";
import { lengthsByTensor } from "../../metrics/tensors.ts";
import { cosNegative, dotAll, normAll } from "../../metrics/vectors.ts";
import { type HostTensor, hostTensorOf } from "../../numeric/tensor.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import { applyUpdates, type Params, zipTrees } from "../../optim/mod.ts";
import { castLike, scalar, toPrecision, widen } from "../../trace/precision.ts";
import { classesOf, isLarge } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import type { ExperimentAt } from "../context/experiment_at.ts";

// So many logits at once: of each there are a dozen numbers in double precision on
// the way to the gradient.
const AT_ONCE = 2 ** 20;

/** How far steps go, in lengths of the weights. */
export const NLM_LENGTHS = [1e-3, 1e-2] as const;

/** A checkpoint, and its optimizer's state. */
export interface NlmInputs {
  /** The checkpoint. */
  readonly context: ProbeContext;
  /** Its experiment, in the precision to compute in. */
  readonly experiment: ExperimentAt;
  /** The optimizer's state by path, where it is known. */
  readonly known: readonly (readonly [string, HostTensor])[] | undefined;
}

/**
 * Loss, lengths, angles and steps, each a number under its name.
 *
 * @param given What is measured.
 */
export async function measureNlm(
  given: NlmInputs,
): Promise<Record<string, HostTensor>> {
  return await isLarge(given.context)
    ? await inChunks(given)
    : await atOnce(given);
}

// What is measured of a gradient, and of the steps that follow from it.
function measured(
  { context, experiment, known }: NlmInputs,
  params: Params,
  gradients: Params,
  state: Params,
  lossAt: (params: Params) => tf.Scalar,
) {
  const { optimizer } = experiment;
  const [weights, slope] = [normAll(params), normAll(gradients)];
  const step = (updates: Params) => ({
    length: normAll(updates),
    ...nlmLosses({
      params,
      updates,
      next: applyUpdates(params, updates),
      lossAt,
    }),
  });
  const along = NLM_LENGTHS.map((length) => {
    const factor = tf.neg(
      tf.div(tf.mul(weights, scalar(length)), slope),
    );
    return step(
      zipTrees((g) => tf.mul(g, castLike(factor, g)), gradients),
    );
  });
  const before = known
    ? state
    : context.step === 0 && !experiment.told
    ? optimizer.init(params)
    : undefined;
  const update = before && step(optimizer.update(gradients, before, params)[0]);
  return {
    weight_norm: weights,
    gradient_norm: slope,
    cos: cosNegative(dotAll(params, gradients), weights, slope),
    tensors: treeOf(Object.entries(lengthsByTensor({ params, gradients }))),
    along: Object.fromEntries(along.map((step, i) => [i, step])),
    ...(update && { update }),
  };
}

function atOnce(given: NlmInputs): Promise<Record<string, HostTensor>> {
  const { model, loss, split, config, params, buffers } = given.experiment;
  const { lossPrecision } = config;
  const { inputs, labels } = hostBatch(split.train, model);
  const lossOf = meanLoss(loss, lossPrecision);
  return runTraced(
    ({ params, buffers, state }) => {
      const [x, y] = [constant(inputs), constant(labels) as tf.Tensor1D];
      const logitsOf = (params: Params) =>
        model.apply(
          withBuffers<tf.Tensor>(params, buffers),
          x,
          noHook,
        );
      const lossAt = (params: Params) =>
        mean(loss.terms(logitsOf(params), y, lossPrecision), lossPrecision);
      const [value, gradients] = valueAndGradients(
        (params) => lossOf(logitsOf(params), y),
        params,
      );
      return {
        loss: widen(value),
        ...measured(given, params, gradients, state, lossAt),
      };
    },
    { params, buffers, state: treeOf(given.known ?? []) },
    given.context.host,
  );
}

// The same of rows that are too many at once: the gradient first, then where the
// steps lead, then the losses there.
async function inChunks(given: NlmInputs): Promise<Record<string, HostTensor>> {
  const { experiment, context, known } = given;
  const { params, buffers } = experiment;
  const most = Math.ceil(AT_ONCE / await classesOf(context));
  const losses = openChunkedLoss(experiment, buffers, context.host, most);
  try {
    const leaves = Object.fromEntries(leavesOf<HostTensor>(params));
    const { loss, gradient } = await losses.gradient(leaves);
    const found = await runTraced(
      ({ params, gradients, state }) => {
        const places: Params[] = [];
        const none = scalar(0);
        const result = measured(
          given,
          params,
          gradients,
          state,
          (at) => {
            places.push(at);
            return toPrecision(none, "float64");
          },
        );
        return {
          ...result,
          at: Object.fromEntries(places.map((place, i) => [i, place])),
        } as Tree<tf.Tensor>;
      },
      {
        params,
        gradients: treeOf(Object.entries(gradient)),
        state: treeOf(known ?? []),
      },
      context.host,
    );
    const results: Record<string, HostTensor> = {
      ...found,
      loss: hostTensorOf("float64", [], [loss]),
    };
    // A step asks for two losses, in the order of the steps.
    const steps = [
      ...NLM_LENGTHS.map((_, i) => `along.${i}`),
      ...("update.length" in found ? ["update"] : []),
    ];
    for (const [i, step] of steps.entries()) {
      for (const [j, what] of ["update", "nlm"].entries()) {
        const there = under(found, `at.${2 * i + j}.`);
        results[`${step}.train_loss_after_${what}`] = hostTensorOf(
          "float64",
          [],
          [await losses.loss(there)],
        );
      }
    }
    return results;
  } finally {
    await losses.close();
  }
}
