/**
 * Other weights in a model's graph: changed for good, or given with the inputs.
 *
 * @module
 */

import type { GraphProto, TensorProto } from "../file/protobuf.ts";
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import {
  aliased,
  type Aliases,
  type WeightAlias,
  withAliased,
} from "./aliases.ts";
import type { Edit } from "./edits.ts";
import { inputOf, tensorProto } from "../file/graph_writer.ts";
import { hostTensor } from "../file/model.ts";
import {
  type HostTensor,
  hostTensorOf,
  sizeOf,
  toNumbers,
} from "../../numeric/tensor.ts";

/**
 * A weight with its values changed.
 *
 * @param name Its name in the file.
 * @param change From the values, row-major, to as many others.
 * @throws {UsageError} if the graph has no such weight.
 * @throws {RangeError} if the values are more or fewer.
 */
export function changeWeight(
  name: string,
  change: (values: Float64Array, shape: readonly number[]) => ArrayLike<number>,
): Edit {
  return (graph, aliases) => {
    const alias = aliasOf(aliases, name);
    const whole = hostTensor(weightSlot(graph, alias.tensor)[0]);
    const weight = aliased(whole, alias);
    const values = change(toNumbers(weight), weight.shape);
    const changed = hostTensorOf(weight.dtype, weight.shape, values);
    replaceWeight(name, changed)(graph, aliases);
  };
}

const aliasOf = ({ weights }: Aliases, name: string): WeightAlias =>
  weights[name] ?? { tensor: name, transposed: false };

/**
 * A graph's own tensors that differ where weights are others.
 *
 * @param graph The graph, which stays as it is.
 * @param aliases Names by which it is asked.
 * @param weights Weights by name, of the shapes of those that they replace.
 * @returns By the names in the graph.
 * @throws {UsageError} if there is no weight of a name.
 * @throws {RangeError} if a shape is another.
 */
export function tensorsWith(
  graph: GraphProto,
  aliases: Aliases,
  weights: Readonly<Record<string, HostTensor>>,
): Record<string, HostTensor> {
  const tensors: Record<string, HostTensor> = {};
  for (const [name, weight] of Object.entries(weights)) {
    const alias = aliasOf(aliases, name);
    const whole = tensors[alias.tensor] ??
      hostTensor(weightSlot(graph, alias.tensor)[0]);
    checkShape(name, aliased(whole, alias), weight);
    tensors[alias.tensor] = withAliased(whole, alias, weight);
  }
  return tensors;
}

/** Tensors by their names in the graph in place of those that are there. */
export function putTensors(
  tensors: Readonly<Record<string, HostTensor>>,
): Edit {
  return (graph) => {
    for (const [name, tensor] of Object.entries(tensors)) {
      const [{ name: own }, put] = weightSlot(graph, name);
      put(tensorProto(own, tensor));
    }
  };
}

/** Weights that are given with the inputs, under the names in the graph. */
export function giveTensors(names: readonly string[]): Edit {
  return (graph) => {
    const isGiven = (name: string) => names.includes(name);
    for (const name of names) {
      const { dataType, dims } = weightSlot(graph, name)[0];
      if (graph.input.some((input) => input.name === name)) continue;
      graph.input.push(inputOf(name, dataType, dims.map(Number)));
    }
    graph.initializer = graph.initializer.filter(({ name }) => !isGiven(name));
    graph.node = graph.node.filter(({ opType, output }) =>
      opType !== "Constant" || !isGiven(output[0]!)
    );
  };
}

/**
 * A weight multiplied by a number.
 *
 * @param name The weight.
 * @param factor What each of its elements is multiplied with.
 */
export function scaleWeight(name: string, factor: number): Edit {
  return changeWeight(name, (values) => values.map((x) => factor * x));
}

/**
 * A weight of zeros.
 *
 * @param name The weight.
 */
export function zeroWeight(name: string): Edit {
  return changeWeight(name, (values) => new Float64Array(values.length));
}

/**
 * Another tensor in place of a weight.
 *
 * @throws {RangeError} when applied, if the shape is another than the weight's.
 */
export function replaceWeight(name: string, tensor: HostTensor): Edit {
  return (graph, aliases) =>
    putTensors(tensorsWith(graph, aliases, { [name]: tensor }))(graph, aliases);
}

function checkShape(
  name: string,
  { shape }: Pick<HostTensor, "shape">,
  other: HostTensor,
): void {
  const { length } = other.data;
  if (shape.join() === other.shape.join() && length === sizeOf(shape)) return;
  throw new RangeError(
    `Cannot replace the weight ${name}: it has shape [${shape}], got ` +
      `[${other.shape}] of ${length} values`,
  );
}

/** A weight's tensor in a graph, and how to put another in its place. */
export type WeightSlot = readonly [
  tensor: TensorProto,
  put: (tensor: TensorProto) => void,
];

/**
 * A weight's place in a graph: an initializer, or the value of a Constant node.
 *
 * @returns Undefined where there is none of that name.
 */
export function findWeight(
  graph: GraphProto,
  name: string,
): WeightSlot | undefined {
  const i = graph.initializer.findIndex((tensor) => tensor.name === name);
  if (i >= 0) {
    return [
      graph.initializer[i]!,
      (tensor) => graph.initializer[i] = tensor,
    ];
  }
  const attribute = graph.node
    .find((n) => n.opType === "Constant" && n.output[0] === name)
    ?.attribute.find((attribute) => attribute.name === "value");
  return attribute?.t &&
    [attribute.t, (tensor) => attribute.t = tensor];
}

/**
 * The same of a weight that must be there.
 *
 * @throws {UsageError} if there is none of that name.
 */
export function weightSlot(graph: GraphProto, name: string): WeightSlot {
  const slot = findWeight(graph, name);
  if (slot) return slot;
  throw new UsageError(
    `Cannot find the weight ${name}: there is none of that name, ` +
      nearest(name, graph.initializer.map(({ name }) => name)),
  );
}
