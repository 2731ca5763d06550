/**
 * What a node of a foreign graph is given when it is differentiated: tensors, and
 * numbers that are known.
 *
 * @module
 */

import * as tf from "../../../base/tfjs.ts";
import { castLike } from "../../../trace/precision.ts";
import type { NodeProto } from "../../../onnx/file/model.ts";

/** What a node is given: a traced tensor, or numbers that are known. */
export interface Operand {
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** The numbers, where no weight goes into them. */
  readonly known?: Float64Array;
  /** The tensor, in the precision of the weights. */
  tensor(): tf.Tensor;
}

/** A node with what it is given; what it lacks is undefined. */
export interface Application {
  /** The node. */
  readonly node: NodeProto;
  /** Its inputs. */
  readonly x: readonly (Operand | undefined)[];
  /** The version of the operator set. */
  readonly opset: number;
}

/** An operator: its outputs. */
export type Operator = (given: Application) => tf.Tensor[];

/** A node that has no derivative here, in words. */
export class NoDerivative extends TypeError {
  /** What tells it from other errors. */
  override name = "NoDerivative";
}

/** The number of an attribute, or what stands for it. */
export function numberOf(
  node: NodeProto,
  name: string,
  preset: number,
): number {
  const found = node.attribute.find((attribute) => attribute.name === name);
  // AttributeProto: FLOAT is 1, INT 2.
  return found ? found.type === 1 ? found.f : Number(found.i) : preset;
}

/**
 * The numbers of an attribute, or of the input that takes its place in newer
 * versions; undefined where there is neither.
 *
 * @throws {NoDerivative} if weights go into them.
 */
export function numbersOf(
  { node, x }: Application,
  name: string,
  at: number,
): number[] | undefined {
  const found = node.attribute.find((attribute) => attribute.name === name);
  if (found) return found.ints.map(Number);
  const operand = x[at];
  if (!operand) return undefined;
  return [...constantOf(operand, name)];
}

/**
 * The numbers of an operand that no weight goes into.
 *
 * @throws {NoDerivative} if one does.
 */
export function constantOf({ known }: Operand, what: string): Float64Array {
  if (known) return known;
  throw new NoDerivative(`its ${what} is made of weights`);
}

/** An axis counted from the front. */
export const axisOf = (axis: number, rank: number) =>
  axis < 0 ? axis + rank : axis;

/** How many elements such lengths have. */
export const product = (lengths: readonly number[]) =>
  lengths.reduce((product, d) => product * d, 1);

/**
 * A tensor repeated along axes of length 1; its gradient is summed along them.
 *
 * @param x The tensor.
 * @param shape What it becomes.
 */
export function expanded(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (x.shape.join() === shape.join()) return x;
  return tf.add(x, castLike(tf.zeros([...shape]), x));
}
