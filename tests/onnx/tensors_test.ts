/** Tensors in memory and in files of their own, and where nodes ran. */

import { assertEquals, assertThrows } from "@std/assert";
import { hostTensorOf, lastPosition } from "../../lib/numeric/tensor.ts";
import { encodeTensors } from "../../lib/onnx/file/metadata.ts";
import { decodeTensors } from "../../lib/onnx/file/read_tensors.ts";
import { countNodes } from "../../lib/onnx/runtime/placement.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";

Deno.test("hostTensorOf() takes as many values as the shape has", () => {
  assertEquals(
    hostTensorOf("int64", [2, 1], [3, 4]).data,
    BigInt64Array.of(3n, 4n),
  );
  assertEquals(hostTensorOf("float32", [], [3]).shape, []);
  for (const values of [[1], [1, 2, 3]]) {
    assertThrows(
      () => hostTensorOf("float32", [2], values),
      RangeError,
      `shape [2]: got ${values.length} values`,
    );
  }
});

Deno.test("lastPosition() takes the last of each row's positions", () => {
  // Two rows of three positions of two numbers.
  const x = hostTensorOf("float32", [2, 3, 2], [...Array(12).keys()]);
  assertEquals(
    lastPosition(x),
    hostTensorOf("float32", [2, 2], [4, 5, 10, 11]),
  );
  assertEquals(
    lastPosition(x, [1, 1, 0]),
    hostTensorOf("float32", [3, 2], [10, 11, 10, 11, 4, 5]),
  );
  const flat = hostTensorOf("float64", [2, 2], [1, 2, 3, 4]);
  assertEquals(lastPosition(flat), flat);
  assertEquals(
    lastPosition(flat, [1]),
    hostTensorOf("float64", [1, 2], [3, 4]),
  );
});

Deno.test("a file of tensors gives them back, to readers and to ONNX Runtime", async () => {
  const tensors = {
    "mu.layers.0.W": hostTensorOf("float64", [2, 2], [1, -2, 1e-300, 4]),
    count: hostTensorOf("float32", [], [7]),
  };
  const bytes = encodeTensors("optimizer", tensors);
  assertEquals(decodeTensors(bytes, "optimizer").tensors, tensors);
  const session = await openSession(bytes, { threads: 1 });
  const found = await session.run({});
  await session.close();
  assertEquals(found, tensors);
});

Deno.test("countNodes() counts each node of the loop once", () => {
  const event = (name: string, provider: string, op: string) => ({
    cat: "Node",
    name: `${name}_kernel_time`,
    args: { provider, op_name: op, node_index: "1" },
  });
  const many = (count: number, ...what: [string, string, string]) =>
    Array.from({ length: count }, () => event(...what));
  const events = [
    ...many(3, "a", "CPUExecutionProvider", "MatMul"),
    // Once, as what is around the loop; and in every turn twice, as one that is
    // read by two branches.
    ...many(1, "b", "CPUExecutionProvider", "Add"),
    ...many(6, "c", "CUDAExecutionProvider", "Relu"),
    ...many(3, "d", "CUDAExecutionProvider", "MemcpyToHost"),
    { cat: "Session", name: "model_run_kernel_time" },
    { cat: "Node", name: "a_fence_before" },
  ];
  assertEquals(countNodes(events, 3), {
    providers: {
      CPUExecutionProvider: { MatMul: 1 },
      CUDAExecutionProvider: { Relu: 1, MemcpyToHost: 1 },
    },
    memcpy: 1,
  });
});
