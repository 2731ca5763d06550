/** What a step is made of depends on where it runs. */

import { assertEquals } from "@std/assert";
import { resolveConfig } from "../../lib/config/config.ts";
import { traceStep } from "../../lib/engine/onnx/traced_step.ts";
import { initialState } from "../../lib/engine/state.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import type { SessionOptions } from "../../lib/onnx/runtime/options.ts";
import { nodesFor } from "../../lib/trace/graph_walk.ts";

Deno.test("rows are added where they belong by one thread alone", async () => {
  const experiment = makeExperiment(resolveConfig({ modulus: 5, hidden: [4] }));
  const state = await initialState(experiment);
  const adding = (options: SessionOptions) => {
    const { outputs } = traceStep(experiment, state, options);
    return nodesFor(outputs.map(([, value]) => value))
      .filter(({ attributes }) => attributes["reduction"] === "add").length;
  };
  assertEquals(adding({ threads: 1 }), 2);
  // Several threads would do so at once, and lose some; other devices have several.
  const others = [{ threads: 2 }, {}, {
    threads: 1,
    device: "webgpu",
  }] as const;
  for (const options of others) assertEquals(adding(options), 0);
});

Deno.test("a transformer looks scores up on a processor alone", async () => {
  const experiment = makeExperiment(resolveConfig({
    model: "transformer",
    modulus: 7,
    dModel: 4,
    heads: 2,
    dMlp: 4,
    trainFraction: 0.5,
  }));
  const state = await initialState(experiment);
  // The weights of each position; on a card this is more to launch.
  const split = (device: "cpu" | "cuda") => {
    const { outputs } = traceStep(experiment, state, { device });
    return nodesFor(outputs.map(([, value]) => value))
      .some(({ op }) => op === "Split");
  };
  assertEquals([split("cpu"), split("cuda")], [true, false]);
});
