import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { encodeModel, modelOf } from "../../../lib/onnx/file/model.ts";
import { openSession } from "../../../lib/onnx/runtime/session.ts";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../../lib/numeric/tensor.ts";
import { jvp, TANGENT } from "../../../lib/trace/transforms/jvp.ts";
import { scalar } from "../../../lib/trace/precision.ts";
import { assertClose } from "../../_golden.ts";
import {
  type Case,
  elementwiseCases,
} from "../operators/_elementwise_cases.ts";
import { graphOf, runGraph } from "../_graphs.ts";
import { f64, numbers, type TensorFunction, withFloats } from "../_run.ts";
import { shapeCases } from "../operators/_shape_cases.ts";

const isFloat = ({ dtype }: HostTensor) => dtype.startsWith("float");

// By how far an argument is moved, and how near a difference must be to a
// derivative of about 1: of central differences f‴h²/6 remains, and ε·|f|/h of
// rounding. What the slopes of the two sides differ by at least at a kink.
const NUMBERS = {
  float64: { step: 1e-5, near: 1e-8, kink: 1e-3 },
  float32: { step: 2 ** -8, near: 2e-4, kink: 0.1 },
};
// ONNX Runtime has it in float32 only.
const FLOAT32 = ["Erf"];

/**
 * Compares jvp() with central differences wherever the function is smooth: where
 * those of two steps agree, and the differences of both sides.
 *
 * @returns How many elements were compared.
 */
async function compare(
  fn: TensorFunction,
  given: readonly HostTensor[],
  dtype: keyof typeof NUMBERS,
): Promise<number> {
  const { step, near, kink } = NUMBERS[dtype];
  // From where there is no number nothing can be moved.
  const finite = (x: HostTensor) =>
    isFloat(x)
      ? hostTensorOf(
        dtype,
        x.shape,
        toNumbers(x).map((a) => Number.isFinite(a) ? a : 0.75),
      )
      : x;
  const inputs = given.map(finite);
  const directions = inputs.map(({ shape }, i) =>
    withFloats(numbers(shape, i + 5), dtype)
  );
  const moving = inputs.map(isFloat);
  const graph = graphOf(fn, inputs);
  const differentiated = jvp(graph, (name) => moving[Number(name.slice(1))]!);
  const session = await openSession(
    encodeModel(modelOf({
      inputs: differentiated.inputs,
      outputs: [...graph.outputs, ...differentiated.outputs],
    }, { name: "test" })),
    { threads: 1 },
  );
  const tangents = Object.fromEntries(
    directions.flatMap((v, i) => moving[i] ? [[`${TANGENT}x${i}`, v]] : []),
  );
  // At x + h·v.
  const moved = (h: number) =>
    session.run({
      ...tangents,
      ...Object.fromEntries(inputs.map((x, i) => {
        if (!moving[i]) return [`x${i}`, x];
        const v = toNumbers(directions[i]!);
        const values = toNumbers(x).map((a, j) => a + h * v[j]!);
        return [`x${i}`, hostTensorOf(dtype, x.shape, values)];
      })),
    });
  const at = await moved(0);
  const [low, high, lower, higher] = [
    await moved(-step),
    await moved(step),
    await moved(-step / 2),
    await moved(step / 2),
  ];
  await session.close();
  let compared = 0;
  for (const [name] of graph.outputs) {
    const [y, found] = [at[name]!, at[TANGENT + name]!];
    assertEquals(found.shape, y.shape);
    if (!isFloat(y)) continue;
    const [here, a, b, c, d, own] = [y, low[name], high[name], lower[name]]
      .concat(higher[name], found).map((x) => toNumbers(x!)) as Float64Array[];
    here!.forEach((value, i) => {
      const left = (value - a![i]!) / step;
      const right = (b![i]! - value) / step;
      const wanted = (left + right) / 2;
      const scale = (1 + Math.abs(value)) * (1 + Math.abs(wanted)) * near;
      // False of NaN too.
      const smooth = Math.abs(left - right) < kink * (1 + Math.abs(wanted)) &&
        Math.abs(wanted - (d![i]! - c![i]!) / step) < scale;
      if (!smooth) return;
      compared++;
      const tolerance = { relative: 0, absolute: 2 * scale };
      assertClose([own![i]!], [wanted], tolerance, `${name}[${i}] of ${value}`);
    });
  }
  return compared;
}

// Integers, truth values and numbers that do not depend on the arguments.
const NOTHING_TO_COMPARE = [
  ...["Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"],
  ...["LogicalAnd", "LogicalOr", "LogicalNot", "IsNan", "IsInf", "IsFinite"],
  ...["All", "Any", "ArgMax", "ArgMin", "OneHot", "Fill", "FloorDiv", "Cast"],
];
// A product of many numbers has no rule.
const REFUSED = ["Prod"];

const cases: Record<string, Case[]> = { ...elementwiseCases, ...shapeCases };

for (const [kernel, casesOfKernel] of Object.entries(cases)) {
  Deno.test(`jvp() is the limit of differences: ${kernel}`, async () => {
    const dtype = FLOAT32.includes(kernel) ? "float32" : "float64";
    let compared = 0;
    for (const [what, fn, ...inputs] of casesOfKernel) {
      if (!inputs.some(isFloat)) continue;
      try {
        compared += await compare(fn, inputs, dtype);
      } catch (error) {
        const refused = String(error).includes("Cannot differentiate");
        if (refused && REFUSED.includes(kernel)) continue;
        throw new Error(`${what}: ${error}`, { cause: error });
      }
    }
    const nothing = [...NOTHING_TO_COMPARE, ...REFUSED].includes(kernel);
    assert(nothing || compared > 0, "nothing was compared");
  });
}

Deno.test("jvp() of a gradient is the Hessian times a vector", async () => {
  // x³/6 + xy² + y⁴: the Hessian is [[x, 2y], [2y, 2x + 12y²]].
  const f = (x: tf.Tensor, y: tf.Tensor) =>
    tf.sum(
      tf.add(
        tf.add(
          tf.mul(scalar(1 / 6), tf.pow(x, scalar(3))),
          tf.mul(x, tf.square(y)),
        ),
        tf.square(tf.square(y)),
      ),
    );
  const [x, y] = [f64([1], [1.5]), f64([1], [-0.5])];
  const gradient = graphOf(
    (x, y) => tf.grads(f)([x!, y!]),
    [x, y],
  );
  const hessian = jvp(gradient, () => true);
  const column = async (v: number, w: number) => {
    const { [`${TANGENT}y0`]: a, [`${TANGENT}y1`]: b } = await runGraph(
      hessian,
      {
        x0: x,
        x1: y,
        [`${TANGENT}x0`]: f64([1], [v]),
        [`${TANGENT}x1`]: f64([1], [w]),
      },
    );
    return [a!.data[0], b!.data[0]];
  };
  assertEquals(await column(1, 0), [1.5, -1]);
  assertEquals(await column(0, 1), [-1, 6]);
});

Deno.test("jvp() of what does not move is 0", async () => {
  const graph = jvp(
    graphOf((x, y) => [tf.square(x!), tf.exp(y!)], [
      f64([2], [1, 2]),
      f64([], [0]),
    ]),
    (name) => name === "x0",
  );
  const found = await runGraph(graph, {
    x0: f64([2], [1, 2]),
    x1: f64([], [0]),
    [`${TANGENT}x0`]: f64([2], [1, -1]),
  });
  assertEquals([...found[`${TANGENT}y0`]!.data], [2, -4]);
  assertEquals([...found[`${TANGENT}y1`]!.data], [0]);
});

Deno.test("jvp() refuses an operator without a rule, by name", () => {
  assertThrows(
    () => jvp(graphOf((x) => tf.prod(x!), [f64([2], [1, 2])]), () => true),
    TypeError,
    "Cannot differentiate ReduceProd",
  );
});
