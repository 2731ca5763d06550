/**
 * Reading files that other tools wrote: weights wherever they stand become
 * initializers under their names, and what is not understood is said.
 *
 * @module
 */

import {
  clone,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
} from "../file/protobuf.ts";
import type { WeightAlias } from "../inspect/aliases.ts";
import type { SessionOptions } from "../runtime/options.ts";
import { withoutBranches } from "./branches.ts";
import { withoutCopies } from "./copies.ts";
import { flatten } from "./flatten.ts";
import { fold } from "./fold.ts";
import { hoisted } from "./hoist.ts";
import { openInputs } from "./inputs.ts";
import { attributeOf, changed, isOp, pruned } from "./nodes.ts";
import { type ConstantTensor, tensorsOf } from "./weights.ts";
import { widen } from "./widen.ts";

export type { ConstantTensor } from "./weights.ts";

/** What is known of a file's weights. */
export interface WeightsRead {
  /** Names of the weights, in the file's order. */
  readonly weights: readonly string[];
  /** Tensors of floats that are no weights, and why. */
  readonly constants: readonly ConstantTensor[];
  /** What holds weights that cannot be read, in words; with it none are known. */
  readonly unread: readonly string[];
}

/** Another tool's file: where its weights are. */
export interface ForeignWeights {
  /** Other names of its weights. */
  readonly synonyms: Readonly<Record<string, WeightAlias>>;
  /** Its weights, so far as its outputs are made of them. */
  readonly reading: WeightsRead;
  /** The weights that some of its values alone are made of. */
  readonly readingOf: (graph: GraphProto) => WeightsRead;
}

/** A file made into a graph of nodes and weights. */
export interface Read extends ForeignWeights {
  /** The model: every weight is an initializer, floats are float32 or float64. */
  readonly model: ModelProto;
}

// A branch that is written out may hold another.
const MOST_ROUNDS = 16;

/**
 * Reads a file that another tool wrote.
 *
 * @param file The file's model.
 * @param source What to call it in messages.
 * @param options Which ONNX Runtime computes what is constant.
 * @throws {SyntaxError} if a name stands for two things, a function calls itself,
 * or a sparse tensor is torn.
 */
export async function readForeign(
  file: ModelProto,
  source: string,
  options: SessionOptions = {},
): Promise<Read> {
  const flat = flatten(file, source);
  let model = clone(ModelProtoSchema, flat.model);
  widen(model.graph!);
  openInputs(model.graph!);
  const own = model.opsetImport
    .find(({ domain }) => domain === "" || domain === "ai.onnx");
  const uncopied = withoutCopies(model.graph!, Number(own?.version ?? 1));
  model = changed(ModelProtoSchema, model, { graph: uncopied.graph });
  let synonyms: Record<string, WeightAlias> = {};
  const generated = new Set<string>();
  let unclear: readonly string[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    model = changed(ModelProtoSchema, model, { graph: hoisted(model.graph!) });
    const folded = await fold(model, options, flat.constants);
    synonyms = joined(synonyms, folded.synonyms);
    folded.generated.forEach((name) => generated.add(name));
    ({ model, unclear } = folded);
    const written = withoutBranches(model);
    if (!written) break;
    model = written;
  }
  const graph = model.graph!;
  Object.assign(graph, pruned(graph, graph.output.map(({ name }) => name)));
  synonyms = {
    ...joined(synonyms, turnedIn(graph)),
    ...uncopied.synonyms,
  };
  const readingOf = (graph: GraphProto): WeightsRead => {
    const tensors = tensorsOf(graph, flat.constants, generated);
    const unread = [...flat.left, ...unclear, ...tensors.unread];
    return { ...tensors, unread };
  };
  return { model, synonyms, reading: readingOf(graph), readingOf };
}

// Weights that are read transposed.
function turnedIn(
  { node, initializer }: GraphProto,
): Record<string, WeightAlias> {
  const matrices = new Set(
    initializer.filter(({ dims }) => dims.length === 2).map(({ name }) => name),
  );
  const turns = node.filter((each) =>
    isOp(each, "Transpose") && matrices.has(each.input[0]!) &&
    (attributeOf(each, "perm")?.ints ?? [1n, 0n]).join() === "1,0"
  );
  return Object.fromEntries(
    turns.map(({ input, output }) => [
      output[0]!,
      { tensor: input[0]!, transposed: true },
    ]),
  );
}

// What stood for a name may itself have another one now.
function joined(
  before: Readonly<Record<string, WeightAlias>>,
  after: Readonly<Record<string, WeightAlias>>,
): Record<string, WeightAlias> {
  return {
    ...Object.fromEntries(
      Object.entries(before).map(([name, alias]) => [
        name,
        after[alias.tensor] ?? alias,
      ]),
    ),
    ...after,
  };
}
