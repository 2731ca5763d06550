/**
 * A weight that a file has twice, once turned or in part: an exporter computed what
 * a tied embedding is read as, and wrote that down as a tensor of its own.
 *
 * @module
 */

import {
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  type TensorProto,
} from "../file/protobuf.ts";
import { append } from "../../base/extremes.ts";
import type { WeightAlias } from "../inspect/aliases.ts";
import { tensorProto } from "../file/graph_writer.ts";
import { hostTensor } from "../file/model.ts";
import { hostTensorOf, toNumbers } from "../../numeric/tensor.ts";
import { changed, isFloat, isOp, nodeOf } from "./nodes.ts";
import { untrained } from "./untrained.ts";

/** A matrix, row by row. */
interface Matrix {
  readonly tensor: TensorProto;
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** Where a matrix lies in another: from which row and column. */
interface Submatrix {
  readonly from: number;
  readonly axis: 0 | 1;
  readonly transposed: boolean;
}

// Fewer different numbers may be the same by chance, or by how they were initialised.
const LEAST_DIFFERENT = 8;

/** A graph in which copies are made of what they are copies of. */
export interface Uncopied {
  readonly graph: GraphProto;
  /** What copies stand for that are some rows of a weight. */
  readonly synonyms: Readonly<Record<string, WeightAlias>>;
}

/**
 * Writes every matrix that another one has in itself transposed, or a table that is
 * looked up as some rows or columns, as nodes that take it from there. Two of the
 * same numbers in the same order stay two weights: layers that began as copies.
 *
 * @param graph A flat graph, which stays as it is.
 * @param opset The version of the operators.
 */
export function withoutCopies(graph: GraphProto, opset: number): Uncopied {
  const matrices = graph.initializer.flatMap((tensor) => matrixOf(tensor) ?? [])
    .sort((a, b) => b.values.length - a.values.length);
  const tables = new Set(
    graph.node.filter((each) => isOp(each, "Gather")).map(({ input }) =>
      input[0]
    ),
  );
  const kept: Matrix[] = [];
  const node: NodeProto[] = [];
  const added: TensorProto[] = [];
  const copies = new Set<string>();
  const synonyms: Record<string, WeightAlias> = {};
  for (const matrix of matrices) {
    const found = sourceOf(matrix, kept, tables);
    if (!found) {
      kept.push(matrix);
      continue;
    }
    const { name } = matrix.tensor;
    const [source, place] = found;
    copies.add(name);
    const { nodes, bounds } = taken(matrix, source, place, opset);
    append(node, nodes);
    append(added, bounds);
    const whole = source.values.length === matrix.values.length;
    if (whole || place.axis === 1) continue;
    const length = place.transposed ? matrix.columns : matrix.rows;
    synonyms[name] = {
      tensor: source.tensor.name,
      rows: [place.from, place.from + length],
      transposed: place.transposed,
    };
  }
  if (copies.size === 0) return { graph, synonyms };
  return {
    graph: changed(GraphProtoSchema, graph, {
      node: [...node, ...graph.node],
      initializer: [
        ...graph.initializer.filter(({ name }) => !copies.has(name)),
        ...added,
      ],
    }),
    synonyms,
  };
}

function matrixOf(tensor: TensorProto): Matrix | undefined {
  const [rows = 0, columns = 0] = tensor.dims.map(Number);
  if (tensor.dims.length !== 2 || !isFloat(tensor.dataType)) return undefined;
  if (rows < 2 || columns < 2) return undefined;
  const values = toNumbers(hostTensor(tensor));
  const different = new Set<number>();
  for (const x of values) {
    if (different.add(x).size >= LEAST_DIFFERENT) {
      return untrained(tensor) === undefined
        ? { tensor, rows, columns, values }
        : undefined;
    }
  }
}

function sourceOf(
  matrix: Matrix,
  kept: readonly Matrix[],
  tables: ReadonlySet<string | undefined>,
): [Matrix, Submatrix] | undefined {
  const alike = kept.filter(({ tensor }) =>
    tensor.dataType === matrix.tensor.dataType
  );
  for (const source of alike) {
    for (const transposed of [false, true]) {
      const place = placeIn(source, matrix, transposed);
      if (!place) continue;
      const whole = source.values.length === matrix.values.length;
      const part = !whole && tables.has(source.tensor.name);
      if (part || transposed) return [source, place];
      break; // In the same order.
    }
  }
}

function placeIn(
  source: Matrix,
  matrix: Matrix,
  transposed: boolean,
): Submatrix | undefined {
  const { values } = matrix;
  const [rows, columns] = transposed
    ? [matrix.columns, matrix.rows]
    : [matrix.rows, matrix.columns];
  const at = (row: number, column: number) =>
    values[transposed ? column * rows + row : row * columns + column];
  const liesAt = (top: number, left: number) => {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const place = (top + row) * source.columns + left + column;
        if (source.values[place] !== at(row, column)) return false;
      }
    }
    return true;
  };
  if (columns === source.columns) {
    for (let from = 0; from + rows <= source.rows; from++) {
      if (liesAt(from, 0)) return { from, axis: 0, transposed };
    }
  } else if (rows === source.rows) {
    for (let from = 0; from + columns <= source.columns; from++) {
      if (liesAt(0, from)) return { from, axis: 1, transposed };
    }
  }
}

function taken(
  { tensor, rows, columns, values }: Matrix,
  source: Matrix,
  { from, axis, transposed }: Submatrix,
  opset: number,
): { nodes: NodeProto[]; bounds: TensorProto[] } {
  const { name } = tensor;
  const whole = values.length === source.values.length;
  const length = (axis === 0) === transposed ? columns : rows;
  const part = transposed ? `${name}/part` : name;
  const turn = (of: string) =>
    nodeOf("Transpose", [of], name, { perm: [1, 0] });
  if (whole) return { nodes: [turn(source.tensor.name)], bounds: [] };
  const bounds = { starts: [from], ends: [from + length], axes: [axis] };
  const tensors = Object.entries(bounds).map(([key, value]) =>
    tensorProto(`${name}/${key}`, hostTensorOf("int64", [1], value))
  );
  // From version 10 on its bounds are inputs.
  const slice = opset < 10
    ? nodeOf("Slice", [source.tensor.name], part, bounds)
    : nodeOf(
      "Slice",
      [source.tensor.name, ...tensors.map((bound) => bound.name)],
      part,
    );
  return {
    nodes: [slice, ...transposed ? [turn(part)] : []],
    bounds: opset < 10 ? [] : tensors,
  };
}
