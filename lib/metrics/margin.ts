/**
 * The margin, as it is and normalised by the weights.
 *
 * @module
 */

import { greatestOf } from "../trace/operators/finite_extremes.ts";
import * as tf from "../base/tfjs.ts";
import { noHook } from "../../models/model.ts";
import { pick } from "../losses/mod.ts";
import { degreesIn } from "../onnx/inspect/degrees.ts";
import { trace } from "../trace/backend.ts";
import type { Value } from "../trace/graph.ts";
import { nodesFor } from "../trace/graph_walk.ts";
import { scalar, widen } from "../trace/precision.ts";
import { specsOf } from "../onnx/runtime/compile.ts";
import { hostBatch } from "../../models/batch.ts";
import { buffersOf, withBuffers } from "../../models/buffers.ts";
import { leavesOf } from "../base/tree.ts";
import type { Columns, GraphMetrics, Measurable } from "./group.ts";
import { largestOther } from "./logits.ts";
import { normAll } from "./vectors.ts";

/**
 * The degree L in which an experiment's logits are homogeneous in its
 * parameters, f(αθ; x) = α^L·f(θ; x) for every α > 0; undefined where they are
 * not, as with biases or attention.
 */
export function homogeneousDegree(experiment: Measurable): number | undefined {
  const { model, params, split } = experiment;
  const buffers = buffersOf(experiment);
  const { inputs } = hostBatch(split.train, model);
  const graph = trace(
    ({ params, buffers, inputs }) => ({
      logits: model.apply(
        withBuffers<tf.Tensor>(params, buffers),
        inputs as tf.Tensor,
        noHook,
      ),
    }),
    specsOf({ params, buffers, inputs }),
    { indicesInRange: true },
  );
  const weights = leavesOf(params).map(([path]) => `params.${path}`);
  const logits = graph.outputs[0]![1];
  const nodes = nodesFor([logits]);
  const constants = nodes.flatMap(({ inputs }) => inputs)
    .filter(({ data }) => data !== undefined);
  const nameOf = ({ name, id }: Value) => name ?? `${id}`;
  const named = (values: readonly Value[]) =>
    values.map((value) => ({ name: nameOf(value) }));
  const degree = degreesIn(
    {
      input: named(graph.inputs),
      initializer: named(constants),
      node: nodes.map(({ op, inputs, outputs }) => ({
        opType: op,
        input: inputs.map(nameOf),
        output: outputs.map(nameOf),
      })),
    },
    weights,
    () => false,
  ).get(nameOf(logits));
  return degree?.homogeneous ? degree.highest : undefined;
}

/**
 * The margin of each row, z_y − max_{k≠y} z_k: above 0 where the row is classified
 * as labelled.
 *
 * @param logits [n, classes].
 * @param labels [n].
 * @returns [n].
 */
export function marginsOf(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
): tf.Tensor1D {
  return tf.sub(pick(logits, labels), largestOther(logits, labels));
}

// Of values sorted upwards that at ⌊q(n − 1)⌋.
const QUANTILES = { min: 0, p10: 0.1, median: 0.5 };

/**
 * {@link marginsOf} the train rows: least, 10 % quantile, median (of n sorted
 * values those at ⌊q(n − 1)⌋) and mean; and the same divided by ‖θ‖^L where the
 * network is homogeneous of degree L, so that scaling the weights does not move it.
 *
 * Source: Lyu & Li (arXiv 1906.05890), Section 3, the normalised margin.
 */
export const margin: GraphMetrics = {
  summary: "margins of the train rows, and normalised by ‖θ‖^L",
  make(experiment) {
    const degree = homogeneousDegree(experiment);
    return ({ params, train: { byRow, classes } }) => {
      if (classes === undefined) return {}; // Of a regression there is none.
      const margins = byRow(marginsOf);
      const n = margins.shape[0]!;
      const at = (q: number) => Math.floor(q * (n - 1));
      const values = greatestOf(tf.neg(margins), at(0.5) + 1);
      const own: Columns = {
        ...Object.fromEntries(
          Object.entries(QUANTILES).map(([name, q]) => [
            `margin_${name}`,
            widen(tf.neg(tf.reshape(tf.slice(values, [at(q)], [1]), []))),
          ]),
        ),
        margin_mean: tf.mean(widen(margins)),
      };
      if (degree === undefined) return own;
      const length = tf.pow(normAll(params), scalar(degree));
      const normalised = Object.entries(own).map(([name, x]) => [
        `normalised_${name}`,
        tf.div(x, length),
      ]);
      return { ...own, ...Object.fromEntries(normalised) };
    };
  },
};
