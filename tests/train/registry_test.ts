/**
 * Everything that the registries of losses, optimizers and stages name, and what
 * models do in training only: replicas equal single runs, and the engines each
 * other.
 */

import { assert } from "@std/assert";
import { onnxBand, onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import {
  assertAgree,
  CASES,
  experimentOf,
  ROUNDING,
  run,
  STEPS,
} from "./_registry.ts";

for (const [name, config] of Object.entries(CASES)) {
  Deno.test(`replicas equal single runs with ${name}`, async () => {
    const wide = { precision: "float64", lossPrecision: "float64" } as const;
    const experiments = [0, 1].map((seed) =>
      experimentOf({ ...config, ...wide }, seed)
    );
    const engine = await onnxBand(experiments, { threads: 1 });
    const advances = await engine.advance(STEPS, STEPS);
    const now = await engine.at(STEPS);
    await engine.close();
    const single = await run(await onnxEngine(experiments[1]!, { threads: 1 }));
    const replica = { losses: advances[1]!.losses, state: now[1]!.state };
    assertAgree(replica, single, ROUNDING.float64);
    // Six steps of something.
    assert(single.losses.some((loss) => loss !== single.losses[0]));
  });

  Deno.test(`the engines agree with ${name}`, async () => {
    const experiment = experimentOf(config);
    assertAgree(
      await run(await tfjsEngine(experiment)),
      await run(await onnxEngine(experiment, { threads: 1 })),
      ROUNDING.float32,
    );
  });
}
