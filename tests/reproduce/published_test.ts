/** Published records are held to their sums, and one that is torn hides no other. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listFigures } from "../../lib/reproduce/list.ts";
import { readPublished } from "../../lib/reproduce/published.ts";
import { publish } from "../../lib/reproduce/publish.ts";
import { reproduce } from "../../lib/reproduce/reproduce.ts";
import { contentsOf } from "../tasks/_run.ts";
import { figures } from "./_tiny.ts";
import {
  ALL,
  edit,
  publishedFiles,
  RECORDS,
  withPublished,
} from "./_published.ts";

Deno.test("publish() writes sums of every file, as sha256sum -c reads them", () =>
  withPublished(async ({ published }) => {
    const text = await Deno.readTextFile(join(published, "SHA256SUMS"));
    const files = Object.entries(await contentsOf(published))
      .filter(([path, bytes]) => bytes && !path.endsWith("SHA256SUMS"));
    assertEquals(
      text,
      files.map(([path, bytes]) =>
        createHash("sha256").update(bytes!).digest("hex") + "  " +
        path.slice(published.length + 1).replaceAll("\\", "/") + "\n"
      ).sort((a, b) => a.slice(66) < b.slice(66) ? -1 : 1).join(""),
    );
    assertEquals(files.length, ALL.length + 3);
  }));

Deno.test("the sums that are published are those of the files", async () => {
  const docs = fileURLToPath(
    new URL("../../docs/reproduction/", import.meta.url),
  );
  const text = await Deno.readTextFile(join(docs, "SHA256SUMS"));
  for (const line of text.trimEnd().split(/\r?\n/)) {
    const [sum, name] = line.split("  ") as [string, string];
    const file = await Deno.readTextFile(join(docs, name));
    const found = createHash("sha256").update(file.replaceAll("\r\n", "\n"))
      .digest("hex");
    assertEquals(found, sum, name);
  }
});

// What is done to a file → what is said of it.
const DAMAGE: readonly [
  what: string,
  work: (path: string) => Promise<void>,
  says: RegExp,
][] = [
  [
    "torn",
    (path) => edit(path, (text) => text.slice(0, text.length / 2)),
    /^\S+stablemax-seed0\.json is not as it was published: its SHA-256 is /,
  ],
  [
    "edited",
    (path) => edit(path, (text) => text.replace(/"seed": 0/, '"seed": 5')),
    /^\S+stablemax-seed0\.json is not as it was published: /,
  ],
  [
    "edited in one digit",
    (path) =>
      edit(path, (text) => text.replace(/(\d)(\d*\]\n {2}\})/, "9$1$2")),
    /^\S+stablemax-seed0\.json is not as it was published: /,
  ],
  [
    "gone",
    (path) => Deno.remove(path),
    /^\S+stablemax-seed0\.json is gone, but stands in SHA256SUMS/,
  ],
  [
    "empty",
    (path) => Deno.writeTextFile(path, ""),
    /^\S+stablemax-seed0\.json is not as it was published: /,
  ],
];

for (const [what, work, says] of DAMAGE) {
  Deno.test(`a published record that is ${what} is named and left out`, () =>
    withPublished(async (places) => {
      const path = join(places.published, RECORDS, "stablemax-seed0.json");
      await work(path);
      const problems: string[] = [];
      const records = await readPublished(
        places,
        "tiny",
        "quick",
        (problem) => problems.push(problem),
      );
      assertEquals(
        [...records.keys()],
        ALL.filter((name) => name !== "stablemax-seed0"),
      );
      assertEquals(problems.length, 1);
      assertMatch(problems[0]!, says);
      // The list goes on.
      const said: string[] = [];
      const listed = await listFigures(
        places,
        figures,
        (one) => said.push(one),
      );
      assertEquals(listed.map(({ name }) => name), ["tiny"]);
      assertEquals(said, problems);
      // Nobody vouches for it, and nothing is written.
      const before = await contentsOf(places.published);
      const error = await assertRejects(
        () => publish(["tiny"], { figures, places }),
        Error,
        `Cannot publish: ${problems[0]}; put it back with git checkout`,
      );
      assertEquals(error.name, "FileError");
      assertEquals(await contentsOf(places.published), before);
    }));
}

Deno.test("reproduce() trains what is published no longer, and says so", () =>
  withPublished(async (places) => {
    const path = join(places.published, RECORDS, "softmax-seed1.json");
    await edit(path, (text) => text.replace('"seed": 1', '"seed": 7'));
    const [warnings, trained]: [string[], string[]] = [[], []];
    const { outcomes } = await reproduce(["tiny"], {
      figures,
      places,
      scale: "quick",
      seeds: 2,
      published: true,
      onRun: ({ name }) => trained.push(name),
      onWarning: (text) => warnings.push(text),
    });
    assertEquals(outcomes[0]!.runs, { finished: 4, of: 4 });
    assertEquals(trained, ["softmax-seed1"]);
    assertMatch(
      warnings[0]!,
      /softmax-seed1\.json is not as .*; it is left out$/,
    );
  }));

for (const name of ["tiny/table.md", "tiny/figure.svg"]) {
  Deno.test(`publish() does not vouch for a ${name} that was edited`, () =>
    withPublished(async (places) => {
      const path = join(places.published, name);
      await edit(path, (text) => text.replace("0", "1"));
      const before = await contentsOf(places.published);
      await assertRejects(
        () => publish(["tiny"], { figures, places }),
        Error,
        `Cannot publish: ${path} is not as it was published: its SHA-256 is`,
      );
      assertEquals(await contentsOf(places.published), before);
      // One more that nobody wrote.
      await Deno.writeFile(path, (await publishedFiles())[name]!);
      await publish(["tiny"], { figures, places });
      await Deno.writeTextFile(join(places.published, "more.json"), "{}");
      await assertRejects(
        () => publish(["tiny"], { figures, places }),
        Error,
        "more.json does not stand in SHA256SUMS",
      );
    }));
}

Deno.test("line ends of Windows are no change", () =>
  withPublished(async (places) => {
    for (
      const [path, bytes] of Object.entries(await contentsOf(places.published))
    ) {
      if (!bytes) continue;
      const text = new TextDecoder().decode(bytes);
      await Deno.writeTextFile(path, text.replaceAll("\n", "\r\n"));
    }
    const said: string[] = [];
    const onProblem = (problem: string) => said.push(problem);
    const [listed] = await listFigures(places, figures, onProblem);
    assertEquals(said, []);
    assertEquals(listed!.last?.runs, { finished: 4, of: 4 });
    const records = await readPublished(places, "tiny", "quick", onProblem);
    assertEquals([...records.keys()], ALL);
    await publish(["tiny"], { figures, places });
  }));
