import { assert, assertEquals, assertMatch } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { defaults } from "../../lib/config/config.ts";
import { devices } from "../../lib/devices/choice.ts";
import type { BackendName } from "../../lib/settings/devices.ts";
import { openBackend } from "../../lib/devices/tfjs/backends.ts";
import { checkApart } from "../../lib/devices/tfjs/check_apart.ts";
import { assertClose } from "../_golden.ts";
import { messageOf } from "./_in_a_process.ts";
// Registers gradients.

/** Whether all of some backends can be used here; if not, says why. */
async function usable(test: string, ...backends: BackendName[]) {
  for (const backend of backends) {
    const finding = await checkApart(backend);
    if (!finding.usable) {
      console.log(`${test}: skipped, ${backend}: ${finding.missing}`);
      return false;
    }
  }
  return true;
}

Deno.test("the cpu backend is a device that is always usable", async () => {
  const [cpu] = devices.filter(({ engine, name }) =>
    engine === "tfjs" && name === defaults.backend
  );
  const finding = await cpu!.check();
  assert(finding.usable, JSON.stringify(finding));
  const { detail } = finding as Extract<typeof finding, { usable: true }>;
  assertMatch(detail, /one training step agrees with ONNX Runtime/);
});

// A function of tensors, with a gradient where it is asked for.
const products = (m: tf.Tensor, n: tf.Tensor, a: boolean, b: boolean) =>
  tf.matMul(m, n, a, b);
const x = [3, 4, 5];
const values = (shape: number[], seed: number) =>
  tf.randomUniform(shape, -1, 1, "float32", seed);
const WORK: Readonly<Record<string, () => tf.Tensor>> = {
  "xᵀ·y": () => products(values([7, 5], 1), values([7, 6], 2), true, false),
  "x·yᵀ": () => products(values([5, 7], 1), values([6, 7], 2), false, true),
  "xᵀ·yᵀ": () => products(values([7, 5], 1), values([6, 7], 2), true, true),
  "xᵀ·y in batches": () =>
    products(values([2, 3, 7, 5], 1), values([2, 3, 7, 6], 2), true, false),
  "x·yᵀ + b, fused": () =>
    tf.fused.matMul({
      a: values([5, 7], 1) as tf.Tensor2D,
      b: values([6, 7], 2) as tf.Tensor2D,
      transposeB: true,
      bias: values([6], 3),
      activation: "relu",
    }),
  "an element of each row": () =>
    tf.gather(values([3, 4], 1), tf.tensor1d([1, 3, 0], "int32"), 1, 1),
  "rows in batches": () =>
    tf.gather(
      values(x, 1),
      tf.tensor2d([[1, 3], [0, 0], [2, 1]], [3, 2], "int32"),
      1,
      1,
    ),
  "columns in batches": () =>
    tf.gather(
      values(x, 1),
      tf.tensor2d([[1, 4], [0, 0], [2, 1]], [3, 2], "int32"),
      2,
      1,
    ),
  "the gradient of a gather": () =>
    tf.grad((t) =>
      tf.sum(tf.square(tf.gather(t, tf.tensor1d([2, 0, 2], "int32"))))
    )(values([4, 3], 1)),
  "rows summed by id, one id negative": () =>
    tf.unsortedSegmentSum(
      values([4, 2], 1),
      tf.tensor1d([2, -1, 0, 2], "int32"),
      3,
    ),
};

const wasm = await usable("wasm computes what cpu computes", "wasm");
for (const [name, work] of Object.entries(WORK)) {
  Deno.test({
    name: `wasm computes what cpu computes: ${name}`,
    ignore: !wasm,
    fn: async () => {
      const on = async (backend: BackendName) => {
        await openBackend(backend);
        const before = tf.memory().numDataBuffers;
        const result = tf.tidy(work);
        const { shape } = result;
        const data = [...await result.data()];
        result.dispose();
        assertEquals(
          tf.memory().numDataBuffers,
          before,
          "memory is given back",
        );
        return { shape, data };
      };
      const [ours, theirs] = [await on("wasm"), await on("cpu")];
      assertEquals(ours.shape, theirs.shape);
      // Sums of at most 7 terms below 1, each rounded by 2^-24.
      const tolerance = { relative: 0, absolute: 7 * 2 ** -23 };
      assertClose(ours.data, theirs.data, tolerance, name);
    },
  });
}

Deno.test({
  name: "an error that WebGPU tells nobody ends the training",
  ignore: !await usable("an error that WebGPU tells nobody", "webgpu"),
  fn: async () => {
    const message = await messageOf("fault");
    assertMatch(message, /^Computing on .* webgpu failed.*worthless: \S.*\n$/);
  },
});

Deno.test({
  name: "node and webgpu are not loaded into one process",
  ignore: !await usable("node and webgpu in one process", "node", "webgpu"),
  fn: async () => {
    assertMatch(
      await messageOf("beside", "node", "webgpu"),
      /backend webgpu: this process computes on node, .*; use one of them/,
    );
    assertEquals(await messageOf("beside", "node", "wasm", "cpu"), "");
  },
});
