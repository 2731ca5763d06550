/** Published records are held to their sums, and one that is torn hides no other. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listFigures } from "../../lib/reproduce/list.ts";
import { readPublished } from "../../lib/reproduce/published.ts";
import { publish } from "../../lib/reproduce/publish.ts";
import { reproduce } from "../../lib/reproduce/reproduce.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { figures, placesIn } from "./_tiny.ts";

// What publishing the tiny figure's quick form makes, by path; it is trained once.
let made: Promise<Record<string, Uint8Array>> | undefined;

async function publishOnce(): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  await withTempDir(async (folder) => {
    const places = placesIn(folder);
    await reproduce(["tiny"], { figures, places, scale: "quick", seeds: 2 });
    await publish(["tiny"], { figures, places });
    const all = Object.entries(await contentsOf(places.published));
    for (const [path, bytes] of all) {
      if (bytes) files[path.slice(places.published.length + 1)] = bytes;
    }
  });
  return files;
}

/** Gives work a folder with what is published, and no run. */
function withPublished(
  work: (places: ReturnType<typeof placesIn>) => Promise<void>,
): Promise<void> {
  return withTempDir(async (folder) => {
    const places = placesIn(folder);
    const files = await (made ??= publishOnce());
    for (const [path, bytes] of Object.entries(files)) {
      const file = join(places.published, path);
      await Deno.mkdir(dirname(file), { recursive: true });
      await Deno.writeFile(file, bytes);
    }
    await work(places);
  });
}

const RECORDS = "tiny/records/quick";
const ALL = ["softmax-seed0", "softmax-seed1", "stablemax-seed0"]
  .concat("stablemax-seed1");

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

async function edit(path: string, change: (text: string) => string) {
  const before = await Deno.readTextFile(path);
  const after = change(before);
  assert(after !== before, "the test changes something");
  await Deno.writeTextFile(path, after);
}

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
      await Deno.writeFile(path, (await made)![name]!);
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

Deno.test("a verdict that is edited, or torn, is not listed", () =>
  withPublished(async (places) => {
    const path = join(places.published, "tiny/verdict.json");
    const whole = await Deno.readTextFile(path);
    const list = async () => {
      const said: string[] = [];
      const [one] = await listFigures(places, figures, (p) => said.push(p));
      return { last: one!.last, said };
    };
    assert((await list()).last !== null);
    await Deno.writeTextFile(
      path,
      whole.replace(/"verdict": "\w+"/, '"verdict": "holds" '),
    );
    const edited = await list();
    assertEquals(edited.last, null);
    assertMatch(
      edited.said.join("|"),
      /^\S+verdict\.json is not as it was [^|]*$/,
    );
    // Without sums nothing can be compared; what is torn is still named.
    await Deno.remove(join(places.published, "SHA256SUMS"));
    await Deno.writeTextFile(path, whole.slice(0, 300));
    const torn = await list();
    assertEquals(torn.last, null);
    assertMatch(
      torn.said.join("|"),
      /^Cannot read \S+verdict\.json: line \d+ is no JSON [^|]*$/,
    );
    await assertRejects(
      () => publish(["tiny"], { figures, places }),
      Error,
      "Cannot publish: Cannot read ",
    );
    await Deno.writeTextFile(path, '{ "scale": "full" }');
    assertMatch(
      (await list()).said.join("|"),
      /^Cannot read .* wanted what a fig/,
    );
    // Meant so: what was published is published anew, with new sums.
    await Deno.remove(path);
    const [outcome] = await publish(["tiny"], { figures, places });
    assertEquals(outcome!.runs, { finished: 4, of: 4 });
    assertEquals((await list()).said, []);
  }));

Deno.test("without sums a record that is none is named by file and by what lacks", () =>
  withPublished(async (places) => {
    await Deno.remove(join(places.published, "SHA256SUMS"));
    const path = join(places.published, RECORDS, "softmax-seed0.json");
    const whole = JSON.parse(await Deno.readTextFile(path));
    const cases: [unknown, RegExp][] = [
      [
        [1],
        /softmax-seed0\.json: line 1 has a list; wanted a record of a run$/,
      ],
      [{ ...whole, arm: 3 }, /has the name of an arm$/],
      [{ ...whole, seed: "0" }, /has numbers as seed, steps and ms_per_step$/],
      [
        { ...whole, columns: { step: [1], train_accuracy: [] } },
        /of one length$/,
      ],
      [{ ...whole, columns: {} }, /of one length$/],
      [{ ...whole, measures: null }, /has measures$/],
    ];
    for (const [record, says] of cases) {
      await Deno.writeTextFile(path, JSON.stringify(record));
      const said: string[] = [];
      const records = await readPublished(
        places,
        "tiny",
        "quick",
        (problem) => said.push(problem),
      );
      assertEquals([...records.keys()], ALL.slice(1));
      assertMatch(said.join("|"), says);
    }
  }));

Deno.test("a run here that is torn is named, and the list goes on", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    await reproduce(["tiny"], { figures, places, scale: "quick", seeds: 1 });
    for (const file of ["verdict.json", "quick/softmax-seed0/manifest.json"]) {
      await edit(join(places.here, "tiny", file), (text) => text.slice(0, 200));
    }
    const said: string[] = [];
    const warn = console.warn;
    console.warn = (line: string) => said.push(line);
    try {
      const listed = await listFigures(places, figures, (p) => said.push(p));
      assertEquals(listed.map(({ name, last }) => ({ name, last })), [
        { name: "tiny", last: null },
      ]);
    } finally {
      console.warn = warn;
    }
    assert(said.some((one) => one.includes("softmax-seed0")), said.join("|"));
    assert(said.some((one) => one.includes("verdict.json")), said.join("|"));
  }));
