import { assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { toNumbers } from "../../lib/numeric/tensor.ts";
import { scalar } from "../../lib/trace/precision.ts";
import { assertClose } from "../_golden.ts";
import { f32, f64, traced } from "./_run.ts";

type Unary = (x: tf.Tensor) => tf.Tensor;

/** Functions whose gradient is made of numbers only, and what it is. */
const LINEAR: Record<string, [Unary, number]> = {
  "a sum": [(x) => tf.sum(x), 1],
  "a mean": [(x) => tf.mean(x), 1 / 3],
  "a sum of thirds": [(x) => tf.sum(tf.mul(x, scalar(1 / 3))), 1 / 3],
  "x + x": [(x) => tf.add(x, x), 2],
  "x − x": [(x) => tf.sub(x, x), 0],
  "x divided": [(x) => tf.div(x, scalar(3)), 1 / 3],
  "x turned and tiled": [
    (x) => tf.tile(tf.neg(tf.reshape(x, [3, 1])), [1, 2]),
    -2,
  ],
  "steps": [(x) => tf.floor(x), 0],
  "rows looked up": [(x) => tf.gather(x, tf.tensor1d([0, 1, 2], "int32")), 1],
  "a product with numbers": [
    (x) => tf.matMul(tf.reshape(x, [3, 1]), tf.fill([1, 1], 0.1)),
    0.1,
  ],
};

for (const [what, [fn, slope]] of Object.entries(LINEAR)) {
  Deno.test(`the gradient of ${what} has its argument's type and digits`, async () => {
    for (const x of [f64([3], [1, 2, 3]), f32([3], [1, 2, 3])]) {
      const exact = x.dtype === "float64" ? slope : Math.fround(slope);
      const all = (x: tf.Tensor) => tf.sum(fn(x));
      for (
        const gradient of [
          (x: tf.Tensor) => tf.grad(all)(x),
          (x: tf.Tensor) => tf.grads(all)([x])[0]!,
          (x: tf.Tensor) => tf.valueAndGrad(all)(x).grad,
        ]
      ) {
        const [found] = await traced((x) => gradient(x!), [x]);
        assertEquals(found!.dtype, x.dtype);
        assertEquals([...toNumbers(found!)], [exact, exact, exact]);
      }
    }
  });
}

const X = [-1.25, 0.3, 0.75];
const sigma = (x: number) => 1 / (1 + Math.exp(-x));

/** Functions of one number, and their second derivatives. */
const SECOND: Record<string, [Unary, (x: number) => number]> = {
  exp: [tf.exp, Math.exp],
  sigmoid: [tf.sigmoid, (x) => sigma(x) * sigma(-x) * (1 - 2 * sigma(x))],
  tanh: [tf.tanh, (x) => -2 * Math.tanh(x) * (1 - Math.tanh(x) ** 2)],
  elu: [tf.elu, (x) => x > 0 ? 0 : Math.exp(x)],
  softplus: [tf.softplus, (x) => sigma(x) * sigma(-x)],
  logSigmoid: [tf.logSigmoid, (x) => -sigma(x) * sigma(-x)],
  "the softmax of (x, 0)": [
    (x) =>
      tf.slice(tf.softmax(tf.stack([x, tf.zerosLike(x)], 1)), [0, 0], [3, 1]),
    (x) => sigma(x) * sigma(-x) * (1 - 2 * sigma(x)),
  ],
  pow: [(x) => tf.pow(x, scalar(3)), (x) => 6 * x],
  "1/x": [(x) => tf.div(scalar(1), x), (x) => 2 / x ** 3],
  "1/√(2 + x)": [
    (x) => tf.rsqrt(tf.add(x, scalar(2))),
    (x) => 0.75 * (2 + x) ** -2.5,
  ],
};

for (const [name, [fn, second]] of Object.entries(SECOND)) {
  Deno.test(`the second derivative of ${name} is right`, async () => {
    const slope: Unary = (x) => tf.grad((x) => tf.sum(fn(x)))(x);
    const [found] = await traced(
      (x) => tf.grad((x) => tf.sum(slope(x)))(x!),
      [f64([3], X)],
    );
    // Some twenty roundings, of terms up to two.
    const near = { relative: 1e-14, absolute: 1e-14 };
    assertClose(toNumbers(found!), X.map(second), near, name);
  });
}

Deno.test("a second derivative that TensorFlow.js has wrong is refused", async () => {
  const slope: Unary = (x) =>
    tf.grad((x) => tf.sum(tf.square(tf.logSoftmax(x))))(x);
  const x = f64([3], X);
  await traced((x) => slope(x!), [x]);
  await assertRejects(
    () => traced((x) => tf.grad((x) => tf.sum(slope(x)))(x!), [x]),
    TypeError,
    "Cannot trace the second derivative",
  );
});

Deno.test("of an infinite gradient what is not passed on is 0", async () => {
  const x = f64([3], [-2, 0, 2]);
  const dy = () => tf.tensor1d([Infinity, 1, -Infinity]);
  const clip = (x: tf.Tensor) => tf.clipByValue(x, -1, 1);
  const chosen = (x: tf.Tensor) =>
    tf.where(tf.greater(x, scalar(-1)), x, tf.neg(x));
  const [clipped, own] = await traced(
    (x) => [tf.grad(clip)(x!, dy()), tf.grad(chosen)(x!, dy())],
    [x],
  );
  assertEquals([...toNumbers(clipped!)], [0, 1, 0]);
  assertEquals([...toNumbers(own!)], [-Infinity, 1, -Infinity]);
});
