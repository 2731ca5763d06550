/** One probe that cannot answer never takes the others along. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { decodeModel, encodeModel } from "../../../lib/onnx/file/model.ts";
import { scaleWeight } from "../../../lib/onnx/inspect/weight_edits.ts";
import type { ProbeReport, RunReport } from "../../../lib/probes/mod.ts";
import { checkpointsOf } from "../../../lib/runs/read.ts";
import { train } from "../../../lib/train/train.ts";
import { writeSums } from "../../train/_runs.ts";
import {
  assertRefused,
  type Output,
  outputOf,
  startProgram,
  withTempDir,
} from "../_run.ts";

const probe = (...args: string[]) => outputOf(startProgram("probe", args));

/** A run of a perceptron that knows nothing yet: no heads, no frequencies. */
async function withRun(work: (run: string) => Promise<void>) {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(
      { modulus: 5, hidden: [6], steps: 2, checkpointEvery: 1 },
      { run },
    );
    await work(run);
  });
}

/** Asserts that it failed by one line, after the device's; gives that line. */
function reasonOf({ code, stderr }: Output): string {
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /^device: .*\nerror: \S.*\n$/);
  return stderr.trimEnd().split("\n").at(-1)!;
}

Deno.test("a named probe that does not apply leaves the others' answers", (t) =>
  withRun(async (run) => {
    const names = ["--probe", "geometry,attention,margin,ablation"];
    await t.step("as JSON", async () => {
      const output = await probe(run, ...names, "--json");
      const { probes, skipped, summary } = JSON.parse(
        output.stdout,
      ) as ProbeReport;
      assertEquals(Object.keys(probes), ["geometry", "margin"]);
      assertEquals(Object.keys(skipped), ["attention", "ablation"]);
      assertEquals(summary.length > 0, true);
      const line = reasonOf(output);
      assertStringIncludes(
        line,
        "error: The probe attention does not apply to",
      );
      assertStringIncludes(line, `: ${skipped.attention}; nor does ablation: `);
      assertStringIncludes(line, "there is nothing to take out");
    });
    await t.step("as text", async () => {
      const output = await probe(run, ...names);
      assertMatch(output.stdout, /^geometry\n {2}\S/m);
      assertMatch(output.stdout, /^margin\n {2}\S/m);
      assertMatch(output.stdout, /^attention: left out\. /m);
      reasonOf(output);
    });
    await t.step("of all checkpoints", async () => {
      const output = await probe(run, ...names, "--all-checkpoints", "--json");
      const { series, skipped } = JSON.parse(output.stdout) as RunReport;
      assertEquals(Object.keys(series), ["geometry", "margin"]);
      assertEquals(series.geometry!.map(({ step }) => step), [0, 1, 2]);
      assertEquals(Object.keys(skipped), ["attention", "ablation"]);
      assertStringIncludes(reasonOf(output), "The probe attention does not");
    });
    await t.step("unless there are none", async () => {
      for (const more of [[], ["--all-checkpoints"], ["--json"]]) {
        const output = await probe(run, "--probe", "attention", ...more);
        assertStringIncludes(
          assertRefused(output, 1),
          "The probe attention does not apply to",
        );
      }
    });
  }));

Deno.test("a probe of a run that fails in the middle leaves the others' answers", () =>
  withRun(async (run) => {
    // Its metrics are read after the checkpoints were asked.
    await Deno.writeTextFile(join(run, "metrics.jsonl"), '{"step": 0}\n[]\n');
    await writeSums(run);
    const names = ["--probe", "geometry,trajectory,early-warning"];
    for (const all of [[], ["--all-checkpoints"]]) {
      const output = await probe(run, ...names, ...all, "--json");
      const report = JSON.parse(output.stdout);
      assertEquals(Object.keys(report.probes).includes("trajectory"), true);
      assertEquals("geometry" in (report.series ?? report.probes), true);
      assertMatch(report.skipped["early-warning"], /metrics\.jsonl/);
      assertMatch(reasonOf(output), /early-warning .*metrics\.jsonl/);
    }
  }));

Deno.test("a probe that throws in the middle leaves the others' answers", () =>
  withRun(async (run) => {
    const [, , { path } = { path: "" }] = await checkpointsOf(run);
    const model = decodeModel(await Deno.readFile(path), path);
    // A row too few: what runs the network has no embedding of the last tokens.
    const W = model.graph!.initializer.find(({ name }) =>
      name === "layers.0.W"
    )!;
    const bytes = W.rawData.length / Number(W.dims[0]);
    W.dims[0] = 7n;
    W.rawData = W.rawData.slice(0, 7 * bytes);
    const foreign = join(run, "..", "foreign.onnx");
    model.metadataProps = [];
    await Deno.writeFile(foreign, encodeModel(model));
    const output = await probe(
      foreign,
      ...["--modulus", "5", "--probe", "progress,geometry", "--json"],
    );
    const { probes, skipped } = JSON.parse(output.stdout) as ProbeReport;
    assertEquals(Object.keys(probes), ["geometry"]);
    assertEquals(Object.keys(skipped), ["progress"]);
    reasonOf(output);
  }));

Deno.test("a probe that applies to some checkpoints says to which it does not", () =>
  withRun(async (run) => {
    for (const { path, step } of await checkpointsOf(run)) {
      if (step === 2) continue;
      const model = await loadProbeModel(path);
      const broken = model.edited(scaleWeight("layers.0.W", NaN));
      await Deno.writeFile(path, broken.encodeWithOutputs([]));
      await model.close();
    }
    await writeSums(run);
    const args = [run, "--all-checkpoints", "--probe", "margin,geometry"];
    const { code, stdout, stderr } = await probe(...args, "--json");
    assertEquals(code, 0, stderr);
    const { series, gaps } = JSON.parse(stdout) as RunReport;
    assertEquals(series.margin!.map(({ step }) => step), [2]);
    assertMatch(gaps.margin!, /^steps 0, 1: .*not finite/);
    const text = await probe(...args);
    assertMatch(text.stdout, /^ {2}none at steps 0, 1: .*not finite/m);
  }));
