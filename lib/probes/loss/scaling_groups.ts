/**
 * The scaling law f(αθ) = α^L f(θ) for parts of a network: how the logits grow
 * with some of the weights, and how far that is from a power.
 *
 * @module
 */

import { finite } from "../../numeric/statistics.ts";
import {
  type HostTensor,
  hostTensorOf,
  lastPosition,
  toNumbers,
} from "../../numeric/tensor.ts";
import type { GraphProto } from "../../onnx/file/model.ts";
import { degreesOf } from "../../onnx/inspect/homogeneity.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";

/** By how much groups of weights are multiplied. */
export const GROUP_ALPHAS = [0.5, 2] as const;

/** How the logits grow with some of the weights. */
export interface ScalingGroup {
  /** `layers.0`, `blocks.0.attn`, …; `balanced` is explained at its powers. */
  readonly name: string;
  /**
   * The weights that are scaled, each by α to a power: 1, and of biases in the
   * group `balanced` the degree of what they are added to, α² behind the second
   * matrix. So scaled, a ReLU network with biases is homogeneous again.
   */
  readonly powers: Readonly<Record<string, number>>;
  /** L that the graph predicts: the highest degree; null where not known. */
  readonly degree: number | null;
  /** Whether the graph says that f is exactly α^L times itself. */
  readonly homogeneous: boolean | null;
  /** Slope of log rms f between α = ½ and 2; null where f is 0 or no number. */
  readonly exponent: number | null;
  /**
   * ‖f(α) − α^L f(1)‖/‖α^L f(1)‖ for each α, over all rows and classes: how far
   * the logits are from the power. Null without L.
   */
  readonly deviation: readonly (number | null)[];
}

/**
 * Every weight of a model multiplied by a number, to be given to its runs.
 *
 * @param factorOf The number, by the weight's name.
 */
export function scaledWeights(
  model: ProbeModel,
  factorOf: (name: string) => number,
): Record<string, HostTensor> {
  return Object.fromEntries(model.weightNames.map((name) => {
    const { dtype, shape, data } = model.tensor(name);
    const factor = factorOf(name);
    const scaled = toNumbers({ data }).map((x) => factor * x);
    return [name, hostTensorOf(dtype, shape, scaled)];
  }));
}

/**
 * Scales groups of weights and compares the logits with the power of α that
 * homogeneity predicts.
 *
 * @param model The network.
 * @param inputs Some rows.
 */
export async function scalingGroups(
  model: ProbeModel,
  inputs: Readonly<Record<string, HostTensor>>,
): Promise<ScalingGroup[]> {
  const output = model.outputNames[0]!;
  const logitsAt = async (
    powers: Readonly<Record<string, number>>,
    alpha: number,
  ) => {
    const factors = (name: string) => alpha ** (powers[name] ?? 0);
    const weights = scaledWeights(model, factors);
    const { [output]: logits } = await model.run(inputs, [output], weights);
    return toNumbers(lastPosition(logits!));
  };
  const rest = await logitsAt({}, 1);
  const groups: ScalingGroup[] = [];
  for (const [name, powers] of groupsOf(model)) {
    const degree = degreesOf(model.graph, powers).get(output);
    const L = degree?.highest ?? null;
    const [low, high] = [
      await logitsAt(powers, GROUP_ALPHAS[0]),
      await logitsAt(powers, GROUP_ALPHAS[1]),
    ];
    const exponent = Math.log(rms(high) / rms(low)) /
      Math.log(GROUP_ALPHAS[1] / GROUP_ALPHAS[0]);
    groups.push({
      name,
      powers,
      degree: L,
      homogeneous: degree?.homogeneous ?? null,
      exponent: finite(exponent),
      deviation: [low, high].map((f, i) => {
        if (L === null) return null;
        const scale = GROUP_ALPHAS[i]! ** L;
        const away = f.map((x, k) => x - scale * rest[k]!);
        return finite(rms(away) / (scale * rms(rest)));
      }),
    });
  }
  return groups;
}

const rms = (x: Float64Array) =>
  Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length);

// The weights of each module, W and b of a layer together, and where there are
// biases: all weights but these, and all in balance.
function groupsOf(
  model: ProbeModel,
): [name: string, powers: Record<string, number>][] {
  const names = model.weightNames;
  const modules = Map.groupBy(
    names,
    (name) => name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : name,
  );
  const ones = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, 1]));
  const biases = biasesOf(model.graph, names);
  const matrices = names.filter((name) => !biases.has(name));
  return [
    ...[...modules].map(([name, own]) => [name, ones(own)] as const),
    ...(biases.size > 0
      ? [
        ["all but biases", ones(matrices)] as const,
        ["balanced", {
          ...ones(matrices),
          ...Object.fromEntries(biases),
        }] as const,
      ]
      : []),
  ].map(([name, powers]) => [name, powers]);
}

// What is added to products, each with the degree that these have in the weights
// that are no biases.
function biasesOf(
  graph: GraphProto,
  weights: readonly string[],
): Map<string, number> {
  const added: [bias: string, to: string | undefined][] = [];
  const vectors = new Set(
    graph.initializer
      .filter(({ dims }) => dims.slice(0, -1).every((d) => d === 1n))
      .map(({ name }) => name),
  );
  const isBias = (name: string | undefined) =>
    name !== undefined && weights.includes(name) && vectors.has(name);
  for (const { opType, input } of graph.node) {
    const [a, b, c] = input;
    if (opType === "Gemm" && isBias(c)) added.push([c!, a]);
    if (opType === "Add" && isBias(b)) added.push([b!, a]);
    if (opType === "Add" && isBias(a)) added.push([a!, b]);
  }
  const biases = new Set(added.map(([bias]) => bias));
  const matrices = weights.filter((name) => !biases.has(name));
  const degrees = degreesOf(graph, matrices);
  return new Map(added.map(([bias, to]) => {
    const gemm = graph.node.find(({ opType, input }) =>
      opType === "Gemm" && input[2] === bias
    );
    const own = gemm ? gemm.output[0]! : to!;
    return [bias, degrees.get(own)?.highest ?? 1];
  }));
}
