import { assertEquals, assertThrows } from "@std/assert";
import type * as tf from "@tensorflow/tfjs-core";
import { type Config, defaults } from "../../lib/config/config.ts";
import {
  losses,
  type LossName,
  mean,
  meanLoss,
  softmax,
  stableMax,
} from "../../lib/losses/mod.ts";
import { fraction } from "../../lib/losses/measures.ts";
import { collapsed } from "../../lib/losses/softmax.ts";
import type { FloatDType } from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { toPrecision, widen } from "../../lib/trace/precision.ts";
import {
  assertClose,
  golden,
  tensorOf,
  type Tolerance,
  valuesOf,
} from "../_golden.ts";

interface Golden {
  readonly cases: readonly {
    readonly name: string;
    readonly logits: number[][];
    readonly labels: number[];
    readonly results: Readonly<
      Record<string, {
        terms: number[];
        loss: number;
        gradient: number[][];
        zero_terms: number;
        softmax_collapse?: number;
      }>
    >;
  }[];
}

const { cases } = await golden<Golden>("losses");

// In float16 the roundings are PyTorch's own, so nothing is granted. Elsewhere
// Σ exp may be added in another order: near 1 its last place is 2⁻²³ (2⁻⁵²),
// and so far may log Σ exp be off.
const TOLERANCE: Record<string, Tolerance> = {
  "softmax/float16": { relative: 0, absolute: 0 },
  "softmax/float32": { relative: 2e-6, absolute: 2 ** -22 },
  "softmax/float64": { relative: 1e-13, absolute: 2 ** -51 },
  "stablemax/float32": { relative: 2e-6, absolute: 1e-7 },
  "stablemax/float64": { relative: 1e-13, absolute: 1e-16 },
};

for (const { name, logits, labels, results } of cases) {
  for (const [key, expected] of Object.entries(results)) {
    Deno.test(`${key} agrees with PyTorch on ${name}`, async () => {
      const [lossName, precision] = key.split("/") as [LossName, FloatDType];
      const loss = losses[lossName].make(defaults);
      const actual = await runTraced(({ logits, labels }) => {
        const z = logits as tf.Tensor2D;
        const y = labels as tf.Tensor1D;
        const terms = loss.terms(z, y, precision);
        return {
          terms: toPrecision(terms, "float64"),
          loss: widen(mean(terms, precision)),
          gradient: toPrecision(
            loss.gradient(z, y, precision, z.shape[0]),
            "float32",
          ),
          collapse: fraction(collapsed(z, precision)),
        };
      }, {
        logits: tensorOf("float32", logits),
        labels: tensorOf("int64", labels),
      });
      const tolerance = TOLERANCE[key]!;
      // The file has the shortest decimals that name a float32.
      const rounded = (xs: number[]) =>
        precision === "float64" ? xs : xs.map(Math.fround);
      // The gradient reaches float32 logits, whatever the loss's precision.
      const float32 = { relative: 1e-7, absolute: 1e-12 };
      const terms = valuesOf(actual["terms"]);
      assertClose(terms, rounded(expected.terms), tolerance, "terms");
      assertClose(
        valuesOf(actual["loss"]),
        rounded([expected.loss]),
        tolerance,
        "loss",
      );
      assertClose(
        valuesOf(actual["gradient"]),
        rounded(expected.gradient.flat()),
        precision === "float64" ? float32 : tolerance,
        "gradient",
      );
      const zeros = terms.filter((term) => term === 0).length;
      assertEquals(zeros / terms.length, expected.zero_terms);
      if (expected.softmax_collapse !== undefined) {
        assertEquals(
          valuesOf(actual["collapse"])[0],
          expected.softmax_collapse,
        );
      }
    });
  }
}

// Every loss as it is by default, and softmax and Taylor softmax otherwise.
const variants: [name: LossName, settings: Partial<Config>][] = [
  ...Object.keys(losses).map((name) =>
    [name as LossName, {}] as [LossName, Partial<Config>]
  ),
  ["softmax", { labelSmoothing: 0.2 }],
  ["softmax", { temperature: 3 }],
  ["softmax", { logitPenalty: 0.1 }],
  ["taylor", { taylorOrder: 4 }],
];

for (const [name, settings] of variants) {
  const title = [name, ...Object.entries(settings).flat()].join(" ");
  Deno.test(`${title}: the gradient agrees with finite differences`, async () => {
    const loss = losses[name].make({ ...defaults, ...settings });
    const rows = [[0.3, -1.2, 2.5, -0.1], [-3, 0.7, 0.2, 1.1]];
    const labels = tensorOf("int64", [2, 0]);
    const valueAt = async (z: number[][]) => {
      const { value } = await runTraced(({ z, y }) => ({
        value: mean(
          loss.terms(z as tf.Tensor2D, y as tf.Tensor1D, "float64"),
          "float64",
        ),
      }), { z: tensorOf("float64", z), y: labels });
      return valuesOf(value)[0]!;
    };
    const h = 1e-5;
    const differences: number[] = [];
    for (const [i, row] of rows.entries()) {
      for (const k of row.keys()) {
        const at = (step: number) =>
          valueAt(rows.with(i, row.with(k, row[k]! + step)));
        differences.push((await at(h) - await at(-h)) / (2 * h));
      }
    }
    const { gradient } = await runTraced(({ z, y }) => ({
      gradient: loss.gradient(
        z as tf.Tensor2D,
        y as tf.Tensor1D,
        "float64",
        rows.length,
      ),
    }), { z: tensorOf("float64", rows), y: labels });
    assertClose(
      valuesOf(gradient),
      differences,
      { relative: 1e-8, absolute: 1e-10 },
      "gradient",
    );
  });
}

Deno.test("a collapsed sample has loss 0 and no gradient at its label", async () => {
  // e^-18 < 2^-25: beside 1 it is lost in float32, not in float64.
  const logits = tensorOf("float32", [[18, 0, 0]]);
  for (
    const [precision, lost] of [["float32", true], ["float64", false]] as const
  ) {
    const result = await runTraced(({ z, y }) => {
      const [logits, labels] = [z as tf.Tensor2D, y as tf.Tensor1D];
      return {
        collapse: fraction(collapsed(logits, precision)),
        terms: softmax.terms(logits, labels, precision),
        gradient: softmax.gradient(logits, labels, precision, 1),
      };
    }, { z: logits, y: tensorOf("int64", [0]) });
    assertEquals(valuesOf(result["collapse"])[0] === 1, lost);
    assertEquals(valuesOf(result["terms"])[0] === 0, lost);
    const gradient = valuesOf(result["gradient"]);
    assertEquals(gradient[0] === 0, lost);
    // The others keep their tiny pull.
    assertEquals(gradient[1]! > 0, true);
  }
});

Deno.test("meanLoss() refuses a precision that the loss lacks", () => {
  assertThrows(
    () => meanLoss(stableMax, "float16"),
    RangeError,
    "stablemax loss in float16",
  );
});
