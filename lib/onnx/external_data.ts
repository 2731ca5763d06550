/**
 * Weights that an ONNX file keeps in files beside it, as PyTorch's exporter writes
 * them unless it is told otherwise.
 *
 * Source: onnx.proto, `TensorProto.external_data`.
 *
 * @module
 */

import { dirname, isAbsolute, join, normalize, relative } from "node:path";
import { TensorProto_DataLocation } from "onnx-buf";
import { isAbsent } from "../files.ts";
import { readFile } from "../sums.ts";
import type {
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
} from "./model.ts";

/**
 * Reads a model's external tensors into it, in place: wherever they stand,
 * initializers, constants, the graphs of branches and functions.
 *
 * @param model The model.
 * @param path The file that it comes from.
 * @returns Whether there were any.
 * @throws {FileError} if a file beside it cannot be read, or is no regular file.
 * @throws {SyntaxError} if one lies elsewhere than beside it or below, links
 * followed, or ends before the tensor does.
 */
export async function readExternalData(
  model: ModelProto,
  path: string,
): Promise<boolean> {
  const files = new Map<string, Uint8Array>();
  let any = false;
  for (const tensor of tensorsIn(model)) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    any = true;
    const file = await fileOf(tensor, path);
    const action = `read ${file}, where ${path} has the weight ${tensor.name}`;
    const bytes = files.get(file) ?? await readFile(file, action);
    files.set(file, bytes);
    const [from, to] = rangeOf(tensor, path, file, bytes.length);
    tensor.rawData = bytes.slice(from, to);
    tensor.externalData = [];
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
  }
  return any;
}

/** All tensors that are written in a model. */
export function* tensorsIn(model: ModelProto): Generator<TensorProto> {
  if (model.graph) yield* tensorsOfGraph(model.graph);
  for (const { node } of model.functions) yield* tensorsOfNodes(node);
}

function* tensorsOfGraph(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const { values, indices } of graph.sparseInitializer) {
    if (values) yield values;
    if (indices) yield indices;
  }
  yield* tensorsOfNodes(graph.node);
}

function* tensorsOfNodes(nodes: readonly NodeProto[]): Generator<TensorProto> {
  for (const { attribute } of nodes) {
    for (const { t, tensors, g, graphs, ...sparse } of attribute) {
      if (t) yield t;
      yield* tensors;
      const { sparseTensor, sparseTensors } = sparse;
      for (
        const each of [...sparseTensors, ...sparseTensor ? [sparseTensor] : []]
      ) {
        if (each.values) yield each.values;
        if (each.indices) yield each.indices;
      }
      if (g) yield* tensorsOfGraph(g);
      for (const graph of graphs) yield* tensorsOfGraph(graph);
    }
  }
}

const entry = (tensor: TensorProto, wanted: string) =>
  tensor.externalData.find(({ key }) => key === wanted)?.value;

// The real path of the file that has a tensor. One from elsewhere must not have
// any file of the disk read, be it by a link.
async function fileOf(tensor: TensorProto, path: string): Promise<string> {
  const given = entry(tensor, "location");
  const location = normalize(given ?? "");
  const outside = (found: string) =>
    new SyntaxError(
      `Cannot read ${path}: the weight ${tensor.name} must lie in a file ` +
        `beside it or below, got ${JSON.stringify(given)}${found}`,
    );
  if (isAbsolute(location) || location === "." || leaves(location)) {
    throw outside("");
  }
  // The file itself may be a link, into a folder where it lies with its data.
  const homes = [dirname(path), dirname(await Deno.realPath(path))];
  let file: string | undefined;
  for (const home of homes) {
    file ??= await Deno.realPath(join(home, location)).catch((error) => {
      if (!isAbsent(error)) throw error;
      return undefined;
    });
  }
  if (file === undefined) return join(homes[0]!, location); // Said to be absent.
  const roots = await Promise.all(homes.map((home) => Deno.realPath(home)));
  if (roots.every((root) => leaves(relative(root, file)))) {
    throw outside(`, which is a link to ${file}`);
  }
  return file;
}

// Whether a relative path leads out of its folder.
function leaves(path: string): boolean {
  return isAbsolute(path) || path === ".." || /^\.\.[/\\]/.test(path);
}

function rangeOf(
  tensor: TensorProto,
  path: string,
  file: string,
  size: number,
): [from: number, to: number] {
  const number = (key: string, preset: number) => {
    const text = entry(tensor, key);
    if (text === undefined) return preset;
    return /^\d+$/.test(text) ? Number(text) : NaN;
  };
  const from = number("offset", 0);
  const to = from + number("length", size - from);
  if (from <= to && to <= size) return [from, to];
  const [offset = 0, length = "the rest"] = ["offset", "length"]
    .map((key) => entry(tensor, key));
  throw new SyntaxError(
    `Cannot read ${path}: its weight ${tensor.name} has offset ${offset} and ` +
      `length ${length} in ${file}, which has ${size} bytes`,
  );
}
