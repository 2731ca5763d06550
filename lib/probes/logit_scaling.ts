/**
 * The `logit-scaling` probe: what becomes of a network whose weights grow along
 * themselves, as they do under naïve loss minimisation.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { configAt } from "../config/course.ts";
import {
  accuracy,
  collapsed,
  fraction,
  type Loss,
  mean,
  softmaxCrossEntropy,
} from "../losses/mod.ts";
import type { SessionOptions } from "../onnx/session.ts";
import {
  type HostTensor,
  hostTensorOf,
  sizeOf,
  toNumbers,
} from "../onnx/tensor.ts";
import type { FloatDType } from "../trace/graph.ts";
import { toPrecision, widen } from "../trace/precision.ts";
import { compile } from "../trace/run.ts";
import { percent, short, table } from "../text.ts";
import { lossOf } from "../train/experiment.ts";
import type { ProbeContext } from "./context.ts";
import { degreesOf } from "./homogeneity.ts";
import { evenPlaces } from "./matrices.ts";
import { finite, type Probe } from "./probe.ts";
import {
  GROUP_ALPHAS,
  type ScalingGroup,
  scalingGroups,
} from "./scaling_groups.ts";

/** The factors by which all weights are multiplied. */
export const ALPHAS = [0.5, 1, 2, 4] as const;

const PRECISIONS: readonly FloatDType[] = ["float16", "float32", "float64"];

/**
 * The network at one α, over every row of the task. What is null is no finite
 * number: the logits left the model's range, or are all 0.
 */
export interface ScalingRow {
  /** All weights are multiplied by this. */
  readonly alpha: number;
  /** Root mean square of the logits. */
  readonly logit_rms: number | null;
  /** Mean over the rows of the largest |logit|. */
  readonly logit_scale: number | null;
  /** Pearson correlation of f(αθ) with f(θ), over rows and classes. */
  readonly correlation: number | null;
  /** Share of the rows whose largest logit is the label's. */
  readonly accuracy: number;
  /** Mean loss, the one that it was trained on, computed in float64. */
  readonly loss: number | null;
  /**
   * Share of the rows with a logit that is infinite in float16, beyond 65,504:
   * they have no sum there, and do not count as collapsed.
   */
  readonly float16_overflow: number;
  /** Share of the rows in Softmax Collapse, by precision. */
  readonly softmax_collapse: Readonly<Record<FloatDType, number>>;
}

/** The result. */
export interface LogitScalingResult {
  /**
   * Slope of log rms f(αθ) over log α, least squares: f grows like α^exponent.
   * Null where logits are all zero or leave the model's range.
   */
  readonly exponent: number | null;
  /**
   * The degree that positive homogeneity predicts: how many weights are
   * multiplied on the longest way to the logits. Null where an operator is
   * unknown.
   */
  readonly depth: number | null;
  /**
   * Whether f(αθ) = α^depth f(θ) holds exactly: no biases, no softmax, no
   * shorter ways around a layer.
   */
  readonly homogeneous: boolean | null;
  /** How many rows of the task were run: all there are. */
  readonly samples: number;
  /** A row for each α. */
  readonly rows: readonly ScalingRow[];
  /** How many rows the groups were measured on, evenly chosen. */
  readonly group_samples: number;
  /** The same law for the weights of each module. */
  readonly groups: readonly ScalingGroup[];
}

// Homogeneity is a property of each row by itself.
const GROUP_ROWS = 512;

/**
 * Multiplies every weight of the file by α ∈ {0.5, 1, 2, 4} and runs it on all
 * rows of its task.
 *
 * For a bias-free ReLU network of L layers f(αθ; x) = α^L f(θ; x), so the
 * exponent is L and the correlation 1: growing weights change no prediction,
 * and lead to Softmax Collapse. Biases, attention and shortcuts break the law;
 * {@link scalingGroups} says where, module by module, and by how much.
 *
 * The loss is the one that it was trained on; of a file that does not say, softmax
 * cross-entropy.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Section 5.
 */
export const logitScaling: Probe<"logit-scaling", LogitScalingResult> = {
  of: "checkpoint",
  name: "logit-scaling",
  describe: "Logits, loss and softmax collapse as all weights are scaled by α",
  needs: "a task, and weights as initializers",

  async compute(context) {
    const { model } = context;
    await context.logits(); // Of what is not finite nothing can be said.
    const inputs = context.inputs();
    const output = model.outputNames[0]!;
    const logits: HostTensor[] = [];
    for (const alpha of ALPHAS) {
      const scaled = model.withScaledWeights(alpha);
      try {
        logits.push((await scaled.run(inputs, [output]))[output]!);
      } finally {
        await scaled.close();
      }
    }
    const rows: ScalingRow[] = [];
    const known = {
      reference: logits[ALPHAS.indexOf(1)]!,
      labels: context.labels(),
    };
    const measures = await measurer(
      { logits: logits[0]!, ...known },
      lossAt(context),
      context.host,
    );
    for (const [i, alpha] of ALPHAS.entries()) {
      const measured = await measures.run({ logits: logits[i]!, ...known });
      const value = (name: string) => toNumbers(measured[name]!)[0]!;
      rows.push({
        alpha,
        logit_rms: finite(value("logit_rms")),
        logit_scale: finite(value("logit_scale")),
        correlation: finite(value("correlation")),
        accuracy: value("accuracy"),
        loss: finite(value("loss")),
        float16_overflow: value("float16_overflow"),
        softmax_collapse: {
          float16: value("float16"),
          float32: value("float32"),
          float64: value("float64"),
        },
      });
    }
    await measures.close();
    const degree = degreesOf(model.graph, model.weightNames).get(output);
    const exponent = slope(
      rows.map((row) => Math.log(row.alpha)),
      rows.map((row) => Math.log(row.logit_rms ?? NaN)),
    );
    const some = evenRows(inputs, GROUP_ROWS);
    return {
      samples: context.dataset.labels.length,
      exponent: finite(exponent),
      depth: degree?.highest ?? null,
      homogeneous: degree?.homogeneous ?? null,
      rows,
      group_samples: Object.values(some)[0]!.shape[0]!,
      groups: await scalingGroups(model, some),
    };
  },

  curves: ({ exponent, rows }) => ({
    exponent,
    logit_scale: rows.find(({ alpha }) => alpha === 1)!.logit_scale,
  }),

  text({ samples, exponent, depth, homogeneous, rows, ...rest }) {
    const predicted = depth === null
      ? "no prediction: an operator is unknown"
      : homogeneous
      ? `homogeneous of degree ${depth}`
      : `not homogeneous, highest degree ${depth}`;
    const head = [
      "α",
      "logit scale",
      "correlation",
      "accuracy",
      "loss",
      "collapse float16 / float32 / float64",
    ];
    return [
      `all ${samples} rows of the task`,
      exponent === null
        ? `logits are zero or out of range, no exponent (${predicted})`
        : `logits grow like α^${exponent.toFixed(3)} (${predicted})`,
      ...table([head, ...rows.map(rowText)]),
      ...table([
        [
          `scaled by α (${rest.group_samples} rows)`,
          "exponent",
          "degree",
          ...GROUP_ALPHAS.map((alpha) => `off α^degree at ${alpha}`),
        ],
        ...rest.groups.map((group) => [
          group.name,
          short(group.exponent),
          `${group.homogeneous ? "" : "≤ "}${short(group.degree)}`,
          ...group.deviation.map((x) => x === null ? "–" : percent(x)),
        ]),
      ]),
    ];
  },
};

function evenRows(
  inputs: Readonly<Record<string, HostTensor>>,
  most: number,
): Record<string, HostTensor> {
  const cut = ({ dtype, shape, data }: HostTensor) => {
    const [rows, ...row] = shape as [number, ...number[]];
    const places = evenPlaces(rows, most);
    const width = sizeOf(row);
    const values = toNumbers({ data });
    return hostTensorOf(
      dtype,
      [places.length, ...row],
      places.flatMap((i) => [...values.subarray(i * width, (i + 1) * width)]),
    );
  };
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, cut(tensor)]),
  );
}

function rowText(row: ScalingRow): string[] {
  const { float16, float32, float64 } = row.softmax_collapse;
  return [
    String(row.alpha),
    row.logit_scale?.toPrecision(4) ?? "–",
    row.correlation?.toFixed(4) ?? "–",
    percent(row.accuracy),
    row.loss?.toPrecision(4) ?? "–",
    `${percent(float16)} / ${percent(float32)} / ${percent(float64)}` +
    (row.float16_overflow > 0
      ? ` (${percent(row.float16_overflow)} overflow float16)`
      : ""),
  ];
}

// All as one graph, so that accuracy, loss and collapse are the very functions
// that training measures with, in ONNX Runtime's arithmetic.
// What a file of another tool was trained with it does not say.
function lossAt({ task: { config }, step }: ProbeContext): Loss {
  return config ? lossOf(configAt(config, step ?? 0)) : softmaxCrossEntropy();
}

function measurer(
  inputs: { logits: HostTensor; reference: HostTensor; labels: HostTensor },
  loss: Loss,
  options: SessionOptions,
) {
  return compile(
    ({ logits, reference, labels }) => {
      const z = logits as tf.Tensor2D;
      const y = labels as tf.Tensor1D;
      const collapse = PRECISIONS.map((precision) => [
        precision,
        fraction(collapsed(z, precision, loss.temperature)),
      ]);
      const half = widen(toPrecision(z, "float16"));
      return {
        logit_rms: tf.sqrt(tf.mean(tf.square(widen(z)))),
        logit_scale: tf.mean(widen(tf.max(tf.abs(z), 1))),
        correlation: correlation(widen(z), widen(reference)),
        float16_overflow: fraction(tf.any(tf.isInf(half), 1)),
        accuracy: accuracy(z, y),
        loss: widen(mean(loss.terms(z, y, "float64"), "float64")),
        ...Object.fromEntries(collapse),
      };
    },
    inputs,
    options,
  );
}

// Pearson's.
function correlation(x: tf.Tensor, y: tf.Tensor): tf.Tensor {
  const [a, b] = [tf.sub(x, tf.mean(x)), tf.sub(y, tf.mean(y))];
  const length = (v: tf.Tensor) => tf.sqrt(tf.sum(tf.square(v)));
  return tf.div(tf.sum(tf.mul(a, b)), tf.mul(length(a), length(b)));
}

// Of the line of least squares.
function slope(x: readonly number[], y: readonly number[]): number {
  const average = (v: readonly number[]) =>
    v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [average(x), average(y)];
  const xy = x.reduce((sum, v, i) => sum + (v - mx) * (y[i]! - my), 0);
  return xy / x.reduce((sum, v) => sum + (v - mx) ** 2, 0);
}
