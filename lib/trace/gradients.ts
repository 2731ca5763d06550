/**
 * Gradients that TensorFlow.js 4.22 has not, has wrong, or has in a form that
 * cancels. They take the place of its own, for eager work too.
 *
 * Those of TensorFlow.js that use their kernel's result (exp, softmax, tanh, …)
 * take it for a constant when they are differentiated once more. Traced, the
 * result is written again as a function of the operands: equal nodes are made
 * once, so it costs nothing, and second derivatives are right.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
// TensorFlow.js registers its gradients from here, not from tfjs-core.
import "@tensorflow/tfjs-layers";

/** Values that a gradient needs, and dy → the gradient of each operand. */
type Gradient = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  // deno-lint-ignore no-explicit-any
  attrs: any,
) => Record<string, () => tf.Tensor>;

const numbers = (x: tf.Tensor): tf.Tensor => tf.cast(x, "float32");
const number = (value: number): tf.Scalar => tf.fill([], value) as tf.Scalar;
const zeros = ({ shape }: tf.Tensor): tf.Tensor => tf.zeros(shape);

/** The sum of a gradient over what its operand was repeated along. */
function summedTo(dx: tf.Tensor, { shape }: tf.Tensor): tf.Tensor {
  const more = dx.rank - shape.length;
  const axes = dx.shape.flatMap((length, i) =>
    i < more || shape[i - more] === 1 && length !== 1 ? [i] : []
  );
  const sum = axes.length > 0 ? tf.sum(dx, axes) : dx;
  return tf.util.arraysEqual(sum.shape, shape) ? sum : tf.reshape(sum, shape);
}

// What makes steps of numbers, and what makes no numbers, moves with nothing.
const none = (names: readonly string[]): Gradient => (_dy, saved) =>
  Object.fromEntries(names.map((name, i) => [name, () => zeros(saved[i]!)]));

/** Of two equal numbers the first is the chosen one. */
const chosen = (first: typeof tf.less, second: typeof tf.less): Gradient =>
(
  dy,
  [a, b],
) => ({
  a: () => summedTo(tf.mul(dy, numbers(first(a!, b!))), a!),
  b: () => summedTo(tf.mul(dy, numbers(second(a!, b!))), b!),
});

const difference: Gradient = (dy, [a, b]) => {
  const slope = (x: tf.Tensor, y: tf.Tensor) =>
    summedTo(tf.mul(dy, tf.mul(number(2), tf.sub(x, y))), x);
  return { a: () => slope(a!, b!), b: () => slope(b!, a!) };
};

// b·aᵇ⁻¹, which is 0 of a⁰ also where a is 0; and aᵇ ln a, 0 where a is not above 0.
const power: Gradient = (dy, [a, b]) => ({
  a: () => {
    const exponent = numbers(b!);
    const lower = tf.pow(a!, tf.sub(exponent, number(1)));
    const slope = tf.mul(dy, tf.mul(exponent, lower));
    const isLevel = tf.equal(exponent, number(0));
    return summedTo(tf.where(isLevel, tf.zerosLike(slope), slope), a!);
  },
  b: () => {
    const slope = tf.mul(dy, tf.mul(tf.pow(a!, b!), tf.log(a!)));
    const isAbove = tf.greater(a!, number(0));
    return summedTo(tf.where(isAbove, slope, tf.zerosLike(slope)), b!);
  },
});

// A kernel of the tracing backend alone.
const SAFE_DIVISOR = "SafeDivisor";

/**
 * The divisor, with 1 for 0 where dy is 0 because of that: as tf.divNoNan makes
 * it. Elsewhere it is what it is.
 */
const safe = (dy: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.getKernel(SAFE_DIVISOR, tf.getBackend())
    ? tf.engine().runKernel(SAFE_DIVISOR, { dy, b }) as tf.Tensor
    : b;

const quotient: Gradient = (dy, [a, b]) => ({
  a: () => summedTo(tf.div(dy, numbers(safe(dy, b!))), a!),
  b: () => {
    const sum = summedTo(tf.mul(dy, numbers(a!)), b!);
    return tf.neg(tf.div(sum, numbers(tf.square(safe(dy, b!)))));
  },
});

// −½ x^(−3/2), which of a negative number is none.
const inverseRoot: Gradient = (dy, [x]) => ({
  x: () => tf.mul(tf.mul(dy, number(-0.5)), tf.div(tf.rsqrt(x!), x!)),
});

// What TensorFlow.js has, summed over what a batch was repeated along.
const product: Gradient = (dy, [a, b], { transposeA, transposeB }) => {
  // op(a) = a or aᵀ: dop(a) = dy · op(b)ᵀ and dop(b) = op(a)ᵀ · dy, and of a
  // transposed operand the gradient is transposed, too.
  const ofA = () =>
    transposeA
      ? tf.matMul(b!, dy, transposeB, true)
      : tf.matMul(dy, b!, false, !transposeB);
  const ofB = () =>
    transposeB
      ? tf.matMul(dy, a!, true, transposeA)
      : tf.matMul(a!, dy, !transposeA, false);
  return { a: () => summedTo(ofA(), a!), b: () => summedTo(ofB(), b!) };
};

const runningSum: Gradient = (dy, _saved, { axis, exclusive, reverse }) => ({
  x: () => tf.cumsum(dy, axis, exclusive, !reverse),
});

// The product of all others: of those before an element and of those behind it.
const productOfAll: Gradient = (dy, [x], { axis }) => ({
  x: () => {
    const { shape } = x!;
    const over = tf.util.parseAxisParam(axis ?? shape.map((_, i) => i), shape);
    const kept = shape.map((_, i) => i).filter((i) => !over.includes(i));
    const order = [...kept, ...over];
    const rest = kept.map((i) => shape[i]!);
    const length = over.reduce((size, i) => size * shape[i]!, 1);
    const rows = tf.reshape(tf.transpose(x!, order), [...rest, length]);
    const others = tf.mul(
      tf.cumprod(rows, rest.length, true, false),
      tf.cumprod(rows, rest.length, true, true),
    );
    const slope = tf.mul(tf.reshape(dy, [...rest, 1]), others);
    const whole = tf.reshape(slope, order.map((i) => shape[i]!));
    const back = order.map((_, i) => order.indexOf(i));
    return tf.transpose(whole, back);
  },
});

// With batch dimensions, rows are numbered through all batches.
const lookUp: Gradient = (dy, [x, indices], attrs) => {
  const batchDims = attrs.batchDims ?? 0;
  const inBatches = () => {
    const [outer, inner] = [
      x!.shape.slice(0, batchDims),
      x!.shape.slice(
        batchDims + 1,
      ),
    ];
    const length = x!.shape[batchDims]!;
    const batches = tf.util.sizeFromShape(outer);
    const each = tf.util.sizeFromShape(indices!.shape.slice(batchDims));
    const first = tf.tensor2d(
      Array.from({ length: batches }, (_, i) => i * length),
      [batches, 1],
      "int32",
    );
    const ids = tf.add(tf.reshape(indices!, [batches, each]), first);
    const sum = tf.unsortedSegmentSum(
      tf.reshape(dy, [batches * each, ...inner]),
      tf.reshape(ids, [batches * each]) as tf.Tensor1D,
      batches * length,
    );
    return tf.reshape(sum, x!.shape);
  };
  return {
    x: batchDims === 0 ? theirs(dy, [x!, indices!], attrs)["x"]! : inBatches,
    indices: () => zeros(indices!),
  };
};
const theirs = tf.getGradient("GatherV2").gradFunc as Gradient;

const select: Gradient = (dy, [condition, t, e]) => ({
  condition: () => zeros(condition!),
  // No products with a mask: of ∞ the part that is not taken must be 0.
  t: () => summedTo(tf.where(condition!, dy, tf.zerosLike(dy)), t!),
  e: () => summedTo(tf.where(condition!, tf.zerosLike(dy), dy), e!),
});

const sigmoid: Gradient = (dy, [x]) => ({
  x: () => tf.mul(dy, tf.mul(tf.sigmoid(x!), tf.sigmoid(tf.neg(x!)))),
});

// 1/cosh² = 4 σ(2x) σ(−2x)
const tanh: Gradient = (dy, [x]) => ({
  x: () => {
    const twice = tf.mul(x!, number(2));
    const slope = tf.mul(tf.sigmoid(twice), tf.sigmoid(tf.neg(twice)));
    return tf.mul(dy, tf.mul(slope, number(4)));
  },
});

const elu: Gradient = (dy, [x]) => ({
  x: () => {
    const below = tf.exp(tf.minimum(x!, number(0)));
    const isAbove = tf.greater(x!, number(0));
    return tf.mul(dy, tf.where(isAbove, tf.onesLike(x!), below));
  },
});

const leakyRelu: Gradient = (dy, [x], { alpha }) => ({
  x: () => tf.where(tf.greater(x!, number(0)), dy, tf.mul(dy, number(alpha))),
});

const clip: Gradient = (dy, [x], { clipValueMin, clipValueMax }) => ({
  x: () => {
    const inside = tf.logicalAnd(
      tf.greaterEqual(x!, number(clipValueMin)),
      tf.lessEqual(x!, number(clipValueMax)),
    );
    return tf.where(inside, dy, tf.zerosLike(dy));
  },
});

const exponential: Gradient = (dy, [x]) => ({
  x: () => tf.mul(dy, tf.exp(x!)),
});

const softmax: Gradient = (dy, [logits], { dim }) => ({
  logits: () => {
    const p = tf.softmax(logits!, dim);
    const weighted = tf.mul(dy, p);
    return tf.sub(weighted, tf.mul(tf.sum(weighted, [dim], true), p));
  },
});

const of = (
  names: readonly string[],
  gradient: Gradient,
  ...kernels: string[]
) => kernels.map((kernelName) => ({ kernelName, names, gradient }));

const ab = ["a", "b"];

/** Kernel, which of its operands are needed, and its gradient. */
const gradients = [
  ...of(ab, none(ab), "Equal", "NotEqual", "Greater", "GreaterEqual"),
  ...of(ab, none(ab), "Less", "LessEqual", "LogicalAnd", "LogicalOr"),
  ...of(ab, none(ab), "FloorDiv"),
  ...of(["x"], none(["x"]), "LogicalNot", "IsNan", "IsInf", "IsFinite"),
  ...of(["x"], none(["x"]), "All", "Any", "ArgMax", "ArgMin"),
  ...of(ab, chosen(tf.greaterEqual, tf.less), "Maximum"),
  ...of(ab, chosen(tf.lessEqual, tf.greater), "Minimum"),
  ...of(ab, difference, "SquaredDifference"),
  ...of(ab, power, "Pow"),
  ...of(["x"], inverseRoot, "Rsqrt"),
  ...of(ab, quotient, "RealDiv"),
  // It is b wherever it is multiplied by anything but 0.
  ...of(
    ["dy"],
    (dy, [masked]) => ({ dy: () => zeros(masked!), b: () => dy }),
    SAFE_DIVISOR,
  ),
  ...of(ab, product, "BatchMatMul"),
  ...of([], runningSum, "Cumsum"),
  ...of(["x"], productOfAll, "Prod"),
  ...of(["x", "indices"], lookUp, "GatherV2"),
  ...of(["condition", "t", "e"], select, "Select"),
  ...of(["x"], sigmoid, "Sigmoid"),
  ...of(["x"], tanh, "Tanh"),
  ...of(["x"], elu, "Elu"),
  ...of(["x"], leakyRelu, "LeakyRelu"),
  ...of(["x"], clip, "ClipByValue"),
  ...of(["x"], exponential, "Exp"),
  ...of(["logits"], softmax, "Softmax"),
];

for (const { kernelName, names, gradient } of gradients) {
  tf.registerGradient({
    kernelName,
    inputsToSave: [...names],
    gradFunc: (dy, saved, attrs) => gradient(dy as tf.Tensor, saved, attrs),
  });
}
