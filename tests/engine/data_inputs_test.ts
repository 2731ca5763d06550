/** Steps whose data come in from outside, and sessions that several runs share. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { withoutData } from "../../lib/engine/onnx/data_inputs.ts";
import { loopModel } from "../../lib/engine/onnx/loop_graph.ts";
import { onnxBand } from "../../lib/engine/onnx/onnx_engine.ts";
import { loopStep } from "../../lib/engine/onnx/traced_step.ts";
import { initialState } from "../../lib/engine/state.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { encodeModel, modelOf } from "../../lib/onnx/file/model.ts";
import { KeptSession } from "../../lib/onnx/runtime/kept_session.ts";
import { GraphBuilder, type Value } from "../../lib/trace/graph.ts";
import { segmentSum } from "../../lib/trace/operators/segments.ts";

const experimentOf = (config: ConfigInput) =>
  makeExperiment(resolveConfig({ modulus: 13, hidden: [8], ...config }));

async function modelFor(config: ConfigInput) {
  const experiment = experimentOf(config);
  const state = await initialState(experiment);
  const step = await loopStep([experiment], state, {});
  const separate = withoutData(step, 0);
  const data = [...separate.data.keys()];
  return { bytes: encodeModel(loopModel([separate.step], data)), ...separate };
}

Deno.test("without their data the steps of all seeds are one model", async () => {
  const models = await Promise.all([0, 1, 2].map((seed) => modelFor({ seed })));
  const [{ bytes, data }] = models as [typeof models[0]];
  for (const other of models) {
    assertEquals(other.bytes, bytes);
    assertEquals([...other.data].map(([{ name }]) => name), [
      ...[...data].map(([{ name }]) => name),
    ]);
  }
  // The tokens and labels that are trained on, and those that are tested on.
  const { split } = experimentOf({});
  const lengths = [...data.values()].map(({ data }) => data.length);
  for (const { labels } of [split.train, split.test]) {
    assert(lengths.filter((n) => n === labels.length).length >= 3);
  }
  const other = await modelFor({ lr: 0.5 });
  assert(
    other.bytes.length !== bytes.length ||
      other.bytes.some((x, i) => x !== bytes[i]),
  );
});

Deno.test("data that are numbers as well as places stay in the step", () => {
  const g = new GraphBuilder();
  const spec = { dtype: "int64", shape: [16] } as const;
  const x = g.input("x", spec);
  const rows = g.constant(
    "int64",
    [16],
    BigInt64Array.from({ length: 16 }, (_, i) => BigInt(15 - i)),
  );
  const picked = g.emit("Gather", [x, rows], { axis: 0 }, spec);
  const sum = g.emit("Add", [picked, rows], {}, spec);
  const dataOf = (...outputs: [string, Value][]) =>
    withoutData({ inputs: [x], outputs }, 0).data.size;
  assertEquals(dataOf(["picked", picked]), 1);
  assertEquals(dataOf(["sum", sum]), 0);
  assertEquals(dataOf(["picked", picked], ["rows", rows]), 0);
});

const KINDS: Record<string, ConfigInput> = {
  perceptron: {},
  "held data": { dataSeed: 3 },
  transformer: { model: "transformer", dModel: 8, heads: 2, modulus: 7 },
  "batches, drawn by the seed": { batchSize: 20 },
  "all metrics in float64": { metrics: ["all"], precision: "float64" },
  parity: { task: "parity", samples: 60, bits: 8 },
};

Deno.test("runs in a session that is kept are bit for bit those of their own", async (t) => {
  const kept = new KeptSession();
  const made = async (config: ConfigInput, sessions?: KeptSession) => {
    const band = await onnxBand(
      [experimentOf(config)],
      { threads: 1 },
      undefined,
      undefined,
      sessions,
    );
    const [turn] = await band.advance(7, 3);
    const [state] = await band.states();
    await band.close();
    return { turn, state };
  };
  for (const [name, config] of Object.entries(KINDS)) {
    await t.step(name, async () => {
      for (const seed of [0, 1]) {
        const own = await made({ ...config, seed });
        assertEquals(await made({ ...config, seed }, kept), own);
      }
    });
  }
});

Deno.test("a session is kept for the same model, and closed for another", async () => {
  const modelOfSum = (dtype: "float32" | "int32") => {
    const g = new GraphBuilder();
    const x = g.input("x", { dtype, shape: [2] });
    const sum = g.emit("Add", [x, x], {}, { dtype, shape: [2] });
    return encodeModel(modelOf({ inputs: [x], outputs: [["y", sum]] }, {
      name: "sum",
    }));
  };
  const [one, other] = [modelOfSum("float32"), modelOfSum("int32")];
  const x = hostTensorOf("float32", [2], [1, 2]);
  const sessions = new KeptSession();
  const first = await sessions.open(one, { threads: 1 });
  // While it is in use the next one has its own.
  const beside = await sessions.open(one, { threads: 1 });
  assert(beside.run !== first.run);
  await beside.close();
  await assertRejects(() => beside.run({ x }), Error, "closed");
  await first.close();
  const again = await sessions.open(one, { threads: 1 });
  assertEquals(again.run, first.run);
  assertEquals([...(await again.run({ x })).y!.data], [2, 4]);
  // Who has closed it closes it for nobody else.
  await first.close();
  assert((await sessions.open(one, { threads: 1 })).run !== again.run);
  await again.close();
  const otherwise = await sessions.open(one, { threads: 2 });
  assert(otherwise.run !== again.run);
  await assertRejects(() => again.run({ x }), Error, "closed");
  await otherwise.close();
  // What cannot be opened is in nobody's way.
  await assertRejects(() => sessions.open(Uint8Array.of(1), {}));
  const last = await sessions.open(other, {});
  await last.close();
  assertEquals((await sessions.open(other, {})).run, last.run);
});

Deno.test("of a table of rows that are summed the length is free that depends on the data", () => {
  const g = new GraphBuilder();
  const sumOf = (name: string, ids: readonly number[], segments: number) => {
    const x = g.input(name, { dtype: "float32", shape: [ids.length, 1] });
    const table = g.constant(
      "int64",
      [ids.length],
      BigInt64Array.from(ids, BigInt),
    );
    return segmentSum(g, [x, table], segments);
  };
  const a = sumOf("a", Array(17).fill(0), 1);
  const tables = [...withoutData({ inputs: [], outputs: [["a", a]] }, 0).data];
  assertEquals(
    tables.map(([{ shape, freeAxis }]) => [shape, freeAxis]),
    [[[2, 8], 0]],
  );
  // The same numbers as the lines of two segments, of which one is filled up: neither is free.
  const b = sumOf("b", [...Array(8).fill(0), ...Array(7).fill(1)], 2);
  const both = withoutData({ inputs: [], outputs: [["a", a], ["b", b]] }, 0);
  assertEquals(
    [...both.data].map(([{ shape, freeAxis }]) => [shape, freeAxis]),
    [[[2, 8], -1]],
  );
  const c = sumOf("c", [...Array(15).fill(0), ...Array(15).fill(1)], 9);
  const own = withoutData({ inputs: [], outputs: [["c", c]] }, 0);
  assertEquals(
    [...own.data].map(([{ shape, freeAxis }]) => [shape, freeAxis]),
    [[[9, 15], 1]],
  );
});
