/**
 * Devices, doctor and setup as a user meets them. What these machines have of
 * cards is not known: what is asserted holds with and without, or is made to
 * hold by what the test puts there.
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { devices } from "../../lib/devices.ts";
import { cudaIsInstalled } from "../../lib/onnx/cuda.ts";
import { wheel } from "../setup/_fakes.ts";
import {
  assertRefused,
  contentsOf,
  metricsRows,
  outputOf,
  startDeno,
  startProgram,
  task,
  withTempDir,
} from "./_run.ts";

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
    assertEquals(Object.keys(report.probes), ["fourier", "logit-scaling"]);

    // The same words, whichever runtime says them.
    const native = await task("probe", run, "--json");
    assertEquals(native.code, 0, native.stderr);
    const other = JSON.parse(native.stdout);
    assertEquals(report.probes.fourier, other.probes.fourier);

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

Deno.test("doctor --json looks at every device of the table", async () => {
  const { code, stdout, stderr } = await task("doctor", "--json");
  assertEquals(code, 0, stderr);
  const report = JSON.parse(stdout);
  assertEquals(report.ok, true);
  assertEquals(report.deno, Deno.version.deno);
  const names = (rows: readonly Record<string, unknown>[]) =>
    rows.map(({ engine, runtime, name }) => [engine, runtime, name]);
  assertEquals(
    names(report.devices),
    names(JSON.parse(JSON.stringify(devices))),
  );
  for (const { usable, detail, missing, mend } of report.devices) {
    const words = usable ? [detail] : [missing, mend];
    assert(words.every((text) => text.length > 3), JSON.stringify(words));
  }
  for (const { engine, name, usable } of report.devices) {
    if (engine === "onnx" && name === "cpu") assertEquals(usable, true);
  }
  for (const { version } of report.runtimes) assertMatch(version, /^\d+\.\d+/);
});

Deno.test("doctor sees card, driver and libraries, and says what to run", async () => {
  await withTempDir(async (dir) => {
    const script = (name: string, text: string) =>
      Deno.writeTextFile(join(dir, name), `#!/bin/sh\n${text}\n`, {
        mode: 0o755,
      });
    await script(
      "nvidia-smi",
      "echo '0, NVIDIA Test 1, 81920 MiB, 9.0, 580.65.06'\n" +
        "echo '1, NVIDIA Test 2, 81920 MiB, 9.0, 580.65.06'",
    );
    await script("python3", `echo '${dir}'`);
    const folder = join(dir, "nvidia", "cu13", "lib");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "libcudart.so.13"), "");
    const { code, stdout, stderr } = await outputOf(
      startProgram("doctor", [], false, {
        PATH: `${dir}:${Deno.env.get("PATH")}`,
      }),
    );
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^groklab .* · Deno /);
    for (const { name, describe } of devices) {
      assertStringIncludes(stdout, name);
      assertStringIncludes(stdout, describe);
    }
    assertStringIncludes(stdout, "NVIDIA: driver 580.65.06\n");
    const card = "NVIDIA Test 2, 81920 MiB, compute capability 9.0";
    assertStringIncludes(stdout, `  1: ${card}\n`);
    assertMatch(
      stdout,
      new RegExp(`libcudart\\.so\\.13 +(found|not where .* in ${folder})`),
    );
    assertMatch(stdout, /libcudnn\.so\.9 +\S/);
  });
});

Deno.test("setup refuses what it does not know, in one line", async () => {
  assertMatch(assertRefused(await task("setup"), 2), /what to set up: .*cuda/);
  assertMatch(
    assertRefused(await task("setup", "abacus"), 2),
    /abacus: choose from .*cuda/,
  );
});

Deno.test("setup cuda refuses a wheel of another version", async () => {
  if (await cudaIsInstalled()) {
    console.log("left out: the CUDA provider is installed here");
    return;
  }
  await withTempDir(async (dir) => {
    const path = join(dir, "other.whl");
    await Deno.writeFile(path, wheel({ version: "1.0.0" }));
    const output = await task("setup", "cuda", "--from-wheel", path);
    const line = assertRefused(output, 2);
    assertStringIncludes(line, "onnxruntime-gpu 1.0.0");
    assertStringIncludes(line, "deno task setup cuda --from-wheel");
    assertEquals(await cudaIsInstalled(), false);
    const removed = await task("setup", "cuda", "--remove");
    assertEquals(removed.code, 0, removed.stderr);
    assertStringIncludes(removed.stdout, "nothing to remove");
  });
});
