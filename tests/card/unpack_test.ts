/** What bench/unpack_gpu.sh makes of pieces, and which it refuses. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withTempDir } from "../tasks/_run.ts";

const script = fileURLToPath(
  new URL("../../bench/unpack_gpu.sh", import.meta.url),
);

async function run(program: string, args: readonly string[], cwd: string) {
  const { code, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    stdin: "null",
  }).output();
  return { code, complained: new TextDecoder().decode(stderr) };
}

// A checkout with the script alone, and one piece with node_modules and programs.
async function pieceOf(folder: string, programs: readonly string[]) {
  const [checkout, pieces, packed] = ["checkout", "pieces", "packed"]
    .map((name) => join(folder, name)) as [string, string, string];
  await Deno.mkdir(join(checkout, "bench"), { recursive: true });
  await Deno.copyFile(script, join(checkout, "bench/unpack_gpu.sh"));
  await Deno.mkdir(join(packed, "node_modules"), { recursive: true });
  await Deno.writeTextFile(join(packed, "node_modules/package"), "a package");
  for (const name of programs) {
    await Deno.writeTextFile(join(packed, name), name, { mode: 0o755 });
  }
  await Deno.mkdir(pieces);
  const piece = join(pieces, "gpu-pack.00");
  const names = ["node_modules", ...programs];
  assertEquals((await run("tar", ["-czf", piece, ...names], packed)).code, 0);
  const sum = "sha256sum gpu-pack.* >SHA256SUMS";
  assertEquals((await run("sh", ["-c", sum], pieces)).code, 0);
  return { checkout, pieces };
}

const ignore = Deno.build.os !== "linux";

for (const name of ["deno", "deno-2.9.6"]) {
  Deno.test({
    name: `a pack of which Deno is called ${name} is put together`,
    ignore,
    fn: () =>
      withTempDir(async (folder) => {
        const { checkout, pieces } = await pieceOf(folder, [name]);
        const { code, complained } = await run(
          join(checkout, "bench/unpack_gpu.sh"),
          [pieces],
          checkout,
        );
        assertEquals(code, 0, complained);
        const deno = join(checkout, "gpu-pack/deno");
        assertEquals(await Deno.readTextFile(deno), name);
        assert((await Deno.stat(deno)).mode! & 0o100);
        assertEquals(
          await Deno.readTextFile(join(checkout, "node_modules/package")),
          "a package",
        );
      }),
  });
}

for (const programs of [[], ["deno", "node"]]) {
  Deno.test({
    name:
      `a pack with ${programs.length} programs is refused, and nothing left`,
    ignore,
    fn: () =>
      withTempDir(async (folder) => {
        const { checkout, pieces } = await pieceOf(folder, programs);
        const { code, complained } = await run(
          join(checkout, "bench/unpack_gpu.sh"),
          [pieces],
          checkout,
        );
        assertEquals(code, 1);
        assertStringIncludes(complained, "wanted node_modules and one program");
        const left = Array.from(Deno.readDirSync(checkout), ({ name }) => name);
        assertEquals(left, ["bench"]);
      }),
  });
}
