/**
 * The lengths and the angle of weights and gradient, tensor by tensor.
 *
 * @module
 */

import {
  byTensor,
  type Columns,
  type GraphMetrics,
  type Measured,
} from "./group.ts";
import { cosNegative, dot, norm } from "./vectors.ts";

/**
 * ‖w‖, ‖g‖ and cos(w, −g) of each parameter tensor: whether the gradient only
 * scales a layer up.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Figure 5.
 */
export function lengthsByTensor(
  { params, gradients }: Pick<Measured, "params" | "gradients">,
): Columns {
  return {
    ...byTensor("weight_norm", norm, params),
    ...byTensor("gradient_norm", norm, gradients),
    ...byTensor(
      "cos_weight_neg_gradient",
      (w, g) => cosNegative(dot(w!, g!), norm(w!), norm(g!)),
      params,
      gradients,
    ),
  };
}

/** {@link lengthsByTensor} of a training step. */
export const tensors: GraphMetrics = {
  summary: "norms and cos(w, −grad) of each parameter tensor",
  make: () => lengthsByTensor,
};
