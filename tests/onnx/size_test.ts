/** Files that would take the memory of the machine. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { create } from "@bufbuild/protobuf";
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
} from "onnx-buf";
import { join } from "node:path";
import { FileError } from "../../lib/base/files.ts";
import { decodeModel, encodeModel } from "../../lib/onnx/file/model.ts";
import {
  checkModelSize,
  MOST_NODES,
  MOST_TEXT,
  sizeOfModel,
} from "../../lib/onnx/file/size.ts";

/** A model with a graph that has parts, and an output. */
function modelOf(
  graph: Record<string, unknown>,
  model: Record<string, unknown> = {},
): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: "", version: 17n }],
    graph: { name: "g", output: [{ name: "y" }], ...graph },
    ...model,
  } as never);
}

const node = (more: Record<string, unknown> = {}) =>
  create(NodeProtoSchema, {
    opType: "Relu",
    input: ["x"],
    output: ["y"],
    ...more,
  } as never);

const nodes = (count: number) => Array.from({ length: count }, () => node());

/** Nodes inside a branch. */
const branch = (count: number) =>
  create(AttributeProtoSchema, {
    name: "then_branch",
    g: create(GraphProtoSchema, { node: nodes(count) }),
  } as never);

Deno.test("nodes are counted in graphs, branches and functions", () => {
  const model = modelOf(
    { node: [...nodes(3), node({ attribute: [branch(4), branch(5)] })] },
    { functions: [{ name: "f", node: nodes(6) }] },
  );
  assertEquals(sizeOfModel(encodeModel(model)).nodes, 3 + 1 + 4 + 5 + 6);
});

Deno.test("metadata and documentation are counted wherever they stand", () => {
  const entry = (key: string, value: string) =>
    create(StringStringEntryProtoSchema, { key, value });
  const model = modelOf(
    {
      docString: "d".repeat(300),
      node: [node({ docString: "n".repeat(40) })],
      initializer: [{ name: "W", dataType: 1, docString: "t".repeat(5) }],
    },
    {
      docString: "é".repeat(1000), // Of two bytes each.
      metadataProps: [entry("k", "v".repeat(70_000))],
    },
  );
  const { text } = sizeOfModel(encodeModel(model));
  assertEquals(text, 300 + 40 + 5 + 2000 + 1 + 70_000);
});

Deno.test("raw contents of weights cost nothing, numbers written one by one do", () => {
  const tensor = (fields: Record<string, unknown>) =>
    sizeOfModel(encodeModel(modelOf({
      initializer: [create(TensorProtoSchema, {
        name: "W",
        dataType: 1,
        ...fields,
      } as never)],
    }))).memory;
  const none = tensor({});
  assertEquals(tensor({ rawData: new Uint8Array(10_000_000) }), none);
  const many = Array.from({ length: 10_000 }, () => 1);
  for (
    const fields of [
      { floatData: many },
      { doubleData: many },
      { int32Data: many },
      { int64Data: many.map(BigInt) },
    ]
  ) {
    // A list of numbers takes 8 bytes for each at the least.
    assert(tensor(fields) - none >= 80_000, Object.keys(fields)[0]);
  }
});

Deno.test("a file is refused by what it has too much of", () => {
  const big = (model: ModelProto) => () =>
    decodeModel(encodeModel(model), "big.onnx");
  assertThrows(
    big(modelOf({ node: nodes(MOST_NODES + 1) })),
    FileError,
    `Cannot read big.onnx: it has 50,001 nodes; at most 50,000 are read`,
  );
  assertThrows(
    big(modelOf({}, { docString: "d".repeat(MOST_TEXT + 1) })),
    FileError,
    "it has 17 MiB of metadata and documentation; at most 16 MiB are read",
  );
  assertThrows(
    big(modelOf({
      initializer: [create(TensorProtoSchema, {
        name: "W",
        dataType: 7,
        int64Data: Array.from({ length: 4_000_000 }, () => 1n),
      } as never)],
    })),
    FileError,
    "that take about 382 MiB of memory; at most 256 MiB are read",
  );
  // What is just small enough is read.
  const { graph } = decodeModel(
    encodeModel(modelOf({ node: nodes(1000) })),
    "small.onnx",
  );
  assertEquals(graph!.node.length, 1000);
});

Deno.test("bytes that are no model are left to who parses them", () => {
  for (
    const bytes of [
      new Uint8Array(),
      new Uint8Array(100).fill(255),
      new TextEncoder().encode("<!doctype html><p>no model</p>"),
      // A graph in a graph in a graph, each a byte shorter than the last.
      Uint8Array.from({ length: 120 }, (_, i) => i % 2 ? 118 - i : 0x3a),
      encodeModel(modelOf({ node: nodes(5) })).slice(0, -3),
    ]
  ) {
    checkModelSize(bytes, "torn.onnx");
    assertThrows(() => decodeModel(bytes, "torn.onnx"), SyntaxError);
  }
});

/** A message's field of bytes. */
function field(number: number, contents: Uint8Array): Uint8Array {
  const head = [number * 8 + 2];
  for (let left = contents.length;;) {
    head.push(left > 127 ? left % 128 + 128 : left);
    if (left <= 127) break;
    left = Math.floor(left / 128);
  }
  const bytes = new Uint8Array(head.length + contents.length);
  bytes.set(head);
  bytes.set(contents, head.length);
  return bytes;
}

// In a process of its own, whose peak it then is.
const CHILD = (path: string) => `
  import { loadProbeModel } from ${
  JSON.stringify(
    new URL("../../lib/onnx/inspect/load_probe_model.ts", import.meta.url),
  )
};
  const error = await loadProbeModel(${JSON.stringify(path)}).catch((e) => e);
  const status = Deno.readTextFileSync("/proc/self/status");
  const [, peak] = /VmHWM:\\s*(\\d+) kB/.exec(status);
  console.log(JSON.stringify({ said: error.message, peak: Number(peak) }));
`;

Deno.test({
  name:
    "a million nodes and 100 MB of metadata are refused before they take memory",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const one = field(1, field(4, new TextEncoder().encode("Relu")));
    const graph = new Uint8Array(1_000_000 * one.length);
    for (let i = 0; i < 1_000_000; i++) graph.set(one, i * one.length);
    const text = new Uint8Array(100_000_000).fill(120);
    const files: [bytes: Uint8Array, says: RegExp][] = [
      [field(7, graph), /it has 1,000,000 nodes; at most/],
      [field(14, field(2, text)), /it has 96 MiB of metadata/],
    ];
    const dir = await Deno.makeTempDir();
    try {
      for (const [i, [bytes, says]] of files.entries()) {
        const path = join(dir, `${i}.onnx`);
        await Deno.writeFile(path, bytes);
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          args: ["eval", "--no-check", CHILD(path)],
          stderr: "null",
        }).output();
        const { said, peak } = JSON.parse(new TextDecoder().decode(stdout));
        assertMatch(said, says);
        assert(peak * 1024 < bytes.length + 512 * 2 ** 20, `${peak} kB`);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

Deno.test("what a torn file says that it has is not counted", () => {
  // A graph of 6 bytes, in which a documentation of 2³¹ − 1 begins.
  const torn = [0x3a, 6, 0x52, 0xff, 0xff, 0xff, 0xff, 0x07];
  const { text, memory } = sizeOfModel(Uint8Array.from(torn));
  assertEquals(text, 0);
  assert(memory < 10_000);
});

Deno.test("as much text as a file may have is read, and no byte more", () => {
  const bytes = (length: number) =>
    encodeModel(modelOf({}, { docString: "x".repeat(length) }));
  const { text } = sizeOfModel(bytes(1000));
  const rest = MOST_TEXT - (text - 1000);
  checkModelSize(bytes(rest), "file");
  assertThrows(() => checkModelSize(bytes(rest + 1), "file"), FileError);
});
