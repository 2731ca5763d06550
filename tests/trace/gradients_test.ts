/** Traced gradients are those of TensorFlow.js, and of differences. */

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
  numbers,
  type TensorFunction,
  traced,
  withFloats,
  withSession,
} from "./_run.ts";
import {
  batch,
  difference,
  labels,
  network,
  type Scalar,
  squaredError,
  TO_DIFFERENCE,
  total,
  w1,
  w2,
} from "./_networks.ts";

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
