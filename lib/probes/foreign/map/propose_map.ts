/**
 * Names for a foreign file's weights and activations, by shape and by their place in
 * the graph: `--map auto`.
 *
 * @module
 */

import { UsageError } from "../../../base/errors.ts";
import type { HostTensor } from "../../../numeric/tensor.ts";
import type { ProbeModel } from "../../../onnx/inspect/probe_model.ts";
import { mapText, type Proposal } from "../../context/name_map.ts";
import type { TaskSizes } from "../../context/orientation.ts";
import { activated, oneHotProducts, type ShapeOf } from "./graph_patterns.ts";
import { GraphWalk } from "./graph_walk.ts";
import { proposeBlocks } from "./propose_blocks.ts";

/** What a proposal is made from. */
export interface ProposalContext {
  /** The file, with its logits as the one output. */
  readonly model: ProbeModel;
  /** The lengths that the task gives. */
  readonly sizes: TaskSizes;
  /** Some rows of the task, of a number that no axis has. */
  readonly rows: Readonly<Record<string, HostTensor>>;
}

/**
 * Proposes a map. Tables that tokens are looked up in are embeddings; a network with
 * a softmax inside is a transformer, and every softmax is a layer of attention; one
 * without is a perceptron, and the products with weights are its layers. Names play
 * no part.
 *
 * @param context The file and its task.
 * @returns What `--map` takes.
 * @throws {UsageError} if nothing in the file has the place of what probes read.
 */
export async function proposeMap(context: ProposalContext): Promise<string> {
  const { model, sizes } = context;
  const walk = new GraphWalk(model);
  const shapes = shapesOf(context);
  const proposals = [
    ...embedding(walk, sizes),
    ...walk.nodes.some(({ opType }) => opType === "Softmax")
      ? await proposeBlocks(walk, model.outputNames[0]!, sizes, shapes)
      : await layers(walk, model.outputNames[0]!, sizes, shapes),
  ];
  const text = mapText(proposals, model, sizes);
  if (text !== "") return text;
  throw new UsageError(
    `--map auto finds nothing in ${model.source} that has the place of an ` +
      "embedding, of layers or of an unembedding: name them, --contents lists all",
  );
}

function shapesOf({ model, rows }: ProposalContext): ShapeOf {
  const count = Object.values(rows)[0]!.shape[0]!;
  return async (name) => {
    try {
      const { [name]: value } = await model.run(rows, [name]);
      return value!.shape[0] === count ? value!.shape : undefined;
    } catch {
      // It has not a row for each row: batches of it do not fit together.
      return undefined;
    }
  };
}

// The one table that tokens choose rows of; or the product that one-hot rows have
// with it.
function embedding(walk: GraphWalk, sizes: TaskSizes): Proposal[] {
  const fitting = walk.lookups.map(({ table }) => table).filter((table) => {
    const [rows, columns] = walk.shape(table.name) as [number, number];
    return sizes.vocabulary(table.transposed ? columns : rows);
  });
  const tables = new Map(fitting.map((table) => [table.name, table]));
  const products = oneHotProducts(walk, sizes);
  for (const { weight } of products) tables.set(weight.name, weight);
  if (tables.size !== 1) return [];
  const [{ name, transposed }] = [...tables.values()] as [
    { name: string; transposed: boolean },
  ];
  return [{ asked: "W_E", tensor: name, transposed }];
}

// Products one behind the other, to the logits.
async function layers(
  walk: GraphWalk,
  logits: string,
  sizes: TaskSizes,
  shapes: ShapeOf,
): Promise<Proposal[]> {
  const before = new Set(oneHotProducts(walk, sizes));
  const chain = walk.products.filter((product) =>
    walk.behind(logits).has(product) && !before.has(product)
  );
  const straight = chain.every(({ x }, i) => {
    const direct = [...walk.directlyBehind(x)]
      .filter((product) => !before.has(product));
    return i === 0
      ? direct.length === 0
      : direct.includes(chain[i - 1]!) && direct.length === 1;
  });
  // Side ways and gates: which layer is which cannot be told.
  if (!straight || walk.hides() || chain.at(-1)?.lengths[1] !== sizes.classes) {
    return [];
  }
  const weights = chain.map(({ weight }, i): Proposal => ({
    asked: `layers.${i}.W`,
    tensor: weight.name,
    transposed: weight.transposed,
  }));
  const hooks: Proposal[] = [];
  for (const [i, { x }] of chain.slice(1).entries()) {
    const post = await activated(walk, x, shapes);
    if (post) hooks.push({ asked: `layers.${i}.hook_post`, tensor: post });
  }
  return [...weights, ...hooks];
}
