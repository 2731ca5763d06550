/**
 * A file's graph without functions of its own and without constants inside:
 * functions are written out where they are called, and what Constant nodes,
 * branches and bodies hold become initializers of the whole.
 *
 * @module
 */

import {
  AttributeProtoSchema,
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "../file/protobuf.ts";
import { checkFunction, checkNames } from "./duplicates.ts";
import { changed, infoAs, isOp, nodeOf } from "./nodes.ts";
import { attributesOf, type Frame, Scope } from "./scope.ts";
import { constantOf, dense } from "./tensors.ts";

/** A graph laid flat. */
export interface Flat {
  /** The model: nodes and initializers, no functions but those left. */
  readonly model: ModelProto;
  /** Names of the initializers that were Constant nodes. */
  readonly constants: ReadonlySet<string>;
  /** Functions that could not be written out, each with the reason. */
  readonly left: readonly string[];
}

/**
 * Lays a file's graph flat. What the file calls by a name keeps it, so long as
 * nothing else has it.
 *
 * @param model The file, which stays as it is.
 * @param source What to call it in messages.
 * @throws {SyntaxError} if a name stands for two things, or a function calls
 * itself.
 */
export function flatten(model: ModelProto, source: string): Flat {
  const graph = model.graph!;
  checkNames(graph, source);
  for (const fn of model.functions) checkFunction(fn, source);
  const flattener = new Flattener(model, source);
  const { node, initializer, constants, left } = flattener;
  flattener.top();
  const names = new Set(initializer.map(({ name }) => name));
  return {
    model: changed(ModelProtoSchema, model, {
      // From this version on initializers need not be inputs, too.
      irVersion: model.irVersion < 8n ? 8n : model.irVersion,
      functions: left.length > 0 ? model.functions : [],
      graph: changed(GraphProtoSchema, graph, {
        node,
        initializer,
        sparseInitializer: [],
        // A default that may be overridden is the file's weight all the same.
        input: graph.input.filter(({ name }) => !names.has(name)),
      }),
    }),
    constants,
    left: [...new Set(left)],
  };
}

// Functions call others; more deeply than this only themselves.
const MOST_DEPTH = 64;

const keyOf = (domain: string, name: string, overload: string) =>
  `${domain === "ai.onnx" ? "" : domain}:${name}:${overload}`;

class Flattener {
  readonly node: NodeProto[] = [];
  readonly initializer: TensorProto[];
  readonly constants = new Set<string>();
  readonly left: string[] = [];
  readonly #model: ModelProto;
  readonly #source: string;
  readonly #functions: ReadonlyMap<string, FunctionProto>;
  readonly #taken: Set<string>;
  // A function's constant is one, however often the function is called.
  readonly #shared = new Map<unknown, string>();

  constructor(model: ModelProto, source: string) {
    const graph = model.graph!;
    this.#model = model;
    this.#source = source;
    this.initializer = [
      ...graph.initializer,
      ...graph.sparseInitializer.map((sparse) => dense(sparse, source)),
    ];
    this.#functions = new Map(
      model.functions.map((fn) => [keyOf(fn.domain, fn.name, fn.overload), fn]),
    );
    this.#taken = new Set([
      ...[...graph.input, ...this.initializer].map(({ name }) => name),
      ...graph.node.flatMap(({ output }) => output),
    ]);
  }

  top(): void {
    this.#nodes(this.#model.graph!.node, {
      scope: new Scope(),
      to: this.node,
      prefix: undefined,
      depth: 0,
    });
  }

  #nodes(nodes: readonly NodeProto[], frame: Frame): void {
    for (const node of nodes) this.#node(node, frame);
  }

  #node(node: NodeProto, frame: Frame): void {
    const attribute = attributesOf(node, frame);
    const own = changed(NodeProtoSchema, node, { attribute });
    if (isOp(own, "Constant")) {
      const tensor = constantOf(own, this.#source);
      if (tensor) return this.#constant(node, own, tensor, frame);
    }
    const { domain, opType, overload } = node;
    const fn = this.#functions.get(keyOf(domain, opType, overload));
    if (fn && this.#sameVersions(fn)) return this.#call(own, fn, frame);
    const input = node.input.map((name) => frame.scope.resolve(name));
    const inner = attribute.map((entry) =>
      changed(AttributeProtoSchema, entry, {
        ...(entry.g && { g: this.#graph(entry.g, frame) }),
        graphs: entry.graphs.map((graph) => this.#graph(graph, frame)),
      })
    );
    const output = node.output.map((name) => this.#define(name, frame));
    frame.to.push(
      changed(NodeProtoSchema, node, { input, output, attribute: inner }),
    );
  }

  // A name for a value that is made: its own, unless something else has it.
  #define(name: string, { scope, prefix }: Frame): string {
    if (name === "") return "";
    const known = scope.names.get(name);
    if (known !== undefined) return known;
    const free = prefix === undefined ? name : this.#fresh(name, prefix);
    scope.names.set(name, free);
    return free;
  }

  #fresh(name: string, prefix: string): string {
    let free = name;
    if (this.#taken.has(free)) free = `${prefix}/${name}`;
    for (let i = 2; this.#taken.has(free); i++) free = `${prefix}/${name}/${i}`;
    this.#taken.add(free);
    return free;
  }

  #constant(
    node: NodeProto,
    { output: [output], attribute }: NodeProto,
    tensor: TensorProto,
    frame: Frame,
  ): void {
    // What a caller decides is another constant in every call.
    const own = frame.scope.names.has(output!) ||
      attribute.some(({ refAttrName }) => refAttrName !== "");
    const name = this.#give(own ? {} : node, output!, tensor, frame);
    this.constants.add(name);
  }

  // An initializer of the whole; what is met again is the same.
  #give(
    key: unknown,
    asked: string,
    tensor: TensorProto,
    frame: Frame,
  ): string {
    const shared = this.#shared.get(key);
    if (shared !== undefined) {
      frame.scope.names.set(asked, shared);
      return shared;
    }
    const name = this.#define(asked, frame);
    this.#shared.set(key, name);
    this.initializer.push(changed(TensorProtoSchema, tensor, { name }));
    return name;
  }

  #sameVersions({ name, opsetImport }: FunctionProto): boolean {
    for (const { domain, version } of opsetImport) {
      const own = this.#model.opsetImport.find((entry) =>
        keyOf(entry.domain, "", "") === keyOf(domain, "", "")
      );
      if (own === undefined || own.version === version) continue;
      this.left.push(
        `the function ${name} is written for version ${version} of the ` +
          `operators, the graph for ${own.version}`,
      );
      return false;
    }
    return true;
  }

  #call(node: NodeProto, fn: FunctionProto, frame: Frame): void {
    if (frame.depth > MOST_DEPTH) {
      throw new SyntaxError(
        `Cannot read ${this.#source}: its function ${fn.name} calls itself`,
      );
    }
    const scope = new Scope();
    fn.input.forEach((name, i) =>
      scope.names.set(name, frame.scope.resolve(node.input[i] ?? ""))
    );
    const wanted = node.output.map((name) => this.#define(name, frame));
    fn.output.forEach((name, i) => {
      if (wanted[i] && !fn.input.includes(name) && !scope.names.has(name)) {
        scope.names.set(name, wanted[i]);
      }
    });
    const attributes = new Map(
      [...fn.attributeProto, ...node.attribute].map((entry) => [
        entry.name,
        entry,
      ]),
    );
    this.#nodes(fn.node, {
      scope,
      to: frame.to,
      prefix: node.name || fn.name,
      fn: { attributes },
      depth: frame.depth + 1,
    });
    fn.output.forEach((name, i) => {
      const made = scope.resolve(name);
      if (wanted[i] && made !== wanted[i]) {
        frame.to.push(nodeOf("Identity", [made], wanted[i]));
      }
    });
  }

  // Its constants go to the whole graph, from which every inner one may read.
  #graph(graph: GraphProto, frame: Frame): GraphProto {
    const inner: Frame = {
      ...frame,
      scope: new Scope(frame.scope),
      to: [],
      prefix: frame.prefix ?? (graph.name || "inner"),
      depth: frame.depth + 1,
    };
    for (const tensor of graph.initializer) {
      this.#give(tensor, tensor.name, tensor, inner);
    }
    for (const sparse of graph.sparseInitializer) {
      const tensor = dense(sparse, this.#source);
      this.#give(sparse, tensor.name, tensor, inner);
    }
    const given = new Set(inner.scope.names.keys());
    const input = graph.input.filter(({ name }) => !given.has(name))
      .map((info) => infoAs(info, this.#define(info.name, inner)));
    this.#nodes(graph.node, inner);
    const made = new Set(inner.to.flatMap((node) => node.output));
    const output = graph.output.map((info) => {
      const name = inner.scope.resolve(info.name);
      if (made.has(name)) return infoAs(info, name);
      // What comes from outside must be made inside to be an output.
      const own = this.#fresh(info.name, inner.prefix!);
      inner.to.push(nodeOf("Identity", [name], own));
      made.add(own);
      return infoAs(info, own);
    });
    return changed(GraphProtoSchema, graph, {
      initializer: [],
      sparseInitializer: [],
      valueInfo: [],
      input,
      output,
      node: inner.to,
    });
  }
}
