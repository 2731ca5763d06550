/** The real program, end to end, on small experiments. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { defaults } from "../../../lib/config/config.ts";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { basicNames } from "../../../lib/metrics/mod.ts";
import { assertClose, valuesOf } from "../../_golden.ts";
import { withTempDir } from "../_run.ts";
import { json, ok, rowsOf, SMALL, untimed } from "./_rows.ts";

Deno.test("train writes a run and says in JSON how it ended", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const result = await json(
      "train",
      ...SMALL,
      ..."--steps 25 --eval-every 10 --checkpoint-every 10 --run".split(" "),
      run,
    );
    assertEquals(result.run, run);
    assertEquals(result.steps, 25);
    assertEquals(result.config.modulus, 13);
    assertEquals(result.memorised_at, null);
    assertEquals(Object.keys(result.final), [...basicNames]);
    assert(result.ms_per_step > 0 && result.seconds > 0);
    assertEquals(
      result.checkpoint,
      join(run, "checkpoints/step-00000025.onnx"),
    );

    const rows = await rowsOf(run);
    assertEquals(rows.map(({ step }) => step), [0, 10, 20, 25]);
    assertEquals(untimed(rows).at(-1), { step: 25, ...result.final });
    const names = [...Deno.readDirSync(join(run, "checkpoints"))]
      .map(({ name }) => name).sort();
    assertEquals(
      names,
      [0, 10, 20, 25].map((n) =>
        `step-000000${String(n).padStart(2, "0")}.onnx`
      ),
    );

    const state = await loadProbeModel(
      join(run, "optimizer/step-00000025.onnx"),
    );
    const { "1.0.count": count, "1.0.mu.layers.0.W": mu } = await state.run({});
    assertEquals([...valuesOf(count)], [25]);
    assertEquals(mu!.shape, [26, 32]);
    await state.close();

    // What training measured, measured again on the file.
    const split = JSON.parse(await Deno.readTextFile(join(run, "split.json")));
    const file = await loadProbeModel(result.checkpoint);
    for (const part of ["train", "test"] as const) {
      const { inputs, labels } = split[part];
      const tokens = hostTensorOf("int64", [labels.length, 2], inputs.flat());
      const { logits } = await file.run({ tokens });
      const z = valuesOf(logits);
      const right = labels.filter((label: number, i: number) => {
        const row = z.subarray(i * 13, (i + 1) * 13);
        return row.indexOf(Math.max(...row)) === label;
      });
      assertClose(
        [right.length / labels.length],
        [result.final[`${part}_accuracy`]],
        { relative: 0, absolute: 1e-12 },
        `${part} accuracy`,
      );
    }
    await file.close();
  }));

Deno.test("a small network groks, and the end says when", () =>
  withTempDir(async (dir) => {
    const flags =
      "--modulus 31 --train-fraction 0.8 --hidden 100,100 --steps 300";
    const run = join(dir, "run");
    const { stdout, stderr } = await ok(
      "train",
      ...flags.split(" "),
      "--run",
      run,
    );
    const rows = await rowsOf(run);
    const first = (name: string) => rows.find((row) => row[name] >= 0.99)?.step;
    assert(first("test_accuracy") > first("train_accuracy"));
    assertMatch(
      stdout,
      new RegExp(`memorised at step ${first("train_accuracy")} `),
    );
    assertMatch(
      stdout,
      new RegExp(`grokked at step ${first("test_accuracy")} `),
    );
    assertMatch(stdout, /checkpoint: .*step-00000300\.onnx/);
    // Off a terminal progress is plain lines.
    assertMatch(stderr, /^step \d+\/300 {2}loss \S+ train/m);
    assert(![...stdout + stderr].some((c) => c === "\x1b" || c === "\r"));
  }));

for (const engine of ["onnx", "tfjs"]) {
  Deno.test(`the same command twice gives the same bytes: ${engine}`, () =>
    withTempDir(async (dir) => {
      const [a, b] = [join(dir, "a"), join(dir, "b")];
      for (const run of [a, b]) {
        const flags = `--engine ${engine} --steps 30 --checkpoint-every 15`;
        await ok("train", ...SMALL, ...flags.split(" "), "--run", run);
      }
      assertEquals(untimed(await rowsOf(a)), untimed(await rowsOf(b)));
      const files = ["config.json", "split.json"].concat(
        [0, 15, 30].map((n) =>
          `checkpoints/step-${String(n).padStart(8, "0")}.onnx`
        ),
      );
      for (const file of files) {
        const read = (run: string) => Deno.readFile(join(run, file));
        assertEquals(await read(a), await read(b), file);
      }
      const manifest = await Deno.readTextFile(join(a, "manifest.json"));
      assertEquals(JSON.parse(manifest).device.provider, `${engine}/cpu`);
    }));
}

for (
  const [flag, value, engine] of [
    ["--backend", "cpu", "onnx"],
    ["--threads", "1", "tfjs"],
  ] as const
) {
  Deno.test(`train --engine ${engine} warns that ${flag} does nothing`, () =>
    withTempDir(async (dir) => {
      const { stderr } = await ok(
        "train",
        ..."--modulus 5 --hidden 8 --steps 1 --engine".split(" "),
        ...[engine, flag, value, "--run", join(dir, "run")],
      );
      assertMatch(stderr, new RegExp(`^warning: ${flag} has no effect`, "m"));
    }));
}

Deno.test("runs started in the same second take folders of their own", async () => {
  const started = await Promise.all(
    [0, 1, 2].map((seed) =>
      json(
        "train",
        "--modulus",
        "5",
        "--hidden",
        "4",
        "--steps",
        "1",
        "--lr",
        "0.5",
        "--seed",
        "0",
        "--eval-every",
        String(seed + 1),
      )
    ),
  );
  const runs = new Set(started.map(({ run }) => run));
  for (const run of runs) {
    await Deno.remove(new URL(`../../../${run}`, import.meta.url), {
      recursive: true,
    });
  }
  assertEquals(runs.size, 3);
});

Deno.test("the default is the experiment of the README", () => {
  const { task, modulus, trainFraction, hidden, loss, lr, seed } = defaults;
  assertEquals(
    { task, modulus, trainFraction, hidden, loss, lr, seed },
    {
      task: "add",
      modulus: 113,
      trainFraction: 0.4,
      hidden: [200, 200],
      loss: "stablemax",
      lr: 0.01,
      seed: 0,
    },
  );
});
