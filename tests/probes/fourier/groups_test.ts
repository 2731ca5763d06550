/** Waves over other groups than the residues' addition. */

import { assertEquals, assertThrows } from "@std/assert";
import { modular } from "../../../lib/data/tasks/modular.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import {
  cyclicTask,
  primitiveRoot,
} from "../../../lib/probes/fourier/cyclic.ts";
import {
  fourier,
  NotApplicableError,
  progress,
} from "../../../lib/probes/mod.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { resolveConfig } from "../../../lib/config/config.ts";
import {
  modularPairs,
  taskOfConfig,
} from "../../../lib/probes/context/task.ts";
import { tableNetwork, waveNetwork } from "../_contexts.ts";
import { near, p, waveLoss } from "./_waves.ts";

// Waves over the multiplicative group: of indices, not of residues.
for (const task of ["product", "divide"] as const) {
  Deno.test(`${task} is ${task === "product" ? "a sum" : "a difference"} of discrete logarithms`, async () => {
    const n = p - 1;
    const { residues, rows, answers } = cyclicTask(
      modularPairs(task, p, true),
    );
    const index = (x: number) => residues.indexOf(x);
    const { inputs } = modular(task, p);
    const wave = (i: number) => 2 * Math.cos(2 * Math.PI * 3 * i / n);
    // Row a·p + b of the table; where there is no logarithm the logits are 0.
    const hidden = new Float64Array(p * p * p);
    for (const [i, row] of rows.entries()) {
      const [a, b] = inputs[row]!;
      residues.forEach((residue, c) => {
        hidden[(a! * p + b!) * p + residue] = wave(answers[i]! - c);
      });
    }
    const identity = Array.from(
      { length: p * p },
      (_, i) => i % (p + 1) === 0 ? 1 : 0,
    );
    const context = await tableNetwork({
      config: { task, modulus: p, trainFraction: 0.5, precision: "float64" },
      hidden: hostTensorOf("float64", [p * p, p], hidden),
      out: hostTensorOf("float64", [p, p], identity),
      embedding: hostTensorOf(
        "float64",
        [p, 1],
        Array.from({ length: p }, (_, x) => x === 0 ? 5 : wave(index(x))),
      ),
    });
    const spectra = await ask(fourier, context);
    assertEquals([spectra.group, spectra.order], ["multiplicative", n]);
    assertEquals(spectra.rules.embedding, [3]);
    near(spectra.logits.product_power[2], 1);
    const result = await ask(progress, context, { keyFrequencies: [3] });
    near(result.trig_identity, 1);
    near(result.frequencies[0]!.amplitude, 2);
    // The class 0 has the logit 0, beside those of the group.
    const z = Array.from({ length: n }, (_, c) => wave(c));
    const sum = z.reduce((total, x) => total + Math.exp(x), 1);
    near(result.full.loss, Math.log(sum) - 2);
    near(result.restricted!.loss, Math.log(sum) - 2);
  });
}

Deno.test("the order of a product's group is even: its last wave has no sine", async () => {
  // Of Z_8 the wave of k = 4 is (−1)^s.
  const context = await waveNetwork(8, { 4: 2 });
  const result = await ask(progress, context, { keyFrequencies: [4] });
  near(result.trig_identity, 1);
  near(result.frequencies[0]!.amplitude, 2);
  near(result.restricted!.loss, waveLoss({ 4: 2 }, 8));
  assertEquals(result.frequencies[0]!.neurons_on_sin, null);
});

Deno.test("no group, no frequencies", () => {
  const config = resolveConfig({ modulus: 7, residues: "nonzero" });
  const task = taskOfConfig(config);
  const some = task.modular();
  assertEquals([...some.labels], [...task.labels]);
  assertThrows(
    () => cyclicTask(some),
    NotApplicableError,
    "36 pairs of residues modulo 7, and not all of the 49 of its group",
  );
  // Of products they are the whole group.
  assertEquals(
    cyclicTask(modularPairs("product", 7, true, "nonzero")).order,
    6,
  );
  const composite = modularPairs("product", 12, true);
  assertThrows(() => cyclicTask(composite), NotApplicableError, "composite");
  assertEquals([2, 3, 5, 7, 23, 113].map(primitiveRoot), [1, 2, 2, 3, 5, 3]);
});
