/**
 * A run of 0.1.0, made by golden/make_run_0_1_0.ts, under the commands of today:
 * it opens, goes on, is probed, exported and reported.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../../deno.json" with { type: "json" };
import { decodeModel } from "../../lib/onnx/file/model.ts";
import { train } from "../../lib/train/train.ts";
import { copyRun } from "../train/_runs.ts";
import { outputOf, startProgram, withTempDir } from "./_run.ts";

const GOLDEN = fileURLToPath(new URL("../golden/run-0.1.0/", import.meta.url));

const untimed = (text: string) => text.replaceAll(/,"ms_per_step":[^,}]*/g, "");

/**
 * What training wrote: rows without timings, the state of the optimizer, and the
 * network, without its config, which has had more keys since.
 */
async function writtenIn(run: string): Promise<unknown> {
  const last = "step-00000012.onnx";
  const state = await Deno.readFile(join(run, "optimizer", last));
  const path = join(run, "checkpoints", last);
  const network = decodeModel(await Deno.readFile(path), last);
  return {
    rows: untimed(await Deno.readTextFile(join(run, "metrics.jsonl"))),
    state: state.toHex(),
    graph: network.graph,
    about: network.metadataProps.filter(({ key }) => key !== "groklab.config")
      .map(({ key, value }) => [key, untimed(value)]),
  };
}

/** Whether this machine computes as the one did that the run was made on. */
async function computesAlike(run: string, dir: string): Promise<boolean> {
  const config = JSON.parse(await Deno.readTextFile(join(run, "config.json")));
  const again = join(dir, "again");
  await train(config, { run: again });
  const [now, then] = await Promise.all(
    [again, run].map(async (each) =>
      untimed(await Deno.readTextFile(join(each, "metrics.jsonl")))
    ),
  );
  return now!.startsWith(then!);
}

for (const engine of ["onnx", "tfjs"]) {
  Deno.test(`a run of 0.1.0 goes on to the bytes that 0.1.0 gave it: ${engine}`, () =>
    withTempDir(async (dir) => {
      const run = join(dir, engine);
      await copyRun(join(GOLDEN, engine), run);
      // TensorFlow.js's cpu backend computes alike everywhere.
      if (engine === "onnx" && !await computesAlike(run, dir)) {
        console.warn(
          "note: this processor rounds otherwise: no bytes compared",
        );
        return;
      }
      const resumed = await outputOf(
        startProgram("train", ["--resume", run]),
      );
      assertEquals(resumed.code, 0, resumed.stderr);
      assert(resumed.stderr.includes(`groklab 0.1.0 → ${deno.version}`));
      assertEquals(
        await writtenIn(run),
        await writtenIn(join(GOLDEN, `${engine}-whole`)),
      );
    }));
}

Deno.test("a run of 0.1.0 is probed, exported and reported", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "onnx");
    await copyRun(join(GOLDEN, "onnx"), run);
    const out = join(dir, "out.onnx");
    const page = join(dir, "page.html");
    const [probed, exported, reported] = await Promise.all([
      outputOf(startProgram("probe", [run, "--probe", "fourier", "--json"])),
      outputOf(startProgram("export", [run, "--out", out])),
      outputOf(startProgram("report", [run, "--out", page])),
    ]);
    assertEquals(probed.code, 0, probed.stderr);
    assertEquals(JSON.parse(probed.stdout).probes.fourier.modulus, 5);
    assertEquals(exported.code, 0, exported.stderr);
    assertEquals(
      await Deno.readFile(out),
      await Deno.readFile(join(run, "checkpoints", "step-00000004.onnx")),
    );
    assertEquals(reported.code, 0, reported.stderr);
    assertMatch(await Deno.readTextFile(page), /^<!doctype html>/i);
  }));
