/** What trace() refuses, takes in and leaves behind. */

import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { modelOf } from "../../lib/onnx/file/model.ts";
import { toNumbers } from "../../lib/numeric/tensor.ts";
import { isTracing, trace } from "../../lib/trace/backend.ts";
import { rules } from "../../lib/trace/operators/rules.ts";
import { traceX } from "./_graphs.ts";
import { f32, traced } from "./_run.ts";

Deno.test("trace() refuses an op without a rule", () => {
  const error = assertThrows(
    () => traceX((x) => tf.reverse(x)),
    TypeError,
    "Cannot trace Reverse: it has no ONNX rule",
  );
  for (const name of Object.keys(rules)) assert(error.message.includes(name));
});

type Reads = ((x: tf.Tensor) => Promise<unknown>)[];

Deno.test("trace() refuses to read values", async () => {
  const message = "Cannot read a tensor's values while tracing";
  assertThrows(
    () => traceX((x) => tf.tensor(tf.exp(x).dataSync())),
    TypeError,
    message,
  );
  // A promise that nobody waits for must not end the process later.
  for (const read of [(x) => x.data(), (x) => x.array()] as Reads) {
    assertThrows(
      () =>
        traceX((x) => {
          read(tf.exp(x));
          return x;
        }),
      TypeError,
      message,
    );
  }
  await new Promise((resolve) => setTimeout(resolve));
  // The next trace does not know of it.
  assertEquals(traceX((x) => x).outputs.length, 1);
});

Deno.test("trace() refuses a tensor of another trace", () => {
  let kept = tf.scalar(0) as tf.Tensor;
  traceX((x) => kept = tf.keep(tf.exp(x)));
  assertThrows(() => traceX((x) => tf.add(x, kept)), TypeError, "Cannot read");
});

const FAILURES: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  "an op without a rule": (x) => tf.reverse(x),
  "an error of the function": () => {
    throw new RangeError("the function's own");
  },
  "an error in a gradient": (x) =>
    tf.grad((x) => tf.sum(tf.tensor(x.dataSync())))(x),
  "nothing": (x) => x,
};

for (const [what, fn] of Object.entries(FAILURES)) {
  Deno.test(`trace() leaves TensorFlow.js as it was after ${what}`, async (t) => {
    const attempt = () => {
      try {
        traceX(fn);
      } catch {
        // Which error it is, other tests tell.
      }
      assertFalse(isTracing());
    };
    const assertEagerWorks = () => {
      const gradient = tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([3]));
      assertEquals([...gradient.dataSync()], [6]);
      assertEquals(tf.getBackend(), "cpu");
    };
    await t.step("with a backend chosen", async () => {
      await tf.setBackend("cpu");
      const { numTensors } = tf.memory();
      attempt();
      assertEquals(tf.getBackend(), "cpu");
      assertEquals(tf.memory().numTensors, numTensors);
      assertEagerWorks();
    });
    await t.step("with none chosen yet", () => {
      tf.engine().reset();
      attempt();
      assertFalse(tf.getBackend());
      assertEagerWorks();
    });
  });
}

Deno.test("isTracing() is true inside a trace only", () => {
  let inside = false;
  traceX((x) => {
    inside = isTracing();
    return x;
  });
  assert(inside);
  assertFalse(isTracing());
});

Deno.test("trace() takes in tensors made outside, which stay usable", async (t) => {
  await tf.setBackend("cpu");
  const large = Array.from({ length: 100 }, (_, i) => i / 8);
  const tensors = {
    "floats": tf.tensor1d([1, -2, 0.1]),
    "equal floats": tf.ones([3]),
    "zeros of both signs": tf.tensor1d([0, -0, 0]),
    "integers": tf.tensor1d([1, 2, 3], "int32"),
    "flags": tf.tensor1d([true, false, true], "bool"),
    "more than 64 floats": tf.tensor1d(large),
    "a variable": tf.variable(tf.tensor1d([1, 2, 3])),
  };
  for (const [what, outside] of Object.entries(tensors)) {
    await t.step(what, async () => {
      const before = [...outside.dataSync()];
      const fn = (x: tf.Tensor) => {
        const twice = tf.add(tf.cast(outside, "float32"), outside);
        // Divided by, a zero shows its sign.
        return [outside, tf.div(x, twice), tf.mul(twice, x)];
      };
      const x = f32([before.length], before.map(() => 3));
      const [same, quotient, product] = await traced((x) => fn(x!), [x]);
      assertEquals([...toNumbers(same!)], before);
      const eager = fn(tf.fill([before.length], 3));
      assertEquals([...toNumbers(quotient!)], [...eager[1]!.dataSync()]);
      assertEquals([...toNumbers(product!)], [...eager[2]!.dataSync()]);
      assertEquals([...outside.dataSync()], before);
    });
  }
  await t.step("as one constant however often used", () => {
    const outside = tensors["more than 64 floats"];
    const graph = traceX(
      (x) => tf.mul(tf.add(x, outside), tf.sub(x, outside)),
      [100],
    );
    const { node } = modelOf(graph, { name: "test" }).graph!;
    assertEquals(node.map(({ opType }) => opType).sort(), [
      "Add",
      "Constant",
      "Mul",
      "Sub",
    ]);
  });
});

Deno.test("trace() refuses to be called while tracing", () => {
  const spec = { x: { dtype: "float32", shape: [] } } as const;
  assertThrows(
    () => trace(({ x }) => (trace(({ x }) => ({ x }), spec), { y: x }), spec),
    TypeError,
    "inside a traced function",
  );
  assertEquals(isTracing(), false);
});
