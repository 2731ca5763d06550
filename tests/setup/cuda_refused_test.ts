/** What setting CUDA up refuses, and that nothing of it is left. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import {
  CUDA_FILES,
  packageFolder,
  packageVersion,
} from "../../lib/onnx/runtime/cuda.ts";
import { setupCuda } from "../../lib/setup/cuda/cuda.ts";
import { CUDA_SUMS } from "../../lib/setup/cuda/sums.ts";
import { contentsOf } from "../tasks/_run.ts";
import { type FakeWheel, library, PROVIDER, sumsOf, wheel } from "./_fakes.ts";
import { CUDA, SHARED, sums, withPackage } from "./_package.ts";

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
        () => setupCuda({ folder, sums, fromWheel }),
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
        () => setupCuda({ folder, sums, fromWheel }),
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
      () => setupCuda({ folder, sums, fromWheel: none }),
      Error,
      none,
    );
    const python = join(dir, "no-python");
    const error = await assertRejects(
      () => setupCuda({ folder, sums, fromWheel: true, python }),
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
      () => setupCuda({ folder, sums, fromWheel: true, python }),
      Error,
      "no such version",
    );
    assertStringIncludes(error.message, "setup cuda --from-wheel FILE");
    assertEquals(await contentsOf(dir), before);
  });
});

Deno.test("setupCuda() takes no file whose sum the repository does not know", async () => {
  await withPackage(async ({ dir, folder, put }) => {
    // A whole wheel, its own lists in order, but with other files.
    for (const name of CUDA_FILES) {
      const files = { ...PROVIDER, [name]: library(["libother.so.1"]) };
      const fromWheel = await put(wheel({ files }));
      const before = await contentsOf(dir);
      const { message } = await assertRejects(
        () => setupCuda({ folder, sums, fromWheel }),
        Error,
      );
      assertMatch(
        message,
        new RegExp(`the ${name} that was fetched is none of`),
      );
      const sum = sumsOf(files)["1.2.3"]![name]![1]!;
      assertStringIncludes(message, sum);
      assertEquals(message.split("\n").length, 1);
      assertEquals(await contentsOf(dir), before);
    }
  });
});

Deno.test("setupCuda() sets up no version that the repository has no sums of", async () => {
  await withPackage(async ({ dir, folder }) => {
    const before = await contentsOf(dir);
    const python = join(dir, "is not even started");
    await assertRejects(
      () => setupCuda({ folder, python }),
      Error,
      "no SHA-256 sums of the provider for onnxruntime-node 1.2.3, only for 1.",
    );
    assertEquals(await contentsOf(dir), before);
  });
});

Deno.test("the repository has the sums of both files for the version it imports", async () => {
  const version = await packageVersion(packageFolder());
  const known = CUDA_SUMS[version]!;
  assertEquals(Object.keys(known).sort(), [...CUDA_FILES].sort());
  for (const list of Object.values(known)) {
    assert(list.length > 0);
    for (const sum of list) assertMatch(sum, /^[0-9a-f]{64}$/);
    assertEquals(new Set(list).size, list.length);
  }
});
