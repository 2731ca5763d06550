/**
 * Writes what training saw, and what WebAssembly computes, for other tools to
 * compare with: the logits of every row of a run's task, as raw little-endian
 * float64, [rows, classes].
 *
 *     deno run -A tests/outside/dump_logits.ts RUN OUT_DIR
 *
 * See verify_checkpoint.py.
 *
 * @module
 */

import { join } from "node:path";
import { datasetOf } from "../../lib/experiment/split.ts";
import { loadProbeModel } from "../../lib/onnx/inspect/load_probe_model.ts";
import { hostTensorOf, toNumbers } from "../../lib/numeric/tensor.ts";
import { ProbeContext } from "../../lib/probes/mod.ts";
import { findCheckpoint } from "../../lib/runs/read.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { hostBatch } from "../../models/batch.ts";
import { makeModel } from "../../lib/experiment/experiment.ts";
import { treeOf } from "../../lib/base/tree.ts";
import { noHook } from "../../models/model.ts";

const [run, out] = Deno.args;
if (!run || !out) throw new TypeError("Usage: dump_logits.ts RUN OUT_DIR");
await Deno.mkdir(out, { recursive: true });

const path = await findCheckpoint(run);
const file = await loadProbeModel(path, { runtime: "web" });
const { config } = new ProbeContext(file);
const model = makeModel(config);
const dataset = datasetOf(config);
const { inputs } = hostBatch(dataset, model);
const rows = dataset.labels.length;
const width = inputs.shape[1]!;

const write = (name: string, values: Float64Array) =>
  Deno.writeFile(join(out, name), new Uint8Array(values.buffer));

// The training step's forward pass: the same function, traced at a fixed size
// and run by the runtime that trained.
const params = treeOf(
  file.weightNames.map((name) => [name, file.weight(name)!] as const),
);
const { logits } = await runTraced(
  ({ params, inputs }) => ({
    logits: model.apply(params, inputs, noHook),
  }),
  { params, inputs },
);
await write("training.f64", toNumbers(logits!));
await write("inputs.f64", toNumbers(inputs));

for (const batch of [1, 7, rows]) {
  const all = new Float64Array(rows * dataset.classes);
  const tokens = toNumbers(inputs);
  for (let from = 0; from < rows; from += batch) {
    const n = Math.min(batch, rows - from);
    const part = tokens.subarray(from * width, (from + n) * width);
    const { logits } = await file.run({
      [model.input]: hostTensorOf(inputs.dtype, [n, width], part),
    });
    all.set(toNumbers(logits!), from * dataset.classes);
  }
  await write(`wasm-${batch}.f64`, all);
}
await file.close();
await Deno.writeTextFile(
  join(out, "about.json"),
  JSON.stringify({
    checkpoint: path,
    rows,
    width,
    classes: dataset.classes,
    input: model.input,
  }),
);
