/**
 * Branches that a constant decides, and loops whose turns are known, written out.
 *
 * @module
 */

import { append } from "../../base/extremes.ts";
import {
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
} from "../file/protobuf.ts";
import { tensorProto } from "../file/graph_writer.ts";
import { hostTensor } from "../file/model.ts";
import { hostTensorOf } from "../../numeric/tensor.ts";
import { attributeOf, changed, isOp, nodeOf, renamed } from "./nodes.ts";

// More turns than this are left to the loop.
const MOST_TURNS = 64;

/**
 * Writes out the If nodes whose condition is a constant, and Loop nodes with a
 * constant number of turns that collect nothing.
 *
 * @param model A flat model, which stays as it is.
 * @returns The model, or undefined where there was nothing to write out.
 */
export function withoutBranches(model: ModelProto): ModelProto | undefined {
  const graph = model.graph!;
  const constants = new Map(graph.initializer.map((t) => [t.name, t]));
  const added: TensorProto[] = [];
  const node = graph.node.flatMap((each) =>
    branch(each, constants) ?? turns(each, constants, added) ?? [each]
  );
  if (
    node.length === graph.node.length &&
    node.every((n, i) => n === graph.node[i])
  ) {
    return undefined;
  }
  return changed(ModelProtoSchema, model, {
    graph: changed(GraphProtoSchema, graph, {
      node,
      initializer: [...graph.initializer, ...added],
    }),
  });
}

type Constants = ReadonlyMap<string, TensorProto>;

function valueOf(constants: Constants, name: string): number | undefined {
  const tensor = constants.get(name);
  return tensor && Number(hostTensor(tensor).data[0]);
}

function branch(
  node: NodeProto,
  constants: Constants,
): NodeProto[] | undefined {
  if (!isOp(node, "If")) return undefined;
  const holds = valueOf(constants, node.input[0]!);
  if (holds === undefined) return undefined;
  const { g } = attributeOf(node, holds ? "then_branch" : "else_branch")!;
  return [
    ...g!.node,
    ...node.output.flatMap((name, i) =>
      name === "" ? [] : [nodeOf("Identity", [g!.output[i]!.name], name)]
    ),
  ];
}

function turns(
  node: NodeProto,
  constants: Constants,
  added: TensorProto[],
): NodeProto[] | undefined {
  if (!isOp(node, "Loop")) return undefined;
  const [count, condition, ...first] = node.input as [string, string];
  const body = attributeOf(node, "body")!.g!;
  const most = valueOf(constants, count);
  const [again, ...carried] = body.output.map(({ name }) => name);
  const goesOn = condition === "" || valueOf(constants, condition) === 1;
  const collects = carried.length > first.length;
  if (
    most === undefined || most > MOST_TURNS || !goesOn || collects ||
    !alwaysTrue(body, again!, constants)
  ) return undefined;
  const nodes: NodeProto[] = [];
  let state: string[] = first;
  for (let turn = 0; turn < most; turn++) {
    const mark = `${node.output[0]}/${turn}`;
    const names = new Map<string, string>(
      body.node.flatMap((inner) =>
        madeIn(inner).map((name) => [name, `${mark}/${name}`])
      ),
    );
    const inputs = body.input.map(({ name }) => name);
    const [index, holds, ...before] = inputs as [string, string];
    added.push(
      tensorProto(`${mark}/turn`, hostTensorOf("int64", [], [turn])),
      tensorProto(`${mark}/goes on`, hostTensorOf("bool", [], [1])),
    );
    names.set(index, `${mark}/turn`).set(holds, `${mark}/goes on`);
    before.forEach((name, i) => names.set(name, state[i]!));
    const nameOf = (name: string) => names.get(name) ?? name;
    append(nodes, body.node.map((inner) => renamed(inner, nameOf)));
    state = carried.map(nameOf);
  }
  return [
    ...nodes,
    ...node.output.flatMap((name, i) =>
      name === "" ? [] : [nodeOf("Identity", [state[i]!], name)]
    ),
  ];
}

// What a node makes, and what is made inside it.
const madeIn = (node: NodeProto): string[] => [
  ...node.output.filter((name) => name !== ""),
  ...node.attribute.flatMap(({ g }) =>
    g ? [...g.input.map(({ name }) => name), ...g.node.flatMap(madeIn)] : []
  ),
];

function alwaysTrue(
  body: GraphProto,
  name: string,
  constants: Constants,
): boolean {
  if (name === body.input[1]?.name || valueOf(constants, name) === 1) {
    return true;
  }
  const maker = body.node.find(({ output }) => output.includes(name));
  return maker !== undefined && isOp(maker, "Identity", "Cast") &&
    alwaysTrue(body, maker.input[0]!, constants);
}
