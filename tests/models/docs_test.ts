/** docs/models.md against the models themselves. */

import { assert } from "@std/assert";
import { flagOf, resolveConfig } from "../../lib/config/config.ts";
import { checkpointWriter } from "../../lib/runs/checkpoint.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import type { HostTensor } from "../../lib/numeric/tensor.ts";
import { initialTensors } from "../../models/buffers.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { leavesOf, treeOf } from "../../lib/base/tree.ts";
import { inits } from "../../models/init.ts";
import { models } from "../../models/mod.ts";

const text = await Deno.readTextFile(
  new URL("../../docs/models.md", import.meta.url),
);
const has = (word: string) =>
  assert(text.includes(`\`${word}`), `docs/models.md has no ${word}`);

Deno.test("docs/models.md names every model, flag and initialisation", () => {
  for (const [name, { settings }] of Object.entries(models)) {
    has(`${name}\``);
    for (const key of Object.keys(settings)) has(flagOf(key));
  }
  for (const name of Object.keys(inits)) has(`${name}\``);
});

for (const model of Object.keys(models) as (keyof typeof models)[]) {
  Deno.test(`docs/models.md has the sizes and names of the ${model}`, async () => {
    // Rows of free features are numbers.
    const rows = model === "free-features"
      ? { task: "rows", classCounts: [50, 20, 5, 1] } as const
      : {};
    const { params } = makeExperiment(resolveConfig({ model, ...rows }));
    const count = leavesOf<HostTensor>(params)
      .reduce((sum, [, { data }]) => sum + data.length, 0);
    const row = text.split("\n").find((line) =>
      line.startsWith(`| \`${model}`)
    );
    const written = count.toLocaleString("en-US");
    assert(row?.includes(` ${written} `), `${model} has ${written} parameters`);

    for (const norm of ["none", "pre"] as const) {
      const experiment = makeExperiment(resolveConfig({
        model,
        ...rows,
        norm,
        ...(model !== "mlp" && model !== "free-features" && { qkNorm: true }),
        batchNorm: true,
        positions: "learned",
        biases: true,
        modulus: 5,
        embedding: 3,
        dModel: 4,
        heads: 2,
        dMlp: 4,
        dFf: 4,
      }));
      const tensors = initialTensors(experiment);
      const writer = await checkpointWriter(
        experiment.model,
        treeOf(Object.entries(tensors)),
      );
      const file = new ProbeModel(writer.encode(tensors, {}), "checkpoint");
      for (const name of [...file.weightNames, ...file.hookNames]) {
        has(`${name.replace(/\.\d+\./, ".i.")}\``);
      }
    }
  });
}
