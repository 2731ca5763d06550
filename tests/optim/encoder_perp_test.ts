/**
 * ⊥Grad of the encoder's attention held to PyTorch
 * (tests/golden/optim/make_encoder_perp.py): Q, K and V as one tensor, or apart; and
 * what configs of before there was a choice mean.
 */

import { assert, assertEquals } from "@std/assert";
import {
  type Config,
  type ConfigInput,
  defaults,
  idleKeys,
  resolveConfig,
} from "../../lib/config/config.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { initialState } from "../../lib/engine/state.ts";
import {
  makeExperiment,
  optimizerOf,
} from "../../lib/experiment/experiment.ts";
import {
  type HostTensor,
  hostTensorOf,
  sizeOf,
} from "../../lib/numeric/tensor.ts";
import { assertClose, golden, valuesOf } from "../_golden.ts";
import { take } from "./_steps.ts";

interface Golden {
  readonly config: ConfigInput & { readonly steps: number };
  readonly shapes: Record<string, number[]>;
  readonly tokens: number[][];
  readonly labels: number[];
  readonly runs: readonly {
    readonly projections: "joint" | "apart";
    readonly optimizer: "adamw" | "sgd";
    readonly params: Record<string, number[]>;
    readonly losses: number[];
    readonly final: Record<string, number[]>;
  }[];
}

const { config, shapes, tokens, labels, runs } = await golden<Golden>(
  "optim/encoder_perp",
);
const OPTIMIZERS = {
  adamw: { lr: 0.02, beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0.1 },
  sgd: { lr: 0.5, momentum: 0.8 },
};

const small: ConfigInput = {
  ...config,
  model: "encoder",
  dropout: 0,
  loss: "softmax",
  precision: "float64",
  lossPrecision: "float64",
};

/** Trains from PyTorch's parameters on all pairs. */
async function trained(
  config: Config,
  params: Golden["runs"][number]["params"],
) {
  const examples = { inputs: tokens, labels };
  const experiment = {
    ...makeExperiment(config),
    split: { train: examples, test: examples, classes: 5 },
  };
  const state = { ...await initialState(experiment) };
  for (const [path, values] of Object.entries(params)) {
    const shape = shapes[path]!;
    assertEquals(state[`params.${path}`]!.shape, shape, path);
    assertEquals(values.length, sizeOf(shape));
    state[`params.${path}`] = hostTensorOf(
      "float64",
      shape,
      values.map(Math.fround),
    );
  }
  const engine = await onnxEngine(experiment, { threads: 1 }, {
    step: 0,
    state,
  });
  try {
    const { losses } = await engine.advance(config.steps, 100);
    return { losses, state: await engine.state() };
  } finally {
    await engine.close();
  }
}

// Five steps of float64; Adam makes steps of gradients that may be small.
const CLOSE = { relative: 1e-8, absolute: 1e-9 };

for (const { projections, optimizer, params, losses, final } of runs) {
  Deno.test(`⊥${optimizer} of the encoder, projections ${projections}, agrees with PyTorch`, async () => {
    const whole = resolveConfig({
      ...small,
      optimizer,
      ...OPTIMIZERS[optimizer],
      // Joint is what the encoder has by itself.
      ...(projections === "apart" && { perpProjections: "apart" }),
    });
    const made = await trained(whole, params);
    assertClose(made.losses, losses, CLOSE, "losses");
    for (const [path, values] of Object.entries(final)) {
      assertClose(
        valuesOf(made.state[`params.${path}`]!),
        values,
        CLOSE,
        path,
      );
    }
  });
}

Deno.test("⊥ of the update takes what is joint as one, too", async () => {
  const update = async (perpProjections: Config["perpProjections"]) => {
    const optimizer = optimizerOf(resolveConfig({
      model: "encoder",
      perpAt: "update",
      perpProjections,
      optimizer: "sgd",
      precision: "float64",
      lr: 1,
    }));
    const { updates } = await take(optimizer, weights, [gradients]);
    const along = (name: string) =>
      valuesOf(weights.attn[name]!).reduce(
        (sum, x, i) => sum + x * valuesOf(updates[0]![`attn.${name}`]!)[i]!,
        0,
      );
    return Object.keys(weights.attn).map(along);
  };
  const none = { relative: 0, absolute: 1e-12 };
  const [q, k, v, o] = await update(null);
  assertClose([q! + k! + v!, o!], [0, 0], none, "joint");
  assert(Math.min(Math.abs(q!), Math.abs(k!), Math.abs(v!)) > 1e-3);
  assertClose(await update("apart"), [0, 0, 0, 0], none, "apart");
});

const tensors = (seed: number): Record<string, HostTensor> =>
  Object.fromEntries(
    ["W_Q", "W_K", "W_V", "W_O"].map((name, i) => [
      name,
      hostTensorOf(
        "float64",
        [2, 3],
        Array.from({ length: 6 }, (_, j) => Math.sin(seed + 7 * i + j * j)),
      ),
    ]),
  );
const [weights, gradients] = [{ attn: tensors(1) }, { attn: tensors(2) }];

// A config.json as it was before there was a choice.
const older = (input: ConfigInput) => {
  const { perpProjections: _, ...rest } = resolveConfig(input);
  return rest;
};

Deno.test("resolveConfig() reads a whole config of the encoder without the key as what it was: apart", () => {
  const old = older({ model: "encoder" });
  assertEquals(resolveConfig(old).perpProjections, "apart");
  // And again the same.
  assertEquals(resolveConfig(resolveConfig(old)), resolveConfig(old));
  // Where it makes no difference, nothing is said.
  assertEquals(resolveConfig(older({})).perpProjections, null);
  assertEquals(
    resolveConfig(older({ model: "transformer" })).perpProjections,
    null,
  );
});

Deno.test("resolveConfig() reads what is new, or a part of a config, by the model's own", () => {
  for (
    const input of [
      { model: "encoder" },
      { ...defaults, model: "encoder" },
      resolveConfig({ model: "encoder" }),
    ] satisfies ConfigInput[]
  ) assertEquals(resolveConfig(input).perpProjections, null);
});

Deno.test("a config of an older encoder makes the numbers that it made", async () => {
  const { params, losses } = runs.find(({ projections }) =>
    projections === "apart"
  )!;
  const old = older({ ...small, optimizer: "sgd", ...OPTIMIZERS.sgd });
  const made = await trained(resolveConfig(old), params);
  assertClose(made.losses, losses, CLOSE, "losses");
});

Deno.test("perpProjections says nothing without attention, ⊥Grad or its scope per tensor", () => {
  const idle = (input: ConfigInput) =>
    idleKeys(resolveConfig(input)).includes("perpProjections");
  assertEquals(idle({ model: "encoder" }), false);
  assertEquals(idle({ model: "transformer", perpAt: "update" }), false);
  assertEquals(idle({}), true);
  assertEquals(idle({ model: "encoder", perpGrad: false }), true);
  assertEquals(idle({ model: "encoder", perpScope: "global" }), true);
});
