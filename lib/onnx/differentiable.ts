/**
 * ONNX operators as TensorFlow.js functions: what a foreign graph is made of, so
 * that it can be traced, and differentiated, like a model of this project.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { embed } from "../../models/model.ts";
import { castLike, scalar } from "../trace/precision.ts";
import type { NodeProto } from "./model.ts";

/** What a node is given: a traced tensor, or numbers that are known. */
export interface Operand {
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** The numbers, where no weight goes into them. */
  readonly known?: Float64Array;
  /** The tensor, in the precision of the weights. */
  tensor(): tf.Tensor;
}

/** A node with what it is given; what it lacks is undefined. */
export interface Application {
  /** The node. */
  readonly node: NodeProto;
  /** Its inputs. */
  readonly x: readonly (Operand | undefined)[];
  /** The version of the operator set. */
  readonly opset: number;
}

/** An operator: its outputs. */
export type Operator = (given: Application) => tf.Tensor[];

/** A node that has no derivative here, in words. */
export class NoDerivative extends TypeError {
  /** What tells it from other errors. */
  override name = "NoDerivative";
}

/** The number of an attribute, or what stands for it. */
export function numberOf(
  node: NodeProto,
  name: string,
  preset: number,
): number {
  const found = node.attribute.find((attribute) => attribute.name === name);
  // AttributeProto: FLOAT is 1, INT 2.
  return found ? found.type === 1 ? found.f : Number(found.i) : preset;
}

function numbersOf(
  { node, x }: Application,
  name: string,
  at: number,
): number[] | undefined {
  const found = node.attribute.find((attribute) => attribute.name === name);
  if (found) return found.ints.map(Number);
  const operand = x[at];
  if (!operand) return undefined;
  return [...knownOf(operand, name)];
}

function knownOf({ known }: Operand, what: string): Float64Array {
  if (known) return known;
  throw new NoDerivative(`its ${what} is made of weights`);
}

const axisOf = (axis: number, rank: number) => axis < 0 ? axis + rank : axis;

const product = (lengths: readonly number[]) =>
  lengths.reduce((product, d) => product * d, 1);

/** A function of one tensor. */
const unary =
  (f: (x: tf.Tensor, node: NodeProto) => tf.Tensor): Operator =>
  ({ node, x: [x] }) => [f(x!.tensor(), node)];

/** A function of two tensors or more, from left to right. */
const folded =
  (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Operator => ({ x }) => [
    x.map((operand) => operand!.tensor()).reduce((a, b) => f(a, b)),
  ];

/** A tensor with other lengths of its axes. */
const shaped = (
  shape: (given: Application, from: readonly number[]) => number[],
): Operator =>
(given) => [
  tf.reshape(given.x[0]!.tensor(), shape(given, given.x[0]!.shape)),
];

// Two axes at the end; batches in front are made equal, and one axis.
function matMul(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (a.rank === 1) {
    const y = matMul(tf.reshape(a, [1, a.size]), b);
    return tf.reshape(y, y.shape.filter((_, i) => i !== y.rank - 2));
  }
  if (b.rank === 1) {
    const y = matMul(a, tf.reshape(b, [b.size, 1]));
    return tf.reshape(y, y.shape.slice(0, -1));
  }
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  if (b.rank === 2) {
    const rows = product(a.shape.slice(0, -1));
    const y = tf.matMul(
      tf.reshape(a, [rows, k]) as tf.Tensor2D,
      b as tf.Tensor2D,
    );
    return tf.reshape(y, [...a.shape.slice(0, -1), n]);
  }
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(
    a.shape.slice(0, -2),
    b.shape.slice(0, -2),
  );
  const flat = (x: tf.Tensor) => {
    const own = x.shape.slice(-2) as [number, number];
    const full = expanded(x, [...batch, ...own]);
    return tf.reshape(full, [product(batch), ...own]) as tf.Tensor3D;
  };
  return tf.reshape(tf.matMul(flat(a), flat(b)), [...batch, m, n]);
}

// Summed where it is broadcast, when it is differentiated.
function expanded(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (x.shape.join() === shape.join()) return x;
  return tf.add(x, castLike(tf.zeros([...shape]), x));
}

function gemm({ node, x: [a, b, c] }: Application): tf.Tensor[] {
  const turned = (x: tf.Tensor, flag: string) =>
    numberOf(node, flag, 0) ? tf.transpose(x) : x;
  const scaled = (x: tf.Tensor, name: string) => {
    const factor = numberOf(node, name, 1);
    return factor === 1 ? x : tf.mul(x, castLike(scalar(factor), x));
  };
  const ab = scaled(
    matMul(turned(a!.tensor(), "transA"), turned(b!.tensor(), "transB")),
    "alpha",
  );
  return [c ? tf.add(ab, scaled(c.tensor(), "beta")) : ab];
}

// With one axis last, and before version 13 all axes from there on as one.
const alongAxis =
  (f: (x: tf.Tensor) => tf.Tensor): Operator =>
  ({ node, x: [operand], opset }) => {
    const x = operand!.tensor();
    const axis = axisOf(numberOf(node, "axis", opset < 13 ? 1 : -1), x.rank);
    if (opset < 13) {
      const rows = product(x.shape.slice(0, axis));
      const flat = tf.reshape(x, [rows, product(x.shape.slice(axis))]);
      return [tf.reshape(f(flat), x.shape)];
    }
    if (axis === x.rank - 1) return [f(x)];
    const order = x.shape.map((_, i) => i);
    [order[axis], order[x.rank - 1]] = [order[x.rank - 1]!, order[axis]!];
    return [tf.transpose(f(tf.transpose(x, order)), order)];
  };

const reduced =
  (f: (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor): Operator =>
  (given) => {
    const x = given.x[0]!.tensor();
    const axes = numbersOf(given, "axes", 1);
    if (!axes?.length && numberOf(given.node, "noop_with_empty_axes", 0)) {
      return [x];
    }
    const over = (axes?.length ? axes : x.shape.map((_, i) => i))
      .map((axis) => axisOf(axis, x.rank));
    return [f(x, over, numberOf(given.node, "keepdims", 1) === 1)];
  };

function layerNormalization({ node, x }: Application): tf.Tensor[] {
  const [input, scale, bias] = x.map((operand) => operand?.tensor());
  const axis = axisOf(numberOf(node, "axis", -1), input!.rank);
  const axes = input!.shape.map((_, i) => i).slice(axis);
  const centred = tf.sub(input!, tf.mean(input!, axes, true));
  const variance = tf.mean(tf.square(centred), axes, true);
  const epsilon = scalar(numberOf(node, "epsilon", 1e-5));
  const normal = tf.div(
    centred,
    tf.sqrt(tf.add(variance, castLike(epsilon, variance))),
  );
  const scaled = tf.mul(normal, scale!);
  return [bias ? tf.add(scaled, bias) : scaled];
}

// As in evaluation: mean and variance are given.
function batchNormalization({ node, x }: Application): tf.Tensor[] {
  if (numberOf(node, "training_mode", 0)) {
    throw new NoDerivative("it takes the statistics of its batch");
  }
  const [input, ...given] = x.map((operand) => operand!.tensor());
  const channels = input!.shape.map((d, i) => i === 1 ? d : 1);
  const [scale, bias, mean, variance] = given.map((v) =>
    tf.reshape(v, channels)
  );
  const epsilon = scalar(numberOf(node, "epsilon", 1e-5));
  const deviation = tf.sqrt(tf.add(variance!, castLike(epsilon, variance!)));
  const normal = tf.div(tf.sub(input!, mean!), deviation);
  return [tf.add(tf.mul(normal, scale!), bias!)];
}

function gather({ node, x: [table, indices] }: Application): tf.Tensor[] {
  const x = table!.tensor();
  const axis = axisOf(numberOf(node, "axis", 0), x.rank);
  const length = x.shape[axis]!;
  const places = [...knownOf(indices!, "index")]
    .map((i) => i < 0 ? i + length : i);
  const shape = [
    ...x.shape.slice(0, axis),
    ...indices!.shape,
    ...x.shape.slice(axis + 1),
  ];
  // Rows of a table: the axis first, the others as one.
  const axes = x.shape.map((_, i) => i);
  const order = [axis, ...axes.filter((i) => i !== axis)];
  const first = axis === 0 ? x : tf.transpose(x, order);
  const width = x.size / length;
  const rows = embed(
    tf.reshape(first, [length, width]) as tf.Tensor2D,
    tf.tensor1d(places, "int32"),
  );
  if (axis === 0) return [tf.reshape(rows, shape)];
  const rest = x.shape.filter((_, i) => i !== axis);
  const back = [...rest.keys()].map((i) => i + 1);
  back.splice(axis, 0, 0);
  const found = tf.reshape(rows, [places.length, ...rest]);
  return [tf.reshape(tf.transpose(found, back), shape)];
}

function slice(given: Application): tf.Tensor[] {
  const x = given.x[0]!.tensor();
  const starts = numbersOf(given, "starts", 1)!;
  const ends = numbersOf(given, "ends", 2)!;
  const axes = numbersOf(given, "axes", 3) ?? [...starts.keys()];
  const steps = numbersOf(given, "steps", 4) ?? starts.map(() => 1);
  if (steps.some((step) => step !== 1)) {
    throw new NoDerivative("it takes steps that are not 1");
  }
  const begin = x.shape.map(() => 0);
  const size = [...x.shape];
  axes.forEach((given, i) => {
    const axis = axisOf(given, x.rank);
    const d = x.shape[axis]!;
    const place = (at: number) =>
      Math.min(Math.max(at < 0 ? at + d : at, 0), d);
    begin[axis] = place(starts[i]!);
    size[axis] = Math.max(0, place(ends[i]!) - begin[axis]!);
  });
  return [tf.slice(x, begin, size)];
}

function split(given: Application): tf.Tensor[] {
  const x = given.x[0]!.tensor();
  const axis = axisOf(numberOf(given.node, "axis", 0), x.rank);
  const count = given.node.output.length;
  const each = Math.ceil(x.shape[axis]! / count);
  const sizes = numbersOf(given, "split", 1) ??
    Array.from(
      { length: count },
      (_, i) => Math.min(each, x.shape[axis]! - i * each),
    );
  return tf.split(x, sizes, axis);
}

// A branch that no weight goes into may be infinite where it is not taken.
function where({ x: [condition, yes, no] }: Application): tf.Tensor[] {
  const flags = knownOf(condition!, "condition");
  const like = (yes!.known ? no! : yes!).tensor();
  const mask = (flags: Float64Array) =>
    castLike(tf.tensor([...flags], [...condition!.shape], "float32"), like);
  const part = (operand: Operand, kept: Float64Array) => {
    const chosen = mask(kept);
    if (!operand.known) return tf.mul(operand.tensor(), chosen);
    if (kept.every((flag) => flag === 0)) return chosen;
    // Infinite or not, in its places only.
    const finite = operand.known.every(Number.isFinite);
    if (finite) return tf.mul(operand.tensor(), chosen);
    if (operand.known.length !== 1) {
      throw new NoDerivative("it puts several infinite numbers in");
    }
    return castLike(
      tf.tensor(
        [...kept].map((flag) => flag ? operand.known![0]! : 0),
        [...condition!.shape],
      ),
      like,
    );
  };
  return [tf.add(part(yes!, flags), part(no!, flags.map((f) => 1 - f)))];
}

function power({ x: [base, exponent] }: Application): tf.Tensor[] {
  const x = base!.tensor();
  const known = exponent!.known;
  if (known?.length !== 1) return [tf.pow(x, exponent!.tensor())];
  if (known[0] === 1) return [x];
  if (known[0] === 2) return [tf.square(x)];
  if (known[0] === 3) return [tf.mul(x, tf.square(x))];
  if (known[0] === 0.5) return [tf.sqrt(x)];
  return [tf.pow(x, exponent!.tensor())];
}

function clip(given: Application): tf.Tensor[] {
  const { node, x: [x, low, high] } = given;
  const bound = (name: string, operand: Operand | undefined, none: number) =>
    operand ? knownOf(operand, name)[0]! : numberOf(node, name, none);
  const [min, max] = [
    bound("min", low, -Infinity),
    bound("max", high, Infinity),
  ];
  let y = x!.tensor();
  if (min === 0) y = tf.relu(y);
  else if (min > -3e38) y = tf.maximum(y, castLike(scalar(min), y));
  return [max < 3e38 ? tf.minimum(y, castLike(scalar(max), y)) : y];
}

function gelu(x: tf.Tensor, node: NodeProto): tf.Tensor {
  const number = (value: number) => castLike(scalar(value), x);
  const found = node.attribute.find(({ name }) => name === "approximate")?.s;
  const inner = found && new TextDecoder().decode(found) === "tanh"
    ? tf.tanh(tf.mul(
      number(Math.sqrt(2 / Math.PI)),
      tf.add(x, tf.mul(number(0.044715), tf.mul(x, tf.square(x)))),
    ))
    : tf.erf(tf.mul(x, number(Math.SQRT1_2)));
  return tf.mul(tf.mul(x, number(0.5)), tf.add(number(1), inner));
}

function reshapedTo(given: Application, from: readonly number[]): number[] {
  const wanted = [...knownOf(given.x[1]!, "shape")];
  const allowZero = numberOf(given.node, "allowzero", 0);
  const lengths = wanted.map((d, i) => d === 0 && !allowZero ? from[i]! : d);
  const rest = product(lengths.filter((d) => d !== -1));
  return lengths.map((d) => d === -1 ? product(from) / rest : d);
}

const same = unary((x) => x);

/** The operators that have derivatives, by name. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: folded(tf.add),
  Sum: folded(tf.add),
  Sub: folded(tf.sub),
  Mul: folded(tf.mul),
  Div: folded(tf.div),
  Max: folded(tf.maximum),
  Min: folded(tf.minimum),
  Pow: power,
  MatMul: folded(matMul),
  Gemm: gemm,
  Gather: gather,
  Slice: slice,
  Split: split,
  Where: where,
  Clip: clip,
  Concat: ({ node, x }) => [
    tf.concat(x.map((operand) => operand!.tensor()), numberOf(node, "axis", 0)),
  ],
  Transpose: ({ node, x: [x] }) => {
    const perm = node.attribute.find(({ name }) => name === "perm")?.ints;
    return [tf.transpose(x!.tensor(), perm?.map(Number))];
  },
  Reshape: shaped(reshapedTo),
  Flatten: shaped(({ node }, from) => {
    const axis = axisOf(numberOf(node, "axis", 1), from.length);
    return [product(from.slice(0, axis)), product(from.slice(axis))];
  }),
  Squeeze: shaped((given, from) => {
    const axes = numbersOf(given, "axes", 1)?.map((a) =>
      axisOf(a, from.length)
    );
    return from.filter((d, i) => axes ? !axes.includes(i) : d !== 1);
  }),
  Unsqueeze: shaped((given, from) => {
    const axes = numbersOf(given, "axes", 1)!;
    const rank = from.length + axes.length;
    const new_ = new Set(axes.map((axis) => axisOf(axis, rank)));
    const left = [...from];
    return Array.from(
      { length: rank },
      (_, i) => new_.has(i) ? 1 : left.shift()!,
    );
  }),
  Expand: ({ x: [x, shape] }) => [
    expanded(
      x!.tensor(),
      tf.broadcast_util.assertAndGetBroadcastShape(
        [...x!.shape],
        [...knownOf(shape!, "shape")],
      ),
    ),
  ],
  ReduceMean: reduced(tf.mean),
  ReduceSum: reduced(tf.sum),
  ReduceMax: reduced(tf.max),
  LayerNormalization: layerNormalization,
  BatchNormalization: batchNormalization,
  Softmax: alongAxis((x) => tf.softmax(x)),
  LogSoftmax: alongAxis((x) => tf.logSoftmax(x)),
  Identity: same,
  Dropout: same,
  Cast: same,
  CastLike: same,
  Relu: unary((x) => tf.relu(x)),
  Gelu: unary(gelu),
  LeakyRelu: unary((x, node) =>
    tf.sub(
      tf.relu(x),
      tf.mul(
        castLike(scalar(numberOf(node, "alpha", 0.01)), x),
        tf.relu(tf.neg(x)),
      ),
    )
  ),
  PRelu: ({ x: [x, slope] }) => [
    tf.sub(
      tf.relu(x!.tensor()),
      tf.mul(slope!.tensor(), tf.relu(tf.neg(x!.tensor()))),
    ),
  ],
  Neg: unary(tf.neg),
  Sqrt: unary(tf.sqrt),
  Exp: unary(tf.exp),
  Log: unary(tf.log),
  Reciprocal: unary(tf.reciprocal),
  Sin: unary(tf.sin),
  Cos: unary(tf.cos),
  Tanh: unary(tf.tanh),
  // ONNX Runtime 1.30 fuses x · sigmoid(x) to an operator that it has in float32
  // only: what is negated twice it does not take for x.
  Sigmoid: unary((x) => tf.sigmoid(tf.neg(tf.neg(x)))),
  Softplus: unary(tf.softplus),
  Erf: unary(tf.erf),
};
