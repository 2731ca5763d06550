/** Gradients of gradients. */

import * as tf from "@tensorflow/tfjs-core";
import { toNumbers } from "../../lib/numeric/tensor.ts";
import { scalar } from "../../lib/trace/precision.ts";
import { assertClose } from "../_golden.ts";
import {
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
  squaredError,
  TO_DIFFERENCE,
  total,
  w1,
  w2,
} from "./_networks.ts";

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
