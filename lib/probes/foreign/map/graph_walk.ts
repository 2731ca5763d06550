/**
 * A foreign graph as a way from tokens to logits: where it looks rows up, where it
 * multiplies with weights, and which of these products feed which values.
 *
 * @module
 */

import type { NodeProto } from "../../../onnx/file/model.ts";
import type { ProbeModel } from "../../../onnx/inspect/probe_model.ts";
import { intOf, makersOf, readsOf } from "../../../onnx/reading/nodes.ts";

/** A weight as a node reads it. */
export interface WeightRead {
  /** Its name in the file. */
  readonly name: string;
  /** Whether it is read transposed. */
  readonly transposed: boolean;
}

/** A product of activations with a matrix. */
export interface Product {
  /** The matrix: as it is asked for, [in, out], where it is not transposed. */
  readonly weight: WeightRead;
  /** What is multiplied. */
  readonly x: string;
  /** The product, bias included where the node adds it. */
  readonly out: string;
  /** The bias that the node itself adds. */
  readonly bias: string | undefined;
  /** Lengths of in and out. */
  readonly lengths: readonly [number, number];
}

/** Rows of a table that tokens choose. */
export interface Lookup {
  /** The table: [tokens, width], where it is not transposed. */
  readonly table: WeightRead;
  /** What is looked up. */
  readonly out: string;
}

// What a value is under another shape or name.
const SAME = new Set([
  ...["Identity", "Dropout", "Cast", "Reshape", "Flatten"],
  ...["Squeeze", "Unsqueeze"],
]);

// What may read a weight beside the products.
const ASIDE = new Set([
  ...[...SAME, "Transpose", "Gather", "Add", "Sub", "Mul", "Div", "Slice"],
  ...["LayerNormalization", "BatchNormalization", "Expand", "PRelu", "Shape"],
]);

const isShape = ({ opType }: NodeProto) =>
  opType === "Shape" || opType === "Size";

/** The graph, walked. */
export class GraphWalk {
  /** The products with weights, in the order of computation. */
  readonly products: readonly Product[];
  /** Where tokens look rows of weights up. */
  readonly lookups: readonly Lookup[];
  readonly #model: ProbeModel;
  readonly #makers: ReadonlyMap<string, NodeProto>;
  readonly #readers = new Map<string, NodeProto[]>();
  readonly #weights: ReadonlySet<string>;
  readonly #fromInput: ReadonlySet<string>;
  // The products behind a value, all, and those with none between.
  readonly #all = new Map<string, ReadonlySet<Product>>();
  readonly #direct = new Map<string, ReadonlySet<Product>>();

  constructor(model: ProbeModel) {
    this.#model = model;
    this.#makers = makersOf(model.graph.node);
    this.#weights = new Set(model.weightNames);
    const fromInput = new Set(model.inputNames);
    for (const node of model.graph.node) {
      for (const name of node.input) {
        this.#readers.set(name, [...this.#readers.get(name) ?? [], node]);
      }
      // A shape is not what it is the shape of.
      if (isShape(node)) continue;
      if (node.input.some((name) => fromInput.has(name))) {
        node.output.forEach((name) => fromInput.add(name));
      }
    }
    this.#fromInput = fromInput;
    this.lookups = this.nodes.flatMap((node) => this.#lookupOf(node) ?? []);
    const products: Product[] = [];
    for (const node of this.nodes) {
      const product = this.#productOf(node);
      if (product) products.push(product);
      if (isShape(node)) continue;
      const union = (of: Map<string, ReadonlySet<Product>>) =>
        new Set(node.input.flatMap((name) => [...of.get(name) ?? []]));
      const all = union(this.#all);
      for (const name of node.output) {
        this.#all.set(name, product ? all.add(product) : all);
        this.#direct.set(
          name,
          product ? new Set([product]) : union(this.#direct),
        );
      }
    }
    this.products = products;
  }

  /** The nodes, in the order of computation. */
  get nodes(): readonly NodeProto[] {
    return this.#model.graph.node;
  }

  /** Every product behind a value. */
  behind(name: string): ReadonlySet<Product> {
    return this.#all.get(name) ?? new Set();
  }

  /** The products behind a value that no other product lies between. */
  directlyBehind(name: string): ReadonlySet<Product> {
    return this.#direct.get(name) ?? new Set();
  }

  /**
   * Whether weights are read by other nodes than products, lookups, sums, factors
   * and norms: in a loop, a recurrent cell, a convolution.
   */
  hides(): boolean {
    const products = new Set(this.products.map(({ out }) => out));
    return this.nodes.some((node) =>
      !products.has(node.output[0]!) && !ASIDE.has(node.opType) &&
      readsOf(node).some((name) => this.weightAt(name) !== undefined)
    );
  }

  /** The node that makes a value. */
  maker(name: string): NodeProto | undefined {
    return this.#makers.get(name);
  }

  /** The nodes that read a value, under whatever shape. */
  readersOf(name: string): NodeProto[] {
    return (this.#readers.get(name) ?? []).flatMap((node) =>
      SAME.has(node.opType) || node.opType === "Transpose"
        ? this.readersOf(node.output[0]!)
        : [node]
    );
  }

  /**
   * A value and what it was before it was given other shapes, the last first.
   *
   * @param name The value.
   * @param turned Whether its axes may have stood in another order.
   */
  shapesOf(name: string, turned = true): string[] {
    const names = [name];
    for (let at = name;;) {
      const node = this.maker(at);
      const same = node && (SAME.has(node.opType) ||
        turned && node.opType === "Transpose");
      if (!same) return names;
      names.push(at = node.input[0]!);
    }
  }

  /** Whether the input goes into a value. */
  isActivation(name: string): boolean {
    return this.#fromInput.has(name);
  }

  /** A weight under the name of a value, or undefined. */
  weightAt(name: string): WeightRead | undefined {
    if (this.#weights.has(name)) return { name, transposed: false };
    const node = this.maker(name);
    // Rows of a tied weight have a name of their own.
    if (node && this.#isPart(node) && this.#model.constant(name)) {
      return { name, transposed: false };
    }
    const inner = node && ["Transpose", "Identity"].includes(node.opType)
      ? this.weightAt(node.input[0]!)
      : undefined;
    if (!inner || node!.opType === "Identity") return inner;
    return this.shape(inner.name).length === 2
      ? { name: inner.name, transposed: !inner.transposed }
      : undefined;
  }

  #isPart({ opType, input }: NodeProto): boolean {
    if (this.isActivation(input[0]!)) return false;
    const inner = opType === "Transpose" ? this.maker(input[0]!) : undefined;
    return opType === "Slice" || inner?.opType === "Slice";
  }

  /** The shape of a weight in the file. */
  shape(name: string): readonly number[] {
    return this.#model.constant(name)!.shape;
  }

  #productOf(node: NodeProto): Product | undefined {
    if (node.opType !== "MatMul" && node.opType !== "Gemm") return undefined;
    const [x, second, bias] = node.input as [string, string, string?];
    const weight = this.weightAt(second);
    const matrix = weight && this.shape(weight.name).length === 2;
    if (!matrix || this.weightAt(x) || intOf(node, "transA", 0)) {
      return undefined;
    }
    const turned = intOf(node, "transB", 0) === 1;
    const transposed = weight.transposed !== turned;
    const [rows, columns] = this.shape(weight.name) as [number, number];
    return {
      weight: { name: weight.name, transposed },
      x,
      out: node.output[0]!,
      bias: bias && this.weightAt(bias)?.name,
      lengths: transposed ? [columns, rows] : [rows, columns],
    };
  }

  #lookupOf(node: NodeProto): Lookup | undefined {
    if (node.opType !== "Gather") return undefined;
    const [table, indices] = node.input as [string, string];
    const weight = this.weightAt(table);
    if (!weight || this.shape(weight.name).length !== 2) return undefined;
    if (!this.isActivation(indices)) return undefined;
    // Along the second axis it is columns that are looked up.
    const axis = Math.abs(intOf(node, "axis", 0)) % 2;
    return {
      table: {
        name: weight.name,
        transposed: weight.transposed !== (axis === 1),
      },
      out: node.output[0]!,
    };
  }
}
