/**
 * Constants of other tools' files: sparse ones, those of Constant nodes, and the
 * short floats that are widened.
 *
 * @module
 */

import {
  create,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
  TensorProtoSchema,
} from "../file/protobuf.ts";
import { tensorProto } from "../file/graph_writer.ts";
import { hostTensor } from "../file/model.ts";
import {
  bytesOf,
  type HostData,
  hostTensorOf,
  sizeOf,
} from "../../numeric/tensor.ts";
import { TYPE } from "./nodes.ts";

// Written out, a sparse tensor may not be larger.
const MOST_ELEMENTS = 2 ** 27;

/**
 * A sparse tensor written out.
 *
 * @throws {SyntaxError} if its places lie outside it, or it is too large.
 */
export function dense(sparse: SparseTensorProto, source: string): TensorProto {
  const { values, indices, dims } = sparse;
  const shape = dims.map(Number);
  const { name } = values!;
  const bad = (what: string) =>
    new SyntaxError(`Cannot read ${source}: its sparse tensor ${name} ${what}`);
  const size = sizeOf(shape);
  if (!(size <= MOST_ELEMENTS)) {
    throw bad(`would have ${size} elements, wanted ${MOST_ELEMENTS} at most`);
  }
  const given = hostTensor(widened(values!));
  const places = indices ? [...hostTensor(indices).data].map(Number) : [];
  const flat = indices?.dims.length === 2;
  const data = new (given.data.constructor as new (n: number) => HostData)(
    size,
  );
  for (let i = 0; i < given.data.length; i++) {
    const place = flat
      ? shape.reduce(
        (at, d, axis) => at * d + places[i * shape.length + axis]!,
        0,
      )
      : places[i]!;
    if (!(place >= 0 && place < size)) {
      throw bad(`of shape [${shape}] has a value at place ${place}`);
    }
    data[place] = given.data[i]!;
  }
  return tensorProto(name, { dtype: given.dtype, shape, data });
}

/** What a Constant node holds; undefined where it is no tensor. */
export function constantOf(
  { attribute }: NodeProto,
  source: string,
): TensorProto | undefined {
  for (const { name, t, f, i, floats, ints, sparseTensor } of attribute) {
    switch (name) {
      case "value":
        return t;
      case "sparse_value":
        return sparseTensor && dense(sparseTensor, source);
      case "value_float":
        return tensorProto("", hostTensorOf("float32", [], [f]));
      case "value_floats":
        return tensorProto(
          "",
          hostTensorOf("float32", [floats.length], floats),
        );
      case "value_int":
        return tensorProto("", hostTensorOf("int64", [], [Number(i)]));
      case "value_ints":
        return tensorProto(
          "",
          hostTensorOf("int64", [ints.length], ints.map(Number)),
        );
    }
  }
}

/** An element type, or the one that is computed with in its place. */
export function widerType(type: number): number {
  return type === TYPE.float16 || type === TYPE.bfloat16 ? TYPE.float32 : type;
}

/** A tensor of float16 or bfloat16 as one of float32; every other as it is. */
export function widened(tensor: TensorProto): TensorProto {
  const { dataType, rawData, int32Data } = tensor;
  if (widerType(dataType) === dataType) return tensor;
  const bits = rawData.length > 0
    ? new Uint16Array(rawData.slice().buffer)
    : Uint16Array.from(int32Data);
  const values = dataType === TYPE.float16
    ? Float32Array.from(new Float16Array(bits.buffer))
    // The upper half of a float32.
    : new Float32Array(Uint32Array.from(bits, (b) => b << 16).buffer);
  return create(TensorProtoSchema, {
    name: tensor.name,
    dims: tensor.dims,
    dataType: TYPE.float32,
    rawData: bytesOf(values),
  });
}
