import { assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { valuesOf } from "../_golden.ts";

async function trained(config: ConfigInput) {
  const experiment = makeExperiment(resolveConfig({
    modulus: 7,
    hidden: [],
    optimizer: "sgd",
    perpGrad: false,
    lr: 0.5,
    ...config,
  }));
  const engine = await onnxEngine(experiment, { threads: 1 });
  const { losses } = await engine.advance(20, 10);
  const state = await engine.state();
  await engine.close();
  return { losses, W: valuesOf(state["params.layers.0.W"]) };
}

// Of a linear model, α·f(w) = f(αw): with u = αw, a step of dw = −η/α²·∂L/∂w is
// du = −η·∂L/∂u. By a power of two nothing is rounded.
Deno.test("--output-scale of a linear model is --init-scale, to the last bit", async () => {
  const plain = await trained({});
  const outside = await trained({ outputScale: 4 });
  const inside = await trained({ initScale: 4 });
  assertEquals(outside.losses, inside.losses);
  assertEquals(outside.W.map((x) => 4 * x), inside.W);
  assertEquals(plain.losses[0] === inside.losses[0], false);
});
