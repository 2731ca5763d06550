/** The random bits of a step's graph: by what operators, how often, and whose. */

import { assert, assertEquals } from "@std/assert";
import type { ConfigInput } from "../../lib/config/config.ts";
import { resolveConfig } from "../../lib/config/config.ts";
import { loopStep, traceStep } from "../../lib/engine/onnx/traced_step.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import { initialState } from "../../lib/engine/state.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import type { Graph } from "../../lib/trace/graph.ts";
import { nodesFor } from "../../lib/trace/graph_walk.ts";

const SMALL = { modulus: 5, hidden: [6, 6], dropout: 0.2, steps: 20 };

const operatorsOf = ({ outputs }: Graph) =>
  nodesFor(outputs.map(([, value]) => value)).map(({ op }) => op);

for (const replicas of [1, 2]) {
  Deno.test(`on a card no step of ${replicas} has an operator on bits; the masks of a step are one draw`, async () => {
    const group = Array.from(
      { length: replicas },
      (_, seed) =>
        makeExperiment(resolveConfig({ ...SMALL, batchSize: 8, seed })),
    );
    const state = await initialState(group[0]!);
    const bits = async (device: "cpu" | "cuda") =>
      operatorsOf(await loopStep(group, state, { device }))
        .filter((op) => /^Bit/.test(op));
    // Three rotations for two masks, another three and a shift for the order.
    assertEquals(await bits("cpu"), Array(7).fill("BitShift"));
    assertEquals(await bits("cuda"), []);
  });
}

Deno.test("a step by Threefry is made of operators on bits", async () => {
  const config = resolveConfig({ ...SMALL, generator: "threefry" });
  const experiment = makeExperiment(config);
  const graph = traceStep(experiment, await initialState(experiment));
  assert(operatorsOf(graph).includes("BitwiseXor"));
});

async function lossesOf(input: object, engine: "onnx" | "tfjs") {
  const experiment = makeExperiment(resolveConfig(input));
  const made =
    await (engine === "onnx"
      ? onnxEngine(experiment, { threads: 1 })
      : tfjsEngine(experiment));
  const { losses } = await made.advance(4, 20);
  await made.close();
  return losses;
}

const CASES: readonly ConfigInput[] = [
  { ...SMALL },
  { ...SMALL, dropout: 0, batchSize: 4 },
];

for (const input of CASES) {
  Deno.test(`a run that was recorded before goes on by Threefry: ${JSON.stringify(input)}`, async () => {
    const config = resolveConfig(input);
    const { generator: _, ...old } = JSON.parse(JSON.stringify(config));
    for (const engine of ["onnx", "tfjs"] as const) {
      const losses = await lossesOf(old, engine);
      assertEquals(
        losses,
        await lossesOf({ ...input, generator: "threefry" }, engine),
      );
      const today = await lossesOf(input, engine);
      assert(today.some((loss, i) => loss !== losses[i]), engine);
    }
  });
}
