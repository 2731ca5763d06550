/**
 * An ONNX file opened for looking inside: weights and activations by name,
 * edits of both, runs through ONNX Runtime.
 *
 * @module
 */

import { clone, create } from "@bufbuild/protobuf";
import {
  type GraphProto,
  ModelProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { UsageError } from "../errors.ts";
import { describing } from "../files.ts";
import { type METADATA, metadataOf } from "./checkpoint.ts";
import {
  decodeModel,
  encodeModel,
  hostTensor,
  type ModelProto,
  tensorProto,
} from "./model.ts";
import {
  openSession,
  providerOf,
  type Session,
  type SessionOptions,
} from "./session.ts";
import { type HostTensor, toNumbers, toTyped } from "./tensor.ts";

/** How to open a model for probing. */
export interface ProbeModelOptions extends SessionOptions {}

/**
 * Opens an ONNX file for probing.
 *
 * @param path The file.
 * @param options How to run it.
 * @throws {FileError} if it cannot be read.
 * @throws {SyntaxError} if it is no ONNX model.
 */
export async function loadProbeModel(
  path: string,
  options: ProbeModelOptions = {},
): Promise<ProbeModel> {
  const bytes = await describing(`read ${path}`, () => Deno.readFile(path));
  return new ProbeModel(bytes, path, options);
}

/** A model opened for probing. Close it to give its memory back. */
export class ProbeModel {
  /** Where it came from. */
  readonly source: string;
  readonly #model: ModelProto;
  readonly #options: ProbeModelOptions;
  // A session for each set of outputs that was asked for.
  readonly #sessions = new Map<string, Promise<Session>>();

  /**
   * Opens a model that is in memory.
   *
   * @param bytes The contents of an .onnx file.
   * @param source What to call it in messages.
   * @param options How to run it.
   * @throws {SyntaxError} if the bytes are no ONNX model.
   */
  constructor(
    bytes: Uint8Array | ModelProto,
    source: string,
    options: ProbeModelOptions = {},
  ) {
    this.#model = bytes instanceof Uint8Array
      ? decodeModel(bytes, source)
      : bytes;
    this.source = source;
    this.#options = options;
  }

  get #graph(): GraphProto {
    return this.#model.graph!;
  }

  /** The names of the weights: the floating-point initializers but buffers. */
  get weightNames(): string[] {
    return this.#weights().map(({ name }) => name);
  }

  #weights() {
    const floats = [1, 10, 11]; // float32, float16, float64 in onnx.proto
    const buffers = this.metadata("buffers");
    const isBuffer = (name: string) =>
      Array.isArray(buffers) && buffers.includes(name);
    return this.#graph.initializer
      .filter(({ dataType, dims, name }) =>
        floats.includes(dataType) && dims.length > 0 && !isBuffer(name)
      );
  }

  /** The names of the marked activations, in the order of computation. */
  get hookNames(): string[] {
    return this.#graph.node.flatMap((node) => node.output)
      .filter(isHook);
  }

  /** The names of the inputs that must be given. */
  get inputNames(): string[] {
    const given = new Set(this.#graph.initializer.map(({ name }) => name));
    return this.#graph.input.map(({ name }) => name)
      .filter((name) => !given.has(name));
  }

  /** How the model is run. */
  get options(): ProbeModelOptions {
    return this.#options;
  }

  /** ONNX Runtime's execution provider for the runs. */
  get provider(): string {
    return providerOf(this.#options);
  }

  /** The names of the outputs. */
  get outputNames(): string[] {
    return this.#graph.output.map(({ name }) => name);
  }

  /** The graph itself, for walks over its nodes. */
  get graph(): GraphProto {
    return this.#graph;
  }

  /**
   * A weight, or undefined where the model has none of that name.
   */
  weight(name: string): HostTensor | undefined {
    const proto = this.#graph.initializer.find((t) => t.name === name);
    return proto && hostTensor(proto);
  }

  /** What a key of metadata_props holds, parsed from JSON, or undefined. */
  metadata(key: keyof typeof METADATA): unknown {
    return metadataOf(this.#model, key);
  }

  /**
   * Runs the model.
   *
   * @param inputs A tensor for each input.
   * @param outputs Names of any values of the graph, outputs or not.
   * @throws {UsageError} if the graph has no value of a name.
   */
  async run(
    inputs: Readonly<Record<string, HostTensor>>,
    outputs: readonly string[] = this.outputNames,
  ): Promise<Record<string, HostTensor>> {
    const key = JSON.stringify(outputs);
    let session = this.#sessions.get(key);
    if (!session) {
      const model = withOutputs(this.#model, outputs);
      session = openSession(encodeModel(model), this.#options)
        .catch((error) => {
          throw new SyntaxError(
            `Cannot run ${this.source}: ONNX Runtime refuses it: ` +
              (error as Error).message,
            { cause: error },
          );
        });
      this.#sessions.set(key, session);
    }
    return (await session).run(inputs, outputs);
  }

  /** The same model with every weight multiplied by a number. */
  withScaledWeights(alpha: number): ProbeModel {
    const model = clone(ModelProtoSchema, this.#model);
    const scaled = new Set(this.weightNames);
    model.graph!.initializer = model.graph!.initializer.map((proto) => {
      if (!scaled.has(proto.name)) return proto;
      const { dtype, shape, data } = hostTensor(proto);
      const values = toNumbers({ data }).map((x) => x * alpha);
      return tensorProto(proto.name, {
        dtype,
        shape,
        data: toTyped(dtype, values),
      });
    });
    return new ProbeModel(model, `${this.source} × ${alpha}`, this.#options);
  }

  /** The file's bytes with other values as outputs, beside the present ones. */
  encodeWithOutputs(names: readonly string[]): Uint8Array<ArrayBuffer> {
    const outputs = [...new Set([...this.outputNames, ...names])];
    return encodeModel(withOutputs(this.#model, outputs));
  }

  /** Gives the sessions' memory back. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) {
      await (await session.catch(() => undefined))?.close();
    }
    this.#sessions.clear();
  }
}

/** Whether a value's name is that of a hook: `…hook_` and a word. */
const isHook = (name: string) => /(^|\.)hook_\w+$/.test(name);

/**
 * The same model with other outputs, whichever values of its graph they are.
 *
 * @throws {UsageError} if the graph has no value of a name.
 */
function withOutputs(
  model: ModelProto,
  names: readonly string[],
): ModelProto {
  const graph = model.graph!;
  const known = new Map<string, ValueInfoProto>(
    [...graph.valueInfo, ...graph.output].map((info) => [info.name, info]),
  );
  const made = new Set(graph.node.flatMap((node) => node.output));
  const output = names.map((name) => {
    if (!made.has(name)) {
      const hooks = [...made].filter(isHook);
      throw new UsageError(
        `Cannot take ${name} as an output: the graph has no such value; ` +
          `its hooks: ${hooks.join(", ") || "none"}`,
      );
    }
    // Without a declared type ONNX Runtime infers it.
    return known.get(name) ?? create(ValueInfoProtoSchema, { name });
  });
  const promoted = new Set(names);
  const copy = clone(ModelProtoSchema, model);
  copy.graph!.output = output;
  copy.graph!.valueInfo = [...graph.valueInfo, ...graph.output]
    .filter((info) => !promoted.has(info.name));
  return copy;
}
