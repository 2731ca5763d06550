// How often probes of rows that come in chunks send them through the network.

import { assertEquals, assertRejects } from "@std/assert";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { ProbeModel } from "../../../lib/onnx/inspect/probe_model.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { limits } from "../../../lib/probes/context/chunks.ts";
import { NotApplicableError } from "../../../lib/probes/context/not_applicable.ts";
import {
  geometry,
  logitScaling,
  neuralCollapseProbe,
  nlm,
} from "../../../lib/probes/mod.ts";
import { contextOf } from "../_contexts.ts";

const CONFIG = { modulus: 7, hidden: [8], trainFraction: 0.5 } as const;
const ROWS = 49;
const TRAIN = 24;
// The first question is how many classes there are.
const FIRST = 1;
const CHUNK = 14; // numbers, two rows of logits

async function inChunks(work: () => Promise<void>): Promise<void> {
  const usual = { ...limits };
  Object.assign(limits, { whole: 0, chunk: CHUNK });
  try {
    await work();
  } finally {
    Object.assign(limits, usual);
  }
}

// Rows that go through the network, whichever, while something is done.
async function rowsRun(work: () => Promise<unknown>): Promise<number> {
  const { run } = ProbeModel.prototype;
  let rows = 0;
  ProbeModel.prototype.run = function (inputs, ...rest) {
    rows += Object.values(inputs)[0]!.shape[0]!;
    return run.call(this, inputs, ...rest);
  };
  try {
    await work();
    return rows;
  } finally {
    ProbeModel.prototype.run = run;
  }
}

Deno.test("logit-scaling runs each row once for each α, and nlm asks nothing again", async () => {
  await inChunks(async () => {
    const context = await contextOf(CONFIG);
    // α ∈ {0.5, 1, 2, 4}; the two layers' weights at ½ and 2, and as they are.
    const passes = 4 + 2 * 2 + 1;
    assertEquals(
      await rowsRun(() => ask(logitScaling, context)),
      FIRST + passes * ROWS,
    );
    assertEquals(await rowsRun(() => ask(nlm, context)), 0);
  });
});

Deno.test("logit-scaling and nlm refuse logits that are not finite, in chunks too", async () => {
  await inChunks(async () => {
    const W = new Float32Array(8 * 7).fill(NaN, 0, 1);
    const weights = { "layers.1.W": hostTensorOf("float32", [8, 7], W) };
    for (const probe of [logitScaling, nlm]) {
      const context = await contextOf(CONFIG, weights);
      await assertRejects(
        () => ask<unknown, never>(probe as never, context),
        NotApplicableError,
        "has logits that are not finite",
      );
    }
  });
});

Deno.test("activations of train rows that come in parts are not kept", async () => {
  await inChunks(async () => {
    const context = await contextOf(CONFIG);
    assertEquals(await rowsRun(() => ask(geometry, context)), FIRST + TRAIN);
    // Predictions, means, and what lies about the means.
    assertEquals(
      await rowsRun(() => ask(neuralCollapseProbe, context)),
      3 * TRAIN,
    );
  });
});
