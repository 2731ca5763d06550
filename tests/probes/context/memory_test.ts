/** How much memory a look at everything takes. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { resolveConfig } from "../../../lib/config/config.ts";
import { checkpointWriter } from "../../../lib/runs/checkpoint.ts";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { ProbeContext } from "../../../lib/probes/mod.ts";
import { makeExperiment } from "../../../lib/experiment/experiment.ts";
import { leavesOf } from "../../../lib/base/tree.ts";

const GIBIBYTE = 2 ** 20; // in kB, as Linux says it

// In a process of its own, whose peak it then is.
if (import.meta.main && Deno.args[0] === "look") {
  const model = await loadProbeModel(Deno.args[1]!);
  const context = new ProbeContext(model);
  const values = await model.run(context.inputs(), model.hookNames);
  const status = await Deno.readTextFile("/proc/self/status");
  const [, peak] = /VmHWM:\s*(\d+) kB/.exec(status)!;
  const rows = values["blocks.0.mlp.hook_post"]!.shape[0];
  console.log(JSON.stringify({ rows, peak: Number(peak) }));
}

Deno.test({
  name: "every hook of the transformer for all 113² pairs stays below 1 GiB",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const dir = await Deno.makeTempDir();
    try {
      const path = join(dir, "transformer.onnx");
      const { model, params, config } = makeExperiment(
        resolveConfig({ model: "transformer" }),
      );
      const writer = await checkpointWriter(model, params);
      const weights = Object.fromEntries(leavesOf(params));
      await Deno.writeFile(path, writer.encode(weights, { config, step: 0 }));
      const file = new URL(import.meta.url).pathname;
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "-A", file, "look", path],
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      const { rows, peak } = JSON.parse(new TextDecoder().decode(stdout));
      assertEquals(rows, 113 ** 2);
      assert(peak < GIBIBYTE, `${peak} kB`);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
