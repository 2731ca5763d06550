/**
 * The last layer of a network, found in its graph: what is multiplied with which
 * weight to make the logits.
 *
 * @module
 */

import { asMatrix, type Matrix, transposed } from "../../numeric/matrix.ts";
import type { NodeProto } from "../../onnx/file/model.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { NotApplicableError } from "../context/not_applicable.ts";

/** The last product of a network. */
export interface Readout {
  /** The value that is multiplied: the features, [n, width]. */
  readonly features: string;
  /** The weight that it is multiplied with. */
  readonly weight: string;
  /** That weight as [width, classes]. */
  readonly classifier: Matrix;
}

/**
 * The last matrix product before the logits, behind which only a bias or a number
 * is added or multiplied.
 *
 * @throws {NotApplicableError} if the logits are made otherwise.
 */
export function readoutOf(model: ProbeModel): Readout {
  const makers = new Map<string, NodeProto>(
    model.graph.node.flatMap((node) => node.output.map((name) => [name, node])),
  );
  let name = model.outputNames[0]!;
  for (;;) {
    const node = makers.get(name);
    const [first, second] = node?.input ?? [];
    if (node && ["Gemm", "MatMul"].includes(node.opType)) {
      if (first === undefined || second === undefined) break;
      const weight = model.constant(second);
      if (weight?.shape.length !== 2 || flag(node, "transA")) break;
      const matrix = asMatrix(weight);
      const turned = flag(node, "transB");
      return {
        features: first,
        weight: second,
        classifier: turned ? transposed(matrix) : matrix,
      };
    }
    if (!node || !["Add", "Mul", "Identity", "Cast"].includes(node.opType)) {
      break;
    }
    // The one that is made, not the bias or the number.
    const made = node.input.filter((input) => {
      const maker = makers.get(input);
      return maker !== undefined && maker.opType !== "Constant";
    });
    if (made.length !== 1) break;
    name = made[0]!;
  }
  throw new NotApplicableError(
    `The logits of ${model.source} are not made by a product of features with ` +
      "a weight: it has no last layer to look at",
  );
}

const flag = ({ attribute }: NodeProto, name: string) =>
  attribute.find((entry) => entry.name === name)?.i === 1n;
