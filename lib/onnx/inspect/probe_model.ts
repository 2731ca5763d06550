/**
 * An ONNX file opened for looking inside: weights and activations by name,
 * edits of both, runs through ONNX Runtime.
 *
 * Long: it is one class, whose methods hand on to the files beside it; more than a
 * third is their documentation.
 *
 * @module
 */

import {
  clone,
  type GraphProto,
  ModelProtoSchema,
  type ValueInfoProto,
} from "../file/protobuf.ts";
import { checkOptions } from "../../base/options.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { type METADATA, metadataOf } from "../file/metadata.ts";
import {
  decodeModel,
  encodeModel,
  hostTensor,
  type ModelProto,
} from "../file/model.ts";
import type { ConstantTensor, ForeignWeights } from "../reading/mod.ts";
import type { ValueSpec } from "../runtime/feeds.ts";
import { providerOf } from "../runtime/session.ts";
import { aliased, type Aliases, joinedAliases, NO_ALIASES } from "./aliases.ts";
import type { Edit } from "./edits.ts";
import { GraphRuns } from "./graph_runs.ts";
import { PROBE_MODEL, type ProbeModelOptions } from "./options.ts";
import { isHook, onlyOutputs, withOutputs } from "./outputs.ts";
import { ownWeights } from "./own_weights.ts";
import {
  findWeight,
  putTensors,
  tensorsWith,
  weightSlot,
} from "./weight_edits.ts";

/** A model opened for probing. Close it to give its memory back. */
export class ProbeModel {
  /** Where it came from. */
  readonly source: string;
  readonly #model: ModelProto;
  readonly #options: ProbeModelOptions;
  readonly #aliases: Aliases;
  readonly #found: ForeignWeights | undefined;
  readonly #runs: GraphRuns;

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
    this.#runs = new GraphRuns(this.#model, source, options, this.#aliases);
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
    const model = onlyOutputs(whole, names);
    const found = this.#found && {
      ...this.#found,
      reading: this.#found.readingOf(model.graph!),
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
    const buffers = this.metadata("buffers");
    return ownWeights(this.#graph, Array.isArray(buffers) ? buffers : []);
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
    return (await this.#runs.session(marked.length > 0 ? marked : names))
      .outputs;
  }

  /** The names of the inputs that must be given. */
  get inputNames(): string[] {
    return this.#inputs().map(({ name }) => name);
  }

  /** The inputs that must be given, with element type and shape. */
  async inputs(): Promise<readonly ValueSpec[]> {
    const wanted = new Set(this.inputNames);
    return (await this.#runs.session(this.outputNames)).inputs
      .filter(({ name }) => wanted.has(name));
  }

  /** The outputs, with element type and shape. */
  async outputs(): Promise<readonly ValueSpec[]> {
    return (await this.#runs.session(this.outputNames)).outputs;
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
    const given = Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [this.#nameIn(name), x]),
    );
    const results = await this.#runs.run(given, names, whole);
    return Object.fromEntries(
      outputs.map((name, i) => [name, results[names[i]!]!]),
    );
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
    await this.#runs.close();
  }
}
