// Forward mode on the operands of operations_test.ts: what jvp() says of functions
// of one number is what mpmath says, on extreme operands too, wherever the function
// has a value: beyond its range or its domain it may be NaN.

import { assert } from "@std/assert";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../../lib/numeric/tensor.ts";
import { jvp, TANGENT } from "../../../lib/trace/transforms/jvp.ts";
import { graphOf, runGraph } from "../_graphs.ts";
import {
  assertTensor,
  type Case,
  kernels,
  LESS,
  operandOf,
  type Precision,
  results,
} from "./_operations.ts";

const single = Object.entries(kernels).flatMap(([kernel, cases]) => {
  const ones = cases.filter((one) => one.one && one.float32?.grad);
  return ones.length > 0 ? [[kernel, ones] as const] : [];
});

async function slope(one: Case, precision: Precision): Promise<HostTensor> {
  const x = operandOf(one.in[0]!, precision);
  const graph = graphOf((x) => results(one, [x!]), [x]);
  const v = hostTensorOf(
    precision,
    x.shape,
    new Float64Array(x.data.length).fill(1),
  );
  const found = await runGraph(jvp(graph, () => true), {
    x0: x,
    [`${TANGENT}x0`]: v,
  });
  return found[`${TANGENT}y0`]!;
}

for (const [kernel, cases] of single) {
  Deno.test(`jvp() of ${kernel} is its slope everywhere`, async () => {
    for (const one of cases) {
      for (const precision of ["float32", "float64"] as const) {
        const expected = one[precision];
        if (!expected) continue;
        const found = await slope(one, precision);
        const known = expected.out[0]!.map(Number).map(Number.isFinite);
        const kept = toNumbers(found).map((x, i) => known[i] ? x : NaN);
        assertTensor(
          { ...found, data: kept },
          expected.grad![0]!.map((x, i) => known[i] ? x : NaN),
          expected.shape[0]!,
          precision,
          (LESS[`${one.op}′`] ?? LESS[one.op])?.[precision],
          `tf.${one.op} (${JSON.stringify(one.args)}) in ${precision}`,
        );
      }
    }
  });
}

Deno.test("there are functions of one number", () => {
  assert(single.length > 20);
});
