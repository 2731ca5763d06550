/**
 * The real program, end to end: train, probe, export, on small experiments.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { defaults, flagOf } from "../../../lib/config/config.ts";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { probes } from "../../../lib/probes/mod.ts";
import { basicNames } from "../../../lib/metrics/mod.ts";
import { assertClose, valuesOf } from "../../_golden.ts";
import { type Output, task, type TaskName, withTempDir } from "../_run.ts";

const SMALL = ["--modulus", "13", "--hidden", "32,24", "--threads", "1"];

async function ok(name: TaskName, ...args: string[]): Promise<Output> {
  const output = await task(name, ...args);
  assertEquals(output.code, 0, output.stderr);
  return output;
}

// deno-lint-ignore no-explicit-any -- read as any JSON of unknown shape is.
async function json(name: TaskName, ...args: string[]): Promise<any> {
  return JSON.parse((await ok(name, ...args, "--json")).stdout);
}

const rowsOf = async (run: string) =>
  (await Deno.readTextFile(join(run, "metrics.jsonl"))).trim().split("\n")
    .map((line) => JSON.parse(line));

const untimed = (rows: Record<string, unknown>[]) =>
  rows.map(({ ms_per_step, ...row }) => {
    assertEquals(typeof ms_per_step, "number");
    return row;
  });

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

Deno.test("feeding config.json back repeats the run; flags override it", () =>
  withTempDir(async (dir) => {
    const [a, b, c] = ["a", "b", "c"].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    await ok("train", ...SMALL, "--steps", "12", "--lr", "0.02", "--run", a);
    const config = join(a, "config.json");
    await ok("train", "--config", config, "--run", b);
    assertEquals(untimed(await rowsOf(a)), untimed(await rowsOf(b)));
    const { config: changed } = await json(
      "train",
      "--config",
      config,
      "--no-perp-grad",
      "--steps",
      "3",
      "--run",
      c,
    );
    assertEquals([changed.lr, changed.perpGrad, changed.steps], [
      0.02,
      false,
      3,
    ]);
  }));

Deno.test("boolean flags mean what they say, the last one wins", () =>
  withTempDir(async (dir) => {
    const opposite = join(dir, "opposite.json");
    let n = 0;
    for (const key of ["perpGrad", "biases"] as const) {
      const flag = flagOf(key);
      const no = `--no-${flag.slice(2)}`;
      const cases: [string[], boolean][] = [
        ...(key === "perpGrad"
          ? [[[flag], true], [[no], false]] as [string[], boolean][]
          : []),
        [[no, flag], true],
        [[flag, no], false],
      ];
      for (const [flags, expected] of cases) {
        await Deno.writeTextFile(
          opposite,
          JSON.stringify({
            modulus: 5,
            hidden: [4],
            steps: 1,
            [key]: !expected,
          }),
        );
        const run = join(dir, String(n++));
        const { config } = await json(
          "train",
          "--config",
          opposite,
          ...flags,
          "--run",
          run,
        );
        assertEquals(config[key], expected, flags.join(" "));
      }
    }
  }));

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
