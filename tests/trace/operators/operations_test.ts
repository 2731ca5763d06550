// Every rule on ordinary and on extreme operands, in each type: values and
// gradients against those of tests/golden/operations/make_operations.py.

import { assert, assertEquals } from "@std/assert";
import type * as tf from "@tensorflow/tfjs-core";
import type { HostTensor } from "../../../lib/numeric/tensor.ts";
import { trace } from "../../../lib/trace/backend.ts";
import { isFloat, type Spec } from "../../../lib/trace/graph.ts";
import { rules } from "../../../lib/trace/operators/rules.ts";
import { runGraph } from "../_graphs.ts";
import {
  assertTensor,
  type Case,
  type Expected,
  gradients,
  kernels,
  LESS,
  operandOf,
  type Precision,
  PRECISIONS,
  results,
} from "./_operations.ts";

// Rules that no case is of, and where they are tested.
const ELSEWHERE: Record<string, string> = {
  Fill: "has no operands: rules_test.ts, precision_test.ts",
  ToPrecision: "converts: precision_test.ts",
  CastLike: "converts: precision_test.ts",
  KeepMask: "draws: random_test.ts",
  RandomOrder: "draws: random_test.ts",
};

Deno.test("every rule has cases, or a place where it is tested", () => {
  assertEquals(
    [...Object.keys(kernels), ...Object.keys(ELSEWHERE)].sort(),
    Object.keys(rules).sort(),
  );
});

// All cases of a kernel in all types, in one graph.
async function runAll(cases: readonly Case[]) {
  const inputs: Record<string, HostTensor> = {};
  const wanted: {
    name: string;
    one: Case;
    precision: Precision;
    x: string[];
    expected: Expected;
  }[] = [];
  cases.forEach((one, n) => {
    for (const precision of PRECISIONS) {
      const expected = one[precision];
      if (!expected) continue;
      const name = `c${n}_${precision}`;
      const x = one.in.map((operand, i) => {
        inputs[`${name}_x${i}`] = operandOf(operand, precision);
        return `${name}_x${i}`;
      });
      wanted.push({ name, one, precision, x, expected });
    }
  });
  const graph = trace(
    (tensors) => {
      const found: Record<string, tf.Tensor> = {};
      for (const { name, one, x, expected } of wanted) {
        const operands = x.map((path) => tensors[path] as tf.Tensor);
        results(one, operands).forEach((y, i) => found[`${name}_y${i}`] = y);
        if (!expected.grad) continue;
        gradients(one, operands).forEach((g, i) => found[`${name}_g${i}`] = g);
      }
      return found;
    },
    Object.fromEntries(
      Object.entries(inputs).map(([path, { dtype, shape }]): [string, Spec] => [
        path,
        { dtype, shape },
      ]),
    ),
  );
  return { wanted, inputs, found: await runGraph(graph, inputs) };
}

for (const [kernel, cases] of Object.entries(kernels)) {
  Deno.test(`${kernel} has the right values and gradients everywhere`, async () => {
    const { wanted, inputs, found } = await runAll(cases);
    assert(wanted.length > 0);
    for (const { name, one, precision, x, expected } of wanted) {
      const what = `tf.${one.op}(${
        one.in.map(([type, shape]) => `${type}[${shape}]`)
      }; ${JSON.stringify(one.args)}) in ${precision}`;
      expected.out.forEach((values, i) =>
        assertTensor(
          found[`${name}_y${i}`]!,
          values,
          expected.shape[i]!,
          precision,
          LESS[one.op]?.[precision],
          `result ${i} of ${what}`,
        )
      );
      const floats = x.filter((path) => isFloat(inputs[path]!));
      expected.grad?.forEach((values, i) =>
        assertTensor(
          found[`${name}_g${i}`]!,
          values,
          inputs[floats[i]!]!.shape,
          precision,
          (LESS[`${one.op}′`] ?? LESS[one.op])?.[precision],
          `gradient ${i} of ${what}`,
        )
      );
    }
  });
}
