/** The figures' experiments by name. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/base/errors.ts";
import { resolveConfig } from "../../lib/config/config.ts";
import { figures } from "../../lib/figures/mod.ts";
import { presetConfig, presets } from "../../lib/figures/presets.ts";
import { configOf } from "../../tasks/train/config.ts";
import { presetTable } from "../../tasks/train/presets.ts";
import { assertRefused, task } from "../tasks/_run.ts";

Deno.test("every arm of every figure is a preset that resolves", () => {
  const arms = Object.values(figures).flatMap(({ arms }) => arms);
  const known = presets();
  const panels = [...known.keys()].filter((name) => /^fig\d+[a-c]$/.test(name));
  assertEquals(known.size, arms.length + panels.length + 1);
  for (const [name, { what, config }] of known) {
    assert(what.length > 0, name);
    // MNIST may not be here; what it is is known none the less.
    assertEquals(resolveConfig(config).steps, config.steps ?? 300, name);
  }
});

Deno.test("a preset is what reproduce trains, and flags override it", async () => {
  const { arms } = figures["fig6"]!;
  const { config } = arms.find(({ name }) => name === "add-decay")!;
  assertEquals(presetConfig("nanda"), { evalEvery: 25, ...config });
  assertEquals(presetConfig("fig6-add-decay"), presetConfig("nanda"));
  assertEquals(
    await configOf({ preset: "nanda" }, { seed: 3, weightDecay: 0.5 }),
    resolveConfig({ evalEvery: 25, ...config, seed: 3, weightDecay: 0.5 }),
  );
});

Deno.test("a panel of the paper is the arm that it is about", () => {
  // Settings of the paper's scripts: ⊥AdamW at lr 0.01 under softmax float32,
  // 300 epochs; StableMax and softmax in float64, 80,000 or more.
  const { perpGrad, loss, lossPrecision, lr, steps } = presetConfig("fig1a");
  assertEquals(
    { perpGrad, loss, lossPrecision, lr, steps },
    {
      perpGrad: true,
      loss: "softmax",
      lossPrecision: "float32",
      lr: 0.01,
      steps: 300,
    },
  );
  assertEquals(presetConfig("fig1b").loss, "stablemax");
  assertEquals(presetConfig("fig1c").loss, "softmax");
  assertEquals(presetConfig("fig2b").trainFraction, 0.6);
  const mlp = presetConfig("fig6b");
  assertEquals([mlp.lr, mlp.perpGrad, mlp.steps], [0.005, true, 500]);
  const encoder = presetConfig("fig6a");
  assertEquals([encoder.model, encoder.residues], ["encoder", "nonzero"]);
});

Deno.test("an unknown preset is told what is near, a figure its arms", () => {
  assertThrows(() => presetConfig("nands"), UsageError, "nanda");
  assertThrows(
    () => presetConfig("fig7"),
    UsageError,
    "choose an arm of the figure, fig7-sgd, fig7-sgd-decay, fig7-perp-sgd",
  );
  const { message } = assertThrows(() => presetConfig("fig1"), UsageError);
  assert(message.includes("fig1-softmax") && !message.includes("fig10"));
});

Deno.test("--preset list has a line a preset; beside a config it is refused", async () => {
  const { stdout } = await task("train", "--preset", "list");
  assertEquals(stdout.trimEnd(), presetTable());
  assertEquals(presetTable().split("\n").length, presets().size + 1);
  for (const other of ["--config", "--from", "--resume"]) {
    const line = assertRefused(
      await task("train", "--preset", "nanda", other, "runs/none"),
      2,
    );
    assert(/must be left out with --(preset|resume)/.test(line), line);
  }
});
