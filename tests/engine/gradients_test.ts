/**
 * The whole gradient, from the mean loss through the model to every weight, held
 * to finite differences in float64.
 */

import * as tf from "@tensorflow/tfjs-core";
import { randomKey } from "../../lib/numeric/random.ts";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { losses, type LossName, meanLoss } from "../../lib/losses/mod.ts";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";
import type { Params } from "../../lib/optim/mod.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { type Batch, hostBatch } from "../../models/batch.ts";
import { buffersOf, withBuffers } from "../../models/buffers.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import type { Mode } from "../../models/training_mode.ts";
import { leavesOf, treeOf } from "../../lib/base/tree.ts";
import { noHook } from "../../models/model.ts";
import { assertClose, valuesOf } from "../_golden.ts";

const tiny = { modulus: 5, dModel: 8, heads: 2, dMlp: 12, dFf: 12 } as const;

const models: Record<string, ConfigInput> = {
  "MLP": { modulus: 5, hidden: [7, 6] },
  "MLP with biases": { task: "parity", bits: 6, samples: 20, hidden: [7] },
  "MLP with an embedding": { modulus: 5, hidden: [7], embedding: 3 },
  "MLP with batch normalisation": {
    modulus: 5,
    hidden: [7, 6],
    batchNorm: true,
  },
  "transformer": { ...tiny, model: "transformer" },
  "transformer of 2 layers, pre-norm, StableMax": {
    ...tiny,
    model: "transformer",
    layers: 2,
    norm: "pre",
    attention: "stablemax",
  },
  "encoder": { ...tiny, model: "encoder" },
};

// As in training, but nothing is dropped.
const training: Mode = {
  mask: (_name, _rate, shape) => tf.ones([...shape]),
  update: () => {},
};

for (const [name, config] of Object.entries(models)) {
  for (const loss of Object.keys(losses) as LossName[]) {
    Deno.test(`${loss} through the ${name}: gradients are finite differences`, async () => {
      const experiment = makeExperiment(
        resolveConfig({ ...config, loss, precision: "float64" }),
      );
      const { model, params, split } = experiment;
      const { inputs, labels } = hostBatch(split.train, model);
      const leaves = leavesOf<HostTensor>(params);
      const lossOf = meanLoss(experiment.loss, "float64");
      const buffers = buffersOf(experiment);
      type Given = Record<"params" | "buffers", Params> & Batch;
      const f = ({ params, buffers, inputs, labels }: Given) =>
        lossOf(
          model.apply(withBuffers(params, buffers), inputs, noHook, training),
          labels as tf.Tensor1D,
        );

      // The loss at many points at once would be another program than the one
      // that trains; one point a run is slow, so a few directions are enough.
      const stream = randomKey(0)("directions");
      const directions = [0, 1, 2].map(() =>
        leaves.map(([, { shape, data }]) =>
          hostTensorOf(
            "float64",
            shape,
            Array.from({ length: data.length }, stream.normal),
          )
        )
      );
      const valueAt = async (direction: readonly HostTensor[], h: number) => {
        const moved = leaves.map(([path, leaf], i) => {
          const d = valuesOf(direction[i]);
          const values = valuesOf(leaf).map((x, j) => x + h * d[j]!);
          return [path, hostTensorOf("float64", leaf.shape, values)] as const;
        });
        const { value } = await runTraced(
          (given) => ({ value: f(given as unknown as Given) }),
          { params: treeOf(moved), buffers, inputs, labels },
        );
        return valuesOf(value)[0]!;
      };
      const gradient = await runTraced((given) => {
        const tensors = leavesOf<tf.Tensor>(given.params);
        const grads = tf.grads((...weights: tf.Tensor[]) => {
          const moved = tensors.map(([path], i) =>
            [path, weights[i]!] as const
          );
          return f({ ...given, params: treeOf(moved) } as unknown as Given);
        })(tensors.map(([, tensor]) => tensor));
        return Object.fromEntries(grads.map((g, i) => [String(i), g]));
      }, { params, buffers, inputs, labels });

      for (const direction of directions) {
        const slope = direction.reduce((sum, d, i) => {
          const g = valuesOf(gradient[String(i)]);
          return sum + valuesOf(d).reduce((s, x, j) => s + x * g[j]!, 0);
        }, 0);
        // Small enough that no unit crosses its ReLU's kink.
        const h = 1e-6;
        const difference =
          (await valueAt(direction, h) - await valueAt(direction, -h)) /
          (2 * h);
        assertClose(
          [slope],
          [difference],
          { relative: 1e-7, absolute: 1e-9 },
          "slope",
        );
      }
    });
  }
}
