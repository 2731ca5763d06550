/** Rows of a tensor as a weight: read, changed, given to a run, by value. */

import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { UsageError } from "../../lib/base/errors.ts";
import type { Aliases } from "../../lib/onnx/inspect/aliases.ts";
import { encodeModel, modelOf } from "../../lib/onnx/file/model.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import {
  changeWeight,
  replaceWeight,
} from "../../lib/onnx/inspect/weight_edits.ts";
import { trace } from "../../lib/trace/backend.ts";

// Four rows of two, each number its own place: row 0 is 1, 2.
const TABLE = hostTensorOf("float32", [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);

const NAMES: Aliases = {
  weights: {
    middle: { tensor: "T", rows: [1, 3], transposed: false },
    "middle turned": { tensor: "T", rows: [1, 3], transposed: true },
    last: { tensor: "T", rows: [3, 4], transposed: false },
  },
  activations: {},
};

/** x ↦ x·T, x one row of four. */
function tableModel(): ProbeModel {
  const graph = trace(
    ({ x, T }) => ({ y: tf.matMul(x as tf.Tensor2D, T as tf.Tensor2D) }),
    { x: { dtype: "float32", shape: [1, 4] }, T: TABLE },
  );
  const model = modelOf(graph, { name: "table", initializers: { T: TABLE } });
  return new ProbeModel(encodeModel(model), "table", {}, NAMES);
}

const valuesIn = (model: ProbeModel, name: string) => [
  ...model.weight(name)!.data as Float32Array,
];

Deno.test("rows of a tensor are read as they lie and transposed", () => {
  const model = tableModel();
  assertEquals(valuesIn(model, "middle"), [3, 4, 5, 6]);
  assertEquals(model.weight("middle turned")!.shape, [2, 2]);
  assertEquals(valuesIn(model, "middle turned"), [3, 5, 4, 6]);
  assertEquals(valuesIn(model, "last"), [7, 8]);
});

Deno.test("rows of a tensor are changed where they lie, and no others", () => {
  const tenfold = changeWeight("middle", (x) => x.map((v) => 10 * v));
  const changed = tableModel().edited(tenfold);
  assertEquals(valuesIn(changed, "T"), [1, 2, 30, 40, 50, 60, 7, 8]);
  const end = replaceWeight("last", hostTensorOf("float32", [1, 2], [0, -1]));
  assertEquals(
    valuesIn(tableModel().edited(end), "T"),
    [1, 2, 3, 4, 5, 6, 0, -1],
  );
});

Deno.test("transposed rows of a tensor are put back transposed", () => {
  const other = hostTensorOf("float32", [2, 2], [10, 11, 12, 13]);
  const changed = tableModel().edited(replaceWeight("middle turned", other));
  assertEquals(valuesIn(changed, "T"), [1, 2, 10, 12, 11, 13, 7, 8]);
});

Deno.test("rows are given to a run where they lie", async () => {
  const model = tableModel();
  const x = hostTensorOf("float32", [1, 4], [1, 10, 100, 1000]);
  const given = {
    middle: hostTensorOf("float32", [2, 2], [1, 0, 0, 1]),
    last: hostTensorOf("float32", [1, 2], [2, 3]),
  };
  const { y } = await model.run({ x }, ["y"], given);
  // 1·(1, 2) + 10·(1, 0) + 100·(0, 1) + 1000·(2, 3)
  assertEquals([...y!.data as Float32Array], [2011, 3102]);
  const turned = {
    "middle turned": hostTensorOf("float32", [2, 2], [1, 2, 3, 4]),
  };
  const { y: z } = await model.run({ x }, ["y"], turned);
  // 1·(1, 2) + 10·(1, 3) + 100·(2, 4) + 1000·(7, 8)
  assertEquals([...z!.data as Float32Array], [7211, 8432]);
  await model.close();
});

Deno.test("of a weight that lies transposed in the file rows are not taken", () => {
  const model = tableModel();
  const found = {
    synonyms: { turned: { tensor: "T", transposed: true } },
    reading: { weights: ["T"], constants: [], unread: [] },
    readingOf: () => ({ weights: ["T"], constants: [], unread: [] }),
  };
  const open = (rows?: [number, number]) =>
    new ProbeModel(model.encodeWithOutputs([]), "table", {}, {
      weights: {
        asked: { tensor: "turned", transposed: false, ...(rows && { rows }) },
      },
      activations: {},
    }, found);
  assertEquals(valuesIn(open(), "asked"), [1, 3, 5, 7, 2, 4, 6, 8]);
  assertEquals(valuesIn(open(), "turned"), [1, 3, 5, 7, 2, 4, 6, 8]);
  assertThrows(() => open([0, 1]), UsageError, "it is T transposed");
});
