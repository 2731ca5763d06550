/**
 * Doctor and setup as a user meets them, whatever the machine has of cards.
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { devices } from "../../../lib/devices/choice.ts";
import {
  cudaIsInstalled,
  packageFolder,
  providerFolder,
} from "../../../lib/onnx/runtime/cuda.ts";
import { wheel } from "../../setup/_fakes.ts";
import {
  assertRefused,
  outputOf,
  startProgram,
  task,
  withTempDir,
} from "../_run.ts";

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
  assertMatch(
    assertRefused(await task("setup", "abacus"), 2),
    /abacus: choose from .*cuda.*tensorflow/,
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

Deno.test({
  name: "setup cuda that is stopped leaves nothing, a closed terminal included",
  ignore: Deno.build.os !== "linux" || await cudaIsInstalled(),
  fn: () =>
    withTempDir(async (dir) => {
      const mark = join(dir, "begun");
      const python = join(dir, "python");
      await Deno.writeTextFile(
        python,
        `#!/bin/sh\n: >"${mark}"; exec /bin/sleep 20\n`,
        { mode: 0o755 },
      );
      const args = ["cuda", "--from-wheel", "--python", python];
      const child = startProgram("setup", args, true);
      const ended = outputOf(child);
      const started = Date.now();
      while (!await Deno.stat(mark).catch(() => null)) {
        assert(Date.now() - started < 30_000, "pip was not called");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      child.kill("SIGHUP");
      await child.status;
      // What is still waiting holds the pipes.
      Deno.kill(-child.pid, "SIGKILL");
      const { code, stdout, stderr } = await ended;
      assertEquals([code, stdout], [130, ""], stderr);
      assertStringIncludes(stderr, "Stopped; nothing is left of it");
      assertEquals(await cudaStages(), []);
    }),
});

/** What setups left beside the provider. */
async function cudaStages(): Promise<string[]> {
  const folder = providerFolder(packageFolder());
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.filter((name) => name.startsWith(".groklab-setup-"));
}
