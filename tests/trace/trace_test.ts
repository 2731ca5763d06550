import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { encodeModel, modelOf } from "../../lib/onnx/file/model.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
import { hostTensorOf, toNumbers } from "../../lib/numeric/tensor.ts";
import { isTracing, nameTensor, trace } from "../../lib/trace/backend.ts";
import { foldConstants } from "../../lib/onnx/runtime/fold.ts";
import { nodesFor } from "../../lib/trace/graph_walk.ts";
import { toPrecision } from "../../lib/trace/precision.ts";
import { rules } from "../../lib/trace/operators/rules.ts";
import { opsOf, runGraph, traceX } from "./_graphs.ts";
import { f32, traced, vector } from "./_run.ts";

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

Deno.test("names of inputs and outputs are paths", async () => {
  const spec = { dtype: "float32", shape: [2] } as const;
  const graph = trace(
    ({ a, b }) => ({ sum: tf.add(a, b.c), both: { b: b.c, again: b.c } }),
    { a: spec, b: { c: spec } },
  );
  assertEquals(graph.inputs.map(({ name }) => name), ["a", "b.c"]);
  const results = await runGraph(graph, {
    a: vector(1, 2),
    "b.c": vector(3, 4),
  });
  assertEquals(
    Object.entries(results).map(([name, { data }]) => [name, [...data]]),
    [["sum", [4, 6]], ["both.b", [3, 4]], ["both.again", [3, 4]]],
  );
});

const MERGED: Record<string, [(x: tf.Tensor) => tf.Tensor, string[]]> = {
  "equal expressions": [
    (x) => tf.mul(tf.exp(tf.add(x, 1)), tf.exp(tf.add(x, tf.scalar(1)))),
    ["Add", "Exp", "Mul"],
  ],
  "a gradient's with the function's": [
    (x) => tf.add(tf.sin(x), tf.grad((x) => tf.cos(x))(x)),
    ["Sin", "Neg", "Add"],
  ],
  "of large constants": [
    (x) => {
      const large = tf.tensor2d(Array.from({ length: 80 }, (_, i) => i), [
        2,
        40,
      ]);
      return tf.add(tf.matMul(x, large), tf.exp(tf.matMul(x, large)));
    },
    ["Gemm", "Exp", "Add"],
  ],
  "not of other attributes": [
    (x) => tf.add(tf.leakyRelu(x, 0.1), tf.leakyRelu(x, 0.2)),
    ["LeakyRelu", "LeakyRelu", "Add"],
  ],
  "not of other axes": [
    (x) => tf.mul(tf.cumsum(x, 0), tf.cumsum(x, 1)),
    ["CumSum", "CumSum", "Mul"],
  ],
  "not of zeros of other signs": [
    (x) => tf.mul(tf.div(x, 0), tf.div(x, -0)),
    ["Div", "Div", "Mul"],
  ],
  "not of operands exchanged": [
    (x) => tf.mul(tf.sub(x, 1), tf.sub(1, x)),
    ["Sub", "Sub", "Mul"],
  ],
};

for (const [what, [fn, ops]] of Object.entries(MERGED)) {
  Deno.test(`trace() merges nodes: ${what}`, () => {
    assertEquals(opsOf(traceX(fn, [2, 2])), ops);
  });
}

Deno.test("modelOf() writes no node that no output needs", () => {
  const graph = traceX((x) => {
    nameTensor("unused", tf.exp(tf.add(x, 7)));
    return tf.sub(x, 2);
  });
  const { node, valueInfo } = modelOf(graph, { name: "test" }).graph!;
  assertEquals(node.map(({ opType }) => opType), ["Constant", "Sub"]);
  assertEquals(valueInfo, []);
});

Deno.test("nameTensor() refuses a name that is taken", () => {
  const twice = (first: string, second: string) => () =>
    traceX((x) => tf.add(nameTensor(first, x), nameTensor(second, tf.exp(x))));
  assertThrows(twice("h", "h"), RangeError, "h");
  assertThrows(twice("h", "x"), RangeError, "x");
  assertEquals(opsOf(twice("g", "h")()), ["Identity", "Exp", "Add"]);
});

Deno.test("nameTensor() keeps a value that another shape follows", () => {
  const graph = traceX((x) => {
    const named = nameTensor("pairs", tf.reshape(x, [2, 2, 1]));
    return tf.exp(tf.reshape(named, [2, 2]));
  }, [4]);
  const { node } = modelOf(graph, { name: "test" }).graph!;
  assert(node.some(({ output }) => output.includes("pairs")));
});

Deno.test("nameTensor() changes nothing when not tracing", () => {
  const tensor = tf.scalar(1);
  assertEquals(nameTensor("h", tensor), tensor);
  assertEquals(nameTensor("h", tensor), tensor);
});

const foldable = () =>
  traceX((x) => {
    const numbers = toPrecision(tf.tensor1d([0, 1, 2, 3]), "float32");
    const table = tf.exp(tf.reshape(numbers, [2, 2]));
    const row = tf.sum(table, 0);
    const named = nameTensor("named", tf.sqrt(row));
    return {
      y: tf.add(nameTensor("product", tf.matMul(x, table)), named),
      constant: tf.neg(row),
    };
  }, [3, 2]);

Deno.test("foldConstants() computes what depends on constants only", async () => {
  const graph = foldable();
  const folded = await foldConstants(graph);
  // Reshaping a constant makes another at once.
  assertEquals(opsOf(graph).length, 6);
  // The named root stays, as it is to be found in the file.
  assertEquals(opsOf(folded).sort(), ["Add", "Gemm", "Sqrt"]);

  const inputs = { x: f32([3, 2], [1, -2, 0.5, 3, 0, 7]) };
  assertEquals(await runGraph(folded, inputs), await runGraph(graph, inputs));
});

Deno.test("foldConstants() keeps names", async () => {
  const folded = await foldConstants(foldable());
  assertEquals(folded.outputs.map(([name]) => name), ["y", "constant"]);
  const nodes = nodesFor(folded.outputs.map(([, value]) => value));
  assertEquals(
    nodes.flatMap(({ outputs }) => outputs.map(({ name }) => name)).sort(),
    ["named", "product", undefined],
  );
});

Deno.test("foldConstants() leaves computed what would be large", async () => {
  const graph = traceX((x) => tf.add(x, tf.exp(tf.tensor1d([1, 2, 3]))));
  assertEquals(opsOf(await foldConstants(graph, 2)), ["Exp", "Add"]);
  assertEquals(opsOf(await foldConstants(graph, 3)), ["Add"]);
});

Deno.test("foldConstants() leaves a graph without constants as it is", async () => {
  const graph = traceX(tf.exp);
  assertEquals(await foldConstants(graph), graph);
});

Deno.test("foldConstants() folds integers and flags", async () => {
  const graph = traceX((x) => {
    const index = tf.argMax(tf.tensor2d([[1, 5, 2], [7, 0, 1]]), 1);
    const flags = tf.greater(tf.neg(index), -1);
    return { y: tf.gather(x, index), flags };
  });
  const folded = await foldConstants(graph);
  assertEquals(opsOf(folded), ["Gather"]);
  const { y, flags } = await runGraph(folded, { x: vector(4, 5, 6) });
  assertEquals([[...y!.data], [...flags!.data]], [[5, 4], [0, 1]]);
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

Deno.test("names in a file never clash", async () => {
  // An input with the name that the first sum would get by itself.
  const graph = trace(
    ({ add_0 }) => ({ y: tf.add(tf.add(add_0, add_0), add_0) }),
    { add_0: { dtype: "float32", shape: [] } },
  );
  const session = await openSession(encodeModel(modelOf(graph, { name: "f" })));
  const { y } = await session.run({ add_0: hostTensorOf("float32", [], [2]) });
  assertEquals([...y!.data], [6]);
  await session.close();
  const same = trace(
    ({ x }) => ({ x: tf.neg(x) }),
    { x: { dtype: "float32", shape: [] } },
  );
  assertThrows(() => modelOf(same, { name: "f" }), RangeError, "x is the name");
});
