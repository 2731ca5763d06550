/**
 * What is published is what the code makes of the published records.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publish } from "../../lib/reproduce/publish.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copy(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}

const published = await Deno.stat(join(docs, "reproduction"))
  .then(() => true, () => false);

Deno.test("docs/reproduction is what publish() makes of its records", {
  ignore: !published,
}, () =>
  withTempDir(async (folder) => {
    const places = {
      here: join(folder, "none"),
      published: join(folder, "reproduction"),
    };
    await copy(join(docs, "reproduction"), places.published);
    const before = await contentsOf(places.published);
    const outcomes = await publish(["all"], { places });
    assertEquals(
      Object.keys(await contentsOf(places.published)),
      Object.keys(before),
    );
    for (const [path, bytes] of Object.entries(before)) {
      if (!bytes) continue;
      const now = await Deno.readTextFile(path);
      // Of a figure that changed; publish it again, or run it again.
      assert(
        now === new TextDecoder().decode(bytes),
        `${path.slice(folder.length)} is another now`,
      );
    }
    const page = await Deno.readTextFile(join(docs, "reproduction.md"));
    assert(page === await Deno.readTextFile(join(folder, "reproduction.md")));
    // Every record still stands for a run of its figure.
    for (const { figure, scale, runs } of outcomes) {
      const records = join(places.published, figure, "records", scale);
      const files = runs.finished > 0 ? [...Deno.readDirSync(records)] : [];
      assertEquals(files.length, runs.finished, `${figure} ${scale}`);
    }
    assertEquals(
      outcomes.map(({ figure }) => figure).sort(),
      [...Deno.readDirSync(places.published)]
        .flatMap(({ name, isDirectory }) => isDirectory ? [name] : []).sort(),
    );
  }));
