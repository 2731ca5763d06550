/** Training on a backend that is not set up, or finds no adapter. */

import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { isInstalled } from "../../../lib/devices/tfjs/backends.ts";
import {
  assertRefused,
  outputOf,
  startTaskWith,
  task,
  withTempDir,
} from "../_run.ts";

const webgpu = await isInstalled("webgpu");

if (!webgpu) {
  console.log("train on webgpu without an adapter: skipped, it is not set up");
}

Deno.test({
  name: "train --backend webgpu says that there is no adapter",
  ignore: !webgpu || Deno.build.os === "windows",
  fn: () =>
    withTempDir(async (dir) => {
      const args = ["--engine", "tfjs", "--backend", "webgpu"];
      // The one kind of driver that only Windows has.
      const env = { DENO_WEBGPU_BACKEND: "dx12" };
      const run = join(dir, "run");
      const line = assertRefused(
        await outputOf(startTaskWith(env, "train", ...args, "--run", run)),
        2,
      );
      assertMatch(line, /WebGPU finds no adapter; .*--backend wasm/);
      assertEquals([...Deno.readDirSync(dir)], []);
    }),
});

for (const backend of ["node", "node-gpu", "wasm", "webgpu"] as const) {
  const installed = await isInstalled(backend);
  if (installed) {
    console.log(`train on ${backend} without it: skipped, it is set up here`);
  }
  Deno.test({
    name:
      `train --backend ${backend} says how to set it up, and writes nothing`,
    ignore: installed,
    fn: () =>
      withTempDir(async (dir) => {
        const run = join(dir, "run");
        const args = ["--engine", "tfjs", "--backend", backend, "--run", run];
        const line = assertRefused(await task("train", ...args), 2);
        assertMatch(line, /is not set up here.*deno task setup tensorflow/);
        assertEquals([...Deno.readDirSync(dir)], []);
      }),
  });
}
