/** Setting CUDA up: once, again, and beside what is there. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { CUDA_FILES, cudaLibraries } from "../../lib/onnx/runtime/cuda.ts";
import { readLibrary } from "../../lib/onnx/runtime/elf.ts";
import { cudaState, removeCuda, setupCuda } from "../../lib/setup/cuda/cuda.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { library, PROVIDER, wheel } from "./_fakes.ts";
import { CUDA, SHARED, sums, withPackage } from "./_package.ts";

Deno.test("readLibrary() reads what a library needs", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "lib.so");
    const needed = ["libcudart.so.13", "libc.so.6"];
    await Deno.writeFile(path, library(needed));
    assertEquals(await readLibrary(path), { x64: true, needed });
    await Deno.writeFile(path, library([], 183));
    assertEquals(await readLibrary(path), { x64: false, needed: [] });
    for (const length of [0, 40, 100, 190, 230]) {
      await Deno.writeFile(path, library(needed).slice(0, length));
      await assertRejects(() => readLibrary(path), SyntaxError, path);
    }
  });
});

Deno.test("setupCuda() installs from a wheel, once; removeCuda() undoes it", async () => {
  await withPackage(async ({ folder, home, put }) => {
    const before = await contentsOf(folder);
    const fromWheel = await put(wheel());
    const first = await setupCuda({ folder, sums, fromWheel });
    assertEquals(first.fresh, true);
    assertEquals(first.record?.version, "1.2.3");
    assertEquals(first.record?.source, "given.whl");
    const installed = await contentsOf(folder);
    assertEquals(
      Object.keys(installed).filter((path) => !(path in before)).sort(),
      ["groklab-cuda.json", CUDA, SHARED].map((name) => join(home, name)),
    );
    assertEquals(installed[join(home, CUDA)], PROVIDER[CUDA]);
    assertEquals(await cudaLibraries(folder), [
      "libcudart.so.13",
      "libcuda.so.1",
      "libc.so.6",
    ]);

    const again = await setupCuda({ folder, sums, fromWheel });
    assertEquals(again, { fresh: false, record: first.record });
    assertEquals(await contentsOf(folder), installed);

    assertEquals((await removeCuda(folder)).sort(), [CUDA, SHARED]);
    assertEquals(await contentsOf(folder), before);
    assertEquals(await removeCuda(folder), []);
  });
});

Deno.test("setupCuda() completes what was left half-way", async () => {
  await withPackage(async ({ folder, home, put }) => {
    const fromWheel = await put(wheel());
    await setupCuda({ folder, sums, fromWheel });
    const whole = await contentsOf(folder);
    await Deno.remove(join(home, CUDA));
    await Deno.mkdir(join(home, ".groklab-setup-1")); // Killed before.
    assertEquals((await cudaState(folder, sums)).state, "partial");
    // There, and not whole.
    await Deno.writeFile(join(home, CUDA), new Uint8Array(1));
    assertEquals((await cudaState(folder, sums)).state, "partial");
    assertEquals((await setupCuda({ folder, sums, fromWheel })).fresh, true);
    assertEquals(await contentsOf(folder), whole);
  });
});

Deno.test("setupCuda() leaves alone what another process is setting up", async () => {
  await withPackage(async ({ folder, home, put }) => {
    const other = join(home, ".groklab-setup-1");
    await Deno.mkdir(other);
    const options = { write: true, create: true };
    using lock = await Deno.open(join(other, "lock"), options);
    await lock.lock(true);
    await setupCuda({ folder, sums, fromWheel: await put(wheel()) });
    await Deno.stat(other);
    await removeCuda(folder);
    await Deno.stat(other);
    await lock.unlock();
    await removeCuda(folder);
    await assertRejects(() => Deno.stat(other), Deno.errors.NotFound);
  });
});

Deno.test("setupCuda() replaces the provider of another version", async () => {
  await withPackage(async ({ folder, home, put }) => {
    await setupCuda({ folder, sums, fromWheel: await put(wheel()) });
    const whole = await contentsOf(folder);
    const record = join(home, "groklab-cuda.json");
    const older = (await Deno.readTextFile(record)).replace("1.2.3", "1.2.2");
    await Deno.writeTextFile(record, older);
    await Deno.writeTextFile(join(home, SHARED), "an older one");
    assertEquals(
      (await setupCuda({ folder, sums, fromWheel: await put(wheel()) })).fresh,
      true,
    );
    assertEquals(await contentsOf(folder), whole);
  });
});

Deno.test("setupCuda() installs anew what belongs to another version, although it is whole", async () => {
  await withPackage(async ({ folder, home, put }) => {
    const both = { ...sums, "1.2.2": sums["1.2.3"]! };
    const fromWheel = await put(wheel());
    await setupCuda({ folder, sums: both, fromWheel });
    const record = join(home, "groklab-cuda.json");
    const text = await Deno.readTextFile(record);
    await Deno.writeTextFile(record, text.replace("1.2.3", "1.2.2"));
    assertEquals((await cudaState(folder, both)).state, "ours");
    const again = await setupCuda({ folder, sums: both, fromWheel });
    assertEquals([again.fresh, again.record?.version], [true, "1.2.3"]);
  });
});

Deno.test("a provider that something else installed is left alone", async () => {
  await withPackage(async ({ folder, home, put }) => {
    for (const name of CUDA_FILES) {
      await Deno.writeTextFile(join(home, name), "npm's");
    }
    const before = await contentsOf(folder);
    const fromWheel = await put(wheel());
    assertEquals(await setupCuda({ folder, sums, fromWheel }), {
      fresh: false,
      record: undefined,
    });
    await assertRejects(() => removeCuda(folder), UsageError, "rm /");
    assertEquals(await contentsOf(folder), before);
  });
});

Deno.test("setupCuda() puts right a file that was changed since, the size the same", async () => {
  await withPackage(async ({ folder, home, put }) => {
    const fromWheel = await put(wheel());
    await setupCuda({ folder, sums, fromWheel });
    const whole = await contentsOf(folder);
    const path = join(home, CUDA);
    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await Deno.writeFile(path, bytes);
    assertEquals((await cudaState(folder, sums)).state, "altered");
    assertEquals((await setupCuda({ folder, sums, fromWheel })).fresh, true);
    assertEquals(await contentsOf(folder), whole);
    assertEquals((await cudaState(folder, sums)).state, "ours");
  });
});

Deno.test("setupCuda() asks pip for the wheel of the package's own version", async () => {
  await withPackage(async ({ dir, folder, put }) => {
    const given = await put(wheel());
    const python = join(dir, "python");
    // Writes down what it is asked, and puts the wheel where it is told to.
    await Deno.writeTextFile(
      python,
      `#!/bin/sh\necho "$@" > ${join(dir, "asked")}\n` +
        'while [ "$1" != --dest ]; do shift; done\n' +
        `cp ${given} "$2/onnxruntime_gpu-1.2.3.whl"\n`,
      { mode: 0o755 },
    );
    const { record } = await setupCuda({ folder, sums, python });
    assertEquals(record?.source, "onnxruntime_gpu-1.2.3.whl");
    const asked = await Deno.readTextFile(join(dir, "asked"));
    assertMatch(asked, /^-m pip download .* onnxruntime-gpu==1\.2\.3\n$/);
    for (const flag of ["--no-deps", "--only-binary=:all:", "--no-input"]) {
      assertStringIncludes(asked, flag);
    }
  });
});

Deno.test("a setup holds its lock while it works, and leaves none behind", async () => {
  await withPackage(async ({ dir, folder, home, put }) => {
    const given = await put(wheel());
    const python = join(dir, "python");
    // Between its two files pip waits until it is let go on.
    await Deno.writeTextFile(
      python,
      'while [ "$1" != --dest ]; do shift; done\n' +
        `touch ${join(dir, "begun")}\n` +
        `while [ ! -e ${join(dir, "go")} ]; do sleep 0.05; done\n` +
        `cp ${given} "$2/one.whl"\n`,
    );
    await Deno.writeTextFile(
      join(dir, "run"),
      `#!/bin/sh\nexec sh ${python} "$@"\n`,
      { mode: 0o755 },
    );
    const running = setupCuda({ folder, sums, python: join(dir, "run") });
    const exists = (path: string) =>
      Deno.stat(path).then(() => true, () => false);
    while (!await exists(join(dir, "begun"))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // Who comes meanwhile, to set up or to remove, leaves its stage alone.
    const stage = join(home, `.groklab-setup-${Deno.pid}`);
    const other = await Deno.open(join(stage, "lock"), { write: true });
    assertEquals(await other.tryLock(true), false);
    other.close();
    await removeCuda(folder);
    assertEquals(await exists(stage), true);
    await Deno.writeTextFile(join(dir, "go"), "");
    assertEquals((await running).fresh, true);
    assertEquals(await exists(stage), false);
  });
});
