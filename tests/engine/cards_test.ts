/**
 * The engine on cards beside itself on the processor: bench/gpu.sh runs these.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ConfigInput } from "../../lib/config/config.ts";
import { devices } from "../../lib/devices/choice.ts";
import { onnxBand, onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import type { SessionOptions } from "../../lib/onnx/runtime/options.ts";
import { onnxDevice } from "../../lib/settings/devices.ts";
import { valuesOf } from "../_golden.ts";
import { assertAgree } from "./_agreement.ts";
import { isLeftOut, type Known, knownOf } from "./_cards.ts";
import { cases, experimentOf, type Trained, twenty } from "./_twenty.ts";

/** What is trained on cards alone, beside the cases that all engines have. */
const more: Readonly<Record<string, ConfigInput>> = {
  "loss in float16": { loss: "softmax", lossPrecision: "float16" },
  "loss in float64": { lossPrecision: "float64" },
  "all in float64": { precision: "float64", lossPrecision: "float64" },
  "encoder with dropout": { model: "encoder", dropout: 0.1, lr: 1e-3 },
  "MLP with dropout in mini-batches": { dropout: 0.1, batchSize: 16 },
};

// Cards add up in another order. Half precision has 2⁻¹¹ where float32 has 2⁻²⁴,
// and its losses are sums in it of what was rounded to it.
const times = (config: ConfigInput) =>
  config.lossPrecision === "float16" ? 3000 : 30;

const REPLICAS = 3;

for (const device of ["cuda", "webgpu"] as const) {
  const finding = await onnxDevice({ device, runtime: "node" }, devices)
    .check();
  if (!finding.usable) {
    console.log(`devices agree, ${device}: skipped, ${finding.missing}`);
  }
  const ignore = isLeftOut(device, await knownOf(device, finding.usable));
  const agrees = (name: string, compare: () => Promise<void>) =>
    Deno.test({
      name: `the onnx engine agrees with itself on ${device}: ${name}`,
      ignore,
      fn: async () => {
        const why = finding.usable ? "" : finding.missing;
        assert(finding.usable, `nothing was compared: ${why}`);
        await compare();
      },
    });
  // WebGPU has float32 alone.
  const all = device === "cuda" ? { ...cases, ...more } : cases;
  for (const [name, config] of Object.entries(all)) {
    agrees(name, async () => {
      const experiment = experimentOf(config);
      const cpu = await twenty(await onnxEngine(experiment, { threads: 1 }));
      const card = await twenty(await onnxEngine(experiment, { device }));
      assertAgree(card, cpu, times(config));
    });
  }
  agrees("replicas", async () => {
    const [cpu, card] = [
      await replicas({ threads: 1 }),
      await replicas({ device }),
    ];
    for (let i = 0; i < REPLICAS; i++) assertAgree(card[i]!, cpu[i]!, 30);
  });
  // WebGPU promises nothing. At full size, where a sum has several blocks of a card.
  if (device === "webgpu") continue;
  agrees("twice, bit by bit", async () => {
    const whole = experimentOf({ modulus: 113, hidden: [200, 200] });
    const once = () => onnxEngine(whole, { device }).then(twenty);
    assertEquals(await once(), await once());
  });
}

Deno.test("what is compared on cards trains on the processor", async () => {
  for (const config of Object.values(more)) {
    const engine = await onnxEngine(experimentOf(config), { threads: 1 });
    const once = await twenty(engine);
    assertAgree(once, once, 1);
  }
  const [first, second] = await replicas({ threads: 1 });
  assertThrows(() => assertAgree(first!, second!, 30));
});

/** Twenty steps of several runs at once, of each run. */
async function replicas(options: SessionOptions): Promise<Trained[]> {
  const seeds = [...Array(REPLICAS).keys()];
  const band = await onnxBand(
    seeds.map((seed) => experimentOf({ seed })),
    options,
  );
  const advances = await band.advance(20, 5);
  const last = await band.at(band.step);
  await band.close();
  return advances.map(({ losses, evaluations }, i) => ({
    losses,
    evaluations: [...evaluations, last[i]!.evaluation],
    state: Object.fromEntries(
      Object.entries(last[i]!.state).map((
        [name, tensor],
      ) => [name, [...valuesOf(tensor)]]),
    ),
  }));
}

Deno.test("tests on a card that is expected or set up are not left out", () => {
  const known = (rest: Partial<Known>): Known => ({
    usable: false,
    expected: [],
    setUp: false,
    ...rest,
  });
  assertEquals(isLeftOut("cuda", known({})), true);
  assertEquals(isLeftOut("cuda", known({ expected: ["webgpu"] })), true);
  for (
    const one of [
      { usable: true },
      { setUp: true },
      { expected: ["webgpu", "cuda"] },
    ]
  ) assertEquals(isLeftOut("cuda", known(one)), false);
});
