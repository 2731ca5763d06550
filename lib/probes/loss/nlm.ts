/**
 * The `nlm` probe: how much of what the gradient wants is naïve loss
 * minimisation, scaling the logits up.
 *
 * @module
 */

import { percent, short, table } from "../../base/terminal.ts";
import { leavesOf } from "../../base/tree.ts";
import { finite } from "../../numeric/statistics.ts";
import {
  type FloatDType,
  hostTensorOf,
  toNumbers,
} from "../../numeric/tensor.ts";
import type { Tensors } from "../../runs/states.ts";
import { finiteLogits } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import {
  differentiated,
  type ExperimentAt,
  inPrecision,
  optimizerAt,
} from "../context/experiment_at.ts";
import { experimentOf } from "../foreign/experiment_of.ts";
import type { Probe } from "../probe.ts";
import { measureNlm, NLM_LENGTHS } from "./nlm_measure.ts";

export { NLM_LENGTHS } from "./nlm_measure.ts";

/** Weights and gradient of one parameter tensor. */
export interface NlmTensor {
  /** Its path. */
  readonly name: string;
  /** ‖w‖. */
  readonly weight_norm: number;
  /** ‖g‖. */
  readonly gradient_norm: number;
  /** cos(w, −g); null where one of them is 0. */
  readonly cos: number | null;
}

/** A step away from the weights, and one of the same length along them. */
export interface NlmStep {
  /**
   * What the first step follows: the negative gradient, or the optimizer's own
   * update.
   */
  readonly direction: "gradient" | "update";
  /** Its length s. */
  readonly length: number;
  /** s/‖θ‖. */
  readonly relative_length: number;
  /** L after it. */
  readonly loss_after: number | null;
  /** L(θ + s·θ/‖θ‖), after the step of the same length that only scales. */
  readonly loss_after_nlm: number | null;
  /**
   * (L − L after scaling)/(L − L after the step): how much of what the step gains
   * scaling gains; null where the step gains nothing.
   */
  readonly share: number | null;
}

/** What was found in one precision. */
export interface NlmAt {
  /** Precision of the model. */
  readonly precision: FloatDType;
  /** Precision of the loss. */
  readonly loss_precision: FloatDType;
  /** L, the mean loss of the train rows. */
  readonly loss: number | null;
  /** ‖θ‖ of all parameters. */
  readonly weight_norm: number;
  /** ‖g‖ of all parameters. */
  readonly gradient_norm: number;
  /** cos(θ, −g): 1 where the gradient only scales the weights up. */
  readonly cos: number | null;
  /** ‖the part of g along θ‖/‖g‖ = |cos|: what ⊥Grad over the whole vector takes. */
  readonly share_along_weights: number | null;
  /**
   * The same with the part of each tensor's gradient along that tensor, all parts
   * as one vector: what ⊥Grad takes tensor by tensor.
   */
  readonly share_along_tensors: number | null;
  /** The same of each parameter tensor. */
  readonly tensors: readonly NlmTensor[];
  /** Steps away from the weights, and as long ones along them. */
  readonly steps: readonly NlmStep[];
}

/** The result. */
export interface NlmResult {
  /** Rows that the loss is the mean of: all train rows. */
  readonly samples: number;
  /** In the precisions that it is trained in. */
  readonly trained: NlmAt;
  /** Model and loss in float64, on the same weights. */
  readonly float64: NlmAt;
}

/**
 * The direction of naïve loss minimisation is the weights' own: for a homogeneous
 * network f((1 + ε)θ) = (1 + ε)^L f(θ), so it changes no prediction and lowers the
 * loss of what is classified right. Measured are cos(w, −∂L/∂w), by tensor and of
 * all parameters; the share of the gradient that lies along the weights; and the
 * loss after a step of length s along the weights, θ + s·θ/‖θ‖, against one along
 * the gradient, θ − s·g/‖g‖, and, where the optimizer's state is there, against its
 * update, s being the update's length.
 *
 * The gradient is the train loss's, traced from model and loss and run on the
 * checkpoint's weights, in the precisions that it was trained in and in float64:
 * where they differ, what is seen is rounding.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Section 4.2 and Figure 5.
 */
export const nlm: Probe<"nlm", NlmResult> = {
  of: "checkpoint",
  name: "nlm",
  describe: "How much of the gradient only scales the logits up: cos(w, −grad)",
  needs: "a checkpoint that says its config, or --split and --loss; of the " +
    "optimizer's update, a run",

  async compute(context) {
    const experiment = await experimentOf(context);
    await finiteLogits(context); // Of others nothing can be said.
    const state = await optimizerAt(context);
    return await differentiated(experiment, context, async () => ({
      samples: experiment.split.train.inputs.length,
      trained: await measure(context, experiment, state),
      float64: await measure(
        context,
        inPrecision(experiment, "float64"),
        state,
      ),
    }));
  },

  curves: ({ trained, float64 }) => ({
    cos: trained.cos,
    cos_float64: float64.cos,
    share_along_tensors: trained.share_along_tensors,
    nlm_share: trained.steps.at(-1)?.share ?? null,
  }),

  text({ samples, trained, float64 }) {
    const rows = [trained, float64];
    const names = trained.tensors.map(({ name }) => name);
    const share = (x: number | null) => x === null ? "–" : percent(x);
    return [
      `gradient of the mean loss of ${samples} train rows`,
      ...table([
        ["", ...rows.map(precisionText)],
        ["cos(θ, −grad)", ...rows.map(({ cos }) => short(cos))],
        [
          "share of |grad| along θ",
          ...rows.map((at) => share(at.share_along_weights)),
        ],
        [
          "  along each tensor",
          ...rows.map((at) => share(at.share_along_tensors)),
        ],
        ...names.map((name, i) => [
          `cos(w, −grad) ${name}`,
          ...rows.map(({ tensors }) => short(tensors[i]!.cos)),
        ]),
      ]),
      ...table([
        ["step", "length/|θ|", "loss after", "after scaling", "its share"],
        ...trained.steps.map((step) => [
          step.direction,
          short(step.relative_length),
          short(step.loss_after),
          short(step.loss_after_nlm),
          share(step.share),
        ]),
      ]),
    ];
  },
};

const precisionText = ({ precision, loss_precision }: NlmAt) =>
  precision === loss_precision
    ? precision
    : `${precision}, loss ${loss_precision}`;

async function measure(
  context: ProbeContext,
  experiment: ExperimentAt,
  state: Tensors | undefined,
): Promise<NlmAt> {
  const { config, params } = experiment;
  const { precision, lossPrecision } = config;
  const known = state && Object.entries(state).map(([path, tensor]) =>
    [
      path,
      // Counts and moments are in the model's type.
      tensor.dtype.startsWith("float")
        ? hostTensorOf(precision, tensor.shape, toNumbers(tensor))
        : tensor,
    ] as const
  );
  const given = { context, experiment, known };
  const results = await measureNlm(given);
  const at = (name: string) => toNumbers(results[name]!)[0]!;
  const total = at("loss");
  const [weights, slope] = [at("weight_norm"), at("gradient_norm")];
  const tensors = leavesOf(params).map(([name]): NlmTensor => ({
    name: experiment.nameOf?.(name) ?? name,
    weight_norm: at(`tensors.weight_norm.${name}`),
    gradient_norm: at(`tensors.gradient_norm.${name}`),
    cos: finite(at(`tensors.cos_weight_neg_gradient.${name}`)),
  }));
  const parts = tensors.map(({ cos, gradient_norm }) =>
    ((cos ?? 0) * gradient_norm) ** 2
  );
  const cos = finite(at("cos"));
  const stepOf = (direction: NlmStep["direction"], name: string) =>
    stepAt(direction, (what) => at(`${name}.${what}`), weights, total);
  return {
    precision,
    loss_precision: lossPrecision,
    loss: finite(total),
    weight_norm: weights,
    gradient_norm: slope,
    cos,
    share_along_weights: cos === null ? null : Math.abs(cos),
    share_along_tensors: finite(
      Math.sqrt(parts.reduce((sum, x) => sum + x, 0)) / slope,
    ),
    tensors,
    // Weights that are all 0 point nowhere.
    steps: weights === 0 ? [] : [
      ...(slope > 0
        ? NLM_LENGTHS.map((_, i) => stepOf("gradient", `along.${i}`))
        : []),
      ...("update.length" in results ? [stepOf("update", "update")] : []),
    ],
  };
}

// What a step brought, in a direction, of weights of a length and with a loss.
function stepAt(
  direction: NlmStep["direction"],
  at: (what: string) => number,
  weights: number,
  total: number,
): NlmStep {
  const length = at("length");
  const after = at("train_loss_after_update");
  const scaled = at("train_loss_after_nlm");
  return {
    direction,
    length,
    relative_length: length / weights,
    loss_after: finite(after),
    loss_after_nlm: finite(scaled),
    share: after < total ? finite((total - scaled) / (total - after)) : null,
  };
}
