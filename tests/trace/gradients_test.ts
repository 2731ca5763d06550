import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import {
  type HostTensor,
  sizeOf,
  toNumbers,
} from "../../lib/numeric/tensor.ts";
import { scalar } from "../../lib/trace/precision.ts";
import { assertClose } from "../_golden.ts";
import {
  eagerly,
  f32,
  f64,
  numbers,
  type Run,
  type TensorFunction,
  traced,
  withFloats,
  withSession,
} from "./_run.ts";

type Scalar = (...x: tf.Tensor[]) => tf.Scalar;

const total = (x: tf.Tensor) => tf.sum(x) as tf.Scalar;

// A sum with different weights, that the gradient of each element may differ.
const weighted = (x: tf.Tensor): tf.Scalar => {
  const weights = numbers(x.shape, 7).data as Float32Array;
  return total(tf.mul(x, tf.tensor(weights, x.shape)));
};

const positive = (shape: number[], seed = 1) =>
  f32(
    shape,
    toNumbers(numbers(shape, seed)).map((x) => Math.fround(x * x + 0.3)),
  );

const [w1, w2, batch] = [
  numbers([3, 4]),
  numbers([4, 2], 2),
  numbers([5, 3], 3),
];
const labels = () => tf.oneHot(tf.tensor1d([0, 1, 1, 0, 1], "int32"), 2);

/** A network of two layers and its loss. */
const network = (
  activation: (x: tf.Tensor) => tf.Tensor,
  loss: (logits: tf.Tensor) => tf.Scalar,
): Scalar =>
(w1, w2, batch) => loss(tf.matMul(activation(tf.matMul(batch!, w1!)), w2!));

const squaredError = (logits: tf.Tensor) =>
  tf.mean(tf.squaredDifference(logits, labels())) as tf.Scalar;
const crossEntropy = (logits: tf.Tensor) =>
  tf.neg(
    tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), labels()), 1)),
  ) as tf.Scalar;

const functions: Record<string, [Scalar, ...HostTensor[]]> = {
  "softmax": [(x) => weighted(tf.softmax(x!)), numbers([3, 4])],
  "logSoftmax": [(x) => weighted(tf.logSoftmax(x!)), numbers([3, 4])],
  "a relu network": [network(tf.relu, crossEntropy), w1, w2, batch],
  "an elu network": [network(tf.elu, squaredError), w1, w2, batch],
  "a sigmoid network": [network(tf.sigmoid, crossEntropy), w1, w2, batch],
  "a tanh network": [network(tf.tanh, squaredError), w1, w2, batch],
  "leakyRelu and abs": [
    (x) => weighted(tf.leakyRelu(tf.sub(tf.abs(x!), 0.5), 0.25)),
    numbers([7]),
  ],
  "softplus": [(x) => weighted(tf.softplus(x!)), numbers([5])],
  "mean over one axis": [
    (x) => weighted(tf.square(tf.mean(x!, 1))),
    numbers([4, 3]),
  ],
  "mean over all": [
    (x) => tf.mean(tf.square(x!)) as tf.Scalar,
    numbers([7, 3]),
  ],
  "max over an axis": [
    (x) => weighted(tf.square(tf.max(x!, -1))),
    numbers([4, 3]),
  ],
  "min over all, kept": [
    (x) => weighted(tf.square(tf.min(x!, undefined, true))),
    numbers([4, 3]),
  ],
  "gather with repeats": [
    (x) => weighted(tf.square(tf.gather(x!, tf.tensor1d([2, 0, 2], "int32")))),
    numbers([4, 3]),
  ],
  "gather along the last axis": [
    (x) =>
      weighted(tf.square(tf.gather(x!, tf.tensor1d([2, 0, 2], "int32"), 1))),
    numbers([4, 3]),
  ],
  "slice, concat and pad": [
    (x, y) =>
      weighted(tf.square(tf.pad(
        tf.concat([tf.slice(x!, [0, 1], [2, 2]), y!], 0),
        [[1, 0], [0, 2]],
        3,
      ))),
    numbers([3, 3]),
    numbers([2, 2], 2),
  ],
  "stack, unstack and split": [
    (x) => {
      const [a, b, c] = tf.unstack(x!, 1);
      const [d, e] = tf.split(tf.stack([tf.mul(a!, b!), c!], -1), [1, 2], 0);
      return tf.add(weighted(tf.square(d!)), weighted(e!)) as tf.Scalar;
    },
    numbers([3, 3]),
  ],
  "transpose and reshape": [
    (x) => weighted(tf.square(tf.reshape(tf.transpose(x!, [2, 0, 1]), [4, 3]))),
    numbers([2, 3, 2]),
  ],
  "matmul in batches": [
    (a, b, c) => weighted(tf.matMul(tf.matMul(a!, b!, true), c!, false, true)),
    numbers([2, 3, 2]),
    numbers([2, 3, 4], 2),
    numbers([2, 5, 4], 3),
  ],
  "products of transposed matrices": [
    (a, b) => weighted(tf.matMul(a!, b!, true, true)),
    numbers([3, 2]),
    numbers([4, 3], 2),
  ],
  "division, repeated": [
    (a, b) => weighted(tf.div(a!, b!)),
    numbers([2, 3]),
    positive([3]),
  ],
  "pow": [
    (a, b) => weighted(tf.add(tf.pow(a!, b!), tf.pow(a!, scalar(-1.5)))),
    positive([4]),
    numbers([4], 2),
  ],
  "sqrt, rsqrt and reciprocal": [
    (x) =>
      weighted(tf.add(tf.sqrt(x!), tf.mul(tf.rsqrt(x!), tf.reciprocal(x!)))),
    positive([5]),
  ],
  "exp, log, expm1 and log1p": [
    (x) =>
      weighted(
        tf.add(tf.exp(tf.neg(tf.log(x!))), tf.mul(tf.expm1(x!), tf.log1p(x!))),
      ),
    positive([5]),
  ],
  "sin and cos": [
    (x) => weighted(tf.mul(tf.sin(x!), tf.cos(x!))),
    numbers([5]),
  ],
  "maximum, minimum and clipping": [
    (x, y) =>
      weighted(tf.mul(
        tf.maximum(x!, y!),
        tf.minimum(tf.clipByValue(x!, -1, 0.75), y!),
      )),
    numbers([2, 3]),
    numbers([2, 3], 2),
  ],
  "where": [
    (x, y) => {
      const mask = tf.tensor([1, 0, 0, 1, 1, 0], [2, 3], "bool");
      return weighted(tf.square(tf.where(mask, x!, y!)));
    },
    numbers([2, 3]),
    numbers([2, 3], 2),
  ],
  "cumsum": [
    (x) => weighted(tf.square(tf.cumsum(x!, 1, true, true))),
    numbers([2, 3]),
  ],
  "tile": [(x) => weighted(tf.square(tf.tile(x!, [2, 3]))), numbers([2, 2])],
  "layer normalisation": [
    (x) => {
      const centred = tf.sub(x!, tf.mean(x!, -1, true));
      const variance = tf.mean(tf.square(centred), -1, true);
      return weighted(
        tf.mul(centred, tf.rsqrt(tf.add(variance, scalar(1e-3)))),
      );
    },
    numbers([3, 4]),
  ],
};

const valueAndGradients = (fn: Scalar): TensorFunction => (...x) => {
  const { value, grads } = tf.valueAndGrads(fn)(x);
  return [value, ...grads];
};

/** What is compared to a difference of float64 values. */
const TO_DIFFERENCE = { relative: 1e-7, absolute: 1e-9 };
const STEP = 1e-5;

/** The tensors moved along a direction, in float64. */
const along = (
  inputs: readonly HostTensor[],
  directions: readonly ArrayLike<number>[],
  by: number,
) =>
  inputs.map((input, n) =>
    f64(
      input.shape,
      toNumbers(input).map((x, i) => x + by * (directions[n]?.[i] ?? 0)),
    )
  );

/** The derivatives of a traced function's results along a direction. */
async function difference(
  run: Run,
  inputs: readonly HostTensor[],
  directions: readonly ArrayLike<number>[],
): Promise<Float64Array[]> {
  const ahead = await run(along(inputs, directions, STEP));
  const behind = await run(along(inputs, directions, -STEP));
  return ahead.map((x, n) => {
    const before = toNumbers(behind[n]!);
    return toNumbers(x).map((x, i) => (x - before[i]!) / (2 * STEP));
  });
}

for (const [name, [fn, ...inputs]] of Object.entries(functions)) {
  const gradients = valueAndGradients(fn);
  const wide = inputs.map((input) => withFloats(input, "float64"));

  Deno.test(`the traced gradient of ${name} is TensorFlow.js's`, async () => {
    const expected = eagerly(gradients, inputs);
    const actual = await traced(gradients, inputs);
    expected.forEach((want, n) => {
      assertEquals(actual[n]!.dtype, "float32");
      assertEquals(actual[n]!.shape, want.shape);
      assertClose(
        toNumbers(actual[n]!),
        toNumbers(want),
        { relative: 1e-5, absolute: 1e-5 },
        n === 0 ? "value" : `gradient ${n - 1}`,
      );
    });
  });

  Deno.test(`the float64 gradient of ${name} is that of its values`, async () => {
    const [value, ...actual] = await traced(gradients, wide);
    assertEquals(value!.dtype, "float64");
    await withSession(fn, wide, async (run) => {
      for (const [n, input] of inputs.entries()) {
        const slopes = [];
        for (let i = 0; i < sizeOf(input.shape); i++) {
          const axis = new Float64Array(sizeOf(input.shape)).with(i, 1);
          const directions = inputs.map((_, m) => m === n ? axis : []);
          slopes.push((await difference(run, wide, directions))[0]![0]!);
        }
        assertEquals(actual[n]!.dtype, "float64");
        assertClose(
          toNumbers(actual[n]!),
          slopes,
          TO_DIFFERENCE,
          `gradient ${n}`,
        );
      }
    });
  });
}

const fit = (logits: tf.Tensor) =>
  tf.mean(
    tf.softplus(tf.mul(logits, tf.sub(1, tf.mul(2, labels())))),
  ) as tf.Scalar;

for (
  const [name, loss] of [
    ["softplus, squared error", network(tf.softplus, squaredError)],
    ["squared relu, logistic loss", network((x) => tf.square(tf.relu(x)), fit)],
    ["tanh, logistic loss", network(tf.tanh, fit)],
  ] as const
) {
  Deno.test(`the gradient of a gradient is its derivative (${name})`, async () => {
    const inputs = [w1, w2, batch].map((x) => withFloats(x, "float64"));
    const directions = [numbers([3, 4], 4), numbers([4, 2], 5)];
    const gradient: TensorFunction = (w1, w2, batch) =>
      tf.grads((w1, w2) => loss(w1!, w2!, batch!))([w1!, w2!]);
    // The Hessian times the direction, as the gradient of their product.
    const product: TensorFunction = (w1, w2, batch) =>
      tf.grads((w1, w2) =>
        (gradient(w1!, w2!, batch!) as tf.Tensor[])
          .map((g, n) => {
            const { shape, data } = directions[n]!;
            return tf.mul(g, tf.tensor(data as Float32Array, [...shape]));
          })
          .map(total)
          .reduce<tf.Tensor>((sum, x) => tf.add(sum, x), scalar(0)) as tf.Scalar
      )([w1!, w2!]);
    const actual = await traced(product, inputs);
    const expected = await withSession(
      gradient,
      inputs,
      (run) => difference(run, inputs, directions.map(toNumbers)),
    );
    expected.forEach((want, n) =>
      assertClose(toNumbers(actual[n]!), want, TO_DIFFERENCE, `product ${n}`)
    );
  });
}
