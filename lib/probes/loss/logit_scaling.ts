/**
 * The `logit-scaling` probe: what becomes of a network whose weights grow along
 * themselves, as they do under naïve loss minimisation.
 *
 * @module
 */

import { percent, short, table } from "../../base/terminal.ts";
import { allFinite, finite, slopeOf } from "../../numeric/statistics.ts";
import {
  type HostTensor,
  lastPosition,
  toNumbers,
} from "../../numeric/tensor.ts";
import { NO_ALIASES } from "../../onnx/inspect/aliases.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import {
  chunksOf,
  finiteLogits,
  inputsAt,
  isLarge,
  notFinite,
  seenFinite,
} from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import { knownWeights, logitDegree } from "../context/known_weights.ts";
import { evenRows } from "../context/rows.ts";
import type { Probe } from "../probe.ts";
import {
  GROUP_ALPHAS,
  scaledWeights,
  type ScalingGroup,
  scalingGroups,
} from "./scaling_groups.ts";
import { ALPHAS, type ScalingRow, scalingRows } from "./scaling_rows.ts";

export { ALPHAS, type ScalingRow } from "./scaling_rows.ts";

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
  needs: "a task, and weights that can be read",

  async compute(context) {
    const large = await isLarge(context);
    // Of others nothing can be said. Very many are looked at as they come.
    if (!large) await finiteLogits(context);
    knownWeights(context.model);
    const inputs = context.inputs();
    const some = evenRows(inputs, GROUP_ROWS);
    // Weights go by the file's own names. What is prepared for runs with others goes
    // with this model.
    const model = context.model.withAliases(NO_ALIASES);
    const weights = ALPHAS.map((alpha) => scaledWeights(model, () => alpha));
    let rows: ScalingRow[];
    let groups: ScalingGroup[];
    try {
      rows = await scalingRows(
        context,
        (large ? logitsInChunks : logitsAtOnce)(context, model, weights),
      );
      groups = await scalingGroups(model, some);
    } finally {
      await model.close();
    }
    const degree = logitDegree(model);
    const exponent = slopeOf(
      rows.map((row) => Math.log(row.alpha)),
      rows.map((row) => Math.log(row.logit_rms ?? NaN)),
    );
    return {
      samples: context.dataset.labels.length,
      exponent: finite(exponent),
      depth: degree?.highest ?? null,
      homogeneous: degree?.homogeneous ?? null,
      rows,
      group_samples: Object.values(some)[0]!.shape[0]!,
      groups,
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

// The logits of every row with each of some weights.
async function* logitsAtOnce(
  context: ProbeContext,
  model: ProbeModel,
  weights: readonly Tensors[],
): AsyncGenerator<HostTensor[]> {
  const output = model.outputNames[0]!;
  const inputs = context.inputs();
  const all: HostTensor[] = [];
  for (const own of weights) {
    const { [output]: z } = await model.run(inputs, [output], own);
    all.push(context.atLast(output, z!));
  }
  yield all;
}

async function* logitsInChunks(
  context: ProbeContext,
  model: ProbeModel,
  weights: readonly Tensors[],
): AsyncGenerator<HostTensor[]> {
  const output = model.outputNames[0]!;
  const as = ALPHAS.indexOf(1);
  const chunks = chunksOf(context, output, { model, weights: weights[as]! });
  for await (const { rows, value } of chunks) {
    if (!allFinite(toNumbers(value))) throw notFinite(context);
    const all: HostTensor[] = [];
    for (const [i, own] of weights.entries()) {
      if (i === as) {
        all.push(value);
        continue;
      }
      const inputs = inputsAt(context, rows);
      const { [output]: z } = await model.run(inputs, [output], own);
      all.push(lastPosition(z!));
    }
    yield all;
  }
  seenFinite(context);
}

type Tensors = Readonly<Record<string, HostTensor>>;

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
