/** Probing and exporting what was trained. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { probes } from "../../../lib/probes/mod.ts";
import { assertClose } from "../../_golden.ts";
import { withTempDir } from "../_run.ts";
import { json, ok, SMALL } from "./_rows.ts";

Deno.test("probe --list names every probe", async () => {
  const { stdout } = await ok("probe", "--list");
  for (const name of Object.keys(probes)) assert(stdout.includes(`${name}\n`));
});

Deno.test("every task and model trains and can be probed", () =>
  withTempDir(async (dir) => {
    const experiments = [
      "--task subtract --modulus 12",
      "--task product --modulus 12",
      "--task divide --modulus 11 --loss softmax --loss-precision float16",
      "--task parity --bits 10 --samples 100 --loss-precision float64",
      "--model transformer --modulus 7 --d-model 16 --heads 2 --d-mlp 16",
      "--precision float64 --optimizer sgd --momentum 0.5 --modulus 7",
    ];
    for (const [i, flags] of experiments.entries()) {
      const run = join(dir, String(i));
      await ok(
        "train",
        ...`${flags} --steps 3 --hidden 16 --run ${run}`.split(" "),
      );
      const { probes, step, provider } = await json("probe", run);
      assertEquals([step, provider], [3, "cpu"]);
      assert("logit-scaling" in probes);
      // Of a modulus that is no prime, products are no group.
      assertEquals("fourier" in probes, !/parity|product/.test(flags));
    }
  }));

Deno.test("probe prints what the issue promises", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await ok(
      "train",
      ...SMALL,
      ..."--steps 20 --checkpoint-every 10 --run".split(" "),
      run,
    );
    const report = await json("probe", run, "--step", "10");
    assertEquals(report.source, join(run, "checkpoints/step-00000010.onnx"));
    const { fourier, "logit-scaling": scaling } = report.probes;
    assert(Array.isArray(fourier.key_frequencies));
    const { power_share, gini } = fourier.embedding;
    assert(power_share > 0 && power_share <= 1);
    assert(gini >= 0 && gini < 1);
    assertClose(
      [scaling.exponent],
      [3],
      { relative: 0, absolute: 1e-4 },
      "exponent",
    );
    assertEquals(scaling.depth, 3);
    assertEquals(scaling.rows.map((row: { alpha: number }) => row.alpha), [
      0.5,
      1,
      2,
      4,
    ]);
    for (const row of scaling.rows) {
      assertEquals(Object.keys(row.softmax_collapse), [
        "float16",
        "float32",
        "float64",
      ]);
    }
    const one = await json(
      "probe",
      join(run, "checkpoints/step-00000020.onnx"),
      "--probe",
      "logit-scaling",
    );
    assertEquals(Object.keys(one.probes), ["logit-scaling"]);
    const { stdout } = await ok("probe", run);
    assertMatch(stdout, /key frequencies, by .*: (\d|none)/);
    assertMatch(stdout, /logits grow like α\^3\.000/);
  }));

Deno.test("export copies a checkpoint, with hooks as outputs if wanted", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await ok(
      "train",
      ...SMALL,
      ..."--steps 4 --checkpoint-every 2 --run".split(" "),
      run,
    );
    const plain = join(dir, "plain.onnx");
    await ok("export", run, "--step", "2", "--out", plain);
    assertEquals(
      await Deno.readFile(plain),
      await Deno.readFile(join(run, "checkpoints/step-00000002.onnx")),
    );
    const hooked = join(dir, "hooked.onnx");
    const hooks = ["layers.0.hook_post", "layers.1.hook_pre"];
    await ok("export", run, "--out", hooked, "--hooks", hooks.join(","));
    const file = await loadProbeModel(hooked);
    assertEquals(file.outputNames, ["logits", ...hooks]);
    const tokens = hostTensorOf("int64", [3, 2], [0, 1, 2, 3, 12, 12]);
    const outputs = await file.run({ tokens });
    assertEquals(outputs["layers.0.hook_post"]!.shape, [3, 32]);
    await file.close();
  }));
