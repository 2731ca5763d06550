/**
 * What is carried to a machine with a card, and run there, without the card: the
 * pack is made, put together in another checkout, and run with no network and
 * nothing in Deno's cache.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withTempDir } from "../tasks/_run.ts";
import { standInsLack } from "./stand_ins.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs a program; its output, and how it ended. */
async function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; clearEnv?: boolean } =
    {},
) {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    ...options,
  }).output().catch((error) => {
    const bytes = new TextEncoder().encode(String(error));
    return { code: 127, stdout: new Uint8Array(), stderr: bytes };
  });
  const [said, complained] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  return { code, said: said!, complained: complained! };
}

const lacking = await standInsLack();
const networkless = await run("unshare", ["-rn", "true"]);
const packs = Deno.build.os === "linux" && Deno.build.arch === "x86_64" &&
  networkless.code === 0;
if (!packs) {
  console.log(
    "the pack for a GPU machine: skipped, no network can be taken away",
  );
} else if (lacking !== undefined) {
  console.log(`a dry run of bench/gpu.sh: skipped, ${lacking}`);
}

Deno.test({
  name: "the pack for a GPU machine trains with no network and an empty cache" +
    (lacking === undefined ? ", and bench/gpu.sh --dry-run runs in it" : ""),
  ignore: !packs,
  fn: () =>
    withTempDir(async (folder) => {
      const [pieces, there] = [join(folder, "pieces"), join(folder, "there")];
      const packed = await run(join(root, "bench/pack_gpu.sh"), [pieces], {
        env: {
          DENO: Deno.execPath(),
          LEVEL: "1",
          ...(lacking !== undefined && { WITHOUT_PROVIDER: "1" }),
        },
      });
      assertEquals(packed.code, 0, packed.complained);
      for (const { name } of Deno.readDirSync(pieces)) {
        const { size } = Deno.statSync(join(pieces, name));
        assert(size <= 60 * 2 ** 20, `${name} has ${size} bytes`);
      }
      await copyCheckout(there);

      const unpack = () => run(join(there, "bench/unpack_gpu.sh"), [pieces]);
      // A damaged piece leaves nothing behind.
      const torn = join(pieces, "gpu-pack.00");
      const first = await Deno.open(torn, { read: true, write: true });
      await first.seek(1000, Deno.SeekMode.Start);
      const byte = new Uint8Array(1);
      await first.read(byte);
      const put = async (value: number) => {
        await first.seek(1000, Deno.SeekMode.Start);
        await first.write(Uint8Array.of(value));
      };
      await put(byte[0]! ^ 1);
      const refused = await unpack();
      assertEquals(refused.code, 1);
      assertStringIncludes(refused.complained, "missing or damaged");
      await put(byte[0]!);
      first.close();
      const unpacked = await unpack();
      assertEquals(unpacked.code, 0, unpacked.complained);
      await Deno.remove(pieces, { recursive: true });

      const alone = (...args: string[]) =>
        run("unshare", ["-rn", ...args], {
          cwd: there,
          clearEnv: true,
          env: {
            PATH: "/usr/bin:/bin",
            DENO: join(there, "gpu-pack/deno"),
            DENO_DIR: join(folder, "cache"),
            NO_COLOR: "1",
          },
        });
      const trained = await alone(
        ...["gpu-pack/deno", "task", "train", "--device", "cpu", "--json"],
        ...["--modulus", "13", "--steps", "20", "--run", "trained"],
      );
      assertEquals(trained.code, 0, trained.complained);
      const { steps, checkpoint } = JSON.parse(trained.said);
      assertEquals(steps, 20);
      assert((await Deno.stat(join(there, checkpoint))).size > 0);
      if (lacking === undefined) await dryRun(alone);
    }),
});

/** The checkout's files as they are, but for what Git does not know. */
async function copyCheckout(there: string): Promise<void> {
  await Deno.mkdir(there);
  for (const { name } of Deno.readDirSync(root)) {
    const known = !name.startsWith(".") &&
      !["node_modules", "runs", "reproductions", "gpu-results", "gpu-pack"]
        .includes(name);
    if (!known) continue;
    const { code, complained } = await run("cp", [
      ...["-r", join(root, name)],
      there,
    ]);
    assertEquals(code, 0, complained);
  }
}

async function dryRun(
  alone: (...args: string[]) => ReturnType<typeof run>,
): Promise<void> {
  const args = ["--dry-run", "--python", "no-python"];
  const { code, said, complained } = await alone("bench/gpu.sh", ...args);
  assertEquals(code, 0, complained);
  const rows = said.split("\n").slice(2, -3);
  assertEquals(
    rows.map((row) => row.split(" | ").slice(0, 2).join(" ")),
    [
      "| doctor ok",
      "| agreement ok",
      "| default ok",
      "| replicas ok",
      "| steps ok",
      "| probe ok",
      "| webgpu ok",
    ],
  );
  // All but the last by CUDA.
  for (const row of rows.slice(0, -1)) {
    assertStringIncludes(row, " launches; would say: ");
  }
}
