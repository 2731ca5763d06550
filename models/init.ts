/**
 * Initialisations: what each parameter of a model starts as.
 *
 * @module
 */

import { UsageError } from "../lib/base/errors.ts";
import { type Tree, treeOf } from "../lib/base/tree.ts";
import type { RandomKey, RandomStream } from "../lib/numeric/random.ts";
import {
  type FloatDType,
  type HostTensor,
  sizeOf,
} from "../lib/numeric/tensor.ts";
import { drawn, type Model } from "./model.ts";

/** What a parameter is, as far as its first values depend on that. */
export interface Parameter {
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /**
   * What it does: a linear map or its bias; a projection of attention (queries,
   * keys, values) or a bias in attention; a table of rows; what a norm multiplies
   * with or adds.
   */
  readonly kind:
    | "weight"
    | "bias"
    | "projection"
    | "attention bias"
    | "embedding"
    | "gain"
    | "shift";
  /** Numbers that each output is made of. A bias has its layer's. */
  readonly fanIn: number;
  /** Numbers that each input goes into. */
  readonly fanOut: number;
  /** What the root in Nanda's initialisation is of; of an MLP there is none. */
  readonly nandaWidth?: number;
}

/** All parameters of a model, by path, in their order. */
export type Parameters = Readonly<Record<string, Parameter>>;

/** Draws one element. */
export type ElementDraw = (stream: RandomStream) => number;

/** An initialisation. */
export interface Initialisation {
  /** What it is, in a line. */
  readonly summary: string;
  /** How the elements of a parameter are drawn. */
  draw(parameter: Parameter): ElementDraw;
}

const zero: ElementDraw = () => 0;
const one: ElementDraw = () => 1;

// From −1 to 1, of variance 1/3.
const symmetric: ElementDraw = (stream) => 2 * stream.uniform() - 1;

const uniform = (bound: number): ElementDraw => (stream) =>
  bound * symmetric(stream);

const normal = (variance: number): ElementDraw => (stream) =>
  stream.normal() * Math.sqrt(variance);

// Matrices by a rule of their own; norms as they come, biases 0.
const matrices = (
  summary: string,
  rule: (parameter: Parameter) => ElementDraw,
): Initialisation => ({
  summary,
  draw(parameter) {
    const { kind } = parameter;
    if (kind === "gain") return one;
    return kind === "shift" || kind.endsWith("bias") ? zero : rule(parameter);
  },
});

/**
 * PyTorch's defaults: nn.Linear U(±1/√fan_in), its bias too; nn.Embedding
 * N(0, 1); nn.MultiheadAttention's stacked input projection, [3·d, d], Xavier
 * uniform with all its biases 0; nn.LayerNorm 1 and 0.
 */
const pytorch: Initialisation = {
  summary: "as PyTorch's modules start: U(±1/√fan_in), embeddings N(0, 1)",
  draw({ kind, fanIn, fanOut }) {
    switch (kind) {
      case "gain":
        return one;
      case "shift":
      case "attention bias":
        return zero;
      case "embedding":
        return normal(1);
      case "projection":
        return uniform(Math.sqrt(6 / (fanIn + 3 * fanOut)));
      default:
        return (stream) => symmetric(stream) / Math.sqrt(fanIn);
    }
  },
};

/**
 * N(0, 1)/√d_model, the unembedding N(0, 1)/√d_vocab, biases 0.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 3, and its published code.
 */
const nanda: Initialisation = matrices(
  "N(0, 1)/√d_model, the unembedding N(0, 1)/√d_vocab, biases 0",
  ({ nandaWidth }) => {
    if (nandaWidth === undefined) {
      throw new TypeError(
        "Cannot draw Nanda's initialisation of a model without d_model: " +
          "it is defined for transformers",
      );
    }
    return normal(1 / nandaWidth);
  },
);

/**
 * Normal numbers beyond two standard deviations drawn again, and the spread given
 * back that this takes: the standard deviation of such numbers is 0.8796 of a
 * normal one's.
 */
const truncated = (variance: number): ElementDraw => (stream) => {
  let x = stream.normal();
  while (Math.abs(x) > 2) x = stream.normal();
  return x * Math.sqrt(variance) / TRUNCATED_STD;
};

// √(1 − 4φ(2)/(2Φ(2) − 1)), φ and Φ the normal density and distribution.
const TRUNCATED_STD = 0.87962566103423978;

/**
 * Truncated normal numbers of standard deviation 1/√fan_in: of tables of rows
 * 1/√d.
 *
 * Source: Wortsman et al. (arXiv 2309.14322), Section 2; where it is truncated, and
 * that the spread is given back, as JAX's `variance_scaling` has it.
 */
const truncatedNormal: Initialisation = matrices(
  "truncated normal of standard deviation 1/√fan_in, biases 0",
  ({ fanIn }) => truncated(1 / fanIn),
);

/** Glorot and Bengio (2010), Eq. 16. */
const xavierUniform: Initialisation = matrices(
  "U(±√(6/(fan_in + fan_out))), biases 0",
  ({ fanIn, fanOut }) => uniform(Math.sqrt(6 / (fanIn + fanOut))),
);

/** Glorot and Bengio (2010), Eq. 12. */
const xavierNormal: Initialisation = matrices(
  "N(0, 2/(fan_in + fan_out)), biases 0",
  ({ fanIn, fanOut }) => normal(2 / (fanIn + fanOut)),
);

/** He et al. (arXiv 1502.01852), Eq. 10, as a uniform distribution. */
const heUniform: Initialisation = matrices(
  "U(±√(6/fan_in)), biases 0",
  ({ fanIn }) => uniform(Math.sqrt(6 / fanIn)),
);

/** He et al. (arXiv 1502.01852), Eq. 10. */
const heNormal: Initialisation = matrices(
  "N(0, 2/fan_in), biases 0",
  ({ fanIn }) => normal(2 / fanIn),
);

/** LeCun et al. (Efficient BackProp, 1998), Section 4.6, of normal numbers. */
const lecunNormal: Initialisation = matrices(
  "N(0, 1/fan_in), biases 0",
  ({ fanIn }) => normal(1 / fanIn),
);

/**
 * The initialisations by name. fan_in and fan_out are those of the linear map
 * that a matrix is, whatever its layout: of attention's W_Q, [head, d_model,
 * d_head], d_model and head · d_head. Of a table of rows they are what PyTorch's
 * nn.init takes of nn.Embedding's weight: the rows' width, and their number.
 */
export const inits = {
  "xavier-uniform": xavierUniform,
  "xavier-normal": xavierNormal,
  "he-uniform": heUniform,
  "he-normal": heNormal,
  "lecun-normal": lecunNormal,
  "truncated-normal": truncatedNormal,
  pytorch,
  nanda,
};

/** The name of an initialisation. */
export type InitName = keyof typeof inits;

/**
 * What draws a model's initial parameters, each from a stream of its own.
 *
 * @param parameters The parameters.
 * @param init The initialisation.
 * @param scale What all initial values are multiplied with: α of Liu et al.
 * (arXiv 2210.01117).
 * @returns What draws them; it throws a UsageError where a tensor would have more
 * numbers than can be.
 */
export function initialiser(
  parameters: Parameters,
  init: InitName,
  scale = 1,
): (key: RandomKey, dtype: FloatDType) => Tree<HostTensor> {
  return (key, dtype) => {
    checkSizes(parameters);
    return treeOf(
      Object.entries(parameters).map(([path, parameter]) => {
        const draw = inits[init].draw(parameter);
        const stream = key(`init/${path}`);
        const { shape } = parameter;
        return [
          path,
          drawn(stream, dtype, shape, (stream) => scale * draw(stream)),
        ] as const;
      }),
    );
  };
}

/** The shapes of parameters by their paths. */
export function shapesOf(parameters: Parameters): NonNullable<Model["shapes"]> {
  return Object.fromEntries(
    Object.entries(parameters).map(([path, { shape }]) => [path, shape]),
  );
}

// More numbers no list of the language has for sure.
const MOST = 2 ** 26;

function checkSizes(parameters: Parameters): void {
  for (const [path, { shape }] of Object.entries(parameters)) {
    const size = sizeOf(shape);
    if (size <= MOST) continue;
    throw new UsageError(
      `Cannot make a network whose ${path} is ${shape.join(" × ")}, ` +
        `${size.toLocaleString("en-US")} numbers: a tensor has at most ` +
        `${MOST.toLocaleString("en-US")}; ask for smaller widths`,
    );
  }
}
