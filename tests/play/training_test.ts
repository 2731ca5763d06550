import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { unzipSync } from "fflate";
import { dirname, join } from "node:path";
import { ConfigError } from "../../lib/config/config.ts";
import { EVERY, Training } from "../../lib/play/browser/training.ts";
import { zipOf } from "../../lib/play/browser/run_files.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
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

Deno.test("a second change goes on from the first", async () => {
  const training = await Training.start(config, web);
  while (training.step < 20) await training.advance(20 - training.step);
  // Without ⊥Grad the optimizer's state lies at other paths.
  await training.change({ perpGrad: false });
  while (training.step < 30) await training.advance(30 - training.step);
  await training.change({ perpGrad: false, lr: 0.002 });
  const rows = await trained(training);
  const { switches } = training.config;
  assertEquals(switches.map(({ at }) => at), [20, 30]);
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

Deno.test("the picture has each pair's logit where the pair is", async () => {
  const training = await Training.start({ ...config, task: "divide" }, web);
  const { answers } = await training.look();
  const manifest = await makeManifest("wasm", 1);
  const files = unzipSync(await zipOf(training, manifest, "x"));
  await training.close();
  const session = await openSession(
    files["x/checkpoints/step-00000000.onnx"]!,
    web,
  );
  const pairs = Array.from(
    { length: 121 },
    (_, i) => [Math.floor(i / 11), i % 11],
  )
    .filter(([, b]) => b !== 0); // Nothing is divided by 0.
  const [input] = session.inputs;
  const { logits } = await session.run({
    [input!.name]: hostTensorOf("int64", [pairs.length, 2], pairs.flat()),
  });
  await session.close();
  const { data } = logits!;
  pairs.forEach(([a, b], i) =>
    assertAlmostEquals(
      answers!.picture[a! * 11 + b!]!,
      Number(data[i * 11]),
      1e-6, // Sums of 48 terms below 1 in float32, in another order.
    )
  );
  assert(Number.isNaN(answers!.picture[0]));
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
