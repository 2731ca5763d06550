/**
 * Constants that a graph computes: a weight that is dequantised, put together of
 * several tensors or brought into form by nodes becomes the tensor that the
 * network is multiplied with.
 *
 * @module
 */

import {
  create,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  ValueInfoProtoSchema,
} from "../file/protobuf.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { tensorProto } from "../file/graph_writer.ts";
import { encodeModel } from "../file/model.ts";
import type { WeightAlias } from "../inspect/aliases.ts";
import type { SessionOptions } from "../runtime/options.ts";
import { openSession } from "../runtime/session.ts";
import { ConstantValues } from "./constant_values.ts";
import { changed, intOf, isOp, neededFor, readsOf, renamed } from "./nodes.ts";

/** What folding found. */
export interface Folded {
  /** The model with fewer nodes. */
  readonly model: ModelProto;
  /** Names that went, and what stands for them now. */
  readonly synonyms: Readonly<Record<string, WeightAlias>>;
  /** Initializers that no training changed: masks, positions, numbers. */
  readonly generated: ReadonlySet<string>;
  /** What could not be told apart or computed, in words. */
  readonly unclear: readonly string[];
}

const DTYPES = ["float32", "float64", "int32", "int64", "bool"];

/**
 * Computes what depends on constants alone. A tensor that is read transposed, or in
 * several ways, stays as it is.
 *
 * @param model A flat model, which stays as it is.
 * @param options Which ONNX Runtime computes.
 * @param numbers Names that were Constant nodes.
 */
export async function fold(
  model: ModelProto,
  options: SessionOptions,
  numbers: ReadonlySet<string>,
): Promise<Folded> {
  const graph = withoutIdentities(model.graph!);
  const values = new ConstantValues(graph.graph, numbers);
  const { computed, unclear } = values;
  const found = await evaluated(
    changed(ModelProtoSchema, model, { graph: graph.graph }),
    computed,
    options,
  );
  const missing = computed.filter((name) => !found.tensors.has(name));
  const given = new Set(found.tensors.keys());
  const tensors = [...found.tensors.values()];
  // Of a node with several outputs some may still be needed.
  const node = graph.graph.node.map((each) =>
    each.output.some((name) => given.has(name))
      ? changed(NodeProtoSchema, each, {
        output: each.output.map((name) => given.has(name) ? `${name}/` : name),
      })
      : each
  );
  const folded = changed(GraphProtoSchema, graph.graph, {
    node: neededFor(node, graph.graph.output.map(({ name }) => name)),
    initializer: [...graph.graph.initializer, ...tensors],
  });
  return {
    model: changed(ModelProtoSchema, model, { graph: folded }),
    synonyms: { ...graph.synonyms, ...values.synonyms(tensors) },
    generated: new Set(computed.filter((name) => !values.isLearned(name))),
    unclear: [
      ...unclear,
      ...(found.failure !== undefined &&
          missing.some((n) => values.isLearned(n))
        ? [`${missing.join(", ")} cannot be computed: ${found.failure}`]
        : []),
    ],
  };
}

// What only has another name is read by the first one.
function withoutIdentities(graph: GraphProto): {
  graph: GraphProto;
  synonyms: Record<string, WeightAlias>;
} {
  const constants = new Map(
    graph.initializer.map((tensor) => [tensor.name, tensor]),
  );
  const outputs = new Set(graph.output.map(({ name }) => name));
  const first = new Map<string, string>();
  const node: NodeProto[] = [];
  for (const old of graph.node) {
    const next = renamed(old, (name) => first.get(name) ?? name);
    const [input, output] = [next.input[0] ?? "", next.output[0] ?? ""];
    const tensor = constants.get(input);
    if (tensor && keeps(next, tensor) && !outputs.has(output)) {
      constants.set(output, tensor);
      first.set(output, tensor.name);
    } else node.push(next);
  }
  return {
    graph: changed(GraphProtoSchema, graph, { node }),
    synonyms: Object.fromEntries(
      [...first].map(([name, tensor]) => [name, { tensor, transposed: false }]),
    ),
  };
}

const keeps = (node: NodeProto, { dataType }: TensorProto) =>
  isOp(node, "Identity") ||
  isOp(node, "Cast") && intOf(node, "to", 0) === dataType;

async function evaluated(
  model: ModelProto,
  names: readonly string[],
  options: SessionOptions,
): Promise<{ tensors: Map<string, TensorProto>; failure?: string }> {
  const tensors = new Map<string, TensorProto>();
  if (names.length === 0) return { tensors };
  const graph = model.graph!;
  const node = neededFor(graph.node, names);
  const read = new Set(node.flatMap(readsOf));
  const part = changed(ModelProtoSchema, model, {
    graph: changed(GraphProtoSchema, graph, {
      node,
      input: [],
      initializer: graph.initializer.filter(({ name }) => read.has(name)),
      valueInfo: [],
      output: names.map((name) => create(ValueInfoProtoSchema, { name })),
    }),
  });
  try {
    for (const [name, tensor] of Object.entries(await run(part, options))) {
      tensors.set(name, tensorProto(name, tensor));
    }
    return { tensors };
  } catch (error) {
    const failure = (error as Error).message;
    if (names.length === 1) return { tensors, failure };
    // One that cannot be computed does not take the others along.
    for (const name of names) {
      const alone = await evaluated(model, [name], options);
      for (const entry of alone.tensors) tensors.set(...entry);
    }
    return { tensors, failure };
  }
}

async function run(
  model: ModelProto,
  { runtime = "node" }: SessionOptions,
): Promise<Record<string, HostTensor>> {
  const session = await openSession(encodeModel(model), { runtime });
  try {
    const wanted = session.outputs
      .filter(({ dtype }) => DTYPES.includes(dtype))
      .map(({ name }) => name);
    return wanted.length > 0 ? await session.run({}, wanted) : {};
  } finally {
    await session.close();
  }
}
