/**
 * The losses that came after StableMax and softmax, and softmax's options, held
 * to PyTorch (tests/golden/losses/make_objectives.py).
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type * as tf from "@tensorflow/tfjs-core";
import {
  type Config,
  defaults,
  resolveConfig,
} from "../../lib/config/config.ts";
import {
  type Loss,
  losses,
  type LossName,
  mean,
  softmax,
  softmaxCrossEntropy,
  softmaxExact,
  taylorSoftmax,
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

type Settings = Partial<
  Pick<
    Config,
    "labelSmoothing" | "temperature" | "logitPenalty" | "taylorOrder"
  >
>;

interface Golden {
  readonly cases: readonly {
    readonly name: string;
    readonly dtype: "float32" | "float64";
    readonly logits: number[][];
    readonly labels: number[];
    readonly results: readonly {
      readonly loss: LossName;
      readonly settings: Settings;
      readonly precision: FloatDType;
      readonly terms: number[];
      readonly mean: number;
      readonly gradient: number[][];
    }[];
  }[];
}

const EPSILON = { float16: 2 ** -10, float32: 2 ** -23, float64: 2 ** -52 };

const largest = (xs: readonly number[]) => Math.max(...xs.map(Math.abs));

/** How far terms, their mean and gradient may be off, from what is rounded. */
function tolerances(
  loss: LossName,
  { temperature: T = 1, logitPenalty = 0, taylorOrder = 0 }: Settings,
  logits: number[][],
  precision: FloatDType,
): { terms: Tolerance; gradient: Tolerance } {
  const z = largest(logits.flat());
  const n = logits.length;
  const eps = EPSILON[precision];
  // Some four operations, each off by half a last place of its result.
  const some = 4 * eps;
  switch (loss) {
    case "softmax": {
      // Differences of logits, and squares where they are penalised.
      const squares = logitPenalty *
        Math.max(...logits.map((row) => row.reduce((s, x) => s + x * x, 0)));
      const most = (1 + z) / T + Math.log(logits[0]!.length) + squares;
      return {
        terms: { relative: some, absolute: some * most },
        gradient: {
          relative: some * (1 + z / T),
          // Below 2⁻¹⁴ float16 has steps of 2⁻²⁴.
          absolute: some * (1 / T + 2 * logitPenalty * z) / n +
            (precision === "float16" ? 2 ** -24 : 0),
        },
      };
    }
    case "softmax-exact": {
      // u is off by last places of the logits, eᵘ by as much relative to itself.
      const relative = some * (2 + z);
      return {
        terms: { relative, absolute: 0 },
        gradient: { relative: 2 * relative, absolute: 0 },
      };
    }
    case "taylor": {
      // What a sum of terms of both signs keeps of their digits.
      const condition = Math.max(
        ...logits.flat().map((x) => {
          let [term, sum, sizes] = [1, 1, 1];
          for (let i = 1; i <= taylorOrder; i++) {
            term *= x / i;
            sum += term;
            sizes += Math.abs(term);
          }
          return sizes / sum;
        }),
      );
      const off = some * taylorOrder * condition;
      return {
        terms: { relative: off, absolute: off },
        gradient: { relative: off, absolute: off / n },
      };
    }
    default:
      return {
        terms: { relative: some, absolute: 0 },
        gradient: { relative: some, absolute: 0 },
      };
  }
}

for (
  const { name, dtype, logits, labels, results } of (await golden<Golden>(
    "losses/objectives",
  )).cases
) {
  for (const { loss: kind, settings, precision, ...expected } of results) {
    const title = `${kind} ${JSON.stringify(settings)} in ${precision}`;
    Deno.test(`${title} agrees with PyTorch on ${name}`, async () => {
      const loss: Loss = losses[kind].make({ ...defaults, ...settings });
      const actual = await runTraced(({ logits, labels }) => {
        const [z, y] = [logits as tf.Tensor2D, labels as tf.Tensor1D];
        const terms = loss.terms(z, y, precision);
        const gradient = loss.gradient(z, y, precision, z.shape[0]);
        return {
          terms: toPrecision(terms, "float64"),
          mean: widen(mean(terms, precision)),
          gradient: toPrecision(gradient, "float64"),
        };
      }, {
        logits: tensorOf(dtype, logits),
        labels: tensorOf("int64", labels),
      });
      const { terms, gradient } = tolerances(kind, settings, logits, precision);
      const close = (key: keyof typeof expected, tolerance: Tolerance) =>
        assertClose(
          valuesOf(actual[key]),
          [expected[key]].flat(2),
          tolerance,
          key,
        );
      close("terms", terms);
      close("mean", {
        relative: terms.relative + EPSILON[precision],
        absolute: terms.absolute,
      });
      // PyTorch's is rounded to the logits' float32, and then to a decimal.
      const rounded = kind === "softmax-exact" ? 0 : 2 ** -23;
      close("gradient", {
        relative: gradient.relative + rounded,
        absolute: gradient.absolute,
      });
    });
  }
}

/** What a loss makes of one row whose label, the first, is ahead by a gap. */
async function ahead(loss: Loss, gap: number, precision: FloatDType) {
  const { term, gradient, collapse } = await runTraced(({ z, y }) => {
    const [logits, labels] = [z as tf.Tensor2D, y as tf.Tensor1D];
    return {
      term: toPrecision(loss.terms(logits, labels, precision), "float64"),
      gradient: toPrecision(
        loss.gradient(logits, labels, precision, 1),
        "float64",
      ),
      collapse: fraction(collapsed(logits, precision, loss.temperature)),
    };
  }, {
    z: tensorOf("float64", [[gap, 0, -1e4]]),
    y: tensorOf("int64", [0]),
  });
  return {
    term: valuesOf(term)[0]!,
    gradient: [...valuesOf(gradient)],
    collapse: valuesOf(collapse)[0]! === 1,
  };
}

// The exponents of the numbers that are rounded away: beside 1, and beside 0.
const LOST = { float16: [11, 25], float32: [24, 150], float64: [53, 1075] };

for (const precision of ["float16", "float32", "float64"] as const) {
  const [beside1, beside0] = LOST[precision].map((bits) => bits * Math.LN2) as [
    number,
    number,
  ];
  Deno.test(`softmax-exact goes on where softmax collapses, in ${precision}`, async () => {
    const lost = await ahead(softmax, beside1 + 0.5, precision);
    assertEquals([lost.term, lost.gradient[0]], [0, 0]);
    assert(lost.collapse);
    const gap = beside0 - 0.5;
    for (const at of [beside1 + 0.5, gap]) {
      const { term, gradient } = await ahead(softmaxExact, at, precision);
      assert(term > 0);
      assertEquals(gradient[0], -gradient[1]!);
      assert(gradient[1]! > 0);
    }
    const end = await ahead(softmaxExact, beside0 + 0.5, precision);
    assertEquals(end.term, 0);
    assertEquals(end.gradient.map(Math.abs), [0, 0, 0]);
  });
}

Deno.test("collapse is measured where the temperature has divided the logits", async () => {
  const hot = softmaxCrossEntropy({ temperature: 10 });
  assertEquals((await ahead(hot, 100, "float32")).collapse, false);
  assertEquals((await ahead(hot, 180, "float32")).collapse, true);
  assertEquals((await ahead(softmax, 100, "float32")).collapse, true);
});

Deno.test("label smoothing keeps a loss and a pull back on a collapsed sample", async () => {
  const smooth = softmaxCrossEntropy({ labelSmoothing: 0.1 });
  const { term, gradient } = await ahead(smooth, 100, "float32");
  assert(term > 0 && gradient[0]! > 0);
});

Deno.test("taylorSoftmax() refuses an order that is odd", () => {
  for (const order of [3, 0, 2.5]) {
    assertThrows(() => taylorSoftmax(order), RangeError, "must be even");
  }
});

const REFUSED: [config: Partial<Config>, message: string][] = [
  [{ loss: "taylor", taylorOrder: 3 }, "--taylor-order must be even, got 3"],
  [{ loss: "taylor", taylorOrder: 40 }, "--taylor-order must be an integer"],
  [
    { loss: "taylor", lossPrecision: "float16" },
    "--loss-precision of taylor must be float32 or float64, got float16",
  ],
  [{ temperature: 0 }, "--temperature must be above 0, got 0"],
  [{ labelSmoothing: 1 }, "--label-smoothing must lie in [0, 1), got 1"],
  [{ logitPenalty: -1 }, "--logit-penalty must be 0 or more, got -1"],
];

for (const [config, message] of REFUSED) {
  Deno.test(`resolveConfig() refuses: ${message}`, () => {
    assertThrows(() => resolveConfig(config), Error, message);
  });
}
