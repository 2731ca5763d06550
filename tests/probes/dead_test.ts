/** The probes of a network as it stands, on one that is dead and one that waves made. */

import { assert, assertEquals } from "@std/assert";
import { geometry } from "../../lib/probes/geometry/geometry.ts";
import { logitScaling } from "../../lib/probes/loss/logit_scaling.ts";
import { margin } from "../../lib/probes/loss/margin.ts";
import { ask } from "../../lib/probes/asking/probe_checkpoint.ts";
import { neuralCollapseProbe } from "../../lib/probes/geometry/neural_collapse.ts";
import { numericalStability } from "../../lib/probes/loss/numerical_stability.ts";
import { contextOf, waveNetwork } from "./_contexts.ts";
import { CONFIG, readsA } from "./_units.ts";

Deno.test("probes of a network that is dead say so in plain JSON", async () => {
  const context = await contextOf(CONFIG, readsA(0));
  const texts = [
    { probe: geometry, result: await ask(geometry, context) },
    {
      probe: neuralCollapseProbe,
      result: await ask(neuralCollapseProbe, context),
    },
    { probe: margin, result: await ask(margin, context) },
    {
      probe: numericalStability,
      result: await ask(numericalStability, context),
    },
    { probe: logitScaling, result: await ask(logitScaling, context) },
  ];
  for (const { probe, result } of texts) {
    // What is not finite would come back as null.
    assertEquals(JSON.parse(JSON.stringify(result)), result as unknown);
    assert(probe.text(result as never).every((line) => !line.includes("NaN")));
  }
});

Deno.test("probes of a network apply to one that waves made", async () => {
  const context = await waveNetwork(7, { 1: 2, 3: 1 });
  const { train } = await ask(margin, context);
  assertEquals(train.positive, 1);
  // Two of the three frequencies of Z₇: four dimensions of features.
  const { nc4, width } = await ask(neuralCollapseProbe, context);
  assertEquals([nc4, width], [0, 4]);
});
