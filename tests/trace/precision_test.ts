import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import {
  type DType,
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { trace } from "../../lib/trace/backend.ts";
import {
  castLike,
  scalar,
  toPrecision,
  widen,
} from "../../lib/trace/precision.ts";
import { assertClose } from "../_golden.ts";
import { f32, f64, i32, type TensorFunction, traced } from "./_run.ts";

async function run(fn: TensorFunction, ...inputs: HostTensor[]) {
  const [y] = await traced(fn, inputs);
  return { dtype: y!.dtype, values: [...toNumbers(y!)] };
}

const float = (dtype: DType, ...values: number[]) =>
  hostTensorOf(dtype, [values.length], values);

const MIXED: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
  "tf.add": tf.add,
  "tf.matMul": (a, b) => tf.matMul(a, b, false, true),
  "tf.where": (a, b) => tf.where(tf.greater(a, 0), a, b),
  "tf.concat": (a, b) => tf.concat([a, b]),
  "tf.greater": tf.greater,
};

for (const [what, fn] of Object.entries(MIXED)) {
  Deno.test(`${what} of float32 and float64 is refused`, () => {
    assertThrows(
      () =>
        trace(({ a, b }) => ({ y: fn(a, b) }), {
          a: { dtype: "float32", shape: [1, 2] },
          b: { dtype: "float64", shape: [1, 2] },
        }),
      TypeError,
      "Cannot combine float32 and float64",
    );
  });
}

Deno.test("a number among integers is refused, not rounded", () => {
  assertThrows(
    () =>
      trace(({ n }) => ({ y: tf.stack([n, scalar(0.5)]) }), {
        n: { dtype: "int32", shape: [] },
      }),
    TypeError,
    "Cannot combine int32 and float32",
  );
});

const third = () => tf.div(scalar(1), scalar(3));
const X = [Math.PI, 0.1, -7];

type Reference = (x: number, i: number) => number;

/** Functions of numbers written down, and what they give for X, in doubles. */
const WEAK: Record<string, [(x: tf.Tensor) => tf.Tensor, Reference]> = {
  "a number": [(x) => tf.mul(x, scalar(0.1)), (x) => x * 0.1],
  "a number in front": [(x) => tf.sub(scalar(0.1), x), (x) => 0.1 - x],
  "a quotient of numbers": [(x) => tf.mul(x, third()), (x) => x * (1 / 3)],
  "a function of numbers": [
    (x) => tf.add(x, tf.log1p(tf.square(third()))),
    (x) => x + Math.log1p((1 / 3) ** 2),
  ],
  "numbers given a shape": [
    (x) => tf.add(x, tf.reshape(tf.tile(tf.fill([1, 1], 0.1), [1, 3]), [3])),
    (x) => x + 0.1,
  ],
  "a number chosen": [
    (x) => tf.add(x, tf.where(tf.scalar(true, "bool"), third(), scalar(0))),
    (x) => x + 1 / 3,
  ],
  "a number split off": [
    (x) => tf.add(x, tf.split(tf.stack([scalar(0), third()]), 2)[1]!),
    (x) => x + 1 / 3,
  ],
  "bounds to clip at": [
    (x) => tf.clipByValue(x, -0.3, 0.7),
    (x) => Math.min(Math.max(x, -0.3), 0.7),
  ],
  "a number to pad with": [
    (x) => tf.slice(tf.pad(x, [[1, 0]], 0.1), 0, 3),
    (_, i) => [0.1, ...X][i]!,
  ],
  "ones like a number": [
    (x) => tf.add(x, tf.mul(tf.onesLike(third()), third())),
    (x) => x + 1 / 3,
  ],
  "zeros like a number": [
    (x) => tf.mul(x, tf.sub(third(), tf.zerosLike(third()))),
    (x) => x / 3,
  ],
  "the gradient of a mean": [
    tf.grad((x) => tf.mean(tf.square(x))),
    (x) => 2 * x / 3,
  ],
  "a number cast to be like x": [
    (x) => tf.mul(castLike(scalar(0.1), x), x),
    (x) => 0.1 * x,
  ],
  "x cast to be like a number": [
    (x) => tf.mul(castLike(x, scalar(3)), x),
    (x) => x * x,
  ],
  "values of one-hot rows": [
    (x) => tf.add(x, tf.oneHot(tf.scalar(1, "int32"), 3, 0.1, -0.1, "float32")),
    (x, i) => x + (i === 1 ? 0.1 : -0.1),
  ],
};

for (const [what, [fn, reference]] of Object.entries(WEAK)) {
  for (
    const [dtype, relative] of [["float64", 5e-16], ["float32", 4e-7]] as const
  ) {
    Deno.test(`${what} has the digits of ${dtype} in ${dtype}`, async () => {
      const result = await run((x) => fn(x!), float(dtype, ...X));
      assertEquals(result.dtype, dtype);
      assertClose(
        result.values,
        X.map(reference),
        { relative, absolute: 0 },
        what,
      );
    });
  }
}

// One more than float32 can count to.
const LARGE = 2 ** 24 + 1;

const COUNTS: Record<string, [(n: tf.Tensor) => tf.Tensor, number]> = {
  "an integer": [(n) => tf.cast(n, "float32"), LARGE],
  "an integer times a number": [(n) => tf.mul(n, scalar(3)), 3 * LARGE],
  "a sum of integers": [
    (n) => tf.cast(tf.sum(tf.stack([n, n])), "float32"),
    2 * LARGE,
  ],
  "a mean of integers": [
    (n) => tf.mean(tf.stack([n, tf.add(n, tf.scalar(1, "int32"))])),
    LARGE + 0.5,
  ],
  "an integer from a float and back": [
    (n) => tf.cast(tf.cast(tf.cast(n, "float32"), "int32"), "float32"),
    LARGE,
  ],
};

for (const [what, [fn, expected]] of Object.entries(COUNTS)) {
  Deno.test(`${what} is exact in float64`, async () => {
    const result = await run(
      (n, x) => tf.add(fn(n!), x!),
      i32([], [LARGE]),
      f64([], [0]),
    );
    assertEquals(result, { dtype: "float64", values: [expected] });
  });
}

const CONVERSIONS: Record<
  string,
  (x: tf.Tensor, dtype: "float32" | "float64") => tf.Tensor
> = {
  "toPrecision()": (x, dtype) => toPrecision(x, dtype),
  "castLike()": (x, dtype) => castLike(x, toPrecision(scalar(1), dtype)),
};

for (const [name, convert] of Object.entries(CONVERSIONS)) {
  Deno.test(`${name} converts floats of every kind`, async () => {
    assertEquals(
      await run((x) => convert(x!, "float32"), f64([2], [0.1, 1 / 3])),
      {
        dtype: "float32",
        values: [Math.fround(0.1), Math.fround(1 / 3)],
      },
    );
    assertEquals(await run((x) => convert(x!, "float64"), f32([1], [0.1])), {
      dtype: "float64",
      values: [Math.fround(0.1)],
    });
    assertEquals(await run((n) => convert(n!, "float64"), i32([], [LARGE])), {
      dtype: "float64",
      values: [LARGE],
    });
    assertEquals(await run(() => convert(third(), "float64")), {
      dtype: "float64",
      values: [1 / 3],
    });
    assertEquals(await run(() => convert(third(), "float32")), {
      dtype: "float32",
      values: [Math.fround(1 / 3)],
    });
  });

  for (
    const [from, to] of [["float32", "float64"], [
      "float64",
      "float32",
    ]] as const
  ) {
    Deno.test(`the gradient through ${name} to ${to} comes back in ${from}`, async () => {
      const fn = (x: tf.Tensor) => tf.sum(tf.square(convert(x, to)));
      const values = [0.5, -3];
      // Added to x: a gradient of another type would be refused.
      const result = await run(
        (x) => tf.add(tf.grad(fn)(x!), x!),
        float(from, ...values),
      );
      assertEquals(result, { dtype: from, values: values.map((x) => 3 * x) });
    });
  }

  Deno.test(`a number after ${name} has a type of its own`, () => {
    assertThrows(
      () =>
        trace(({ x }) => ({ y: tf.add(x, convert(third(), "float32")) }), {
          x: { dtype: "float64", shape: [] },
        }),
      TypeError,
      "Cannot combine",
    );
  });
}

Deno.test("toPrecision() when not tracing knows float32 only", () => {
  const x = tf.scalar(2);
  assertEquals(toPrecision(x, "float32"), x);
  assertEquals(widen(x), x);
  assertEquals(castLike(x, tf.scalar(1)), x);
  assertThrows(
    () => toPrecision(x, "float64"),
    TypeError,
    "Cannot compute in float64 on TensorFlow.js",
  );
});

Deno.test("widen() computes in float64", async () => {
  // The square leaves the range of float32.
  const result = await run(
    (x) => tf.sqrt(tf.square(widen(x!))),
    f32([1], [1e30]),
  );
  assertEquals(result, { dtype: "float64", values: [Math.fround(1e30)] });
});

Deno.test("a number written in a traced function keeps its decimal", async () => {
  const { tenth, list } = await runTraced(({ x }) => ({
    tenth: tf.mul(x, 0.1),
    list: tf.add(x, tf.mul(tf.ones([2]), -1.7e-3)),
  }), { x: hostTensorOf("float64", [], [1]) });
  assertEquals([...tenth!.data], [0.1]);
  assertEquals(list!.data[0], 1 - 1.7e-3);
});

Deno.test("a factor before a batched product keeps float64's digits", async () => {
  // ONNX Runtime would make it a float32 attribute of the product.
  const x = {
    dtype: "float64",
    shape: [1, 2, 2],
    data: Float64Array.of(1, 2, 3, 4),
  } as const;
  const { y } = await runTraced(
    ({ x }) => ({ y: tf.matMul(tf.mul(x, scalar(1 / 3)), x) }),
    { x },
  );
  assertClose(
    toNumbers(y!),
    [7 / 3, 10 / 3, 15 / 3, 22 / 3],
    { relative: 4e-16, absolute: 0 },
    "product",
  );
});
