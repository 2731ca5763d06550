/**
 * Names for the blocks of a foreign transformer, by their places in its graph.
 *
 * @module
 */

import { append } from "../../../base/extremes.ts";
import type { NodeProto } from "../../../onnx/file/model.ts";
import type { Proposal } from "../../context/name_map.ts";
import type { TaskSizes } from "../../context/orientation.ts";
import {
  activated,
  oneHotProducts,
  type ShapeOf,
  withAxes,
} from "./graph_patterns.ts";
import type { GraphWalk, Product } from "./graph_walk.ts";

/** A layer of attention. */
interface Attention {
  /** Its weights for each query, key by key. */
  readonly pattern: string;
  /** Sums of values by these weights. */
  readonly sums: NodeProto;
  /** The product that takes them back into the residual stream, if there is one. */
  readonly out: Product | undefined;
}

/**
 * Proposes names for each block: a softmax, the product of what it weights with
 * W_O, and the two products behind that are an MLP.
 *
 * @param walk The graph.
 * @param logits The value that the logits are.
 * @param sizes The lengths that the task gives.
 * @param shapes Shapes of values.
 */
export async function proposeBlocks(
  walk: GraphWalk,
  logits: string,
  sizes: TaskSizes,
  shapes: ShapeOf,
): Promise<Proposal[]> {
  const layers = walk.nodes.filter(({ opType }) => opType === "Softmax")
    .map((node) => attentionOf(walk, node))
    .filter((layer) => layer !== undefined);
  const proposals: Proposal[] = [];
  const seen = new Set(oneHotProducts(walk, sizes));
  const last = layers.at(-1);
  for (const [i, layer] of layers.entries()) {
    const before = new Set(seen);
    for (const product of walk.behind(layer.sums.output[0]!)) seen.add(product);
    append(proposals, await attentionNames(walk, layer, i, shapes));
    // What lies between a layer of attention and the one before is the block
    // before's MLP, but for queries, keys and values.
    if (i > 0) {
      const direct = walk.directlyBehind(layer.sums.output[0]!);
      const rest = walk.products.filter((product) =>
        seen.has(product) && !before.has(product) && !direct.has(product)
      );

      append(proposals, await mlpNames(walk, rest, i - 1, shapes));
    }
    if (layer.out) seen.add(layer.out);
  }
  const behind = walk.behind(logits);
  const unembedding = [...walk.directlyBehind(logits)].at(-1);
  if (!last || !unembedding) return proposals;
  const rest = walk.products.filter((product) =>
    behind.has(product) && !seen.has(product) && product !== unembedding
  );
  append(proposals, await mlpNames(walk, rest, layers.length - 1, shapes));
  if (unembedding.lengths[1] === sizes.classes) {
    append(proposals, unembeddingNames(walk, unembedding));
  }
  return proposals;
}

// Through what a pattern may go before it weights values.
function readers(walk: GraphWalk, name: string): NodeProto[] {
  return walk.readersOf(name).flatMap((node) =>
    ["Where", "Mul"].includes(node.opType) && walk.behind(name).size > 0 &&
      node.input.filter((input) => walk.isActivation(input)).length === 1
      ? readers(walk, node.output[0]!)
      : [node]
  );
}

function attentionOf(walk: GraphWalk, node: NodeProto): Attention | undefined {
  const pattern = node.output[0]!;
  const sums = readers(walk, pattern).find(({ opType, input }) =>
    opType === "MatMul" && input.every((name) => walk.isActivation(name))
  );
  if (!sums) return undefined;
  const fed = walk.readersOf(sums.output[0]!).map(({ output }) => output[0]);
  const out = walk.products.find((product) => fed.includes(product.out));
  return { pattern, sums, out };
}

const weightName = (asked: string, { weight }: Product): Proposal => ({
  asked,
  tensor: weight.name,
  transposed: weight.transposed,
});

// A bias: the product's own, or what is added to it next.
function biasOf(walk: GraphWalk, { bias, out }: Product): string | undefined {
  if (bias) return bias;
  const [added, ...more] = walk.readersOf(out);
  if (added?.opType !== "Add" || more.length > 0) return undefined;
  return added.input.map((name) => walk.weightAt(name)?.name)
    .find((name) => name !== undefined && walk.shape(name).length === 1);
}

function biasName(
  walk: GraphWalk,
  asked: string,
  product: Product,
): Proposal[] {
  const tensor = biasOf(walk, product);
  return tensor === undefined ? [] : [{ asked, tensor }];
}

// What a product adds to: the sum of two activations behind it.
function streamBehind(
  walk: GraphWalk,
  { out }: Product,
): string | undefined {
  for (let [node] = walk.readersOf(out); node?.opType === "Add";) {
    const [sum] = node.output as [string];
    if (node.input.every((name) => walk.isActivation(name))) return sum;
    [node] = walk.readersOf(sum);
  }
}

async function attentionNames(
  walk: GraphWalk,
  { pattern, sums, out }: Attention,
  i: number,
  shapes: ShapeOf,
): Promise<Proposal[]> {
  const path = `blocks.${i}.attn`;
  const weights = await withAxes([pattern], [4], shapes);
  if (!out) return hook(`${path}.hook_pattern`, weights);
  // Heads stand side by side in it, so it is before no change of the axes' order.
  const z = await withAxes(
    walk.shapesOf(out.x, false).filter((name) => name !== sums.output[0]),
    [3, 4],
    shapes,
  );
  const stream = streamBehind(walk, out);
  return [
    weightName(`${path}.W_O`, out),
    ...biasName(walk, `${path}.b_O`, out),
    ...hook(`${path}.hook_pattern`, weights),
    ...hook(`${path}.hook_z`, z),
    ...hook(`blocks.${i}.hook_resid_pre`, streamBefore(walk, stream, out)),
    ...hook(`blocks.${i}.hook_resid_mid`, stream),
  ];
}

const hook = (asked: string, tensor: string | undefined): Proposal[] =>
  tensor === undefined ? [] : [{ asked, tensor }];

// The other of the two that are added: what the stream was before.
function streamBefore(
  walk: GraphWalk,
  stream: string | undefined,
  { out }: Product,
): string | undefined {
  const node = stream === undefined ? undefined : walk.maker(stream);
  const product = [...walk.directlyBehind(out)][0];
  return node?.input.find((name) =>
    product && !walk.directlyBehind(name).has(product)
  );
}

async function mlpNames(
  walk: GraphWalk,
  products: readonly Product[],
  i: number,
  shapes: ShapeOf,
): Promise<Proposal[]> {
  if (products.length !== 2) return [];
  const [first, second] = products as [Product, Product];
  if (!walk.directlyBehind(second.x).has(first)) return [];
  const path = `blocks.${i}.mlp`;
  return [
    weightName(`${path}.W_in`, first),
    weightName(`${path}.W_out`, second),
    ...biasName(walk, `${path}.b_out`, second),
    ...hook(`${path}.hook_post`, await activated(walk, second.x, shapes)),
    ...hook(`blocks.${i}.hook_resid_post`, streamBehind(walk, second)),
  ];
}

function unembeddingNames(walk: GraphWalk, product: Product): Proposal[] {
  return [
    weightName("W_U", product),
    ...biasName(walk, "b_U", product),
    ...normNames(walk, product.x),
  ];
}

// A LayerNorm before the unembedding, as a node or written out.
function normNames(walk: GraphWalk, x: string): Proposal[] {
  let at = walk.shapesOf(x).at(-1)!;
  let node = walk.maker(at);
  // The last position is taken behind it, or before.
  while (node && ["Slice", "Gather"].includes(node.opType)) {
    at = walk.shapesOf(node.input[0]!).at(-1)!;
    node = walk.maker(at);
  }
  const named = (w: string | undefined, b: string | undefined) =>
    w === undefined ? [] : [
      { asked: "ln_final.w", tensor: w },
      ...hook("ln_final.b", b),
    ];
  const weight = (name: string | undefined) =>
    name === undefined ? undefined : walk.weightAt(name)?.name;
  if (node?.opType === "LayerNormalization") {
    const [, w, b] = node.input;
    return named(weight(w), weight(b));
  }
  const vector = (node: NodeProto | undefined) =>
    node?.input.map(weight).find((name) =>
      name !== undefined && walk.shape(name).length === 1
    );
  const b = node?.opType === "Add" ? vector(node) : undefined;
  const scaled = b
    ? node!.input.map((name) => walk.maker(name)).find((n) =>
      n?.opType === "Mul"
    )
    : node?.opType === "Mul"
    ? node
    : undefined;
  const divided = scaled?.input.some((name) =>
    walk.maker(name)?.opType === "Div"
  );
  return divided ? named(vector(scaled), b) : [];
}
