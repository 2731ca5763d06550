/**
 * Devices as a user meets them. What these machines have of cards is not known:
 * what is asserted holds with and without, or says that it was left out.
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../../lib/base/errors.ts";
import { cudaIsInstalled } from "../../../lib/onnx/runtime/cuda.ts";
import { probe } from "../../../lib/probes/mod.ts";
import {
  assertRefused,
  contentsOf,
  metricsRows,
  outputOf,
  startDeno,
  task,
  withTempDir,
} from "../_run.ts";

const TINY = "--modulus 5 --hidden 8 --steps 5".split(" ");

const readJson = async (path: string) =>
  JSON.parse(await Deno.readTextFile(path));

Deno.test("train names the device, and keeps it with the run", async () => {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const given = [...TINY, "--device", "cpu", "--run", run];
    const { code, stderr } = await task("train", ...given);
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /^device: cpu$/m);
    assertEquals((await readJson(join(run, "config.json"))).device, "cpu");
    const { device } = await readJson(join(run, "manifest.json"));
    assertEquals(device.provider, "onnx/cpu");
  });
});

Deno.test("auto leaves no auto behind, and says what it passed over", async () => {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const { code, stderr } = await task("train", ...TINY, "--run", run);
    assertEquals(code, 0, stderr);
    const { device } = await readJson(join(run, "config.json"));
    assert(["cpu", "cuda"].includes(device), device);
    assertMatch(stderr, new RegExp(`^device: ${device}\\b`, "m"));
    if (device === "cpu") {
      assertMatch(stderr, /passed over: cuda \(.+: .+\), webgpu \(.+\)$/m);
    }
  });
});

Deno.test("WebAssembly trains and probes without native code", async () => {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const train = await outputOf(startDeno([
      ...["run", "--no-prompt", "--allow-read", "--allow-write"],
      ...["tasks/train.ts", ...TINY, "--runtime", "web", "--run", run],
    ]));
    assertEquals(train.code, 0, train.stderr);
    assertStringIncludes(train.stderr, "device: cpu (WebAssembly)");
    const { device } = await readJson(join(run, "manifest.json"));
    assertEquals(device.provider, "onnx/wasm");
    assert((await metricsRows(run)).length > 0);

    const probe = await outputOf(startDeno([
      ...["run", "--no-prompt", "--allow-read"],
      ...["tasks/probe.ts", run, "--runtime", "web", "--json"],
    ]));
    assertEquals(probe.code, 0, probe.stderr);
    const report = JSON.parse(probe.stdout);
    assertEquals(report.provider, "wasm");
    // The same words, whichever runtime says them.
    const native = await task("probe", run, "--json");
    assertEquals(native.code, 0, native.stderr);
    const other = JSON.parse(native.stdout);
    assertEquals(Object.keys(report.probes), Object.keys(other.probes));
    // Spectra of weights; activations differ by the runtimes' rounding.
    assertEquals(
      report.probes.fourier.embedding,
      other.probes.fourier.embedding,
    );

    const missing = await outputOf(startDeno([
      ...["run", "--no-prompt", "--allow-read"],
      ...["tasks/probe.ts", join(dir, "none"), "--runtime", "web"],
    ]));
    assertRefused(missing, 1);
  });
});

const WRONG: readonly [flags: string, code: 1 | 2, says: RegExp][] = [
  ["--device gpu", 2, /--device must be one of auto, cpu, cuda, webgpu/],
  ["--device-id -1", 2, /--device-id must be an integer/],
  ["--runtime wasm", 2, /--runtime must be one of node, web/],
  ["--device webgpu --precision float64", 2, /use --device cpu$/],
  ["--device cuda --runtime web", 2, /webgpu, cpu with --runtime web/],
  ["--device webgpu --runtime web", 2, /--runtime must be node/],
  ["--device cuda --engine tfjs", 2, /use --backend$/],
  ["--runtime web --engine tfjs", 2, /use --backend wasm$/],
];

for (const [flags, code, says] of WRONG) {
  Deno.test(`train ${flags} is refused, and nothing written`, async () => {
    await withTempDir(async (dir) => {
      const run = join(dir, "run");
      const given = [...TINY, ...flags.split(" "), "--run", run];
      const line = assertRefused(await task("train", ...given), code);
      assertMatch(line, says);
      assertEquals(await contentsOf(dir), {});
    });
  });
}

Deno.test("cuda without its provider is refused, with the way to it", async () => {
  if (await cudaIsInstalled()) {
    console.log("left out: the CUDA provider is installed here");
    return;
  }
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const given = [...TINY, "--device", "cuda", "--run", run];
    for (
      const output of [
        await task("train", ...given),
        await task("probe", "--device", "cuda", await aCheckpoint(dir)),
      ]
    ) {
      const line = assertRefused(output, 1);
      assertMatch(line, /Cannot compute on cuda .*: deno task setup cuda$/);
    }
    assertEquals(await contentsOf(run).catch(() => undefined), undefined);
  });
});

async function aCheckpoint(dir: string, ...flags: string[]): Promise<string> {
  const run = join(dir, "other");
  const { code, stderr } = await task("train", ...TINY, ...flags, "--run", run);
  assertEquals(code, 0, stderr);
  return run;
}

Deno.test("train warns of flags that the device makes idle", async () => {
  await withTempDir(async (dir) => {
    const flags = "--device cpu --device-id 1 --runtime web --threads 1"
      .split(" ");
    const run = join(dir, "run");
    const { code, stderr } = await task(
      "train",
      ...TINY,
      ...flags,
      "--run",
      run,
    );
    assertEquals(code, 0, stderr);
    const warned = [...stderr.matchAll(/^warning: (\S+) has no effect/gm)];
    assertEquals(warned.map(([, flag]) => flag), ["--device-id", "--threads"]);
  });
});

// WebGPU where the machine has any: on a card, or on a software adapter.
const withoutWebgpu = ({ code, stderr }: { code: number; stderr: string }) => {
  if (code === 0) return false;
  const line = stderr.trimEnd().split("\n").at(-1)!;
  assertMatch(line, /^error: Cannot compute on webgpu .*; to mend it: \S/);
  console.log(`left out: ${line}`);
  return true;
};

// Both sum 8 products or fewer in float32, in another order.
const assertNear = (actual: number, expected: number) =>
  assert(
    Math.abs(actual - expected) <= 1e-5 * Math.abs(expected),
    `${actual}, not ${expected}`,
  );

Deno.test("a probe on WebGPU finds what WebAssembly finds", async () => {
  await withTempDir(async (dir) => {
    const run = await aCheckpoint(dir);
    const flags = ["--runtime", "web", "--probe", "logit-scaling", "--json"];
    const probe = (...device: string[]) =>
      task("probe", run, ...flags, ...device);
    const output = await probe("--device", "webgpu");
    if (withoutWebgpu(output)) return;
    const rowsOf = ({ stdout }: { stdout: string }) =>
      JSON.parse(stdout).probes["logit-scaling"].rows;
    assertEquals(JSON.parse(output.stdout).provider, "webgpu");
    const expected = rowsOf(await probe("--device", "cpu"));
    for (const [i, row] of rowsOf(output).entries()) {
      assertNear(row.logit_rms, expected[i].logit_rms);
      assertNear(row.loss, expected[i].loss);
    }
  });
});

Deno.test("training on WebGPU goes as on the processor", async () => {
  await withTempDir(async (dir) => {
    const train = (device: string) =>
      task("train", ...TINY, "--device", device, "--run", join(dir, device));
    const output = await train("webgpu");
    if (withoutWebgpu(output)) return;
    const { code, stderr } = await train("cpu");
    assertEquals(code, 0, stderr);
    const expected = await metricsRows(join(dir, "cpu"));
    for (const [i, row] of (await metricsRows(join(dir, "webgpu"))).entries()) {
      assertNear(row.train_loss!, expected[i]!.train_loss!);
    }
  });
});

Deno.test("a float64 checkpoint is not probed on a device without float64", async () => {
  await withTempDir(async (dir) => {
    const run = await aCheckpoint(dir, "--precision", "float64");
    const path = join(run, "checkpoints", "step-00000005.onnx");
    for (const runtime of ["node", "web"] as const) {
      await assertRejects(
        () => probe(path, undefined, { runtime, device: "webgpu" }),
        UsageError,
        "use --device cpu",
      );
    }
  });
});
