/**
 * Weights that an ONNX file keeps in files beside it, as PyTorch's exporter writes
 * them unless it is told otherwise.
 *
 * Source: onnx.proto, `TensorProto.external_data`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname, isAbsolute, join, normalize, relative } from "node:path";
import { TensorProto_DataLocation, TensorProto_DataType } from "./protobuf.ts";
import { describing, FileError, isAbsent } from "../../base/files.ts";
import { fileSize } from "../../base/sums.ts";
import type {
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
} from "./model.ts";
import { MOST_BYTES } from "./size.ts";

/**
 * Reads a model's external tensors into it, in place: wherever they stand,
 * initializers, constants, the graphs of branches and functions.
 *
 * @param model The model.
 * @param path The file that it comes from.
 * @returns Whether there were any.
 * @throws {FileError} if a file beside it cannot be read, or is no regular file,
 * or all of them are more than a model can hold.
 * @throws {SyntaxError} if one lies elsewhere than beside it or below, links
 * followed, ends before the tensor does, or has another length than its shape; or
 * if a file has another SHA-1 than a tensor says.
 */
export async function readExternalData(
  model: ModelProto,
  path: string,
): Promise<boolean> {
  let any = false;
  let total = 0;
  const sums = new Map<string, string>();
  for (const tensor of tensorsIn(model)) {
    if (!isExternal(tensor)) continue;
    any = true;
    if (tensor.rawData.length > 0) {
      throw new SyntaxError(
        `Cannot read ${path}: its weight ${tensor.name} is in the file and ` +
          "beside it, wanted one of them",
      );
    }
    const file = await fileOf(tensor, path);
    const action = `read ${file}, where ${path} has the weight ${tensor.name}`;
    const size = await describing(action, () => fileSize(file));
    const [from, to] = rangeOf(tensor, path, file, size);
    total += to - from;
    const sum = checksumOf(tensor, path);
    if (sum !== undefined) {
      // Of the whole file, whatever part of it the tensor is.
      const own = sums.get(file) ??
        await describing(action, () => sha1(file));
      sums.set(file, own);
      if (own !== sum) {
        throw new SyntaxError(
          `Cannot read ${path}: ${file} has the SHA-1 ${own}, and the weight ` +
            `${tensor.name} says ${sum}: it is not the file that was written ` +
            "with it",
        );
      }
    }
    if (total > MOST_BYTES) throw tooLarge(path, total);
    tensor.rawData = await readRange(file, from, to, action);
    tensor.externalData = [];
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
  }
  return any;
}

/** Whether a tensor lies in a file beside its model. */
export function isExternal({ dataLocation }: TensorProto): boolean {
  return dataLocation === TensorProto_DataLocation.EXTERNAL;
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

// A key given twice may be read either way, by one program so and by another
// otherwise.
function entry(tensor: TensorProto, wanted: string): string | undefined {
  const found = tensor.externalData.filter(({ key }) => key === wanted);
  if (found.length > 1) {
    throw new SyntaxError(
      `Cannot read the weight ${tensor.name}: it gives its ${wanted} ` +
        `${found.length} times, wanted once`,
    );
  }
  return found[0]?.value;
}

// What the file must have; undefined where the tensor does not say.
function checksumOf(tensor: TensorProto, path: string): string | undefined {
  const given = entry(tensor, "checksum");
  if (given === undefined || /^[0-9a-f]{40}$/i.test(given)) {
    return given?.toLowerCase();
  }
  throw new SyntaxError(
    `Cannot read ${path}: its weight ${tensor.name} has the checksum ` +
      `${JSON.stringify(given)}, wanted the 40 hexadecimal digits of a SHA-1`,
  );
}

async function sha1(file: string): Promise<string> {
  const hash = createHash("sha1");
  const opened = await Deno.open(file);
  for await (const bytes of opened.readable) hash.update(bytes);
  return hash.digest("hex");
}

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
  if (
    isAbsolute(location) || location === "." || leaves(location) ||
    location.includes("\0")
  ) {
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

// Bytes of a file, which may be far larger than what one model has in it.
function readRange(
  file: string,
  from: number,
  to: number,
  action: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return describing(action, async () => {
    using opened = await Deno.open(file);
    await opened.seek(from, Deno.SeekMode.Start);
    const bytes = new Uint8Array(to - from);
    for (let at = 0; at < bytes.length;) {
      const read = await opened.read(bytes.subarray(at));
      if (read === null) throw new Error(`it ends at byte ${from + at}`);
      at += read;
    }
    return bytes;
  });
}

function tooLarge(path: string, bytes: number): FileError {
  return new FileError(
    `Cannot read ${path}: its weights beside it have ` +
      `${bytes.toLocaleString("en")} bytes or more, and one network at most ` +
      MOST_BYTES.toLocaleString("en"),
  );
}

// Bits of a number in a file, by the name of its type.
const BITS: Readonly<Record<string, number>> = {
  ...{ BOOL: 8, INT8: 8, UINT8: 8, INT16: 16, UINT16: 16 },
  ...{ INT32: 32, UINT32: 32, INT64: 64, UINT64: 64 },
  ...{ FLOAT16: 16, BFLOAT16: 16, FLOAT: 32, DOUBLE: 64 },
  ...{ COMPLEX64: 64, COMPLEX128: 128, INT4: 4, UINT4: 4, FLOAT4E2M1: 4 },
  ...{ FLOAT8E4M3FN: 8, FLOAT8E4M3FNUZ: 8, FLOAT8E5M2: 8, FLOAT8E5M2FNUZ: 8 },
};

// Bytes that a tensor's shape and type ask for; undefined for a type that is not
// known, of which no number is read either.
function bytesWanted({ dataType, dims }: TensorProto): number | undefined {
  const bits = BITS[TensorProto_DataType[dataType] ?? ""];
  const numbers = dims.reduce((all, each) => all * Number(each), 1);
  return bits === undefined ? undefined : Math.ceil(numbers * bits / 8);
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
  // Without a length it is as long as its shape says, not as the file.
  const wanted = bytesWanted(tensor);
  const bytes = number("length", wanted ?? size - from);
  const to = from + bytes;
  if (from <= to && to <= size) {
    if (wanted === undefined || wanted === bytes) return [from, to];
    throw new SyntaxError(
      `Cannot read ${path}: its weight ${tensor.name} of shape [${
        tensor.dims.join(", ")
      }] takes ${wanted} bytes, and has ${bytes} in ${file}`,
    );
  }
  const [offset = 0, length = "the rest"] = ["offset", "length"]
    .map((key) => entry(tensor, key));
  throw new SyntaxError(
    `Cannot read ${path}: its weight ${tensor.name} has offset ${offset} and ` +
      `length ${length} in ${file}, which has ${size} bytes`,
  );
}
