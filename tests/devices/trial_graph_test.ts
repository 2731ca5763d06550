/**
 * The graph by which a device is tried: that its results are what it says, and
 * that it has what steps use.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { mendCuda } from "../../lib/devices/onnx_needs.ts";
import {
  KINDS,
  trialGraph,
  trialInputs,
  wrongResult,
} from "../../lib/devices/trial_graph.ts";
import { traceStep } from "../../lib/engine/onnx/traced_step.ts";
import { initialState } from "../../lib/engine/state.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { toTyped } from "../../lib/numeric/tensor.ts";
import { encodeModel, modelOf } from "../../lib/onnx/file/model.ts";
import { CUDNN, mendLibraries } from "../../lib/onnx/runtime/cuda.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
import type { Runtime } from "../../lib/settings/devices.ts";
import type { Graph } from "../../lib/trace/graph.ts";
import { nodesFor } from "../../lib/trace/graph_walk.ts";

const ALL = ["float16", "float32", "float64"] as const;

async function resultsOf(runtime: Runtime) {
  const session = await openSession(
    encodeModel(modelOf(trialGraph(ALL), { name: "trial" })),
    { runtime, threads: 1 },
  );
  try {
    return await session.run(trialInputs());
  } finally {
    await session.close();
  }
}

for (const runtime of ["node", "web"] as const) {
  Deno.test(`the trial is right on the processor, ${runtime}`, async () => {
    const results = await resultsOf(runtime);
    assertEquals(
      Object.keys(results).length,
      ALL.length * Object.keys(KINDS).length,
    );
    assertEquals(wrongResult(results, ALL), undefined);
  });
}

Deno.test("wrongResult() finds any number that is off, and says where", async () => {
  const results = await resultsOf("node");
  for (const [path, { data }] of Object.entries(results)) {
    const values = [...data as Float32Array];
    for (const bad of [values.at(-1)! + 1, NaN]) {
      const off = toTyped("float32", [...values.slice(0, -1), bad]);
      const found = wrongResult({ ...results, [path]: { data: off } }, ALL);
      const [precision] = path.split("-");
      assertMatch(found!, new RegExp(`^its .+ in ${precision} is wrong: `));
    }
  }
});

// The operators that a device may lack one by one, with the type they compute in.
const SINGLE = /^(Reduce\w+|ArgMax|Gather\w*|Scatter\w*|Where|MatMul|Gemm)$/;
const FLOAT = /^float/;

function operatorsOf({ outputs }: Pick<Graph, "outputs">): Set<string> {
  const found = new Set<string>();
  for (const { op, inputs } of nodesFor(outputs.map(([, value]) => value))) {
    const type = inputs.map(({ dtype }) => dtype).find((t) => FLOAT.test(t));
    if (SINGLE.test(op) && type) {
      found.add(`${op === "Gemm" ? "MatMul" : op} ${type}`);
    }
  }
  return found;
}

const tiny: ConfigInput = { modulus: 7, hidden: [6], dModel: 8, dFf: 8 };
const STEPS: Readonly<Record<string, ConfigInput>> = {
  mlp: {},
  "float16 softmax": { loss: "softmax", lossPrecision: "float16" },
  float64: { precision: "float64", lossPrecision: "float64" },
  transformer: { model: "transformer", dMlp: 8 },
  encoder: { model: "encoder", attention: "stablemax" },
  "every metric": { metrics: ["all"] },
  "mini-batches, batch normalisation": { batchSize: 8, batchNorm: true },
};

Deno.test("the trial has every such operator of a step, in its type", async () => {
  const tried = operatorsOf(trialGraph(ALL));
  let seen = 0;
  for (const [name, config] of Object.entries(STEPS)) {
    const experiment = makeExperiment(resolveConfig({ ...tiny, ...config }));
    const state = await initialState(experiment);
    const used = operatorsOf(
      traceStep(experiment, state, { device: "cuda" }),
    );
    seen += used.size;
    const missing = [...used].filter((operator) => !tried.has(operator));
    assertEquals(missing, [], name);
  }
  assert(seen > 40, `${seen}`);
});

Deno.test("what ONNX Runtime says of a missing library names the package", async () => {
  // As its CUDA provider says them.
  const noCudnn = "cuDNN is unavailable for CUDA Execution Provider: dlopen " +
    "failed for libcudnn.so: libcudnn.so: cannot open shared object file: No " +
    "such file or directory";
  const needed = ["libcublas.so.13", "libcudart.so.13"];
  assertEquals(
    mendLibraries([CUDNN], needed).split(" && ")[0],
    "python3 -m pip install nvidia-cudnn-cu13",
  );
  const libraries = () => Promise.resolve(needed);
  assertEquals(
    await mendCuda(noCudnn, libraries),
    mendLibraries([CUDNN], needed),
  );
  assertMatch(
    (await mendCuda(
      "libcublas.so.13: cannot open shared object file",
      libraries,
    ))!,
    /pip install nvidia-cublas~=13\.0/,
  );
  assertMatch(
    (await mendCuda("CUDA failure 35: …", libraries))!,
    /newer .* driver/,
  );
  assertEquals(await mendCuda("something else", libraries), undefined);
});
