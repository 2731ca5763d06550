/**
 * Probes of small networks whose numbers are computed here once more, by hand:
 * `nlm`'s steps and shares, the rows of `logit-scaling` where no power law holds,
 * and clusters of neurons that stand at every position of a transformer.
 */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import type { Examples } from "../../lib/data/dataset.ts";
import { datasetOf, splitOf } from "../../lib/experiment/split.ts";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../lib/numeric/tensor.ts";
import { ablation, type ProbeContext } from "../../lib/probes/mod.ts";
import { ask } from "../../lib/probes/asking/probe_checkpoint.ts";
import { logitScaling } from "../../lib/probes/loss/logit_scaling.ts";
import { clustersOf, spectrum2dOf } from "../../lib/probes/fourier/neurons.ts";
import { nlm } from "../../lib/probes/loss/nlm.ts";
import { contextOf } from "./_contexts.ts";

const norm = (x: readonly number[]) => Math.hypot(...x);
const near = (x: number | null | undefined, y: number, what?: string) =>
  assertAlmostEquals(x!, y, 1e-11 * Math.max(1, Math.abs(y)), what);
const weights = (context: ProbeContext, name: string) => [
  ...toNumbers(context.model.weight(name)!),
];

// Mean squared error of the linear model z = W[a] + W[p + b], and its gradient.
function linearModel({ inputs, labels }: Examples, p: number) {
  const n = labels.length;
  return (W: readonly number[]) => {
    let loss = 0;
    const gradient = W.map(() => 0);
    inputs.forEach(([a, b], i) => {
      for (let k = 0; k < p; k++) {
        const places = [a! * p + k, (p + b!) * p + k];
        const z = W[places[0]!]! + W[places[1]!]!;
        const residual = z - Number(k === labels[i]);
        loss += residual ** 2 / (n * p);
        for (const at of places) gradient[at]! += 2 * residual / (n * p);
      }
    });
    return { loss, gradient };
  };
}

for (const [lr, gains] of [[0.5, true], [1e4, false]] as const) {
  Deno.test(`nlm of a linear model at a rate of ${lr}: losses after each step, and what of the gain is scaling's`, async () => {
    const p = 5;
    const config: ConfigInput = {
      modulus: p,
      hidden: [],
      loss: "mse",
      optimizer: "sgd",
      perpGrad: false,
      trainFraction: 0.6,
      precision: "float64",
      lr,
    };
    const context = await contextOf(config);
    const at = linearModel(splitOf(resolveConfig(config)).train, p);
    const W = weights(context, "layers.0.W");
    const { loss, gradient } = at(W);
    const moved = (by: readonly number[]) =>
      at(W.map((w, i) => w + by[i]!)).loss;
    const { float64 } = await ask(nlm, context);
    near(float64.loss, loss);
    const along = gradient.map((g, i) => g * W[i]!)
      .reduce((a, b) => a + b) / norm(W);
    near(float64.cos, -along / norm(gradient));
    const lengths = [1e-3 * norm(W), 1e-2 * norm(W), lr * norm(gradient)];
    assertEquals(float64.steps.length, lengths.length);
    float64.steps.forEach((step, i) => {
      const s = lengths[i]!;
      near(step.length, s);
      near(step.relative_length, s / norm(W));
      const after = moved(gradient.map((g) => -s * g / norm(gradient)));
      const scaled = moved(W.map((w) => s * w / norm(W)));
      near(step.loss_after, after);
      near(step.loss_after_nlm, scaled);
      if (i < 2 || gains) {
        assertAlmostEquals(step.share!, (loss - scaled) / (loss - after), 1e-8);
      } else assertEquals(step.share, null); // The step loses.
    });
    assertEquals(float64.steps[2]!.loss_after! < loss, gains);
  });
}

Deno.test("logit-scaling of a network with biases: each α's logits, correlation, accuracy and loss", async () => {
  const config: ConfigInput = {
    task: "parity",
    bits: 5,
    parityBits: 2,
    samples: 20,
    hidden: [6],
    loss: "softmax",
    precision: "float64",
  };
  const context = await contextOf(config);
  const { inputs, labels } = datasetOf(resolveConfig(config));
  const [W0, b0, W1, b1] = ["0.W", "0.b", "1.W", "1.b"]
    .map((name) => weights(context, `layers.${name}`)) as [
      ...[number[], number[], number[], number[]],
    ];
  const logits = (alpha: number) =>
    inputs.map((x) => {
      const hidden = b0.map((b, j) =>
        Math.max(
          0,
          alpha * x.reduce((sum, v, i) => sum + v * W0[i * 6 + j]!, b),
        )
      );
      return b1.map((b, k) =>
        alpha * hidden.reduce((sum, h, j) => sum + h * W1[j * 2 + k]!, b)
      );
    });
  const mean = (x: readonly number[]) => x.reduce((a, b) => a + b) / x.length;
  const centred = (x: readonly number[]) => x.map((v) => v - mean(x));
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  const reference = centred(logits(1).flat());
  const { rows, homogeneous } = await ask(logitScaling, context);
  assertEquals(homogeneous, false);
  for (const row of rows) {
    const z = logits(row.alpha);
    const x = centred(z.flat());
    const r = dot(x, reference) / (norm(x) * norm(reference));
    near(row.correlation, r, `correlation at ${row.alpha}`);
    // What the test is about: no power law.
    assert(row.alpha === 1 ? r > 1 - 1e-12 : r < 0.999, `${r}`);
    near(row.logit_rms, norm(z.flat()) / Math.sqrt(z.flat().length));
    near(row.logit_scale, mean(z.map((z) => Math.max(...z.map(Math.abs)))));
    near(
      row.accuracy,
      mean(z.map(([a, b], i) => Number(Number(b! > a!) === labels[i]))),
    );
    near(
      row.loss,
      mean(
        z.map((z, i) =>
          Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0)) - z[labels[i]!]!
        ),
      ),
    );
  }
});

const SMALL: ConfigInput = {
  model: "transformer",
  modulus: 5,
  trainFraction: 0.5,
  dModel: 8,
  heads: 2,
  dMlp: 12,
  precision: "float64",
};

for (const ablateBy of ["zero", "mean"] as const) {
  Deno.test(`ablation: a cluster by ${ablateBy} is gone at the last position, whatever stands at the others`, async () => {
    const context = await contextOf(SMALL);
    const hook = "blocks.0.mlp.hook_post";
    // So low a share that every neuron belongs to a frequency.
    const settings = { ablateBy, keyFrequencies: [1], neuronShare: 1e-6 };
    const { ablations } = await ask(ablation, context, settings);
    const clusters = clustersOf(await spectrum2dOf(context, hook), 1e-6);
    const found = ablations.filter(({ kind }) => kind === "cluster");
    assertEquals(
      found.map(({ part }) => part),
      clusters.map(({ frequency, neurons }) =>
        `blocks.0.mlp k=${frequency} (${neurons.length} neurons)`
      ),
    );
    assert(clusters.length > 1);
    const { shape, data } = await context.activation(hook);
    const [count, positions, width] = shape as [number, number, number];
    // One layer: only what the last position's neurons add is read.
    const lastMean = (j: number) => {
      let sum = 0;
      for (let row = 0; row < count; row++) {
        sum += Number(data[(row * positions + positions - 1) * width + j]);
      }
      return sum / count;
    };
    for (const [i, { neurons }] of clusters.entries()) {
      const W = weights(context, "blocks.0.mlp.W_out");
      const b = weights(context, "blocks.0.mlp.b_out");
      for (const j of neurons) {
        for (let k = 0; k < b.length; k++) {
          const at = j * b.length + k;
          if (ablateBy === "mean") b[k]! += lastMean(j) * W[at]!;
          W[at] = 0;
        }
      }
      const f64 = (shape: number[], values: number[]): HostTensor =>
        hostTensorOf("float64", shape, values);
      const other = await contextOf(SMALL, {
        "blocks.0.mlp.W_out": f64([width, b.length], W),
        "blocks.0.mlp.b_out": f64([b.length], b),
      });
      const { whole } = await ask(ablation, other, settings);
      const { scores } = found[i]!;
      near(scores.all.loss, whole.all.loss, found[i]!.part);
      near(scores.train!.loss, whole.train!.loss);
      near(scores.test!.loss, whole.test!.loss);
    }
  });
}

Deno.test("ablation: the embedding loses the frequency n/2, which has no sine, and nothing else", async () => {
  const p = 8;
  const wave = (k: number, phase = 0) => (x: number) =>
    Math.cos(2 * Math.PI * k * (x % p) / p + phase);
  const columns = [[0.5, 1, 0.3], [-0.25, 2, 1.1], [1, -1, 2]];
  const network = (half: number) =>
    contextOf(
      { modulus: p, hidden: [3], trainFraction: 0.5, precision: "float64" },
      {
        "layers.0.W": hostTensorOf(
          "float64",
          [2 * p, 3],
          Array.from({ length: 2 * p }, (_, x) =>
            columns.map(([a, b, phase]) =>
              0.7 + half * a! * wave(4)(x) + b! * wave(1, phase)(x)
            )).flat(),
        ),
      },
    );
  const settings = { keyFrequencies: [4] };
  const { ablations } = await ask(ablation, await network(1), settings);
  const { whole } = await ask(ablation, await network(0), settings);
  const found = ablations.find(({ kind }) => kind === "frequency of embedding");
  near(found!.scores.all.loss, whole.all.loss);
  near(found!.scores.test!.loss, whole.test!.loss);
});
