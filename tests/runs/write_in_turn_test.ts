/** Files that are put in place one by one, and what is there where one cannot be. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { FileError } from "../../lib/base/files.ts";
import { writeInTurn } from "../../lib/runs/write_in_turn.ts";
import { withTempDir } from "../tasks/_run.ts";

const NAMES = ["a", "b", "c"];

Deno.test("writeInTurn() puts files in place one by one, in new folders and over what is there", () =>
  withTempDir(async (dir) => {
    const paths = [join(dir, "new", "a"), join(dir, "b"), join(dir, "c")];
    // What a kill left: a link is not written through.
    await Deno.writeTextFile(join(dir, "mine"), "mine");
    await Deno.symlink(join(dir, "mine"), `${paths[1]}.partial-${Deno.pid}`);
    await Deno.writeTextFile(paths[2]!, "old");
    const placed: string[] = [];
    let ready = false;
    await writeInTurn(
      paths.map((path, i) => [path, `${i}`]),
      Promise.resolve().then(() => void (ready = true)),
      (path) => {
        assert(ready);
        placed.push(path);
        const there = paths.filter((other) => {
          try {
            return Deno.readTextFileSync(other) !== "old";
          } catch {
            return false;
          }
        });
        assertEquals(there, placed);
      },
    );
    assertEquals(placed, paths);
    const texts = paths.map((path) => Deno.readTextFileSync(path));
    assertEquals(texts, ["0", "1", "2"]);
    assertEquals(Deno.readTextFileSync(join(dir, "mine")), "mine");
  }));

Deno.test("writeInTurn() leaves those in place that come before one that fails, no others", async (t) => {
  const found = (dir: string) =>
    [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
  // A folder where a file belongs: it cannot be moved there.
  await t.step("it cannot be put in place", () =>
    withTempDir(async (dir) => {
      await Deno.mkdir(join(dir, "b", "inside"), { recursive: true });
      await assertRejects(
        () => writeInTurn(NAMES.map((name) => [join(dir, name), name])),
        FileError,
        `Cannot write ${join(dir, "b")}: `,
      );
      assertEquals(found(dir), ["a", "b"]);
    }));
  // Its folder is a file: it cannot be written at all.
  await t.step("it cannot be written", () =>
    withTempDir(async (dir) => {
      const paths = ["a", join("a", "b"), "c"].map((name) => join(dir, name));
      await Deno.writeTextFile(paths[0]!, "old");
      await assertRejects(
        () => writeInTurn(paths.map((path) => [path, "new"])),
        FileError,
        `Cannot write ${paths[1]}: `,
      );
      assertEquals(found(dir), ["a"]);
      assertEquals(await Deno.readTextFile(paths[0]!), "new");
    }));
  await t.step(
    "what has to come before fails",
    () =>
      withTempDir(async (dir) => {
        await assertRejects(
          () =>
            writeInTurn(
              NAMES.map((name) => [join(dir, name), name]),
              Promise.reject(new FileError("no")),
            ),
          FileError,
          "no",
        );
        assertEquals(found(dir), []);
      }),
  );
});
