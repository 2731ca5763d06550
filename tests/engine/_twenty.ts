/**
 * Twenty steps of small experiments on a backend of TensorFlow.js, in this
 * process or, as a program, in one of its own: some backends crash beside
 * others.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import type { Engine, Evaluation } from "../../lib/engine/engine.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import { NODE_VARIABLES } from "../../lib/devices/tfjs/node.ts";
import type { BackendName } from "../../lib/settings/devices.ts";
import { valuesOf } from "../_golden.ts";

/** An experiment of every kind at a size that takes no time. */
export const SMALL = {
  modulus: 11,
  hidden: [24, 20],
  dModel: 16,
  heads: 2,
  dMlp: 32,
  dFf: 32,
  bits: 12,
  samples: 200,
} satisfies ConfigInput;

/** What is trained. */
export const cases: Readonly<Record<string, ConfigInput>> = {
  "MLP, StableMax, ⊥AdamW": {},
  "MLP, softmax, AdamW": { loss: "softmax", perpGrad: false, weightDecay: 0.1 },
  "MLP with biases, ⊥SGD": { biases: true, optimizer: "sgd", lr: 0.1 },
  "transformer, StableMax, ⊥AdamW": { model: "transformer", lr: 1e-3 },
  "transformer, softmax, Adam": {
    model: "transformer",
    loss: "softmax",
    optimizer: "adam",
    perpGrad: false,
    lr: 1e-3,
    warmup: 10,
  },
  "parity, softmax, ⊥AdamW": { task: "parity", loss: "softmax" },
  "MLP with an embedding": { embedding: 6 },
  "transformer of 2 layers, pre-norm": {
    model: "transformer",
    layers: 2,
    norm: "pre",
    lr: 1e-3,
  },
  // Softmax does not see a bias of the keys, which moves all scores of a query
  // alike: its gradient is rounding, and Adam would make updates of that.
  "encoder, StableMax attention": {
    model: "encoder",
    attention: "stablemax",
    lr: 1e-3,
  },
};

/** What twenty steps gave. */
export interface Trained {
  readonly losses: readonly number[];
  readonly evaluations: readonly Evaluation[];
  readonly state: Readonly<Record<string, readonly number[]>>;
}

/** The experiment of a case. */
export function experimentOf(config: ConfigInput) {
  return makeExperiment(resolveConfig({ ...SMALL, ...config }));
}

/** Makes twenty steps, evaluating every fifth, and closes the engine. */
export async function twenty(engine: Engine): Promise<Trained> {
  const { losses, evaluations } = await engine.advance(20, 5);
  const last = await engine.evaluate();
  const tensors = await engine.state();
  await engine.close();
  const state = Object.fromEntries(
    Object.entries(tensors).map((
      [name, tensor],
    ) => [name, [...valuesOf(tensor)]]),
  );
  return { losses, evaluations: [...evaluations, last], state };
}

/** All cases on a backend, by name, in a process of its own. */
export async function twentyApart(
  backend: BackendName,
): Promise<Record<string, Trained>> {
  const { code, signal, stdout, stderr } = await new Deno.Command(
    Deno.execPath(),
    {
      args: [
        "run",
        "--no-prompt",
        "--allow-read",
        "--allow-ffi",
        `--allow-env=${NODE_VARIABLES.join(",")}`,
        fileURLToPath(import.meta.url),
        backend,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    },
  ).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals([code, signal], [0, null], said);
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (import.meta.main) {
  const results: Record<string, Trained> = {};
  for (const [name, config] of Object.entries(cases)) {
    results[name] = await twenty(
      await tfjsEngine(experimentOf(config), Deno.args[0]!),
    );
  }
  console.log(JSON.stringify(results));
  Deno.exit(); // A WebGPU device would keep the program alive.
}
