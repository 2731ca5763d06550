import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { forProcessor } from "../../lib/engine/onnx/written_step.ts";
import type { SessionOptions } from "../../lib/onnx/runtime/options.ts";
import { trace } from "../../lib/trace/backend.ts";
import { opsOf } from "../trace/_graphs.ts";
import { numbers } from "../trace/_run.ts";

const AT_ONCE = ["Reshape", "Transpose", "Gather", "Transpose", "Reshape"];
const TRANSPOSES: [SessionOptions, string[]][] = [
  [{}, AT_ONCE],
  [{ threads: 2 }, AT_ONCE],
  [{ threads: 1 }, ["Transpose"]],
  [{ device: "webgpu" }, ["Transpose"]],
];

for (const [options, ops] of TRANSPOSES) {
  Deno.test(`small matrices are transposed at once between threads: ${JSON.stringify(options)}`, () => {
    const step = trace(({ x }) => ({ y: tf.transpose(x!, [0, 2, 1]) }), {
      x: numbers([32, 4, 3]),
    });
    assertEquals(opsOf(forProcessor(step, options)), ops);
  });
}
