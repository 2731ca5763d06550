/**
 * An ONNX file opened for looking inside: weights and activations by name,
 * edits of both, runs through ONNX Runtime.
 *
 * @module
 */

import { clone } from "@bufbuild/protobuf";
import {
  type GraphProto,
  ModelProtoSchema,
  type ValueInfoProto,
} from "onnx-buf";
import { checkOptions, only } from "../options.ts";
import { readHeld } from "../sums.ts";
import { aliased, type Aliases, joinedAliases, NO_ALIASES } from "./aliases.ts";
import { runInBatches } from "./batches.ts";
import {
  type ConstantTensor,
  type ForeignWeights,
  readForeign,
} from "./reading/mod.ts";
import { isHook, withOutputs } from "./outputs.ts";
import { pruned, readsOf } from "./reading/nodes.ts";
import { type METADATA, metadataOf } from "./checkpoint.ts";
import { readExternalData } from "./external_data.ts";
import { PROBE_MODEL, SESSION } from "./options.ts";
import type { Edit } from "./edits.ts";
import {
  decodeModel,
  encodeModel,
  hostTensor,
  type ModelProto,
} from "./model.ts";
import { checkFileSize } from "./size.ts";
import {
  openSession,
  providerOf,
  type Session,
  type SessionOptions,
  type ValueSpec,
} from "./session.ts";
import type { HostTensor } from "./tensor.ts";
import {
  findWeight,
  giveTensors,
  putTensors,
  tensorsWith,
  weightSlot,
} from "./weight_edits.ts";

/** How to open a model for probing. */
export interface ProbeModelOptions extends SessionOptions {
  /**
   * Rows that are run at once: activations of so many are in memory beside those
   * that were asked for. By default 1024.
   */
  readonly rowsAtOnce?: number;
}

/**
 * Opens an ONNX file for probing. One that groklab did not write is read first:
 * its weights are found wherever they stand, and what it computes in float16 or
 * bfloat16 is computed in float32.
 *
 * @param path The file.
 * @param options How to run it.
 * @throws {UsageError} if an option is unknown.
 * @throws {FileError} if it cannot be read, or a file beside it that has weights.
 * @throws {SyntaxError} if it is no ONNX model, or a name in it stands for two
 * things.
 */
export async function loadProbeModel(
  path: string,
  options: ProbeModelOptions = {},
): Promise<ProbeModel> {
  checkOptions("loadProbeModel()", options, PROBE_MODEL);
  await checkFileSize(path);
  const model = decodeModel(await readHeld(path), path);
  await readExternalData(model, path);
  if (metadataOf(model, "config") !== undefined) {
    return new ProbeModel(model, path, options);
  }
  const read = await readForeign(model, path, options);
  return new ProbeModel(read.model, path, options, NO_ALIASES, read);
}

/** A model opened for probing. Close it to give its memory back. */
export class ProbeModel {
  /** Where it came from. */
  readonly source: string;
  readonly #model: ModelProto;
  readonly #options: ProbeModelOptions;
  readonly #aliases: Aliases;
  readonly #found: ForeignWeights | undefined;
  // A session for each set of outputs that was asked for.
  readonly #sessions = new Map<string, Promise<Session>>();

  /**
   * Opens a model that is in memory.
   *
   * @param bytes The contents of an .onnx file.
   * @param source What to call it in messages.
   * @param options How to run it.
   * @param aliases Other names by which it is asked.
   * @param found What reading another tool's file found; by default every
   * floating-point initializer is a weight.
   * @throws {SyntaxError} if the bytes are no ONNX model.
   * @throws {UsageError} if rows are asked of a weight that lies transposed.
   */
  constructor(
    bytes: Uint8Array | ModelProto,
    source: string,
    options: ProbeModelOptions = {},
    aliases: Aliases = NO_ALIASES,
    found?: ForeignWeights,
  ) {
    checkOptions("ProbeModel", options, PROBE_MODEL);
    this.#model = bytes instanceof Uint8Array
      ? decodeModel(bytes, source)
      : bytes;
    this.source = source;
    this.#options = options;
    this.#aliases = found ? joinedAliases(found.synonyms, aliases) : aliases;
    this.#found = found;
  }

  /** The same file, asked by other names too. */
  withAliases(aliases: Aliases): ProbeModel {
    return this.#with(this.#model, aliases);
  }

  #with(model: ModelProto, aliases: Aliases, found = this.#found): ProbeModel {
    return new ProbeModel(model, this.source, this.#options, aliases, found);
  }

  /**
   * The same file with other outputs, and no more in it than these are made of:
   * its weights are those that they depend on.
   *
   * @param names Values of the graph.
   * @param change What is done to the graph before, in place.
   * @throws {UsageError} if the graph has no value of a name.
   */
  only(names: readonly string[], change: Edit = () => {}): ProbeModel {
    const whole = clone(ModelProtoSchema, this.#model);
    change(whole.graph!, this.#aliases);
    const model = withOutputs(whole, names);
    const graph = model.graph!;
    Object.assign(graph, pruned(graph, names));
    const read = new Set([...graph.node.flatMap(readsOf), ...names]);
    graph.input = graph.input.filter(({ name }) => read.has(name));
    const found = this.#found && {
      ...this.#found,
      reading: this.#found.readingOf(graph),
    };
    return this.#with(model, this.#aliases, found);
  }

  get #graph(): GraphProto {
    return this.#model.graph!;
  }

  /**
   * The names of the weights: the floating-point initializers but buffers, such as
   * the statistics of a batch normalisation, under the file's own names; of
   * another tool's file those that were found.
   */
  get weightNames(): string[] {
    if (this.#found) return [...this.#found.reading.weights];
    const floats = [1, 10, 11]; // float32, float16, float64 in onnx.proto
    const buffers = this.metadata("buffers");
    // The inputs of the operator behind x, scale and bias: mean and variance.
    const statistics = this.#graph.node
      .filter(({ opType }) => opType === "BatchNormalization")
      .flatMap(({ input }) => input.slice(3));
    const isBuffer = (name: string) =>
      (Array.isArray(buffers) && buffers.includes(name)) ||
      statistics.includes(name);
    return this.#graph.initializer
      .filter(({ dataType, dims, name }) =>
        floats.includes(dataType) && dims.length > 0 && !isBuffer(name)
      )
      .map(({ name }) => name);
  }

  /** Tensors of floats that are no weights of another tool's file, and why. */
  get constants(): readonly ConstantTensor[] {
    return this.#found?.reading.constants ?? [];
  }

  /** What holds weights that groklab cannot read, in words; empty as a rule. */
  get unread(): readonly string[] {
    return this.#found?.reading.unread ?? [];
  }

  /**
   * The names of the marked activations, in the order of computation, and other
   * names of activations.
   */
  get hookNames(): string[] {
    const others = Object.keys(this.#aliases.activations);
    return [...this.activationNames.filter(isHook), ...others];
  }

  /** The names of all values that the graph computes, in their order. */
  get activationNames(): string[] {
    return this.#graph.node
      .filter(({ opType }) => opType !== "Constant")
      .flatMap((node) => node.output)
      .filter((name) => name !== "");
  }

  /**
   * What can be looked at: the marked activations, of a file that marks none every
   * value that its graph computes; with element type and shape, in which free
   * lengths are names.
   */
  async hooks(): Promise<readonly ValueSpec[]> {
    const names = this.activationNames;
    const marked = names.filter(isHook);
    return (await this.#session(marked.length > 0 ? marked : names)).outputs;
  }

  /** The names of the inputs that must be given. */
  get inputNames(): string[] {
    return this.#inputs().map(({ name }) => name);
  }

  /** The inputs that must be given, with element type and shape. */
  async inputs(): Promise<readonly ValueSpec[]> {
    const wanted = new Set(this.inputNames);
    return (await this.#session(this.outputNames)).inputs
      .filter(({ name }) => wanted.has(name));
  }

  /** The outputs, with element type and shape. */
  async outputs(): Promise<readonly ValueSpec[]> {
    return (await this.#session(this.outputNames)).outputs;
  }

  #inputs(): ValueInfoProto[] {
    const given = new Set(this.#graph.initializer.map(({ name }) => name));
    return this.#graph.input.filter(({ name }) => !given.has(name));
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

  /** The version of ONNX's own operators that the graph is written in. */
  get opset(): number {
    const own = this.#model.opsetImport
      .find(({ domain }) => domain === "" || domain === "ai.onnx");
    return Number(own?.version ?? 1);
  }

  /** The graph itself, for walks over its nodes. */
  get graph(): GraphProto {
    return this.#graph;
  }

  /**
   * A weight by the name that it has in the file, whatever else that name stands
   * for.
   */
  tensor(name: string): HostTensor {
    return hostTensor(weightSlot(this.#graph, name)[0]);
  }

  /**
   * A tensor of the graph, or one that lies transposed there, by the graph's own
   * names; undefined where there is none.
   */
  constant(name: string): HostTensor | undefined {
    const slot = findWeight(this.#graph, name);
    if (slot) return hostTensor(slot[0]);
    const synonym = this.#found?.synonyms[name];
    return synonym && aliased(this.tensor(synonym.tensor), synonym);
  }

  /** A weight, or undefined where the model has none of that name. */
  weight(name: string): HostTensor | undefined {
    const alias = this.#aliases.weights[name];
    if (alias) {
      return aliased(
        hostTensor(weightSlot(this.#graph, alias.tensor)[0]),
        alias,
      );
    }
    const slot = findWeight(this.#graph, name);
    return slot && hostTensor(slot[0]);
  }

  /** Whether the graph computes a value of a name. */
  has(name: string): boolean {
    return this.activationNames.includes(this.#nameIn(name));
  }

  #nameIn(name: string): string {
    return this.#aliases.activations[name] ?? name;
  }

  /** What a key of metadata_props holds, parsed from JSON, or undefined. */
  metadata(key: keyof typeof METADATA): unknown {
    return metadataOf(this.#model, key);
  }

  /**
   * Runs the model, many rows in batches.
   *
   * @param inputs A tensor for each input, all with the same number of rows.
   * @param outputs Names of any values of the graph, outputs or not.
   * @param weights Other weights for this run, by name. Run after run they cost
   * less than a model {@link edited} for each, which is prepared anew.
   * @throws {UsageError} if the graph has no value or weight of a name.
   * @throws {RangeError} if a weight has another shape than the file's.
   * @throws {SyntaxError} if ONNX Runtime refuses the file.
   */
  async run(
    inputs: Readonly<Record<string, HostTensor>>,
    outputs: readonly string[] = this.outputNames,
    weights: Readonly<Record<string, HostTensor>> = {},
  ): Promise<Record<string, HostTensor>> {
    const names = outputs.map((name) => this.#nameIn(name));
    const whole = tensorsWith(this.#graph, this.#aliases, weights);
    // ONNX Runtime takes no float16 from here: such weights are written into a copy.
    if (Object.values(whole).some(({ dtype }) => dtype === "float16")) {
      const copy = this.edited(putTensors(whole));
      try {
        return await copy.run(inputs, outputs);
      } finally {
        await copy.close();
      }
    }
    const session = await this.#session(names, Object.keys(whole));
    const given = Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [this.#nameIn(name), x]),
    );
    const { rowsAtOnce } = this.#options;
    const results = await runInBatches(session, given, [...new Set(names)], {
      whole,
      ...(rowsAtOnce !== undefined && { rowsAtOnce }),
    }).catch((error) => {
      const { message } = error as Error;
      throw new Error(`Cannot run ${this.source} on its rows: ${message}`, {
        cause: error,
      });
    });
    return Object.fromEntries(
      outputs.map((name, i) => [name, results[names[i]!]!]),
    );
  }

  #session(
    outputs: readonly string[],
    given: readonly string[] = [],
  ): Promise<Session> {
    const names = [...new Set(outputs)];
    const key = JSON.stringify([names, given]);
    let session = this.#sessions.get(key);
    if (!session) {
      const model = withOutputs(this.#model, names);
      giveTensors(given)(model.graph!, this.#aliases);
      session = openSession(encodeModel(model), only(this.#options, SESSION))
        .catch((error) => {
          throw new SyntaxError(
            `Cannot run ${this.source}: ONNX Runtime refuses it: ` +
              (error as Error).message,
            { cause: error },
          );
        });
      this.#sessions.set(key, session);
    }
    return session;
  }

  /**
   * The same model with interventions, in their order; this one stays as it is.
   * Close it like any other.
   *
   * @param edits What is changed.
   * @throws {UsageError} if the graph has no weight or activation of a name.
   * @throws {RangeError} if a tensor does not fit.
   */
  edited(...edits: readonly Edit[]): ProbeModel {
    const model = clone(ModelProtoSchema, this.#model);
    for (const edit of edits) edit(model.graph!, this.#aliases);
    return this.#with(model, this.#aliases);
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
