/** What sessions and files are given, and what is refused. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import * as groklab from "../_entries.ts";
import { f32, i32 } from "../trace/_run.ts";
import { experiment, model } from "./_exp.ts";

Deno.test("a session refuses tensors that are not its inputs'", async () => {
  const session = await groklab.openSession(model, { threads: 1 });
  const x = f32([3], [0, 1, 2]);
  const refused: [Record<string, unknown>, string][] = [
    [{}, "Cannot run without the input x, float32 [3]"],
    [{ x, y: x }, "Cannot run with an input y: there are x"],
    [{ x: f32([2], [0, 1]) }, "as float32 [2]: it is float32 [3]"],
    [{ x: f32([1, 3], [0, 1, 2]) }, "as float32 [1,3]: it is float32 [3]"],
    [{ x: i32([3], [0, 1, 2]) }, "as int32 [3]: it is float32 [3]"],
    [{ x: { ...x, shape: [4] } }, "[4]: it holds 3 elements of Float32Array"],
    [{ x: { ...x, shape: [-3] } }, "[-3]: it holds"],
    [{ x: { ...x, dtype: "float64" } }, "as float64 [3]: it holds"],
    [{ x: { ...x, data: [0, 1, 2] } }, "3 elements of Array"],
  ];
  for (const [inputs, message] of refused) {
    await assertRejects(
      () => session.run(inputs as never),
      TypeError,
      message,
    );
  }
  await assertRejects(
    () => session.run({ x }, ["z"]),
    TypeError,
    "Cannot ask for the output z: there are y",
  );
  await session.close();
});

Deno.test("float16 inputs are refused by name under node, taken under web", async () => {
  const x = groklab.hostTensorOf("float16", [2], [0.5, -3]);
  const run = (runtime: "node" | "web") =>
    groklab.runTraced(({ x }) => ({ y: tf.add(x, x) }), { x }, { runtime });
  await assertRejects(
    () => run("node"),
    TypeError,
    "Cannot run with the input x in float16: the runtime node takes none",
  );
  const { y } = await run("web");
  assertEquals([y!.dtype, [...y!.data]], ["float16", [1, -6]]);
});

Deno.test("a weight whose elements are not its shape's is not written", () => {
  const x = { dtype: "float32", shape: [2], data: Float32Array.of(1) } as const;
  assertThrows(
    () => groklab.encodeTensors("weights", { x }),
    TypeError,
    "Cannot take the tensor value.x as float32 [2]: it holds 1 elements",
  );
});

Deno.test("closing twice does nothing, running afterwards is refused", async () => {
  const session = await groklab.openSession(model, { threads: 1 });
  await Promise.all([session.close(), session.close()]);
  await session.close();
  await assertRejects(
    () => session.run({ x: f32([3], [0, 1, 2]) }),
    Error,
    "closed",
  );
  const engine = await groklab.onnxEngine(experiment(), { threads: 1 });
  await engine.close();
  await engine.close();
  const eager = await groklab.tfjsEngine(experiment());
  await eager.close();
  await eager.close();
  const objective = groklab.openObjective(experiment(), undefined, {
    threads: 1,
  });
  await objective.loss(objective.at);
  await objective.close();
  await objective.close();
  const probed = new groklab.ProbeModel(model, "exp", { threads: 1 });
  await probed.run({ x: f32([3], [0, 1, 2]) });
  await probed.close();
  await probed.close();
  const scorer = new groklab.Scorer({ threads: 1 });
  await scorer[Symbol.asyncDispose]();
  await scorer[Symbol.asyncDispose]();
});
