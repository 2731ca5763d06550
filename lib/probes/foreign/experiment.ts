/**
 * A foreign file as an experiment: its graph as a function of its weights, with the
 * rows and the loss that were told.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import type { Model } from "../../../models/model.ts";
import { leavesOf } from "../../base/tree.ts";
import { defaults, definitionsOf } from "../../config/config.ts";
import type { Examples } from "../../data/dataset.ts";
import { optimizerOf } from "../../experiment/experiment.ts";
import {
  type HostTensor,
  hostTensorOf,
  sizeOf,
  toNumbers,
} from "../../numeric/tensor.ts";
import { hostTensor, type NodeProto } from "../../onnx/file/model.ts";
import { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { readsOf } from "../../onnx/reading/nodes.ts";
import { castLike, scalar } from "../../trace/precision.ts";
import type { ProbeContext } from "../context/context.ts";
import { type ExperimentAt, lossAt } from "../context/experiment_at.ts";
import { knownWeights } from "../context/known_weights.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import { splitIfKnown } from "../context/row_groups.ts";
import { valuesAt } from "../context/rows.ts";
import { NoDerivative, type Operand, OPERATORS } from "./derivatives/mod.ts";

/**
 * The experiment of a file that does not say one. Its parameters are the file's
 * weights; what no weight goes into, shapes, masks and indices, ONNX Runtime
 * computes once, for the train rows.
 *
 * @param context The file, with rows and loss.
 * @throws {NotApplicableError} if rows or loss are not known, or an operator
 * between weights and logits has no derivative here.
 */
export async function foreignExperiment(
  context: ProbeContext,
): Promise<ExperimentAt> {
  const { model, task } = context;
  const loss = lossAt(context);
  const parts = splitIfKnown(context);
  if (!loss || !parts) {
    throw new NotApplicableError(
      `${model.source} does not say how it was trained: --split says on which ` +
        "rows, --loss with which loss" +
        (parts
          ? " (there is no --loss)"
          : loss
          ? " (there is no --split)"
          : ""),
    );
  }
  const { train, test } = parts;
  const names = knownWeights(model);
  // A name may have dots anywhere, a path has a meaning for each.
  const paths = names.map((_, i) => `w${i}`);
  const tensors = names.map((name) => model.tensor(name));
  const precision = precisionOf(tensors);
  const params = Object.fromEntries(
    tensors.map(({ shape, data }, i) => [
      paths[i]!,
      hostTensorOf(precision, shape, toNumbers({ data })),
    ]),
  );
  const examples = ({ rows, labels }: typeof train): Examples => ({
    inputs: Array.from(rows, (row) => task.dataset.inputs[row]!),
    labels: [...labels],
  });
  const made = await functionOf(context, names, paths);
  const lossPrecision = loss.precisions.includes(precision)
    ? precision
    : loss.precisions.at(-1)!;
  const config = { ...defaults, precision, lossPrecision };
  const definitions = definitionsOf(config);
  return {
    config,
    definitions,
    told: true,
    nameOf: (path) => names[paths.indexOf(path)] ?? path,
    split: { train: examples(train), test: examples(test) },
    model: made,
    loss,
    optimizer: optimizerOf(config, {}, definitions),
    params,
    buffers: {},
  };
}

// The widest of the weights' types; a network of float16 is looked at in float32.
function precisionOf(tensors: readonly HostTensor[]): "float32" | "float64" {
  return tensors.some(({ dtype }) => dtype === "float64")
    ? "float64"
    : "float32";
}

async function functionOf(
  context: ProbeContext,
  names: readonly string[],
  paths: readonly string[],
): Promise<Model> {
  const { model, task } = context;
  const [output] = model.outputNames as [string];
  const { nodes, outside } = pathsOf(model, names, output);
  for (const node of nodes) {
    if (node.opType in OPERATORS && !node.domain) continue;
    throw noDerivative(model, node, "it has no rule");
  }
  const rows = task.split().train.rows;
  const given = Object.fromEntries(
    Object.entries(context.inputs())
      .map(([name, tensor]) => [name, someRows(tensor, rows)]),
  );
  const known = await knownValues(model, outside, given, rows.length);
  const { opset } = model;
  return {
    input: Object.keys(given)[0]!,
    row: { dtype: "float32", shape: [task.dataset.inputs[0]!.length] },
    init: () => {
      throw new TypeError("Cannot initialise a file's network");
    },
    // The rows are those of `known`.
    apply(params) {
      const tensors = new Map(leavesOf<tf.Tensor>(params));
      const like = tensors.get(paths[0]!)!;
      const values = new Map<string, Operand>();
      names.forEach((name, i) => {
        const tensor = tensors.get(paths[i]!)!;
        values.set(name, { shape: tensor.shape, tensor: () => tensor });
      });
      for (const [name, tensor] of known) {
        values.set(name, knownOperand(tensor, like));
      }
      for (const node of nodes) {
        const x = node.input.map((name) => values.get(name));
        try {
          const y = OPERATORS[node.opType]!({ node, x, opset });
          node.output.forEach((name, i) => {
            const tensor = y[i];
            if (tensor) {
              values.set(name, { shape: tensor.shape, tensor: () => tensor });
            }
          });
        } catch (error) {
          if (!(error instanceof NoDerivative)) throw error;
          throw noDerivative(model, node, error.message);
        }
      }
      const logits = values.get(output)!.tensor();
      return logits.rank === 3 ? lastOf(logits) : logits as tf.Tensor2D;
    },
  };
}

function someRows(tensor: HostTensor, rows: Int32Array): HostTensor {
  const shape = [rows.length, ...tensor.shape.slice(1)];
  return hostTensorOf(tensor.dtype, shape, valuesAt(tensor, [...rows]));
}

function lastOf(logits: tf.Tensor): tf.Tensor2D {
  const [n, length, classes] = logits.shape as [number, number, number];
  const last = tf.slice(logits, [0, length - 1, 0], [n, 1, classes]);
  return tf.reshape(last, [n, classes]);
}

function noDerivative({ source }: ProbeModel, node: NodeProto, why: string) {
  const name = node.name || node.output[0];
  return new NotApplicableError(
    `${source} cannot be differentiated: ${node.opType} (${name}) lies ` +
      `between weights and logits, and ${why}`,
  );
}

// The nodes that weights go into and that go into the output, and what else these
// are given.
function pathsOf(
  { graph }: ProbeModel,
  names: readonly string[],
  output: string,
): { nodes: NodeProto[]; outside: string[] } {
  const weighty = new Set(names);
  const behind = graph.node.filter((node) => {
    // A shape is the same whatever the weights are.
    if (node.opType === "Shape" || node.opType === "Size") return false;
    if (!readsOf(node).some((name) => weighty.has(name))) return false;
    for (const name of node.output) weighty.add(name);
    return true;
  });
  const needed = new Set([output]);
  const nodes = behind.toReversed().filter((node) => {
    if (!node.output.some((name) => needed.has(name))) return false;
    for (const name of node.input) needed.add(name);
    return true;
  }).toReversed();
  const outside = new Set(
    nodes.flatMap(({ input }) => input)
      .filter((name) => name !== "" && !weighty.has(name)),
  );
  return { nodes, outside: [...outside] };
}

// Values that no weight goes into, of some rows.
async function knownValues(
  model: ProbeModel,
  names: readonly string[],
  given: Readonly<Record<string, HostTensor>>,
  rows: number,
): Promise<Map<string, HostTensor>> {
  const known = new Map(Object.entries(given));
  for (const proto of model.graph.initializer) {
    if (names.includes(proto.name)) known.set(proto.name, hostTensor(proto));
  }
  const left = names.filter((name) => !known.has(name));
  if (left.length === 0) return known;
  // Shapes among them are those of all rows, so these are not cut into batches.
  const whole = new ProbeModel(model.encodeWithOutputs([]), model.source, {
    ...model.options,
    rowsAtOnce: Math.max(1, rows),
  });
  try {
    const found = await whole.run(given, left);
    for (const [name, tensor] of Object.entries(found)) known.set(name, tensor);
  } finally {
    await whole.close();
  }
  return known;
}

function knownOperand({ shape, data }: HostTensor, like: tf.Tensor): Operand {
  const known = toNumbers({ data });
  return {
    shape,
    known,
    tensor() {
      if (sizeOf(shape) === 1) {
        return tf.reshape(castLike(scalar(known[0]!), like), [...shape]);
      }
      // A traced constant has float32's digits: what they leave is added.
      const parts: tf.Tensor[] = [];
      let rest = known;
      for (let part = 0; part < 3; part++) {
        const digits = Float32Array.from(rest);
        parts.push(castLike(tf.tensor(digits, [...shape]), like));
        rest = rest.map((x, i) => Number.isFinite(x) ? x - digits[i]! : 0);
        if (rest.every((x) => x === 0)) break;
      }
      return parts.reduce((a, b) => tf.add(a, b));
    },
  };
}
