/** Engines of one run that measure all its metrics. */

import { openBackend } from "../../lib/devices/tfjs/backends.ts";
import { alone, type Engine } from "../../lib/engine/engine.ts";
import { metered } from "../../lib/engine/metered.ts";
import { onnxBand } from "../../lib/engine/onnx/onnx_engine.ts";
import { tfjsBand } from "../../lib/engine/tfjs/tfjs_engine.ts";
import type { Experiment } from "../../lib/experiment/experiment.ts";

/** In ONNX Runtime. */
export async function meteredOnnx(experiment: Experiment): Promise<Engine> {
  const engine = await onnxBand([experiment], { threads: 1 });
  return alone(await metered(engine, [experiment]));
}

/** In TensorFlow.js. */
export async function meteredTfjs(experiment: Experiment): Promise<Engine> {
  const engine = await tfjsBand(experiment, await openBackend("cpu"));
  return alone(await metered(engine, [experiment]));
}
