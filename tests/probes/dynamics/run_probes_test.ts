/**
 * The probes of whole runs: `trajectory`, `similarity`, `early-warning`.
 */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { join } from "node:path";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { toNumbers } from "../../../lib/numeric/tensor.ts";
import {
  NotApplicableError,
  probe,
  probeRun,
} from "../../../lib/probes/mod.ts";
import { scaleWeight } from "../../../lib/onnx/inspect/weight_edits.ts";
import { RunContext } from "../../../lib/probes/run_context.ts";
import { trainActivation } from "../../../lib/probes/context/train_rows.ts";
import { train } from "../../../lib/train/train.ts";
import { withTempDir } from "../../tasks/_run.ts";
import { writeSums } from "../../train/_runs.ts";

const CONFIG = { modulus: 5, hidden: [6], steps: 4, checkpointEvery: 1 };

/** A run whose checkpoints are the first with its weights multiplied. */
async function scaledRun(dir: string, factors: readonly number[]) {
  await train(CONFIG, { run: dir });
  const { checkpoints } = await RunContext.open(dir);
  const first = await loadProbeModel(checkpoints[0]!.path);
  for (const [i, { path }] of checkpoints.entries()) {
    const scaled = first.edited(
      ...first.weightNames.map((name) => scaleWeight(name, factors[i]!)),
    );
    await Deno.writeFile(path, scaled.encodeWithOutputs([]));
  }
  await writeSums(dir);
  return checkpoints;
}

Deno.test("numerical-stability counts the steps to collapse at the run's rate", () =>
  withTempDir(async (dir) => {
    const config = { modulus: 11, hidden: [16], steps: 20, evalEvery: 20 };
    await train(config, { run: dir });
    const { checkpoints } = await RunContext.open(dir);
    const { probes } = await probe(checkpoints.at(-1)!.path, [
      "numerical-stability",
    ]);
    const found = probes["numerical-stability"]!;
    // Two evaluations: the slope is their difference.
    const [before, after] = found.over_training!.logit_scale;
    const rate = (after! - before!) / 20 * found.logit_gap / found.logit_scale;
    assert(rate > 0);
    assertAlmostEquals(found.gap_growth!, rate, 1e-9 * rate);
    for (const { steps_left, logits_left } of found.softmax) {
      assert(logits_left > 0);
      assertAlmostEquals(steps_left!, logits_left / rate, 1e-6 * steps_left!);
    }
  }));

Deno.test("trajectory and similarity of weights that only grow", async () => {
  await withTempDir(async (dir) => {
    const factors = [1, 2, 3, 5, 4];
    const checkpoints = await scaledRun(dir, factors);
    const { probes } = await probeRun(dir, ["trajectory", "similarity"]);
    const { points, explained, parameters } = probes.trajectory!;
    assertEquals(parameters, 10 * 6 + 6 * 5);
    assertAlmostEquals(explained[0], 1, 1e-9);
    const length = points[0]!.weight_norm;
    for (const [i, point] of points.entries()) {
      assertEquals(point.step, checkpoints[i]!.step);
      const near = 1e-6 * length; // the weights are float32
      assertAlmostEquals(point.weight_norm, factors[i]! * length, near);
      assertAlmostEquals(point.at[0], (factors[i]! - 3) * length, near);
      assertAlmostEquals(point.nlm![0], 1, 1e-6);
      if (i === 0) continue;
      const moved = factors[i]! - factors[i - 1]!;
      assertAlmostEquals(point.moved!, Math.abs(moved) * length, near);
      assertAlmostEquals(point.cos_moved_weights!, Math.sign(moved), 1e-6);
    }
    const { cka, steps } = probes.similarity!;
    assertEquals(steps, checkpoints.map(({ step }) => step));
    for (const row of cka["layers.0.hook_post"]!) {
      for (const x of row) assertAlmostEquals(x!, 1, 1e-6);
    }
  });
});

Deno.test("similarity is of all train rows, however many", async () => {
  await withTempDir(async (dir) => {
    const steps = 2;
    const config = { modulus: 53, trainFraction: 0.9, hidden: [5] };
    await train({ ...config, steps, checkpointEvery: 1 }, { run: dir });
    const { probes } = await probeRun(dir, ["similarity"]);
    const { cka, samples } = probes.similarity!;
    assertEquals(samples, Math.floor(0.9 * 53 ** 2));
    // By hand: columns less their means, products summed one by one.
    const run = await RunContext.open(dir);
    const centred = await run.each("rows", async (context) => {
      const x = await trainActivation(context, "layers.0.hook_post");
      assertEquals(x.rows, samples);
      return Array.from({ length: x.columns }, (_, c) => {
        const column = Array.from(
          { length: x.rows },
          (_, r) => x.data[r * x.columns + c]!,
        );
        const mean = column.reduce((a, b) => a + b, 0) / x.rows;
        return column.map((v) => v - mean);
      });
    });
    const square = (x: number[][], y: number[][]) =>
      x.flatMap((a) =>
        y.map((b) => a.reduce((sum, v, i) => sum + v * b[i]!, 0) ** 2)
      ).reduce((a, b) => a + b, 0);
    for (const [i, x] of centred.entries()) {
      for (const [j, y] of centred.entries()) {
        const wanted = square(x, y) / Math.sqrt(square(x, x) * square(y, y));
        const found = cka["layers.0.hook_post"]![i]![j]!;
        assertAlmostEquals(found, wanted, 1e-9, `${i}, ${j}`);
      }
    }
  });
});

Deno.test("trajectory measures a run's own way", async () => {
  await withTempDir(async (dir) => {
    await train(CONFIG, { run: dir });
    const run = await RunContext.open(dir);
    const { probes } = await probeRun(dir, ["trajectory"], {
      settings: { trajectoryPoints: 3 },
    });
    const { points, explained } = probes.trajectory!;
    // First, last, and one between.
    assertEquals(points.map(({ step }) => step), [0, 2, 4]);
    assertAlmostEquals(explained[0] + explained[1], 1, 1e-9); // three points
    const weights = await run.each(
      "weights",
      ({ model }) =>
        model.weightNames.flatMap((
          name,
        ) => [...toNumbers(model.weight(name)!)]),
    );
    const moved = weights[2]!.map((x, i) => x - weights[0]![i]!);
    assertAlmostEquals(points[1]!.moved!, Math.hypot(...moved), 1e-9);
    // In the plane that all three lie in, lengths are what they are.
    const [[x, y], [v, w]] = [points[0]!.at, points[1]!.at];
    assertAlmostEquals(Math.hypot(v - x, w - y), Math.hypot(...moved), 1e-9);
  });
});

Deno.test("probes of a run say what a run lacks", async () => {
  await withTempDir(async (dir) => {
    await train({ modulus: 5, hidden: [6], steps: 4 }, { run: dir });
    for (const name of ["trajectory", "similarity"] as const) {
      await assertRejects(
        () => probeRun(dir, [name]),
        NotApplicableError,
        "--checkpoint-every",
      );
    }
    await assertRejects(
      () => probeRun(dir, ["early-warning"]),
      NotApplicableError,
      "never memorised",
    );
    const { checkpoints } = await RunContext.open(dir);
    const copy = join(dir, "copy.onnx");
    await Deno.copyFile(checkpoints[0]!.path, copy);
    await assertRejects(
      () => probe(copy, ["early-warning"]),
      NotApplicableError,
      "no run folder",
    );
  });
});

/** Writes the metrics of a run: still, then restless, then a jump. */
async function writeMetrics(
  dir: string,
  { restless, jump }: { restless: number; jump: number },
) {
  const rows = Array.from({ length: 120 }, (_, i) => {
    const step = 10 * i;
    const wave = (step >= restless ? 50 : 1) * Math.sin(2.4 * i);
    return JSON.stringify({
      step,
      train_accuracy: step < 30 ? 0.5 : 1,
      test_accuracy: step < jump ? 0 : 1,
      weight_norm: Math.exp(1e-3 * wave),
    });
  });
  await Deno.writeTextFile(join(dir, "metrics.jsonl"), rows.join("\n") + "\n");
  await writeSums(dir);
}

Deno.test("early-warning reads a run's metrics, and other runs'", async () => {
  await withTempDir(async (dir) => {
    const [own, never, calm] = ["own", "never", "calm"]
      .map((name) => join(dir, name)) as [string, string, string];
    for (const run of [own, never, calm]) {
      await train({ modulus: 5, hidden: [6], steps: 2 }, { run });
    }
    await writeMetrics(own, { restless: 600, jump: 900 });
    await writeMetrics(never, { restless: 500, jump: Infinity });
    await writeMetrics(calm, { restless: Infinity, jump: Infinity });
    const settings = { warningWindow: 10, warningHold: 2 };
    const { probes } = await probeRun(own, ["early-warning"], {
      settings: { ...settings, warningRuns: `${never}, ${calm}` },
    });
    const { jumped_at, memorised_at, metrics, study, options } =
      probes["early-warning"]!;
    assertEquals([memorised_at, jumped_at], [30, 900]);
    assertEquals(options, { window: 10, baseline: 20, deviations: 4, hold: 2 });
    assertEquals(Object.keys(metrics), ["weight_norm"]);
    // The first window with a restless value in it ends at 600, the second holds.
    assertEquals(metrics["weight_norm"]!.alarms.variance!.step, 610);
    assertEquals(metrics["weight_norm"]!.alarms.variance!.lead, 290);
    assertEquals(study!.runs, [own, never, calm]);
    const rates = study!.rates.find(({ metric, indicator }) =>
      metric === "weight_norm" && indicator === "variance"
    )!;
    assertEquals([rates.warned, rates.grokked, rates.median_lead], [1, 1, 290]);
    assertEquals([rates.false_alarms, rates.never], [1, 2]);
    assertEquals(rates.false_alarm_rate, 0.5);
    const alone = await probeRun(own, ["early-warning"], { settings });
    assertEquals(alone.probes["early-warning"]!.study, null);
    assert(JSON.stringify(alone).length > 0);
  });
});
