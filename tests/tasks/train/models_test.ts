/** The models as a user names them, through the real program. */

import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { ProbeModel } from "../../../lib/onnx/inspect/probe_model.ts";
import { assertRefused, task, withTempDir } from "../_run.ts";

Deno.test("train --model encoder: of two layers, and the probes read it", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const flags = "--model encoder --layers 2 --norm pre --d-model 16 " +
      "--d-ff 24 --attention stablemax --init he-normal --init-scale 2 " +
      "--modulus 7 --steps 5 --threads 1 --json";
    const trained = await task("train", ...flags.split(" "), "--run", run);
    assertEquals(trained.code, 0, trained.stderr);
    const { config, checkpoint } = JSON.parse(trained.stdout);
    assertEquals(
      [config.layers, config.norm, config.dFf, config.init, config.initScale],
      [2, "pre", 24, "he-normal", 2],
    );
    const file = new ProbeModel(await Deno.readFile(checkpoint), checkpoint);
    assertEquals(file.weight("blocks.1.attn.b_O")!.shape, [16]);
    assertEquals(file.weight("W_U")!.shape, [16, 7]);
    const probed = await task("probe", run, "--json");
    assertEquals(probed.code, 0, probed.stderr);
  }));

Deno.test("train --hidden none: a linear model", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const flags = "--hidden none --modulus 7 --steps 2 --threads 1 --json";
    const { code, stdout, stderr } = await task(
      "train",
      ...flags.split(" "),
      "--run",
      run,
    );
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /linear model/);
    const { checkpoint } = JSON.parse(stdout);
    const file = new ProbeModel(await Deno.readFile(checkpoint), checkpoint);
    assertEquals(file.weightNames, ["layers.0.W"]);
  }));

Deno.test("train refuses an encoder on bits before it writes anything", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const args = ["--model", "encoder", "--task", "parity", "--run", run];
    const line = assertRefused(await task("train", ...args), 2);
    assertMatch(line, /--model encoder reads tokens: --task parity has bits/);
    assertEquals([...Deno.readDirSync(dir)], []);
  }));
