/** The z-loss, held to PyTorch (tests/golden/losses/make_z_loss.py). */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type * as tf from "@tensorflow/tfjs-core";
import { resolveConfig } from "../../lib/config/config.ts";
import { lossOf } from "../../lib/experiment/experiment.ts";
import { addZLoss, losses, mean, softmax } from "../../lib/losses/mod.ts";
import type { FloatDType } from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { toPrecision } from "../../lib/trace/precision.ts";
import { assertClose, golden, tensorOf, valuesOf } from "../_golden.ts";

const { cases } = await golden<{
  readonly cases: readonly {
    readonly name: string;
    readonly logits: number[][];
    readonly labels: number[];
    readonly results: readonly {
      readonly settings: {
        readonly zLoss: number;
        readonly temperature?: number;
        readonly logitPenalty?: number;
      };
      readonly precision: FloatDType;
      readonly terms: number[];
      readonly mean: number;
      readonly gradient: number[][];
    }[];
  }[];
}>("losses/z_loss");

const EPSILON = { float16: 2 ** -10, float32: 2 ** -23, float64: 2 ** -52 };

async function valuesIn(
  loss: ReturnType<typeof lossOf>,
  logits: number[][],
  labels: number[],
  precision: FloatDType,
  count = labels.length,
) {
  const found = await runTraced(({ z, y }) => {
    const [logits, labels] = [z as tf.Tensor2D, y as tf.Tensor1D];
    const terms = loss.terms(logits, labels, precision);
    const gradient = loss.gradient(logits, labels, precision, count);
    return {
      terms: toPrecision(terms, "float64"),
      mean: toPrecision(mean(terms, precision), "float64"),
      gradient: toPrecision(gradient, "float64"),
    };
  }, { z: tensorOf("float32", logits), y: tensorOf("int64", labels) });
  return {
    terms: valuesOf(found["terms"]),
    mean: valuesOf(found["mean"]),
    gradient: valuesOf(found["gradient"]),
  };
}

for (const { name, logits, labels, results } of cases) {
  for (const { settings, precision, ...expected } of results) {
    const title = `z-loss ${JSON.stringify(settings)} in ${precision}`;
    Deno.test(`${title} agrees with PyTorch on ${name}`, async () => {
      const loss = lossOf(resolveConfig({ loss: "softmax", ...settings }));
      const actual = await valuesIn(loss, logits, labels, precision);
      // Some four roundings of what the result is made of, as in objectives_test.ts:
      // of log Z, rounded where it is as large as the largest logit, the square.
      const { zLoss: w, temperature: T = 1, logitPenalty = 0 } = settings;
      const z = Math.max(...logits.flat().map(Math.abs));
      const logZ = z / T + Math.log(logits[0]!.length);
      const squares = logitPenalty *
        Math.max(...logits.map((row) => row.reduce((s, x) => s + x * x, 0)));
      // float16's z/T and log p are differences of numbers as large as 2z/T.
      const some = 4 * EPSILON[precision];
      const most = 1 + logZ + squares + 2 * w * logZ ** 2;
      const tolerance = { relative: some, absolute: some * most };
      assertClose(actual.terms, expected.terms, tolerance, "terms");
      assertClose(actual.mean, [expected.mean], tolerance, "mean");
      assertClose(actual.gradient, expected.gradient.flat(), {
        relative: some * (1 + z / T),
        absolute: some *
            (1 / T + 2 * logitPenalty * z + 2 * w * logZ * (1 + z / T) / T) /
            labels.length +
          // Below 2⁻¹⁴ float16 has steps of 2⁻²⁴.
          (precision === "float16" ? 2 ** -24 : 0),
      }, "gradient");
    });
  }
}

Deno.test("the z-loss pulls where the softmax has collapsed, and where it has not", async () => {
  // p is 1 exactly, so that cross-entropy has neither value nor gradient there.
  const logits = [[40, 0, 0]];
  const plain = await valuesIn(softmax, logits, [0], "float32");
  assertEquals([plain.terms[0], plain.gradient[0]], [0, 0]);
  const { terms, gradient } = await valuesIn(
    addZLoss(softmax, 1e-4),
    logits,
    [0],
    "float32",
  );
  const tolerance = { relative: 4 * 2 ** -23, absolute: 0 };
  assertClose(terms, [1e-4 * 1600], tolerance, "terms");
  assertClose([gradient[0]!], [2e-4 * 40], tolerance, "gradient");
});

Deno.test("the z-loss of softmax-exact is softmax's", async () => {
  const [exact, plain] = await Promise.all(
    (["softmax-exact", "softmax"] as const).map((loss) =>
      valuesIn(
        lossOf(resolveConfig({ loss, zLoss: 0.01 })),
        [[3, -1, 2], [0, 5, 5]],
        [0, 2],
        "float64",
        7,
      )
    ),
  );
  const tolerance = { relative: 1e-14, absolute: 1e-15 };
  assertClose(exact!.terms, plain!.terms, tolerance, "terms");
  assertClose(exact!.gradient, plain!.gradient, tolerance, "gradient");
});

Deno.test("the z-loss's gradient is that of a sum over a count", async () => {
  const of = (count: number) =>
    valuesIn(
      addZLoss(softmax, 0.5),
      [[3, -1], [0, 5]],
      [0, 1],
      "float64",
      count,
    );
  const [two, eight] = await Promise.all([of(2), of(8)]);
  assertClose(
    eight.gradient.map((x) => 4 * x),
    two.gradient,
    { relative: 1e-14, absolute: 0 },
    "gradient",
  );
});

Deno.test("no z-loss leaves a loss as it is, and no key in a config", () => {
  assertEquals(addZLoss(softmax, 0), softmax);
  const none = resolveConfig({ loss: "softmax", zLoss: 0 });
  assertEquals(none, resolveConfig({ loss: "softmax" }));
  assert(!("zLoss" in none));
});

for (const loss of ["stablemax", "taylor", "mse", "l1"] as const) {
  Deno.test(`a z-loss with ${loss} is refused`, () => {
    assertThrows(
      () => resolveConfig({ loss, zLoss: 1e-4 }),
      Error,
      `--z-loss must be 0 with --loss ${loss}, got 0.0001: it is of a softmax's ` +
        "partition function",
    );
    assertThrows(
      () => addZLoss(losses[loss].make(resolveConfig({ loss })), 1),
      RangeError,
      `Cannot add a z-loss of 1 to the ${loss} loss: it has no softmax's`,
    );
  });
}
