/**
 * Interventions: edits of a model's graph, after which it can be run again.
 *
 *     model.edited(zeroWeight("W_pos"), along("blocks.0.hook_resid_mid", [d], 0))
 *
 * @module
 */

import {
  create,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
} from "../file/protobuf.ts";
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import {
  type FloatDType,
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../numeric/tensor.ts";
import { ONNX_TYPE } from "../../trace/operators/lowering.ts";
import { constantNode, inputOf } from "../file/graph_writer.ts";
import type { Aliases } from "./aliases.ts";

/**
 * A change of a graph, in place. Names may be those of the file, or others by
 * which it is asked.
 */
export type Edit = (graph: GraphProto, aliases: Aliases) => void;

/** What an activation x becomes: x ⊙ keep + add. */
export interface Patch {
  /** Factors that broadcast over the activation; by default 1. */
  readonly keep?: HostTensor | number;
  /** What is added, broadcast over the activation; by default 0. */
  readonly add?: HostTensor | number;
}

/**
 * An activation x in place of which the rest of the network sees x ⊙ keep + add:
 * zero ablation with keep 0; the mean over a set of rows, or any given value, with
 * keep 0 and add that value; of some heads or neurons alone, with a mask as keep.
 *
 * Factor and summand that are not the numbers 1 and 0 are weights of the new graph,
 * `label/keep` and `label/add`, so long as nothing else has that name: a run may be
 * given others in their place.
 *
 * @param name The activation.
 * @param patch Factor and summand.
 * @param label How their names begin; by default with the activation's.
 */
export function patch(
  name: string,
  { keep = 1, add = 0 }: Patch,
  label = name,
): Edit {
  return behind(name, (x, { dtype, constant, node }) => {
    const value = (v: HostTensor | number, part: string) =>
      constant(
        typeof v === "number"
          ? hostTensorOf(dtype, [], [v])
          : hostTensorOf(dtype, v.shape, toNumbers(v)),
        `${label}/${part}`,
      );
    const kept = keep === 1 ? x : node("Mul", [x, value(keep, "keep")]);
    return add === 0 ? kept : node("Add", [kept, value(add, "add")]);
  });
}

/**
 * An activation scaled along directions of its last axis: x + (s − 1)·(x·D)·Dᵀ
 * with D an orthonormal basis of their span. s = 0 takes them out.
 *
 * @param name The activation.
 * @param directions Vectors as long as its last axis, linearly independent.
 * @param scale s; by default 0.
 * @throws {RangeError} if a direction is zero or depends on the others.
 */
export function along(
  name: string,
  directions: readonly ArrayLike<number>[],
  scale = 0,
): Edit {
  const basis = orthonormal(directions); // Dᵀ, [k, width]
  const k = basis.length;
  const width = basis[0]!.length;
  return behind(name, (x, { dtype, constant, node }) => {
    const D = constant(hostTensorOf(
      dtype,
      [width, k],
      Array.from(
        { length: width * k },
        (_, i) => basis[i % k]![Math.floor(i / k)]!,
      ),
    ));
    const part = constant(hostTensorOf(
      dtype,
      [k, width],
      basis.flatMap((row) => [...row].map((v) => (scale - 1) * v)),
    ));
    return node("Add", [x, node("MatMul", [node("MatMul", [x, D]), part])]);
  });
}

/**
 * An activation that is given with the inputs, under its own name, for every row:
 * activations of another input, or of this one with a part taken out.
 *
 * @param asked The activation.
 * @param like A tensor like those that will be given: of its type and rank.
 */
export function given(asked: string, like: HostTensor): Edit {
  return (graph, { activations }) => {
    const name = activations[asked] ?? asked;
    const free = like.shape.map((_, i) => `${name}:${i}`);
    detach(graph, name);
    graph.valueInfo = graph.valueInfo.filter((info) => info.name !== name);
    graph.input.push(inputOf(name, ONNX_TYPE[like.dtype], free));
  };
}

/** How the nodes behind an activation are written. */
interface Writing {
  /** The activation's element type. */
  readonly dtype: FloatDType;
  /** A constant, by its name: the given one where that is free. */
  constant(tensor: HostTensor, name?: string): string;
  /** A node's output, by its name. */
  node(opType: string, input: readonly string[]): string;
}

// The value under its name becomes what is made of it; everything that read it,
// outputs of the graph among them, reads that.
function behind(
  asked: string,
  make: (x: string, writing: Writing) => string,
): Edit {
  return (graph, { activations }) => {
    const name = activations[asked] ?? asked;
    const before = detach(graph, name);
    const taken = new Set([
      ...graph.node.flatMap((node) => node.output),
      ...[...graph.input, ...graph.initializer].map(({ name }) => name),
    ]);
    const nodes: NodeProto[] = [];
    const add = (node: NodeProto) => {
      nodes.push(node);
      return node.output[0]!;
    };
    const next = () => `${before}/${nodes.length}`;
    const last = make(before, {
      dtype: typeOf(graph, name),
      constant: (tensor, name = next()) =>
        add(constantNode(taken.has(name) ? next() : name, tensor)),
      node: (opType, input) => add(operation(opType, input, next())),
    });
    add({ ...operation("Identity", [last], name), name: `${before}/Identity` });
    const maker = graph.node.findIndex((n) => n.output.includes(before));
    graph.node = [
      ...graph.node.slice(0, maker + 1),
      ...nodes,
      ...graph.node.slice(maker + 1),
    ];
  };
}

const operation = (
  opType: string,
  input: readonly string[],
  output: string,
) =>
  create(NodeProtoSchema, {
    name: `${output}/${opType}`,
    opType,
    input: [...input],
    output: [output],
  });

// Gives what makes a value another name, and says which: nothing makes the old one
// then, and everything still reads it.
function detach(graph: GraphProto, name: string): string {
  const made = new Set(graph.node.flatMap((node) => node.output));
  const node = graph.node.find((node) => node.output.includes(name));
  if (!node) {
    throw new UsageError(
      `Cannot edit the activation ${name}: no node makes a value of that ` +
        `name, ${nearest(name, [...made])}`,
    );
  }
  let before = `${name}/before`;
  while (made.has(before)) before += "'";
  node.output = node.output.map((output) => output === name ? before : output);
  return before;
}

// Where the file does not declare the type it is that of the weights.
function typeOf(graph: GraphProto, name: string): FloatDType {
  const info = [...graph.valueInfo, ...graph.output]
    .find((info) => info.name === name);
  const type = info?.type?.value.case === "tensorType"
    ? info.type.value.value.elemType
    : graph.initializer.find(({ dataType }) => isFloat(dataType))?.dataType;
  return FLOATS.find((dtype) => ONNX_TYPE[dtype] === type) ?? "float32";
}

const FLOATS = ["float32", "float64", "float16"] as const;
const isFloat = (type: number) =>
  FLOATS.some((dtype) => ONNX_TYPE[dtype] === type);

// Gram–Schmidt, twice over each vector: once leaves what rounding left.
function orthonormal(
  vectors: readonly ArrayLike<number>[],
): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const vector of vectors) {
    const rest = Float64Array.from(vector);
    const length = norm(rest);
    for (const other of [...basis, ...basis]) {
      const part = rest.reduce((sum, x, i) => sum + x * other[i]!, 0);
      other.forEach((x, i) => rest[i]! -= part * x);
    }
    const left = norm(rest);
    if (!(left > 1e-8 * length)) {
      throw new RangeError(
        `Cannot project on ${vectors.length} directions: one is zero, or a ` +
          "combination of the others",
      );
    }
    basis.push(rest.map((x) => x / left));
  }
  return basis;
}

const norm = (x: Float64Array) => Math.sqrt(x.reduce((s, v) => s + v * v, 0));
