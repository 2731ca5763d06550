import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { FileError, replaceFiles } from "../../lib/base/files.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";

const NAMES = ["a", "b", "c"];

/** Gives work a folder with old files a and c, and one for new ones. */
function withFiles(
  work: (from: string, to: string) => Promise<void>,
): Promise<void> {
  return withTempDir(async (dir) => {
    const [from, to] = [join(dir, "from"), join(dir, "to")];
    for (const folder of [from, to]) await Deno.mkdir(folder);
    for (const name of ["a", "c"]) {
      await Deno.writeTextFile(join(to, name), `old ${name}`);
    }
    await work(from, to);
  });
}

Deno.test("replaceFiles() puts new files in place of old ones", () =>
  withFiles(async (from, to) => {
    for (const name of NAMES) {
      await Deno.writeTextFile(join(from, name), `new ${name}`);
    }
    await replaceFiles(NAMES, from, to);
    const texts = NAMES.map((name) => Deno.readTextFileSync(join(to, name)));
    assertEquals(texts, ["new a", "new b", "new c"]);
  }));

Deno.test("replaceFiles() leaves the old files where one cannot be moved", () =>
  withFiles(async (from, to) => {
    const before = await contentsOf(to);
    for (const name of ["a", "b"]) {
      await Deno.writeTextFile(join(from, name), `new ${name}`);
    }
    await assertRejects(
      () => replaceFiles(NAMES, from, to),
      FileError,
      `Cannot move a, b, c into ${to}: `,
    );
    assertEquals(await contentsOf(to), before);
  }));
