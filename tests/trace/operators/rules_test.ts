import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { type HostTensor, toNumbers } from "../../../lib/numeric/tensor.ts";
import { trace } from "../../../lib/trace/backend.ts";
import { isFloat } from "../../../lib/trace/graph.ts";
import { rules } from "../../../lib/trace/operators/rules.ts";
import { assertClose } from "../../_golden.ts";
import { type Case, elementwiseCases } from "./_elementwise_cases.ts";
import { eagerly, f64, traced, withFloats } from "../_run.ts";
import { shapeCases } from "./_shape_cases.ts";

const cases: Record<string, Case[]> = { ...elementwiseCases, ...shapeCases };

// No kernels of TensorFlow.js: toPrecision(), castLike(), keepMask(),
// randomOrder() and the gradient of divNoNan() have own tests.
const OWN = [
  ...["ToPrecision", "CastLike", "KeepMask", "RandomOrder", "SafeDivisor"],
];

// ONNX Runtime 1.30 computes it in float32 only.
const NO_FLOAT64 = ["Erf"];

// TensorFlow.js has one type for all floats and one for all integers.
function assertSame(
  actual: readonly HostTensor[],
  expected: readonly HostTensor[],
  float: string,
): void {
  assertEquals(
    actual.map((x) => [x.dtype.replace("int64", "int32"), [...x.shape]]),
    expected.map((x) => [isFloat(x) ? float : x.dtype, [...x.shape]]),
  );
  expected.forEach((want, i) => {
    const relative = isFloat(want) ? 1e-6 : 0;
    assertClose(
      toNumbers(actual[i]!),
      toNumbers(want),
      { relative, absolute: 0 },
      `result ${i}`,
    );
  });
}

Deno.test("the cases cover every rule", () => {
  assertEquals(
    [...Object.keys(cases), ...OWN].sort(),
    Object.keys(rules).sort(),
  );
});

for (const [kernel, casesOfKernel] of Object.entries(cases)) {
  Deno.test(`rule ${kernel} agrees with TensorFlow.js`, async (t) => {
    for (const [what, fn, ...inputs] of casesOfKernel) {
      await t.step(what, async () => {
        let expected: HostTensor[] = [];
        const { kernelNames } = await tf.profile(() => {
          expected = eagerly(fn, inputs);
        });
        assert(kernelNames.includes(kernel), `it ran ${kernelNames}`);
        assertSame(await traced(fn, inputs), expected, "float32");

        if (!inputs.some(isFloat)) return;
        const wide = inputs.map((input) => withFloats(input, "float64"));
        if (NO_FLOAT64.includes(kernel)) {
          await assertRejects(
            () => traced(fn, wide),
            TypeError,
            `Cannot trace ${kernel} of float64`,
          );
        } else assertSame(await traced(fn, wide), expected, "float64");
      });
    }
  });
}

const IN_FLOAT64 = {
  exp: [Math.exp, -3.3, 0.1, 2.7],
  expm1: [Math.expm1, -40, -1.1, -1e-5, 1e-12, 1e-20, 0.3, 30],
  log: [Math.log, 1e-9, 0.3, 1.1, 7],
  log1p: [Math.log1p, -0.9, -1e-5, 1e-12, 1e-20, 0.3, 30],
  sqrt: [Math.sqrt, 2, 1e-7],
  sin: [Math.sin, -2, 0.1, 3],
  cos: [Math.cos, -2, 0.1, 3],
  tanh: [Math.tanh, -2, 1e-5, 0.1, 3],
} satisfies Record<string, [(x: number) => number, ...number[]]>;

for (const [op, [reference, ...values]] of Object.entries(IN_FLOAT64)) {
  Deno.test(`tf.${op} in float64 has float64's digits`, async () => {
    const fn = tf[op as keyof typeof IN_FLOAT64];
    const [y] = await traced(fn, [f64([values.length], values)]);
    assertClose(
      toNumbers(y!),
      values.map(reference),
      { relative: 2e-15, absolute: 0 },
      op,
    );
  });
}

Deno.test("rule GatherV2 refuses an axis that does not follow the batch", () => {
  assertThrows(
    () =>
      trace(({ x, i }) => ({ y: tf.gather(x, i, 2, 1) }), {
        x: { dtype: "float32", shape: [2, 3, 4] },
        i: { dtype: "int32", shape: [2, 2] },
      }),
    TypeError,
    "axis 2 and batchDims 1",
  );
});
