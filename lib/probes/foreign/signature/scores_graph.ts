/**
 * What a file's graph does behind its logits: softmax, labels, maps of classes.
 *
 * @module
 */

import type { GraphProto, NodeProto } from "../../../onnx/file/model.ts";
import { hostTensor } from "../../../onnx/file/model.ts";
import { attributeOf, makersOf, readsOf } from "../../../onnx/reading/nodes.ts";
import { toNumbers } from "../../../numeric/tensor.ts";

/** Operators behind which logits are none any more. */
export const SQUASHES = {
  softmax: ["Softmax", "LogSoftmax"],
  single: ["Sigmoid", "HardSigmoid", "Hardmax", "TopK"],
};

// What sums over values makes new ones.
const MIXES = [
  ...["MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", "LSTM", "GRU"],
  ...["RNN", "LayerNormalization", "BatchNormalization"],
];

/** What is passed on the way from an output to what made it. */
export interface Chain {
  /** The first operator that squashes; undefined where there is none. */
  readonly squash: NodeProto | undefined;
  /** The operators behind it. */
  readonly through: readonly string[];
}

/** Walks back from a value, as long as it is made of one other alone. */
export function chainTo(graph: GraphProto, name: string): Chain {
  const makers = makersOf(graph.node);
  const constants = constantsOf(graph);
  const through: string[] = [];
  for (let node = makers.get(name); node; node = makers.get(name)) {
    const { opType } = node;
    if (SQUASHES.softmax.includes(opType) || SQUASHES.single.includes(opType)) {
      return { squash: node, through: through.reverse() };
    }
    const made = readsOf(node).filter((input) => !constants.has(input));
    if (made.length !== 1 || MIXES.includes(opType)) break;
    through.push(opType);
    name = made[0]!;
  }
  return { squash: undefined, through: [] };
}

function constantsOf({ initializer, node }: GraphProto): Set<string> {
  const constants = new Set(initializer.map(({ name }) => name));
  for (const { input, output } of node) {
    if (input.every((name) => name === "" || constants.has(name))) {
      for (const name of output) constants.add(name);
    }
  }
  return constants;
}

/** A value that names classes. */
export interface Labelled {
  /** The scores that it is made of. */
  readonly from: string;
  /** Whether it is the place of the largest, and not the scores by class. */
  readonly labels: boolean;
  /** Why its classes are others than 0, 1, 2, … */
  readonly trouble?: string;
}

const KEEPS = [
  "Identity",
  "Cast",
  "Reshape",
  "Squeeze",
  "Unsqueeze",
  "Flatten",
];

/**
 * What a value is made of that is no scores but a label, or a map from classes to
 * scores; undefined for every other value.
 */
export function classesOf(
  graph: GraphProto,
  name: string,
): Labelled | undefined {
  const makers = makersOf(graph.node);
  let trouble: string | undefined;
  for (let node = makers.get(name); node; node = makers.get(name)) {
    const { opType, input } = node;
    if (opType === "ZipMap") {
      const other = otherClasses(node);
      return {
        from: input[0]!,
        labels: false,
        ...(other && { trouble: other }),
      };
    }
    if (opType === "ArgMax") {
      return { from: input[0]!, labels: true, ...(trouble && { trouble }) };
    }
    if (opType === "TopK") return undefined;
    if (opType === "ArrayFeatureExtractor" || opType === "Gather") {
      const table = graph.initializer.find((t) => t.name === input[0]);
      // Of a table of weights the rows are no labels.
      if (!table || table.dims.filter((d) => d !== 1n).length > 1) {
        return undefined;
      }
      if (table.dataType === 8) trouble = "names classes by texts";
      else if (!toNumbers(hostTensor(table)).every((x, i) => x === i)) {
        trouble =
          `numbers its classes otherwise than 0, 1, 2, … (${table.name})`;
      }
      name = input[1]!;
    } else if (KEEPS.includes(opType)) name = input[0]!;
    else return undefined;
  }
}

function otherClasses(node: NodeProto): string | undefined {
  const numbers = attributeOf(node, "classlabels_int64s")?.ints ?? [];
  const texts = attributeOf(node, "classlabels_strings")?.strings ?? [];
  const decoder = new TextDecoder();
  const labels = numbers.length > 0
    ? numbers.map(String)
    : texts.map((text) => decoder.decode(text));
  return labels.every((label, i) => label === String(i))
    ? undefined
    : `names its classes ${
      labels.slice(0, 4).join(", ")
    }, …, wanted 0, 1, 2, …`;
}
