/**
 * Which tensors of a flat graph are weights, which are none, and what else holds
 * numbers that were trained.
 *
 * @module
 */

import type { GraphProto, NodeProto, TensorProto } from "../file/protobuf.ts";
import { hostTensor } from "../file/model.ts";
import { sizeOf, toNumbers } from "../../numeric/tensor.ts";
import { intOf, isFloat, isOp, subgraphsOf, TYPE } from "./nodes.ts";
import { isElementwise, isOfFormula, isSingle } from "./numbers.ts";
import { untrained } from "./untrained.ts";

/** A tensor that is no weight. */
export interface ConstantTensor {
  /** Its name. */
  readonly name: string;
  /** What it is instead. */
  readonly why: string;
  /** Its number, where it might have been trained all the same. */
  readonly number?: number;
}

/** The tensors of a graph, told apart. */
export interface Tensors {
  /** Names of the weights. */
  readonly weights: readonly string[];
  /** Tensors of floats that are none. */
  readonly constants: readonly ConstantTensor[];
  /** What holds trained numbers and cannot be read as a weight, in words. */
  readonly unread: readonly string[];
}

// By operator the inputs that say how it computes, and are multiplied with nothing.
const STRUCTURE: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [3, 4],
  CastLike: [1],
  Clip: [1, 2],
  DequantizeLinear: [1, 2],
  Dropout: [1, 2],
  Equal: [0, 1],
  EyeLike: [0],
  Greater: [0, 1],
  GreaterOrEqual: [0, 1],
  Less: [0, 1],
  LessOrEqual: [0, 1],
  OneHot: [1, 2],
  Pad: [2],
  Pow: [1],
  QuantizeLinear: [1, 2],
  Range: [0, 1, 2],
  Resize: [1, 2],
  Shape: [0],
  Size: [0],
  Upsample: [1],
  Where: [0],
};

/**
 * Tells a graph's tensors apart.
 *
 * @param graph A flat graph of nothing that is not needed.
 * @param numbers Names that were Constant nodes.
 * @param generated Names of what nodes generated.
 */
export function tensorsOf(
  graph: GraphProto,
  numbers: ReadonlySet<string>,
  generated: ReadonlySet<string>,
): Tensors {
  const floats = graph.initializer.filter(({ dataType }) => isFloat(dataType));
  const read = multiplied(graph.node);
  const otherwise = multiplied(graph.node, isElementwise);
  const reasons = new Map<string, ConstantTensor>();
  for (const tensor of floats) {
    const { name } = tensor;
    const why = reasonAgainst(tensor, { numbers, generated, read });
    if (why !== undefined) reasons.set(name, { name, why });
    else if (isSingle(tensor) && isOfFormula(tensor)) {
      // A slope of 0 is a ReLU's.
      const zero = tensor.dims.length === 0 && numberIn(tensor) === 0;
      if (zero || !otherwise.has(name)) reasons.set(name, ofFormula(tensor));
    }
  }
  return {
    weights: floats.map(({ name }) => name).filter((name) =>
      !reasons.has(name)
    ),
    constants: [...reasons.values()],
    unread: [...new Set(graph.node.flatMap(unreadIn)), ...quantised(graph)],
  };
}

const numberIn = (tensor: TensorProto) => toNumbers(hostTensor(tensor))[0]!;

// What is next to nothing, or a mask, is in no doubt.
function ofFormula(tensor: TensorProto): ConstantTensor {
  const number = numberIn(tensor);
  const size = Math.abs(number);
  const doubtful = size > 1e-3 && size < 1e4;
  return {
    name: tensor.name,
    why: "a number that formulas are written with",
    ...(doubtful && { number }),
  };
}

// The values that nodes compute with, those that are left out apart.
function multiplied(
  nodes: readonly NodeProto[],
  without: (node: NodeProto) => boolean = () => false,
): Set<string> {
  return new Set(nodes.flatMap((node) => [
    ...node.input.filter((_, i) =>
      !without(node) &&
      !(isOp(node, node.opType) && STRUCTURE[node.opType]?.includes(i))
    ),
    ...subgraphsOf(node).flatMap((graph) => [
      ...multiplied(graph.node, without),
      ...graph.output.map(({ name }) => name),
    ]),
  ]));
}

function reasonAgainst(
  tensor: TensorProto,
  { numbers, generated, read }: {
    readonly numbers: ReadonlySet<string>;
    readonly generated: ReadonlySet<string>;
    readonly read: ReadonlySet<string>;
  },
): string | undefined {
  const { name, dims } = tensor;
  const shape = dims.map(Number);
  if (!read.has(name)) return "says how an operator computes";
  if (sizeOf(shape) === 1 && numbers.has(name)) return "a number";
  if (generated.has(name)) return "made by the graph, not trained";
  return untrained(tensor);
}

// ai.onnx.ml's operators whose numbers prepare inputs or name classes.
const PREPARES = [
  ...["ArrayFeatureExtractor", "Binarizer", "CastMap", "CategoryMapper"],
  ...["DictVectorizer", "FeatureVectorizer", "Imputer", "LabelEncoder"],
  ...["Normalizer", "OneHotEncoder", "Scaler", "ZipMap"],
];
const QUANTISED = /^Q[A-Z]|Integer|NBits|Bnb4|BlockQuant/;

function unreadIn(node: NodeProto): string[] {
  const { domain, opType, attribute } = node;
  const inner = subgraphsOf(node).flatMap((graph) =>
    graph.node.flatMap(unreadIn)
  );
  if (QUANTISED.test(opType) || /^(Dynamic)?Quantize.*MatMul/.test(opType)) {
    return [`${opType} multiplies with quantised weights`, ...inner];
  }
  const held = attribute.find(({ floats, tensors, t }) =>
    floats.length > 1 || tensors.length > 0 || (t?.dims.length ?? 0) > 1
  );
  const own = domain === "" || domain === "ai.onnx";
  if (held && !own && !PREPARES.includes(opType)) {
    return [`${opType} has weights in its attribute ${held.name}`, ...inner];
  }
  return inner;
}

// What carries integers on as numbers, by the place of these.
const CARRIES = [
  ...["Add", "Sub", "Mul", "Neg", "Reshape", "Transpose", "Squeeze"],
  ...["Unsqueeze", "Flatten", "Concat", "Slice", "Identity", "Expand"],
  ...["Gather", "GatherND", "GatherElements", "MatMul", "Gemm", "ReduceSum"],
];
const BY_PLACE = [
  ...["Reshape", "Squeeze", "Unsqueeze", "Slice", "Expand", "Gather"],
  ...["GatherND", "GatherElements", "ReduceSum"],
];

// Tables of integers that become floats only behind what a row reads of them: an
// embedding in 8 bits.
function quantised({ node: top, initializer }: GraphProto): string[] {
  const node = inside(top);
  const from = new Map<string, string>();
  for (const { name, dataType, dims } of initializer) {
    const several = sizeOf(dims.map(Number)) > 1;
    const counts = [TYPE.bool, TYPE.string].some((type) => type === dataType);
    if (several && !isFloat(dataType) && !counts) from.set(name, name);
  }
  const found = new Set<string>();
  for (const own of node) {
    const { input, output, opType } = own;
    const data = BY_PLACE.includes(opType) ? input.slice(0, 1) : input;
    const table = data.map((name) => from.get(name)).find((name) => name);
    if (table === undefined) continue;
    const floats = isOp(own, "DequantizeLinear") ||
      isOp(own, "Cast") && isFloat(intOf(own, "to", 0));
    if (floats) found.add(`${table} has weights as integers (${opType})`);
    else if (isOp(own, "Cast", ...CARRIES)) {
      output.forEach((name) => from.set(name, table));
    }
  }
  return [...found];
}

// Nodes with those in their graphs, which stand before them.
const inside = (nodes: readonly NodeProto[]): NodeProto[] =>
  nodes.flatMap((node) => [
    ...subgraphsOf(node).flatMap((graph) => inside(graph.node)),
    node,
  ]);
