/** Matrices that a file has twice: which stay two weights, and which are one. */

import { create } from "@bufbuild/protobuf";
import { assertEquals } from "@std/assert";
import { GraphProtoSchema } from "onnx-buf";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { tensorProto } from "../../../lib/onnx/file/graph_writer.ts";
import { withoutCopies } from "../../../lib/onnx/reading/copies.ts";
import { nodeOf } from "../../../lib/onnx/reading/nodes.ts";

// A table of three rows of four, and rows of it as they are or turned.
const TABLE = [5, -3, 8, 1, -7, 2, 6, -4, 9, -1, 3, -6];
const turned = (rows: number) =>
  Array.from(
    { length: 4 * rows },
    (_, i) => TABLE[(i % rows) * 4 + Math.floor(i / rows)]!,
  );

/** Logits of what a Gather looks up in the table, with a head. */
const graphOf = (shape: number[], values: readonly number[]) =>
  create(GraphProtoSchema, {
    node: [
      nodeOf("Gather", ["table", "tokens"], "x"),
      nodeOf("Gemm", ["x", "head"], "logits"),
    ],
    initializer: [
      tensorProto("table", hostTensorOf("float32", [3, 4], TABLE)),
      tensorProto("head", hostTensorOf("float32", shape, values)),
    ],
  });

const cases: Record<string, [shape: number[], values: number[], is: string[]]> =
  {
    "the whole table in the same order is a weight of its own": [
      [3, 4],
      TABLE,
      [],
    ],
    "the whole table turned is the table": [
      [4, 3],
      turned(3),
      ["Transpose(table) → head"],
    ],
    "rows of the table in the same order are the table's": [
      [2, 4],
      TABLE.slice(0, 8),
      ["Slice(table,head/starts,head/ends,head/axes) → head"],
    ],
    "rows of the table turned are the table's": [
      [4, 2],
      turned(2),
      [
        "Slice(table,head/starts,head/ends,head/axes) → head/part",
        "Transpose(head/part) → head",
      ],
    ],
    "a table with one other number is a weight of its own": [
      [4, 3],
      turned(3).with(5, 0),
      [],
    ],
  };

for (const [name, [shape, values, is]] of Object.entries(cases)) {
  Deno.test(`a head that is copied: ${name}`, () => {
    const { graph, synonyms } = withoutCopies(graphOf(shape, values), 13);
    const nodes = graph.node.map(({ opType, input, output }) =>
      `${opType}(${input}) → ${output}`
    );
    assertEquals(nodes, [
      ...is,
      "Gather(table,tokens) → x",
      "Gemm(x,head) → logits",
    ]);
    const kept = graph.initializer.some((tensor) => tensor.name === "head");
    assertEquals(kept, is.length === 0);
    // A part is known under its name, too.
    const part = shape.includes(2) && {
      head: { tensor: "table", rows: [0, 2], transposed: shape[0] === 4 },
    };
    assertEquals(synonyms, part || {});
  });
}
