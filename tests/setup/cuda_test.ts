import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/errors.ts";
import { CUDA_FILES, cudaLibraries } from "../../lib/onnx/cuda.ts";
import { readLibrary } from "../../lib/onnx/elf.ts";
import { cudaState, removeCuda, setupCuda } from "../../lib/setup/cuda.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import {
  fakePackage,
  type FakeWheel,
  library,
  PROVIDER,
  wheel,
} from "./_fakes.ts";

const [SHARED, CUDA] = CUDA_FILES;

/** Gives work a package without a provider, and a way to write a wheel. */
function withPackage(
  work: (at: {
    dir: string;
    folder: string;
    home: string;
    put(contents: Uint8Array): Promise<string>;
  }) => Promise<void>,
  script?: string,
): Promise<void> {
  return withTempDir(async (dir) => {
    const at = await fakePackage(dir, script);
    const put = async (contents: Uint8Array) => {
      const path = join(dir, "given.whl");
      await Deno.writeFile(path, contents);
      return path;
    };
    await work({ dir, ...at, put });
  });
}

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
    const first = await setupCuda({ folder, fromWheel });
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

    const again = await setupCuda({ folder, fromWheel });
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
    await setupCuda({ folder, fromWheel });
    const whole = await contentsOf(folder);
    await Deno.remove(join(home, CUDA));
    await Deno.mkdir(join(home, ".groklab-setup-1")); // Killed before.
    assertEquals((await cudaState(folder)).state, "partial");
    assertEquals((await setupCuda({ folder, fromWheel })).fresh, true);
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
    await setupCuda({ folder, fromWheel: await put(wheel()) });
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
    await setupCuda({ folder, fromWheel: await put(wheel()) });
    const whole = await contentsOf(folder);
    const record = join(home, "groklab-cuda.json");
    const older = (await Deno.readTextFile(record)).replace("1.2.3", "1.2.2");
    await Deno.writeTextFile(record, older);
    await Deno.writeTextFile(join(home, SHARED), "an older one");
    assertEquals(
      (await setupCuda({ folder, fromWheel: await put(wheel()) })).fresh,
      true,
    );
    assertEquals(await contentsOf(folder), whole);
  });
});

Deno.test("a provider that something else installed is left alone", async () => {
  await withPackage(async ({ folder, home, put }) => {
    for (const name of CUDA_FILES) {
      await Deno.writeTextFile(join(home, name), "npm's");
    }
    const before = await contentsOf(folder);
    const fromWheel = await put(wheel());
    assertEquals(await setupCuda({ folder, fromWheel }), {
      fresh: false,
      record: undefined,
    });
    await assertRejects(() => removeCuda(folder), UsageError, "rm /");
    assertEquals(await contentsOf(folder), before);
  });
});

const BAD: readonly [what: string, FakeWheel, says: readonly RegExp[]][] = [
  ["of another version", { version: "1.2.2" }, [
    /onnxruntime-gpu 1\.2\.2/,
    /needs onnxruntime-gpu 1\.2\.3/,
    /deno task setup cuda --from-wheel/,
  ]],
  ["of another package", { name: "onnxruntime" }, [
    /it is onnxruntime 1\.2\.3/,
    /needs onnxruntime-gpu 1\.2\.3/,
  ]],
  ["without the provider", { files: { [SHARED]: PROVIDER[SHARED]! } }, [
    new RegExp(`it has no ${CUDA.replaceAll(".", "\\.")}`),
  ]],
  ["whose contents are not what it lists", { honest: false }, [/RECORD/]],
  [
    "for another processor",
    { files: { ...PROVIDER, [CUDA]: library([], 183) } },
    [/not for x86-64/],
  ],
  [
    "with something else than a library",
    { files: { ...PROVIDER, [CUDA]: new Uint8Array(100) } },
    [/not a shared library/],
  ],
];

for (const [what, fake, says] of BAD) {
  Deno.test(`setupCuda() refuses a wheel ${what}, and leaves nothing`, async () => {
    await withPackage(async ({ dir, folder, put }) => {
      const fromWheel = await put(wheel(fake));
      const before = await contentsOf(dir);
      const error = await assertRejects(
        () => setupCuda({ folder, fromWheel }),
        Error,
      );
      for (const pattern of says) assertMatch(error.message, pattern);
      assertEquals(error.message.split("\n").length, 1);
      assertEquals(await contentsOf(dir), before);
    });
  });
}

Deno.test("setupCuda() refuses a damaged wheel, and leaves nothing", async () => {
  await withPackage(async ({ dir, folder, put }) => {
    const whole = wheel();
    for (
      const contents of [
        new Uint8Array(),
        new TextEncoder().encode("no zip file"),
        whole.slice(0, whole.length / 2),
      ]
    ) {
      const fromWheel = await put(contents);
      const before = await contentsOf(dir);
      await assertRejects(
        () => setupCuda({ folder, fromWheel }),
        SyntaxError,
        "it is no zip file, or damaged",
      );
      assertEquals(await contentsOf(dir), before);
    }
  });
});

Deno.test("setupCuda() says that there is no such wheel, or no Python", async () => {
  await withPackage(async ({ dir, folder }) => {
    const before = await contentsOf(dir);
    const none = join(dir, "none.whl");
    await assertRejects(
      () => setupCuda({ folder, fromWheel: none }),
      Error,
      none,
    );
    const python = join(dir, "no-python");
    const error = await assertRejects(
      () => setupCuda({ folder, fromWheel: true, python }),
      Error,
    );
    assertStringIncludes(error.message, "onnxruntime-gpu 1.2.3");
    assertStringIncludes(error.message, "--python FILE");
    assertEquals(await contentsOf(dir), before);
  });
});

Deno.test("setupCuda() says what pip says", async () => {
  await withPackage(async ({ dir, folder }) => {
    const python = join(dir, "python");
    await Deno.writeTextFile(
      python,
      "#!/bin/sh\necho 'ERROR: no such version' >&2\nexit 1\n",
      { mode: 0o755 },
    );
    const before = await contentsOf(dir);
    const error = await assertRejects(
      () => setupCuda({ folder, fromWheel: true, python }),
      Error,
      "no such version",
    );
    assertStringIncludes(error.message, "setup cuda --from-wheel FILE");
    assertEquals(await contentsOf(dir), before);
  });
});

Deno.test("setupCuda() installs what the install script fetches", async () => {
  // As the package's own: relative to itself, one file after the other.
  const bytes = (name: string) => JSON.stringify([...PROVIDER[name]!]);
  const script = `
    const { join } = require("node:path");
    const { writeFileSync } = require("node:fs");
    const bin = join(__dirname, "..", "bin/napi-v6/linux/x64");
    writeFileSync(join(bin, "${SHARED}"), Uint8Array.from(${bytes(SHARED)}));
    writeFileSync(join(bin, "${CUDA}"), Uint8Array.from(${bytes(CUDA)}));
    writeFileSync(join(bin, "libonnxruntime_providers_tensorrt.so"), "more");
  `;
  await withPackage(async ({ folder, home }) => {
    const before = await contentsOf(folder);
    const { fresh, record } = await setupCuda({ folder });
    assertEquals(fresh, true);
    assertEquals(record?.files.map(({ name }) => name), [...CUDA_FILES]);
    assertEquals(await Deno.readFile(join(home, CUDA)), PROVIDER[CUDA]);
    await removeCuda(folder);
    assertEquals(await contentsOf(folder), before);
  }, script);
});

Deno.test("setupCuda() names the way out where the install script fails", async () => {
  const script = `void Promise.reject(new Error("no way to the feed"));`;
  await withPackage(async ({ folder }) => {
    const before = await contentsOf(folder);
    const error = await assertRejects(() => setupCuda({ folder }), Error);
    assertMatch(error.message, /no way to the feed; .*--from-wheel/);
    assertEquals(await contentsOf(folder), before);
  }, script);
});
