/**
 * A checkpoint with handles: the same network, in which what a reader may turn
 * is an input of the graph.
 *
 * @module
 */

import {
  clone,
  create,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../../onnx/file/protobuf.ts";
import type { FloatDType, HostTensor } from "../../numeric/tensor.ts";
import { hostTensor, type ModelProto } from "../../onnx/file/model.ts";
import { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { ONNX_TYPE } from "../../trace/operators/lowering.ts";

/** Units that can be switched off, one by one. */
export interface Mask {
  /** The activation that they are: `layers.0.hook_post`. */
  readonly hook: string;
  /** What a unit is. */
  readonly unit: "neuron" | "head";
  /** How many there are. */
  readonly size: number;
  /** The input: 1 for a unit that stays, 0 for one that is switched off. */
  readonly input: string;
}

/** Rows of a weight that are functions on Z_p, and can be filtered. */
export interface Filter {
  /** The weight: `W_E`, or `layers.0.W`. */
  readonly weight: string;
  /** How many rows it has. */
  readonly rows: number;
  /** How many times p rows stand below each other from the first on. */
  readonly parts: number;
  /** The input: [rows, rows], by which the weight is multiplied from the left. */
  readonly input: string;
}

/** A network with its handles. */
export interface LiveModel {
  /** The file; its outputs are the logits and the activations of neurons. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The element type of the handles: that of the weights. */
  readonly precision: FloatDType;
  /** The input by which every weight is multiplied, []. */
  readonly alpha: string;
  /** What can be switched off. */
  readonly masks: readonly Mask[];
  /** What can be filtered, in networks on residues. */
  readonly filter: Filter | null;
}

/** What a model is made live from. */
export interface LiveOptions {
  /** p, where the tokens are residues. */
  readonly modulus?: number | undefined;
  /** Which initializers are weights. */
  readonly weights: readonly string[];
}

const ALPHA = "live.alpha";
const FILTER = "live.filter";

/**
 * Puts the handles in: α times every weight, a mask behind every hidden layer
 * and head, and a filter on the rows of the embedding. They are inputs beside
 * the model's own: ONNX Runtime for JavaScript has no defaults for inputs. With
 * α = 1, masks of ones and the identity every weight and activation stays what it
 * was, for these products are exact; only sums may be taken in another order,
 * because ONNX Runtime packs weights that are constant.
 *
 * @param model The checkpoint.
 * @param options Its weights, and p.
 */
export function liveModel(
  model: ModelProto,
  { modulus, weights }: LiveOptions,
): LiveModel {
  const copy = clone(ModelProtoSchema, model);
  const graph = copy.graph!;
  const tensors = new Map(
    graph.initializer.filter(({ name }) => weights.includes(name))
      .map((proto) => [proto.name, hostTensor(proto)]),
  );
  const precision = [...tensors.values()][0]!.dtype as FloatDType;
  const elemType = ONNX_TYPE[precision];
  graph.input.push(inputInfo(ALPHA, elemType, []));
  const renamed = new Map<string, string>();
  const first: NodeProto[] = [];

  const filter = filterOf(tensors, modulus);
  for (const name of tensors.keys()) {
    let value = name;
    if (name === filter?.weight) {
      const { rows } = filter;
      graph.input.push(inputInfo(FILTER, elemType, [rows, rows]));
      first.push(node("MatMul", [FILTER, value], value += "/filtered"));
    }
    first.push(node("Mul", [value, ALPHA], `${name}/scaled`));
    renamed.set(name, `${name}/scaled`);
  }

  const masks = masksOf(model);
  const nodes = graph.node.flatMap((old) => {
    old.input = old.input.map((name) => renamed.get(name) ?? name);
    return [
      old,
      ...old.output.flatMap((hook) => {
        const mask = masks.find((mask) => mask.hook === hook);
        if (!mask) return [];
        const { input, unit, size } = mask;
        // Heads are the axis before the last: [batch, pos, head, d_head].
        const shape = unit === "head" ? [size, 1] : [size];
        graph.input.push(inputInfo(input, elemType, shape));
        renamed.set(hook, `${hook}/masked`);
        return [node("Mul", [hook, input], `${hook}/masked`)];
      }),
    ];
  });
  graph.node = [...first, ...nodes];
  const activations = masks.filter(({ unit }) => unit === "neuron")
    .map(({ hook }) => hook);
  return {
    bytes: new ProbeModel(copy, "the live model")
      .encodeWithOutputs(activations),
    precision,
    alpha: ALPHA,
    masks,
    filter,
  };
}

function filterOf(
  tensors: ReadonlyMap<string, HostTensor>,
  modulus: number | undefined,
): Filter | null {
  if (modulus === undefined) return null;
  for (const weight of ["W_E", "layers.0.W"]) {
    const tensor = tensors.get(weight);
    if (!tensor) continue;
    const [rows = 0] = tensor.shape;
    const parts = weight === "W_E" ? 1 : Math.floor(rows / modulus);
    if (rows < parts * modulus || parts === 0) return null;
    return { weight, rows, parts, input: FILTER };
  }
  return null;
}

function masksOf({ graph }: ModelProto): Mask[] {
  const made = new Set(graph!.node.flatMap(({ output }) => output));
  return graph!.valueInfo.flatMap((info): Mask[] => {
    const hook = info.name;
    const lengths = lengthsOf(info);
    const input = `live.mask.${hook}`;
    const neurons = /(^|\.)hook_post$/.test(hook) && lengths.at(-1);
    const heads = /\.attn\.hook_z$/.test(hook) && lengths.at(-2);
    if (!made.has(hook)) return [];
    if (neurons) return [{ hook, unit: "neuron", size: neurons, input }];
    if (heads) return [{ hook, unit: "head", size: heads, input }];
    return [];
  });
}

// Lengths of the axes; undefined for a free one.
function lengthsOf({ type }: ValueInfoProto): (number | undefined)[] {
  if (type?.value.case !== "tensorType") return [];
  return (type.value.value.shape?.dim ?? []).map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : undefined
  );
}

function node(opType: string, input: string[], output: string): NodeProto {
  const name = `${output}/${opType}`;
  return create(NodeProtoSchema, { name, opType, input, output: [output] });
}

function inputInfo(
  name: string,
  elemType: number,
  shape: readonly number[],
): ValueInfoProto {
  const dim = shape.map((length) => ({
    value: { case: "dimValue" as const, value: BigInt(length) },
  }));
  const value = { elemType, shape: { dim } };
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value } },
  });
}
