import { assert, assertEquals, assertRejects } from "@std/assert";
import { unzipSync } from "fflate";
import { dirname, join } from "node:path";
import { ConfigError } from "../../lib/config/config.ts";
import { EVERY, Training } from "../../lib/play/browser/training.ts";
import { zipOf } from "../../lib/play/browser/run_files.ts";
import { probe } from "../../lib/probes/mod.ts";
import { makeManifest } from "../../lib/runs/manifest.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";

const config = { modulus: 11, hidden: [24], trainFraction: 0.6, steps: 60 };
const web = { runtime: "web" } as const;

// The evaluations of a run by the command's own code, without what is measured.
async function rowsOf(keys: Record<string, unknown>) {
  const rows: unknown[] = [];
  await train({ ...keys, evalEvery: EVERY, runtime: "web" }, {
    onEvaluation: ({ ms_per_step: _, ...row }) => void rows.push(row),
  });
  return rows;
}

async function trained(training: Training) {
  while (!training.over) await training.advance();
  return training.rows.map(({ ms_per_step: _, ...row }) => row);
}

Deno.test("a training in the page has the numbers of the command with --runtime web", async () => {
  const training = await Training.start(config, web);
  const rows = await trained(training);
  // The command measures the last state too.
  assertEquals(
    rows,
    (await rowsOf(config)).slice(0, rows.length) as typeof rows,
  );
  assertEquals(rows.map(({ step }) => step), [0, 10, 20, 30, 40, 50]);
  await training.close();
});

Deno.test("what changes on the way is a switch of the config", async () => {
  const training = await Training.start(config, web);
  while (training.step < 20) await training.advance(20 - training.step);
  await training.change({ lr: 0.002, loss: "softmax" });
  const rows = await trained(training);
  const { switches } = training.config;
  assertEquals(switches, [{ at: 20, config: { lr: 0.002, loss: "softmax" } }]);
  const again = await rowsOf({ ...config, switches });
  assertEquals(rows, again.slice(0, rows.length) as typeof rows);
  await training.close();
});

Deno.test("what may not change is refused, and the training goes on", async () => {
  const training = await Training.start(config, web);
  await training.advance(3);
  await assertRejects(() => training.change({ modulus: 13 }), ConfigError);
  await assertRejects(() => training.change({ lr: -1 }), ConfigError);
  const { step } = training;
  await training.advance(3);
  assert(training.step > step);
  await training.close();
});

Deno.test("a picture has the spectrum, the strongest planes and every pair", async () => {
  const training = await Training.start(config, web);
  const { spectrum, circles, answers } = await training.look();
  assertEquals(spectrum.map(({ frequency }) => frequency), [1, 2, 3, 4, 5]);
  assertEquals(circles.length, 5);
  assertEquals(circles[0]!.points.length, 11);
  assertEquals(answers!.picture.length, 121);
  assert(answers!.picture.every((x) => Number.isFinite(x)));
  await training.close();
});

Deno.test("a downloaded run is one that probes open", async () => {
  const training = await Training.start(config, web);
  while (training.step < 20) await training.advance(20 - training.step);
  const manifest = await makeManifest("wasm", 1);
  const files = unzipSync(await zipOf(training, manifest, "played"));
  await training.close();
  await withTempDir(async (dir) => {
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(dir, name)), { recursive: true });
      await Deno.writeFile(join(dir, name), bytes);
    }
    const checkpoint = join(dir, "played/checkpoints/step-00000020.onnx");
    const found = await probe(checkpoint, ["geometry"]);
    assert("geometry" in found.probes);
  });
});
