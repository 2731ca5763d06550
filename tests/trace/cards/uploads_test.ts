/** Steps without operators that copy tables to a card: the same numbers. */

import { assertEquals } from "@std/assert";
import { withoutUploads } from "../../../lib/trace/cards/uploads.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { encodeModel, modelOf } from "../../../lib/onnx/file/model.ts";
import { openSession } from "../../../lib/onnx/runtime/session.ts";
import {
  type Graph,
  newConstant,
  newInput,
  newNode,
  type Value,
} from "../../../lib/trace/graph.ts";
import { nodesFor } from "../../../lib/trace/graph_walk.ts";

const float = (name: string, shape: number[]) =>
  newInput(name, { dtype: "float32", shape });
const ints = (shape: number[], values: number[]) =>
  newConstant("int64", shape, BigInt64Array.from(values, BigInt));
const node = (
  op: string,
  inputs: Value[],
  shape: number[],
  attributes: Record<string, number> = {},
) => newNode(op, inputs, attributes, [{ dtype: "float32", shape }])[0]!;

function graph(): Graph {
  const [a, b, c] = [
    float("a", [4, 3]),
    float("b", [2, 3]),
    float("c", [4, 2]),
  ];
  const row = newConstant("float32", [1, 3], Float32Array.of(7, 8, 9));
  const tall = node("Concat", [b, a, row], [7, 3], { axis: 0 });
  const wide = node("Concat", [a, c], [4, 5], { axis: -1 });
  const same = node("Concat", [a, a], [8, 3], { axis: 0 });
  const rows = ints([3, 2], [0, 6, -1, 2, 5, 1]);
  const columns = ints([2], [2, 0]);
  const outputs = {
    tall,
    wide,
    same,
    // One of what was gathered along the same axis, one along another.
    rows: node("Gather", [tall, rows], [3, 2, 3], { axis: 0 }),
    columns: node("Gather", [tall, columns], [7, 2], { axis: 1 }),
    // Of what is gathered in a table, or alone, the first axis is another.
    ofTable: node(
      "Gather",
      [
        node("Gather", [a, ints([2, 2], [3, 1, 0, 2])], [2, 2, 3], { axis: 0 }),
        ints([2], [1, 0]),
      ],
      [2, 2, 3],
      { axis: 0 },
    ),
    ofOne: node(
      "Gather",
      [
        node("Gather", [a, ints([], [2])], [3], { axis: 0 }),
        ints([1], [0]),
      ],
      [1],
      { axis: 0 },
    ),
    each: node("GatherND", [wide, ints([4, 1], [4, 0, -1, 3])], [4], {
      batch_dims: 1,
    }),
    // Not one of each row.
    points: node("GatherND", [wide, ints([2, 2], [3, 4, 0, 0])], [2]),
  };
  return { inputs: [a, b, c], outputs: Object.entries(outputs) };
}

const operators = ({ outputs }: Graph) =>
  nodesFor(outputs.map(([, value]) => value));

async function results(graph: Graph) {
  const session = await openSession(
    encodeModel(modelOf(graph, { name: "graph" })),
    { threads: 1 },
  );
  const fed = graph.inputs.map(({ name, shape }, k) => {
    const values = Array.from(
      { length: shape[0]! * shape[1]! },
      (_, i) => Math.sin(i + 10 * k),
    );
    return [name!, hostTensorOf("float32", shape, values)];
  });
  const found = await session.run(Object.fromEntries(fed));
  await session.close();
  return found;
}

Deno.test("parts of a Concat become equal, and elements of rows are gathered", async () => {
  const given = graph();
  const made = withoutUploads(given);
  assertEquals(await results(made), await results(given));
  const unequal = operators(made).filter(({ op, inputs, attributes }) =>
    op === "Concat" &&
    new Set(inputs.map(({ shape }) => shape.at(attributes["axis"] as number)))
        .size > 1
  );
  assertEquals(unequal, []);
  const count = (graph: Graph, op: string) =>
    operators(graph).filter((node) => node.op === op).length;
  assertEquals([count(given, "GatherND"), count(made, "GatherND")], [2, 1]);
  // Two of the parts' own; what was gathered of one by rows is gathered once.
  assertEquals([count(given, "Gather"), count(made, "Gather")], [6, 8]);
});

Deno.test("integers, which a card cannot pad, stay as they are", () => {
  const spec = (length: number) =>
    ({ dtype: "int64", shape: [length] }) as const;
  const parts = [newInput("a", spec(2)), newInput("b", spec(3))];
  const [all] = newNode("Concat", parts, { axis: 0 }, [spec(5)]);
  const given: Graph = { inputs: parts, outputs: [["all", all!]] };
  assertEquals(withoutUploads(given).outputs[0]![1], all);
});
