import { assert, assertEquals, assertThrows } from "@std/assert";
import { randomKey } from "../../lib/numeric/random.ts";
import { type HostTensor, toNumbers } from "../../lib/numeric/tensor.ts";
import { leavesOf } from "../../lib/base/tree.ts";
import { resolveConfig } from "../../lib/config/config.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { type InitName, inits } from "../../models/init.ts";
import { mlp } from "../../models/mlp.ts";
import {
  transformer,
  type TransformerOptions,
} from "../../models/transformer.ts";
import { assertClose, golden } from "../_golden.ts";

interface Measured {
  readonly std: number;
  readonly largest: number;
  readonly count: number;
}

const { init: reference } = await golden<{
  init:
    & { sizes: Record<"dModel" | "dMlp" | "vocabulary" | "classes", number> }
    & {
      readonly [name: string]: Readonly<Record<string, Measured>>;
    };
}>("networks/models");

const { dModel, dMlp, vocabulary, classes } = reference.sizes;
const heads = 4;
const sizes: TransformerOptions = {
  vocabulary,
  length: 200,
  classes,
  dModel,
  heads,
  dMlp,
  norm: "pre",
  attentionBiases: true,
  unembeddingBias: true,
};

const names = Object.keys(inits) as InitName[];

/** The initial parameters of a transformer, by path without their layer. */
function parametersOf(init: InitName, initScale = 1): Map<string, HostTensor> {
  const { init: draw } = transformer({ ...sizes, init, initScale });
  return new Map(
    leavesOf<HostTensor>(draw(randomKey(1), "float64"))
      .map(([path, tensor]) => [path.replace(/^blocks\.0\./, ""), tensor]),
  );
}

interface Distribution {
  readonly kind: "uniform" | "normal" | "truncated" | "constant";
  /** The bound, the standard deviation, or the constant. */
  readonly is: number;
}

const uniform = (is: number): Distribution => ({ kind: "uniform", is });
const normal = (variance: number): Distribution => ({
  kind: "normal",
  is: Math.sqrt(variance),
});
const truncated = (variance: number): Distribution => ({
  kind: "truncated",
  is: Math.sqrt(variance),
});
const constant = (is: number): Distribution => ({ kind: "constant", is });

// [fan_in, fan_out] of each matrix: of W_Q, [head, d_model, d_head], and of W_O,
// [head, d_head, d_model], those of the [d_model, d_model] that they are.
const fans: Record<string, [fanIn: number, fanOut: number]> = {
  "W_E": [dModel, vocabulary],
  "W_pos": [dModel, 200],
  "attn.W_Q": [dModel, dModel],
  "attn.W_K": [dModel, dModel],
  "attn.W_V": [dModel, dModel],
  "attn.W_O": [dModel, dModel],
  "mlp.W_in": [dModel, dMlp],
  "mlp.W_out": [dMlp, dModel],
  "W_U": [dModel, classes],
};
const zeros = ["attn.b_Q", "attn.b_K", "attn.b_V", "attn.b_O"];
const linearBiases = ["mlp.b_in", "mlp.b_out", "b_U"];
const norms = {
  "ln1.w": constant(1),
  "ln1.b": constant(0),
  "ln2.w": constant(1),
  "ln2.b": constant(0),
};

const byFans = (rule: (fanIn: number, fanOut: number) => Distribution) => ({
  ...Object.fromEntries(
    Object.entries(fans).map(([path, [i, o]]) => [path, rule(i, o)]),
  ),
  ...Object.fromEntries(
    [...zeros, ...linearBiases].map((path) => [path, constant(0)]),
  ),
  ...norms,
});

const expected: Record<InitName, Record<string, Distribution>> = {
  "xavier-uniform": byFans((i, o) => uniform(Math.sqrt(6 / (i + o)))),
  "xavier-normal": byFans((i, o) => normal(2 / (i + o))),
  "he-uniform": byFans((i) => uniform(Math.sqrt(6 / i))),
  "he-normal": byFans((i) => normal(2 / i)),
  "lecun-normal": byFans((i) => normal(1 / i)),
  "truncated-normal": byFans((i) => truncated(1 / i)),
  "pytorch": {
    ...byFans((i) => uniform(1 / Math.sqrt(i))),
    "W_E": normal(1),
    "W_pos": normal(1),
    ...Object.fromEntries(
      ["Q", "K", "V"].map((name) => [
        `attn.W_${name}`,
        // Xavier's of in_proj_weight, [3·d_model, d_model].
        uniform(Math.sqrt(6 / (4 * dModel))),
      ]),
    ),
    "mlp.b_in": uniform(1 / Math.sqrt(dModel)),
    "mlp.b_out": uniform(1 / Math.sqrt(dMlp)),
    "b_U": uniform(1 / Math.sqrt(dModel)),
  },
  "nanda": {
    ...byFans(() => normal(1 / dModel)),
    "W_U": normal(1 / vocabulary),
  },
};

function measure(values: Float64Array): Measured & { mean: number } {
  const count = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / count;
  const std = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / count);
  const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return { mean, std, largest, count };
}

// The estimate s of a standard deviation σ from n draws has the relative error
// √((κ − 1)/4n), κ being 9/5 for uniform and 3 for normal numbers. Five of them
// are left behind once in a million tries; seeds are fixed.
const relative = (kind: string, n: number) =>
  5 * Math.sqrt(((kind === "uniform" ? 9 / 5 : 3) - 1) / (4 * n));

for (const name of names) {
  Deno.test(`${name} draws every parameter of a transformer from its distribution`, () => {
    const parameters = parametersOf(name);
    assertEquals(
      [...parameters.keys()].sort(),
      Object.keys(expected[name]).sort(),
    );
    for (const [path, tensor] of parameters) {
      const { kind, is } = expected[name][path]!;
      const values = toNumbers(tensor);
      const { mean, std, largest, count } = measure(values);
      if (kind === "constant") {
        assert(values.every((x) => Object.is(x, is)), `${path} is ${is}`);
        continue;
      }
      const sigma = kind === "uniform" ? is / Math.sqrt(3) : is;
      assertClose([mean], [0], {
        relative: 0,
        absolute: 5 * sigma / Math.sqrt(count),
      }, `mean of ${path}`);
      assertClose([std], [sigma], {
        relative: relative(kind, count),
        absolute: 0,
      }, `standard deviation of ${path}`);
      if (kind === "uniform") {
        assert(largest <= is, `${path} stays within ${is}, got ${largest}`);
        // All of n draws stay below 1 − 14/n with probability e⁻¹⁴.
        assert(largest >= is * (1 - 14 / count), `${path} comes near ${is}`);
      } else if (kind === "truncated") {
        // Two standard deviations of the normal numbers that are cut off: 0.8796 of
        // it is what is left of one (SciPy's truncnorm(-2, 2).std()).
        const end = 2 * is / 0.8796256610342398;
        assert(
          largest <= end && largest > 0.98 * end,
          `${path} ends at ${end}`,
        );
      } else {
        // Of some thousand draws one leaves two standard deviations.
        assert(largest > 2 * is, `${path} has tails, got ${largest}`);
      }
    }
  });
}

for (const [name, tensors] of Object.entries(reference)) {
  if (name === "sizes") continue;
  Deno.test(`${name} has PyTorch's spread`, () => {
    for (const [path, theirs] of Object.entries(tensors)) {
      const { kind, is } = expected[name as InitName][path]!;
      if (kind === "constant") {
        assertEquals(theirs.largest, is, path);
        continue;
      }
      const sigma = kind === "uniform" ? is / Math.sqrt(3) : is;
      assertClose([theirs.std], [sigma], {
        relative: relative(kind, theirs.count),
        absolute: 0,
      }, path);
      // PyTorch's bound went through float64's roots in another order.
      if (kind === "uniform") assert(theirs.largest <= is * (1 + 1e-15), path);
    }
  });
}

Deno.test("the MLP's first layer has the fan-in of its rows' width", () => {
  const options = { hidden: [50], classes: 40, biases: true } as const;
  const largest = (embedding: number | null, path: string) => {
    const { init } = mlp({
      ...options,
      embedding,
      input: { kind: "tokens", vocabulary: 30, length: 2 },
    });
    const leaves = new Map(
      leavesOf<HostTensor>(init(randomKey(0), "float64")),
    );
    return measure(toNumbers(leaves.get(path)!));
  };
  for (const [embedding, fanIn] of [[null, 60], [7, 14]] as const) {
    const bound = 1 / Math.sqrt(fanIn);
    const W = largest(embedding, "layers.0.W");
    assert(W.largest <= bound && W.largest >= bound * (1 - 14 / W.count));
    // The bias is its layer's: within the same bound, with fewer draws.
    assert(largest(embedding, "layers.0.b").largest <= bound);
    assert(largest(embedding, "layers.0.b").largest > bound / 2);
    assert(largest(embedding, "layers.1.W").largest <= 1 / Math.sqrt(50));
  }
});

Deno.test("--init-scale multiplies every initial parameter", () => {
  for (const name of names) {
    const scaled = parametersOf(name, 100);
    for (const [path, tensor] of parametersOf(name)) {
      const values = toNumbers(tensor).map((x) => 100 * x);
      assertEquals(toNumbers(scaled.get(path)!), values, path);
    }
  }
});

Deno.test("a model starts as its own initialisation unless told otherwise", () => {
  const own = { mlp: "pytorch", transformer: "nanda", encoder: "pytorch" };
  const small = { modulus: 7, dModel: 8, heads: 2, dMlp: 8, dFf: 8 } as const;
  for (const [model, init] of Object.entries(own)) {
    const config = { ...small, model: model as "mlp" };
    const params = (more: object) =>
      makeExperiment(resolveConfig({ ...config, ...more })).params;
    assertEquals(params({}), params({ init }));
    const other = params({ init: "he-normal" });
    assertEquals(
      leavesOf<HostTensor>(other).map(([path]) => path),
      leavesOf<HostTensor>(params({})).map(([path]) => path),
    );
    assert(JSON.stringify(other) !== JSON.stringify(params({})), model);
  }
});

Deno.test("Nanda's initialisation has no meaning for an MLP", () => {
  assertThrows(
    () =>
      mlp({
        input: { kind: "numbers", width: 3, name: "bits" },
        hidden: [],
        classes: 2,
        biases: false,
        init: "nanda",
      }).init(randomKey(0), "float32"),
    TypeError,
    "without d_model",
  );
});

Deno.test("a tensor that no array can hold is refused by name and size", () => {
  const wide = resolveConfig({ modulus: 5, hidden: [12000, 12000] });
  assertThrows(
    () => makeExperiment(wide),
    UsageError,
    "layers.1.W is 12000 × 12000, 144,000,000 numbers: a tensor has at most",
  );
});
