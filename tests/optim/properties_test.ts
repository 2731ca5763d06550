/**
 * What every transformation must do, run over all that a config can name and the
 * pieces that they are made of.
 */

import { assert, assertEquals } from "@std/assert";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { leavesOf, mapTree, type Tree, treeOf } from "../../lib/base/tree.ts";
import {
  type Config,
  type ConfigInput,
  resolveConfig,
} from "../../lib/config/config.ts";
import { optimizerOf } from "../../lib/experiment/experiment.ts";
import type { HostTensor } from "../../lib/numeric/tensor.ts";
import { encodeTensors } from "../../lib/onnx/file/metadata.ts";
import { decodeModel, hostTensor } from "../../lib/onnx/file/model.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import {
  type GradientTransformation,
  type OptimizerName,
  optimizers,
  type Params,
  perpGrad,
  scaleByLearningRate,
  stages,
  stepDecay,
} from "../../lib/optim/mod.ts";
import { assertClose, tensorOf, valuesOf } from "../_golden.ts";
import { stageConfigs, type StageName } from "./_stages.ts";
import { take } from "./_steps.ts";

const stageOf = (name: StageName): GradientTransformation => {
  const config = resolveConfig(stageConfigs[name]);
  const { make } = stages[name] as {
    make(config: Config): GradientTransformation;
  };
  return make(config);
};

const plain: ConfigInput = { perpGrad: false, lr: 0.1 };
const names = Object.keys(optimizers) as OptimizerName[];
const of = (config: ConfigInput) => optimizerOf(resolveConfig(config));

const transformations: Record<string, GradientTransformation> = {
  ...Object.fromEntries(names.flatMap((optimizer) => [
    [optimizer, of({ ...plain, optimizer })],
    [`⊥${optimizer}`, of({ ...plain, optimizer, perpGrad: true })],
  ])),
  "⊥ of muon's update": of({
    optimizer: "muon",
    perpAt: "update",
    perpScope: "global",
  }),
  "sgd with everything": of({
    ...plain,
    optimizer: "sgd",
    momentum: 0.9,
    schedule: "cosine",
    warmup: 2,
    lrOverGradientNorm: true,
    clipNorm: 1,
    clipValue: 0.5,
    grokfast: "ema",
    constantNorm: true,
  }),
  "sgd over the growth of the norm": of({
    ...plain,
    optimizer: "sgd",
    momentum: 0.9,
    lrOverGradientNorm: true,
    gradientNormUnit: "first",
  }),
  "sgd with independent decay, scheduled, over the norm": of({
    ...plain,
    optimizer: "sgd",
    schedule: "cosine",
    warmup: 2,
    lrOverGradientNorm: true,
    weightDecayKind: "independent",
  }),
  "rmsprop with momentum": of({
    ...plain,
    optimizer: "rmsprop",
    momentum: 0.5,
  }),
  "a schedule of steps": scaleByLearningRate(0.1, stepDecay(2, 0.5)),
  "perpGrad() over all": perpGrad({ scope: "global", renormalise: false }),
  ...Object.fromEntries(
    Object.keys(stages).map((name) => [
      `stage ${name}`,
      stageOf(name as StageName),
    ]),
  ),
};

type Float = "float32" | "float64";

/** Parameters of several shapes, zeros among them, made by a function of places. */
function made(f: (place: number) => number, dtype: Float = "float64") {
  let place = 0;
  const next = () => f(place++);
  const rows = (m: number, n: number) =>
    Array.from({ length: m }, () => Array.from({ length: n }, next));
  return {
    a: tensorOf(dtype, rows(2, 3)),
    b: { c: tensorOf(dtype, rows(1, 2)[0]!), d: tensorOf(dtype, rows(3, 1)) },
  };
}
const params = (dtype?: Float) =>
  made((i) => i === 7 ? 0 : 2 * Math.cos(3 * i + 1), dtype);
const gradient = (t: number, dtype?: Float) =>
  made((i) => i === 2 ? 0 : Math.sin(5 * i + t) / (t + 1), dtype);
const gradients = (count: number, dtype?: Float) =>
  Array.from({ length: count }, (_, t) => gradient(t, dtype));
const zeros = made(() => 0);

const specs = (tensors: Record<string, HostTensor>) =>
  Object.entries(tensors).map(([path, { shape, dtype }]) => [
    path,
    [...shape],
    dtype,
  ]);
const byPath = (tree: Tree<HostTensor>) =>
  Object.fromEntries(leavesOf<HostTensor>(tree));

/** A state as it comes back from the file that it is saved in. */
function throughFile(state: Record<string, HostTensor>) {
  // Of a state without tensors there is no file.
  if (Object.keys(state).length === 0) return state;
  const bytes = encodeTensors("optimizer", state);
  const { graph } = decodeModel(bytes, "optimizer");
  const tensors = Object.fromEntries(
    graph!.initializer.map((proto) => [
      proto.name.replace(/^value\./, ""),
      hostTensor(proto),
    ]),
  );
  assertEquals(tensors, state);
  return tensors;
}

for (const [name, transformation] of Object.entries(transformations)) {
  Deno.test(`${name} keeps the structure of updates and of its state`, async () => {
    for (const dtype of ["float32", "float64"] as const) {
      const w = params(dtype);
      const [first, second] = [1, 2].map((count) =>
        take(transformation, w, gradients(count, dtype))
      );
      const { updates, state } = await first!;
      assertEquals(specs(updates[0]!), specs(byPath(w)));
      assertEquals(specs((await second!).state), specs(state));
      const start = await runTraced(({ w }) => transformation.init(w), { w });
      assertEquals(specs(start), specs(state));
    }
  });

  Deno.test(`${name} is pure`, () => {
    tf.setBackend("cpu");
    const load = (tree: Tree<HostTensor>) =>
      mapTree<HostTensor, tf.Tensor, Tree<HostTensor>>(
        tree,
        ({ shape, data }) =>
          tf.tensor(Float32Array.from(data as never), [...shape]),
      ) as Params;
    const read = (...trees: Params[]) =>
      trees.map((tree) =>
        leavesOf<tf.Tensor>(tree).map(([path, x]) => [path, x.dataSync()])
      );
    tf.tidy(() => {
      const [w, g] = [load(params("float32")), load(gradient(0, "float32"))];
      const [, state] = transformation.update(g, transformation.init(w), w);
      const before = structuredClone(read(w, g, state));
      const first = read(...transformation.update(g, state, w));
      const second = read(...transformation.update(g, state, w));
      assertEquals(second, first);
      assertEquals(read(w, g, state), before);
    });
  });

  Deno.test(`${name} goes on from a file as if it had not stopped`, async () => {
    const all = gradients(5);
    const straight = await take(transformation, params(), all);
    const begun = await take(transformation, params(), all.slice(0, 3));
    const resumed = await take(
      transformation,
      treeOf(Object.entries(begun.params[2]!)),
      all.slice(3),
      throughFile(begun.state),
    );
    assertEquals(resumed.params[1], straight.params[4]);
    assertEquals(resumed.state, straight.state);
  });

  Deno.test(`${name} makes nothing of a zero gradient`, async () => {
    const { updates } = await take(transformation, params(), [zeros]);
    for (const [path, w] of Object.entries(byPath(params()))) {
      const u = valuesOf(updates[0]![path]);
      // L1's own gradient is all that is left there.
      const expected = valuesOf(w).map((x) =>
        name === "stage l1" ? 0.1 * Math.sign(x) : 0
      );
      // The projection rounds the weights.
      const absolute = 4 * 2 ** -52;
      assertClose(u, expected, { relative: 0, absolute }, path);
    }
    const later = await take(transformation, params(), [
      ...gradients(2),
      zeros,
    ]);
    for (const [path, u] of Object.entries(later.updates[2]!)) {
      assert(valuesOf(u).every(Number.isFinite), path);
    }
  });
}

for (const optimizer of names) {
  const common: ConfigInput = { ...plain, optimizer };

  Deno.test(`${optimizer} does nothing but decay the weights without a gradient`, async () => {
    const decayed = of({
      ...common,
      weightDecay: 0.3,
      weightDecayKind: "decoupled",
    });
    const { updates } = await take(decayed, params(), [zeros]);
    for (const [path, w] of Object.entries(byPath(params()))) {
      const expected = valuesOf(w).map((x) => -0.1 * 0.3 * x);
      const tolerance = { relative: 4 * 2 ** -52, absolute: 0 };
      assertClose(valuesOf(updates[0]![path]), expected, tolerance, path);
    }
  });

  Deno.test(`independent decay of ${optimizer} is not multiplied by a rate`, async () => {
    for (const lr of [0.1, 3]) {
      const decayed = of({
        ...common,
        lr,
        lrOverGradientNorm: true,
        weightDecay: 0.3,
        weightDecayKind: "independent",
      });
      const { updates } = await take(decayed, params(), [zeros]);
      for (const [path, w] of Object.entries(byPath(params()))) {
        const expected = valuesOf(w).map((x) => -0.3 * x);
        const tolerance = { relative: 4 * 2 ** -52, absolute: 0 };
        assertClose(valuesOf(updates[0]![path]), expected, tolerance, path);
      }
    }
  });

  Deno.test(`L2 regularisation of ${optimizer} is a part of the gradient`, async () => {
    const kind = (weightDecay: number) =>
      of({ ...common, weightDecay, weightDecayKind: "l2" });
    const g = gradient(0);
    const regularised = mapTree<HostTensor, HostTensor, Tree<HostTensor>>(
      g,
      (x, path) => {
        const w = valuesOf(byPath(params())[path]);
        return { ...x, data: valuesOf(x).map((v, i) => v + 0.3 * w[i]!) };
      },
    ) as Tree<HostTensor>;
    const [l2, plain] = [
      await take(kind(0.3), params(), [g]),
      await take(kind(0), params(), [regularised]),
    ];
    assertEquals(l2.updates, plain.updates);
  });

  for (const perpScope of ["tensor", "global"] as const) {
    Deno.test(`⊥ of ${optimizer}'s update, ${perpScope}, is perpendicular to the weights`, async () => {
      const config: ConfigInput = { ...common, perpGrad: true, perpScope };
      const turned = of({ ...config, perpAt: "update" });
      const taken = await take(turned, params(), gradients(3));
      const before = [byPath(params()), ...taken.params];
      for (const [t, updates] of taken.updates.entries()) {
        const products = Object.entries(updates).map(([path, update]) => {
          const [u, w] = [valuesOf(update), valuesOf(before[t]![path])];
          const dot = (x: Float64Array, y: Float64Array) =>
            x.reduce((sum, v, i) => sum + v * y[i]!, 0);
          return { uw: dot(u, w), size: Math.sqrt(dot(u, u) * dot(w, w)) };
        });
        const sums = perpScope === "tensor" ? products : [
          products.reduce((a, b) => ({
            uw: a.uw + b.uw,
            size: a.size + b.size,
          })),
        ];
        for (const { uw, size } of sums) {
          // What is left of nearly parallel vectors is scaled up again: the
          // vector of one element leaves nothing but rounding.
          assert(Math.abs(uw) <= 1e-14 * Math.max(size, 1), `${uw} of ${size}`);
        }
      }
    });
  }

  Deno.test(`⊥Grad before ${optimizer} leaves its constants and its state alone`, async () => {
    const all = gradients(4);
    const turned = await take(
      of({ ...common, perpGrad: true }),
      params(),
      all,
    );
    const points = [
      params(),
      ...turned.params.map((p) => treeOf(Object.entries(p))),
    ];
    const projected = await Promise.all(all.map(async (g, t) => {
      const { updates } = await take(perpGrad(), points[t]!, [g]);
      return treeOf(Object.entries(updates[0]!));
    }));
    const base = await take(of(common), params(), projected);
    assertEquals(base.params, turned.params);
    assertEquals(
      Object.fromEntries(
        Object.entries(base.state).map(([path, x]) => [`1.${path}`, x]),
      ),
      turned.state,
    );
  });
}
