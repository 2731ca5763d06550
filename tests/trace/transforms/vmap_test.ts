import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import {
  type HostTensor,
  sizeOf,
  toNumbers,
} from "../../../lib/numeric/tensor.ts";
import { foldConstants } from "../../../lib/onnx/runtime/fold.ts";
import { trace } from "../../../lib/trace/backend.ts";
import { newConstant, type Value } from "../../../lib/trace/graph.ts";
import { expandSegmentSums } from "../../../lib/trace/operators/segments.ts";
import { vmap } from "../../../lib/trace/transforms/vmap.ts";
import { assertClose } from "../../_golden.ts";
import {
  type Case,
  elementwiseCases,
} from "../operators/_elementwise_cases.ts";
import { graphOf, runGraph } from "../_graphs.ts";
import { i32, numbers, type TensorFunction } from "../_run.ts";
import { shapeCases } from "../operators/_shape_cases.ts";

const REPLICAS = 3;

// What ONNX's Gather cannot say at once: other indices for each replica along
// an axis that is not the first.
const REFUSED = ["by a matrix", "last axis"];

// The rows of a tensor in another order for each replica.
function turned(x: HostTensor, replica: number): HostTensor {
  const values = [...x.data as Float32Array];
  const by = sizeOf(x.shape.slice(1)) * (replica % (x.shape[0] ?? 1));
  const data = x.data.slice() as Float32Array<ArrayBuffer>;
  data.set([...values.slice(by), ...values.slice(0, by)]);
  return { ...x, data };
}

function stackOf(tensors: readonly HostTensor[]): HostTensor {
  const { dtype, shape, data } = tensors[0]!;
  const length = sizeOf(shape);
  const all = new (data.constructor as Float32ArrayConstructor)(
    length * tensors.length,
  );
  tensors.forEach((x, r) => all.set(x.data as Float32Array, r * length));
  return { dtype, shape: [tensors.length, ...shape], data: all };
}

async function assertStacks(
  fn: TensorFunction,
  inputs: readonly HostTensor[],
  isStacked: readonly boolean[],
): Promise<void> {
  const replicas = Array.from(
    { length: REPLICAS },
    (_, r) => inputs.map((x, i) => isStacked[i] ? turned(x, r) : x),
  );
  const constant = new Map<string, Value>(
    inputs.flatMap(({ dtype, shape, data }, i) =>
      isStacked[i] ? [] : [[`x${i}`, newConstant(dtype, shape, data)] as const]
    ),
  );
  const single = graphOf(fn, inputs);
  const stacked = vmap(graphOf(fn, inputs, true), REPLICAS, (name) => {
    const value = constant.get(name);
    return value ? { value, stacked: false } : "stacked";
  });
  const feeds = Object.fromEntries(
    inputs.flatMap((_, i) =>
      isStacked[i]
        ? [[`x${i}`, stackOf(replicas.map((inputs) => inputs[i]!))]]
        : []
    ),
  );
  const actual = await runGraph(expandSegmentSums(stacked), feeds);
  for (const [r, own] of replicas.entries()) {
    const expected = await runGraph(
      single,
      Object.fromEntries(own.map((x, i) => [`x${i}`, x])),
    );
    for (const [name, want] of Object.entries(expected)) {
      const all = actual[name]!;
      assertEquals([...all.shape], [REPLICAS, ...want.shape]);
      const length = sizeOf(want.shape);
      assertClose(
        toNumbers(all).subarray(r * length, (r + 1) * length),
        toNumbers(want),
        { relative: 1e-6, absolute: 1e-6 },
        `${name} of replica ${r}`,
      );
    }
  }
}

const cases: Record<string, Case[]> = { ...elementwiseCases, ...shapeCases };

for (const [kernel, casesOfKernel] of Object.entries(cases)) {
  Deno.test(`vmap() stacks ${kernel}`, async (t) => {
    for (const [what, fn, ...inputs] of casesOfKernel) {
      if (inputs.length === 0) continue; // A constant: nothing to stack.
      await t.step(what, async () => {
        const choices = [inputs.map(() => true)];
        if (inputs.length > 1) {
          inputs.forEach((_, i) => choices.push(inputs.map((_, j) => i === j)));
        }
        for (const isStacked of choices) {
          try {
            await assertStacks(fn, inputs, isStacked);
          } catch (error) {
            const refused = String(error).includes("Cannot stack");
            if (!refused || !REFUSED.includes(what)) throw error;
          }
        }
      });
    }
  });
}

Deno.test("vmap() stacks sums by segment over known ids of each replica", async () => {
  const ids = [[2, 0, 2, 0, 0], [1, 1, 1, 1, 1], [-1, 0, 5, 1, 2]];
  const stackedIds = i32([3, 5], ids.flat());
  const fn: TensorFunction = (x, ids) =>
    tf.unsortedSegmentSum(x!, ids! as tf.Tensor1D, 3);
  const x = Array.from(ids, (_, seed) => numbers([5, 2], seed));
  const graph = vmap(
    graphOf(fn, [x[0]!, i32([5], ids[0]!)], true),
    3,
    (name, { dtype }) =>
      name === "x0" ? "stacked" : {
        value: newConstant(dtype, stackedIds.shape, stackedIds.data),
        stacked: true,
      },
  );
  const { y0 } = await runGraph(
    expandSegmentSums(await foldConstants(graph)),
    { x0: stackOf(x) },
  );
  const expected = ids.flatMap((ids, r) => {
    const sums = Array<number>(6).fill(0);
    ids.forEach((id, row) => {
      for (const column of [0, 1]) {
        if (id >= 0 && id < 3) {
          sums[2 * id + column]! += Number(x[r]!.data[2 * row + column]);
        }
      }
    });
    return sums;
  });
  const tolerance = { relative: 1e-6, absolute: 1e-7 };
  assertClose(toNumbers(y0!), expected, tolerance, "sums");
});

Deno.test("vmap() stacks sums along the last axis, counted from the end", async () => {
  // Eagerly TensorFlow.js's cpu backend gives them a wrong shape.
  const graph = vmap(
    graphOf((x) => tf.cumsum(x!, -1), [numbers([2, 3])], true),
    2,
    () => "stacked",
  );
  const x0 = i32([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const { y0 } = await runGraph(graph, {
    x0: {
      ...x0,
      dtype: "float32",
      data: Float32Array.from(x0.data as Int32Array),
    },
  });
  assertEquals([...y0!.data], [1, 3, 6, 4, 9, 15, 7, 15, 24, 10, 21, 33]);
});

Deno.test("vmap() repeats what does not depend on a stacked argument", async () => {
  const graph = vmap(
    trace(({ x }) => ({ y: tf.exp(x), half: tf.scalar(0.5) }), {
      x: { dtype: "float32", shape: [2] },
    }),
    2,
    () => "stacked",
  );
  const x = numbers([2, 2]);
  const { half, y } = await runGraph(graph, { x });
  assertEquals([half!.shape, [...half!.data]], [[2], [0.5, 0.5]]);
  assertEquals(y!.shape, [2, 2]);
});

Deno.test("vmap() refuses an operator without a rule, by name", () => {
  const graph = graphOf((x) => x!, [numbers([2])]);
  const [, value] = graph.outputs[0]!;
  const node = { id: -1, op: "Hardmax", inputs: [value], attributes: {} };
  const y = { ...value, id: -2, node: { ...node, outputs: [] as never[] } };
  (y.node.outputs as unknown[]).push(y);
  assertThrows(
    () => vmap({ ...graph, outputs: [["y", y]] }, 2, () => "stacked"),
    TypeError,
    "Cannot stack Hardmax",
  );
});
