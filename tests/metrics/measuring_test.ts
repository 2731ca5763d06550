/** Which metrics are measured, and that measuring changes nothing. */

import "@tensorflow/tfjs-backend-cpu";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { resolveConfig } from "../../lib/config/config.ts";
import { UsageError } from "../../lib/base/errors.ts";
import {
  type MetricChoice,
  metricGroupsOf,
  metricSets,
} from "../../lib/metrics/mod.ts";
import { alone } from "../../lib/engine/engine.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { metered } from "../../lib/engine/metered.ts";
import { onnxBand, onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { meteredOnnx } from "../engine/_metered.ts";

Deno.test("metricGroupsOf() has the basic ones always, each once, in one order", () => {
  const cases: [MetricChoice[], string[]][] = [
    [["basic"], ["basic"]],
    [["nlm", "tensors"], ["basic", "tensors", "nlm"]],
    [["paper", "tensors", "margin"], [...metricSets.paper, "margin"]],
    [["all", "basic"], [...metricSets.all]],
  ];
  for (const [names, groups] of cases) {
    assertEquals(metricGroupsOf(names), groups);
  }
});

Deno.test("a group that is named must find something to measure", async () => {
  const experiment = (metrics: MetricChoice[]) =>
    makeExperiment(resolveConfig({ modulus: 5, hidden: [4], metrics }));
  await assertRejects(
    () => onnxEngine(experiment(["attention"])),
    UsageError,
    "--metrics attention has nothing to measure in --model mlp",
  );
  await (await onnxEngine(experiment(["all"]))).close();
  assertThrows(
    () => resolveConfig({ metrics: ["fourier"] }),
    UsageError,
    '--metrics must be out of basic, tensors, updates, underflow, logits, margin, nlm, attention, attention-logits, cross-entropy, effective-rank, paper, all, got ["fourier"]',
  );
});

Deno.test("measuring outside the step changes neither steps nor metrics", async () => {
  const experiment = makeExperiment(resolveConfig({
    modulus: 7,
    hidden: [12],
    metrics: ["effective-rank"],
  }));
  const plain = await onnxEngine(experiment, { threads: 1 });
  const engine = await meteredOnnx(experiment);
  const losses: number[] = [];
  const evaluations = [];
  while (engine.step < 12) {
    const part = await engine.advance(12 - engine.step, 5);
    assert(part.measuring! > 0);
    losses.push(...part.losses);
    evaluations.push(...part.evaluations);
  }
  const wanted = await plain.advance(12, 5);
  assertEquals(losses, wanted.losses);
  assertEquals(evaluations.map(({ step }) => step), [0, 5, 10]);
  const ranks = [];
  for (const [i, { metrics }] of evaluations.entries()) {
    const rest = Object.entries(metrics)
      .filter(([name]) => !name.startsWith("effective_rank"));
    assertEquals(Object.fromEntries(rest), wanted.evaluations[i]!.metrics);
    ranks.push(metrics["effective_rank.layers.0.W"]);
  }
  // Each is that of its own step's state.
  const again = await onnxBand([experiment], { threads: 1 });
  const second = alone(await metered(again, [experiment]));
  for (const rank of ranks) {
    const { metrics } = await second.evaluate();
    assertEquals(metrics["effective_rank.layers.0.W"], rank);
    if (second.step < 10) await again.advance(5, 100);
  }
  for (const each of [plain, engine, second]) await each.close();
});
