/**
 * Fifty steps of every loss × optimizer × model, in float32 and float64, held to
 * PyTorch's own optimizers and autograd.
 */

import { assertEquals } from "@std/assert";
import { leavesOf, type Tree, treeOf } from "../../lib/base/tree.ts";
import {
  defaults,
  definitionsOf,
  resolveConfig,
} from "../../lib/config/config.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import type { Experiment } from "../../lib/experiment/experiment.ts";
import { losses, type LossName } from "../../lib/losses/mod.ts";
import {
  type FloatDType,
  type HostTensor,
  hostTensorOf,
} from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import {
  chain,
  type OptimizerName,
  optimizers,
  perpGrad,
} from "../../lib/optim/mod.ts";
import { mlp } from "../../models/mlp.ts";
import { type Model, noHook } from "../../models/model.ts";
import { transformer } from "../../models/transformer.ts";
import {
  assertClose,
  golden,
  tensorOf,
  type Tolerance,
  valuesOf,
} from "../_golden.ts";

type ModelName = "mlp" | "mlp_bias" | "transformer";

interface Golden {
  readonly optimizers: Readonly<
    Record<string, {
      kind: OptimizerName;
      lr: number;
      momentum?: number;
      betas?: [number, number];
      eps?: number;
      weight_decay: number;
    }>
  >;
  readonly models: Readonly<
    Record<ModelName, {
      inputs: number[][];
      labels: number[];
      shapes: Record<string, number[]>;
      init: Record<string, number[]>;
      logits_float64: number[][];
      gradients_float64: Record<string, Record<string, number[]>>;
    }>
  >;
  readonly runs: readonly {
    readonly model: ModelName;
    readonly loss: LossName;
    readonly loss_precision: FloatDType;
    readonly optimizer: string;
    readonly perp: boolean;
    readonly perp_scope: "tensor" | "global";
    readonly perp_renormalise: boolean;
    readonly warmup: number;
    readonly dtype: "float32" | "float64";
    readonly steps: number;
    readonly losses: number[];
    readonly final: Record<
      string,
      { sum: number; sum_squares: number; first: number[] }
    >;
  }[];
}

const { optimizers: constants, models, runs } = await golden<Golden>(
  "trajectories",
);

const architectures = {
  mlp: mlp({
    input: { kind: "tokens", vocabulary: 7, length: 2 },
    hidden: [8, 6],
    classes: 7,
    biases: false,
  }),
  mlp_bias: mlp({
    input: { kind: "numbers", width: 9, name: "bits" },
    hidden: [8, 6],
    classes: 2,
    biases: true,
  }),
  transformer: transformer({
    vocabulary: 6,
    length: 3,
    classes: 5,
    dModel: 8,
    heads: 2,
    dMlp: 16,
  }),
} as unknown as Record<ModelName, Model>;

function paramsOf(name: ModelName, dtype: FloatDType): Tree<HostTensor> {
  const { init, shapes } = models[name];
  // The file has the shortest decimals that name a float32.
  return treeOf(
    Object.entries(init).map(([path, values]) =>
      [
        path,
        hostTensorOf(dtype, shapes[path]!, values.map(Math.fround)),
      ] as const
    ),
  );
}

type Run = Omit<Golden["runs"][number], "losses" | "final">;

function experimentOf(run: Run): Experiment {
  const { inputs, labels } = models[run.model];
  const { kind, lr, betas, eps, momentum, weight_decay } =
    constants[run.optimizer]!;
  const options = {
    ...defaults,
    perpGrad: false,
    lr,
    weightDecay: weight_decay,
    momentum: momentum ?? 0,
    beta1: betas?.[0] ?? 0,
    beta2: betas?.[1] ?? 0,
    eps: eps ?? 0,
    warmup: run.warmup,
  };
  const base = optimizers[kind].make(options);
  const examples = { inputs, labels };
  const config = resolveConfig({
    loss: run.loss,
    lossPrecision: run.loss_precision,
    precision: run.dtype,
  });
  return {
    config,
    definitions: definitionsOf(config),
    split: { train: examples, test: examples },
    model: architectures[run.model],
    loss: losses[run.loss].make(defaults),
    optimizer: run.perp
      ? chain(
        perpGrad({ scope: run.perp_scope, renormalise: run.perp_renormalise }),
        base,
      )
      : base,
    params: paramsOf(run.model, run.dtype),
  };
}

// Where a float32 is rounded at every step, runs part by what one last place at
// the start grows to in fifty steps (see make_golden.py); in float64 throughout
// nothing is rounded that shows.
function toleranceOf(run: Run): { losses: Tolerance; params: Tolerance } {
  if (run.dtype === "float64" && run.loss_precision === "float64") {
    const tight = { relative: 1e-11, absolute: 1e-12 };
    return { losses: tight, params: tight };
  }
  return {
    losses: { relative: 1e-5, absolute: 1e-7 },
    params: { relative: 1e-4, absolute: 1e-4 },
  };
}

function titleOf(run: Run): string {
  const perp = run.perp
    ? ` ⊥${run.perp_scope}${run.perp_renormalise ? "" : " not renormalised"}`
    : "";
  return `${run.model} ${run.dtype} · ${run.loss} ${run.loss_precision} · ` +
    `${run.optimizer}${perp}${run.warmup ? " with warm-up" : ""}`;
}

for (const runtime of ["node", "web"] as const) {
  for (const run of runs) {
    const title = `${titleOf(run)}, ${runtime}`;
    Deno.test(`${run.steps} steps as in PyTorch: ${title}`, async () => {
      const engine = await onnxEngine(experimentOf(run), {
        threads: 1,
        runtime,
      });
      try {
        const { losses } = await engine.advance(run.steps, run.steps);
        const tolerance = toleranceOf(run);
        assertClose(losses, run.losses, tolerance.losses, "losses");
        const state = await engine.state();
        for (const [path, expected] of Object.entries(run.final)) {
          const w = valuesOf(state[`params.${path}`]);
          const sum = w.reduce((a, b) => a + b, 0);
          const squares = w.reduce((a, b) => a + b * b, 0);
          assertClose(
            [...w.slice(0, 3), sum, squares],
            [...expected.first, expected.sum, expected.sum_squares],
            tolerance.params,
            path,
          );
        }
      } finally {
        await engine.close();
      }
    });
  }
}

for (const name of Object.keys(models) as ModelName[]) {
  const reference = models[name];
  const inputs = name === "mlp_bias"
    ? tensorOf("float32", reference.inputs)
    : tensorOf("int64", reference.inputs);

  Deno.test(`${name} computes PyTorch's logits`, async () => {
    const params = paramsOf(name, "float64");
    const { logits } = await runTraced(({ params, inputs }) => ({
      logits: architectures[name].apply(
        params,
        inputs,
        noHook,
      ),
    }), { params, inputs });
    assertEquals(logits!.dtype, "float64");
    assertClose(
      valuesOf(logits),
      reference.logits_float64.flat(),
      { relative: 1e-12, absolute: 1e-13 },
      "logits",
    );
  });

  for (const [key, expected] of Object.entries(reference.gradients_float64)) {
    Deno.test(`${name} has PyTorch's ${key} gradients`, async () => {
      // One step of plain gradient descent moves the weights by −lr·g.
      const experiment = experimentOf({
        model: name,
        loss: key.split("/")[0] as LossName,
        loss_precision: "float64",
        optimizer: "sgd",
        perp: false,
        perp_scope: "tensor",
        perp_renormalise: true,
        warmup: 0,
        dtype: "float64",
        steps: 1,
      });
      const lr = constants["sgd"]!.lr;
      const engine = await onnxEngine(experiment, { threads: 1 });
      await engine.advance(1, 1);
      const next = await engine.state();
      await engine.close();
      for (const [path, gradient] of Object.entries(expected)) {
        const before = valuesOf(leafOf(experiment.params, path));
        const after = valuesOf(next[`params.${path}`]);
        assertClose(
          after.map((x, i) => (before[i]! - x) / lr),
          gradient,
          { relative: 1e-12, absolute: 1e-14 },
          path,
        );
      }
    });
  }
}

const leafOf = (params: Tree<HostTensor>, path: string) =>
  new Map(leavesOf<HostTensor>(params)).get(path);
