/**
 * Which values of a graph are constants, and which of them are tensors that a
 * network was trained with.
 *
 * @module
 */

import type { GraphProto, NodeProto, TensorProto } from "../file/protobuf.ts";
import type { WeightAlias } from "../inspect/aliases.ts";
import { hostTensor } from "../file/model.ts";
import { sizeOf, toNumbers } from "../../numeric/tensor.ts";
import { intOf, isFloat, isOp, neededFor, readsOf, TYPE } from "./nodes.ts";
import { isOfFormula, isSingle } from "./numbers.ts";
import { untrained } from "./untrained.ts";

/** Whether a node draws numbers: then what it makes is no constant. */
export const draws = ({ opType }: NodeProto): boolean =>
  /^(Random|Bernoulli|Multinomial|Dropout)/.test(opType);

// What makes the same numbers whatever was trained.
const GENERATES = [
  ...["ConstantOfShape", "Range", "EyeLike", "Shape", "Size", "OneHot"],
  ...["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not"],
  ...["And", "Or", "Xor", "IsNaN", "IsInf", "ArgMax", "ArgMin", "NonZero"],
];
// What takes, moves or multiplies a tensor's numbers, so that it can stay in the
// graph where the tensor is read elsewhere, too.
const PASSES = [
  ...["Slice", "Gather", "Split", "Reshape", "Squeeze", "Unsqueeze"],
  ...["Flatten", "Mul", "Div", "Neg", "Expand", "Tile", "Transpose"],
];

/** What is known of a constant. */
interface Value {
  /** Whether numbers that were trained are in it. */
  readonly learned: boolean;
  /** Whether it is read as it lies in the file, transposed or in part. */
  readonly own: boolean;
  /** Whether it is one of floats. */
  readonly float: boolean;
  /** The tensors of several elements in it. */
  readonly from: readonly string[];
}

/** The constants of a flat graph. */
export class ConstantValues {
  /** What is to be computed: constants that other nodes read. */
  readonly computed: readonly string[];
  /** Tensors of which one cannot say what the weight is. */
  readonly unclear: readonly string[];
  // Nodes that put together what others read, too.
  readonly #joints: { node: NodeProto; shared: readonly string[] }[] = [];
  readonly #values = new Map<string, Value>();
  readonly #initializers: ReadonlyMap<string, TensorProto>;
  readonly #readers = new Map<string, number>();

  /**
   * Looks through a graph.
   *
   * @param graph A flat graph.
   * @param numbers Names that were Constant nodes.
   */
  constructor(graph: GraphProto, numbers: ReadonlySet<string>) {
    this.#initializers = new Map(graph.initializer.map((t) => [t.name, t]));
    const outputs = graph.output.map(({ name }) => name);
    for (const name of [...graph.node.flatMap(readsOf), ...outputs]) {
      this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
    }
    for (const tensor of graph.initializer) {
      this.#values.set(tensor.name, leaf(tensor, numbers));
    }
    for (const node of graph.node) this.#add(node);
    const wanted = new Set(outputs);
    for (const node of graph.node) {
      const inert = node.output.every((name) => this.#values.has(name));
      // A node that stays reads constants, too.
      if (inert && !node.output.some((name) => this.#values.get(name)!.own)) {
        continue;
      }
      for (const name of readsOf(node)) wanted.add(name);
    }
    this.computed = [...this.#values]
      .filter(([name, { own }]) =>
        wanted.has(name) && !own && !this.#initializers.has(name)
      ).map(([name]) => name);
    this.unclear = this.#unclearIn(graph.node);
  }

  // What is read by several nodes is one weight all the same, if they all belong to
  // one.
  #unclearIn(nodes: readonly NodeProto[]): string[] {
    if (this.#joints.length === 0) return [];
    const parts = this.computed.map((name) =>
      new Set(neededFor(nodes, [name]))
    );
    return this.#joints.flatMap(({ node, shared }) => {
      const readers = nodes.filter((other) =>
        readsOf(other).some((name) => shared.includes(name))
      );
      const inside = parts.some((part) =>
        part.has(node) && readers.every((reader) => part.has(reader))
      );
      return inside ? [] : [
        `${shared.join(", ")} is read by itself and within ` +
        `${node.output[0]} (${node.opType})`,
      ];
    });
  }

  /** Whether a constant has numbers that were trained. */
  isLearned(name: string): boolean {
    return this.#values.get(name)?.learned ?? false;
  }

  /**
   * What stands for tensors that a computed one was made of: of as many elements
   * as it, and alone in it.
   *
   * @param given Which were computed.
   */
  synonyms(given: readonly TensorProto[]): Record<string, WeightAlias> {
    const size = ({ dims }: TensorProto) => sizeOf(dims.map(Number));
    return Object.fromEntries(
      given.flatMap((tensor) => {
        const [first, ...others] = this.#values.get(tensor.name)!.from;
        const before = this.#initializers.get(first ?? "");
        const alone = before && others.length === 0 &&
          size(before) === size(tensor) && this.#readers.get(first!) === 1;
        return alone
          ? [[first, { tensor: tensor.name, transposed: false }]]
          : [];
      }),
    );
  }

  #add(node: NodeProto): void {
    const reads = readsOf(node);
    if (reads.length === 0 || draws(node)) return;
    const inputs = reads.map((name) => this.#values.get(name));
    if (!inputs.every((value) => value !== undefined)) return;
    const value = this.#valueOf(node, reads, inputs);
    for (const name of node.output) {
      if (name !== "") this.#values.set(name, value);
    }
  }

  #valueOf(
    node: NodeProto,
    reads: readonly string[],
    inputs: readonly Value[],
  ): Value {
    const generates = isOp(node, ...GENERATES);
    const places = dataPlaces(node, inputs);
    const learned = !generates && places.some((i) => inputs[i]!.learned);
    // A type alone is no number in it.
    const data = isOp(node, "CastLike") ? inputs.slice(0, 1) : inputs;
    const from = generates ? [] : [...new Set(data.flatMap((v) => v.from))];
    const float = givesFloats(node, inputs);
    const value = { learned, own: false, float, from };
    const trained = places.map((i) => reads[i]!).filter((name) => {
      const known = this.#values.get(name)!;
      return known.learned && known.float;
    });
    if (generates || trained.length === 0) return value;
    const [first] = trained;
    if (isOp(node, "Transpose") && this.#isOwn(first!)) {
      return { ...value, own: true };
    }
    if (trained.every((name) => this.#isAlone(name))) return value;
    const passes = isOp(node, "Concat") ||
      trained.length === 1 && isOp(node, ...PASSES);
    if (passes) return { ...value, own: true };
    const shared = trained.filter((name) => !this.#isAlone(name));
    this.#joints.push({ node, shared });
    return value;
  }

  // A tensor of the file, or one that stays in the graph as a part or turned.
  #isOwn(name: string): boolean {
    return this.#initializers.has(name) || this.#values.get(name)!.own;
  }

  #isAlone(name: string): boolean {
    const { from } = this.#values.get(name)!;
    const all = this.#isOwn(name) ? [name, ...from] : [name];
    return all.every((each) => (this.#readers.get(each) ?? 0) <= 1);
  }
}

function leaf(tensor: TensorProto, numbers: ReadonlySet<string>): Value {
  const { name, dataType, dims } = tensor;
  const several = sizeOf(dims.map(Number)) > 1;
  const float = isFloat(dataType);
  const learned = several
    ? float ? untrained(tensor) === undefined : !isCount(tensor)
    : float && isSingle(tensor) && !numbers.has(name) && !isOfFormula(tensor);
  return { learned, own: false, float, from: several || learned ? [name] : [] };
}

// Positions 0, 1, 2, …, and flags among integers.
function isCount(tensor: TensorProto): boolean {
  const { dataType } = tensor;
  if (dataType === TYPE.bool) return true;
  if (dataType !== TYPE.int32 && dataType !== TYPE.int64) return false;
  const values = toNumbers(hostTensor(tensor));
  return values.every((x, i) => x === i) ||
    values.every((x) => x === 0 || x === 1);
}

// Which inputs make up a node's numbers; of floats no shape and no index.
function dataPlaces(node: NodeProto, inputs: readonly Value[]): number[] {
  const all = [...inputs.keys()];
  if (["Cast", "CastLike", "DequantizeLinear"].includes(node.opType)) {
    return [0];
  }
  return givesFloats(node, inputs) ? all.filter((i) => inputs[i]!.float) : all;
}

function givesFloats(node: NodeProto, inputs: readonly Value[]): boolean {
  if (isOp(node, "Cast")) return isFloat(intOf(node, "to", 0));
  if (isOp(node, "CastLike")) return inputs[1]!.float;
  if (isOp(node, "DequantizeLinear")) return true;
  if (isOp(node, "QuantizeLinear")) return false;
  return inputs.some(({ float }) => float);
}
