/** Where logits are, by value: choices, softmaxes, and networks that draw. */

import { create } from "@bufbuild/protobuf";
import { assertEquals, assertRejects } from "@std/assert";
import { ModelProtoSchema, NodeProtoSchema } from "onnx-buf";
import { UsageError } from "../../../lib/base/errors.ts";
import { ProbeModel } from "../../../lib/onnx/inspect/probe_model.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { findLogits } from "../../../lib/probes/foreign/signature/logits.ts";
import {
  before,
  kindOf,
  sameChoices,
} from "../../../lib/probes/foreign/signature/scores.ts";

const scores = (classes: number, ...data: number[]) => ({
  rows: data.length / classes,
  classes,
  data: Float64Array.from(data),
  whole: false,
});

/** A file with an input x of float32 and an output y. */
function file(
  shape: readonly number[],
  nodes: readonly (readonly [
    op: string,
    input: string[],
    output: string,
    attributes?: Readonly<Record<string, number>>,
  ])[],
): ProbeModel {
  const value = (name: string) => ({
    name,
    type: {
      value: {
        case: "tensorType" as const,
        value: {
          elemType: 1,
          shape: {
            dim: [
              { value: { case: "dimParam" as const, value: "batch" } },
              ...shape.map((d) => ({
                value: { case: "dimValue" as const, value: BigInt(d) },
              })),
            ],
          },
        },
      },
    },
  });
  const model = create(ModelProtoSchema, {
    irVersion: 10n,
    opsetImport: [{ version: 18n }],
    graph: {
      name: "g",
      input: [value("x")],
      output: [value("y")],
      node: nodes.map(([opType, input, output, attributes = {}]) =>
        create(NodeProtoSchema, {
          opType,
          input,
          output: [output],
          attribute: Object.entries(attributes).map(([name, x]) =>
            Number.isInteger(x)
              ? { name, type: 2, i: BigInt(x) }
              : { name, type: 1, f: x }
          ),
        })
      ),
    },
  });
  return new ProbeModel(model, "file.onnx", { threads: 1 });
}

Deno.test("labels are the largest's places, every row's", () => {
  const z = scores(3, 1, 5, 2, 4, 3, 0);
  const chosen = (...labels: number[]) =>
    sameChoices(hostTensorOf("int64", [labels.length], labels), z);
  assertEquals(chosen(1, 0), true);
  for (
    const wrong of [[1, 1], [1, 2], [0, 0], [2, 0], [1, 3], [-1, 0], [1], [
      1,
      0,
      0,
    ]]
  ) assertEquals(chosen(...wrong), false, `${wrong}`);
  const tie = scores(2, 4, 4);
  for (const label of [0, 1]) {
    assertEquals(sameChoices(hostTensorOf("int64", [1], [label]), tie), true);
  }
});

Deno.test("scores are what every row's sum says", () => {
  assertEquals(kindOf(scores(2, 0.25, 0.75, 0.5, 0.5)), "probabilities");
  assertEquals(kindOf(scores(2, 0.25, 0.75, 0.5, 0.6)), "logits");
  assertEquals(kindOf(scores(2, 1.5, -0.5)), "logits");
  const logs = [0.25, 0.75, 0.5, 0.5].map(Math.log);
  assertEquals(kindOf(scores(2, ...logs)), "log-probabilities");
  assertEquals(kindOf(scores(2, ...logs.with(3, 0))), "logits");
});

Deno.test("a softmax's logits are told from others by each row's values", () => {
  const z = scores(2, 0, Math.log(3), 7, 7);
  assertEquals(
    before(z, scores(2, 0.25, 0.75, 0.5, 0.5), "probabilities"),
    true,
  );
  assertEquals(
    before(z, scores(2, 0.75, 0.25, 0.5, 0.5), "probabilities"),
    false,
  );
  // The last row's alone.
  assertEquals(
    before(z, scores(2, 0.25, 0.75, 0.4, 0.6), "probabilities"),
    false,
  );
  const logs = scores(2, ...[0.25, 0.75, 0.5, 0.5].map(Math.log));
  assertEquals(before(z, logs, "log-probabilities"), true);
  assertEquals(before(z, logs, "probabilities"), false);
  assertEquals(before(scores(1, 0, 7), logs, "probabilities"), false);
});

// Over the positions, a class's at both: at the last one σ(2 − 0) and σ(3 − 5),
// which sum to 1 as probabilities do.
const inputs = {
  x: hostTensorOf("float32", [2, 2, 2], [0, 5, 2, 3, 0, 5, 2, 3]),
};

Deno.test("a softmax over positions is none over classes, whatever it sums to", async () => {
  const over = async (axis: number) => {
    const model = file([2, 2], [
      ["Relu", ["x"], "z"],
      ["Softmax", ["z"], "y", { axis }],
    ]);
    try {
      return await findLogits(model, { modulus: 2, inputs });
    } finally {
      await model.close();
    }
  };
  await assertRejects(
    () => over(1),
    UsageError,
    "y ends in Softmax, and not over the classes of each row",
  );
  const note = "logits are z, before Softmax";
  assertEquals(await over(2), { name: "z", classes: 2, note });
});

// Noise of a ten-thousandth: two runs are alike.
for (const scale of [1e-4, 0.5]) {
  Deno.test(`logits with noise of ${scale} are drawn, and refused`, async () => {
    const model = file([2], [
      ["RandomNormalLike", ["x"], "noise", { scale }],
      ["Add", ["x", "noise"], "y"],
    ]);
    await assertRejects(
      () =>
        findLogits(model, {
          modulus: 2,
          inputs: { x: hostTensorOf("float32", [2, 2], [0, 5, 2, 3]) },
        }),
      UsageError,
      "are drawn anew at every run (RandomNormalLike)",
    );
    await model.close();
  });
}

Deno.test("logits that are each row's own are found", async () => {
  const model = file([2], [["Neg", ["x"], "y"]]);
  const x = hostTensorOf("float32", [2, 2], [0, 5, 2, 3]);
  assertEquals(await findLogits(model, { modulus: 2, inputs: { x } }), {
    name: "y",
    classes: 2,
  });
  await model.close();
});
