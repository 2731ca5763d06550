import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { dirname, join } from "node:path";
import { assertRefused, contentsOf, task, withTempDir } from "../tasks/_run.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { chosen, mutate, outdated, parseMutants } from "./mutants.ts";

Deno.test("parseMutants() reads a line each, with tabs between", () => {
  const list = "# a comment\n\n" +
    "a.ts\tx > 0\tx >= 0\ta_test.ts b_test.ts\n" +
    "a.ts\tx\\ny\t\ta_test.ts\tsmall numbers\n";
  assertEquals(parseMutants(list, "a.tsv"), [
    {
      from: "a.tsv:3",
      file: "a.ts",
      text: "x > 0",
      replacement: "x >= 0",
      tests: ["a_test.ts", "b_test.ts"],
    },
    {
      from: "a.tsv:4",
      file: "a.ts",
      text: "x\ny",
      replacement: "",
      tests: ["a_test.ts"],
      filter: "small numbers",
    },
  ]);
});

Deno.test("parseMutants() names a line that is no mutation", () => {
  for (
    const line of [
      "a.ts\tx\ty",
      "a.ts\t\ty\ta_test.ts",
      "a.ts\tx\tx\ta_test.ts",
      "a.ts x y a_test.ts",
      "a.ts\tx\ty\ta_test.ts\tfilter\tmore",
    ]
  ) {
    assertThrows(
      () => parseMutants(`# list\n${line}`, "a.tsv"),
      SyntaxError,
      "a.tsv:2: wanted file, text, another text, tests",
    );
  }
});

Deno.test("chosen() takes those that a text is part of, and never none", () => {
  const all = parseMutants(
    "a.ts\tx\ty\ta_test.ts\nb.ts\tx\ty\tc/b_test.ts",
    "one.tsv",
  );
  const of = (only: string) => chosen(all, only).map(({ file }) => file);
  assertEquals(of(""), ["a.ts", "b.ts"]);
  assertEquals(of("one"), ["a.ts", "b.ts"]);
  assertEquals(of("one.tsv:2"), ["b.ts"]);
  assertEquals(of("c/b_"), ["b.ts"]);
  for (const [none, given] of [[all, "abacus"], [[], ""]] as const) {
    assertThrows(
      () => chosen(none, given),
      UsageError,
      `got "${given}", which is in none of ${none.length} mutations`,
    );
  }
});

Deno.test("deno task mutate --only of nothing is refused", async () => {
  const output = await task("mutate", "--only", "tests/abacus");
  const line = assertRefused(output, 2);
  assertStringIncludes(line, "--only must be part of a list's name");
  assertStringIncludes(line, '"tests/abacus"');
  assertStringIncludes(line, "base.tsv, config.tsv");
});

const PROJECT = {
  "deno.json": '{ "nodeModulesDir": "auto" }',
  "a.ts": "export const next = (x: number) => x + 1;\n" +
    "export const half = (x: number) => x / 2;\n" +
    "export function count(to: number) {\n" +
    "  let i = 0;\n  while (i < to) i++;\n  return i;\n}\n",
  "tests/a_test.ts": 'import { count, next } from "../a.ts";\n' +
    "const same = (x: number, y: number) => {\n" +
    '  if (x !== y) throw new Error("not the same");\n};\n' +
    'Deno.test("next", () => same(next(1), 2));\n' +
    'Deno.test("count", () => same(count(3), 3));\n',
  "tests/bad_test.ts": 'Deno.test("bad", () => { throw new Error("bad") });\n',
};

async function withProject(work: (root: string) => Promise<void>) {
  await withTempDir(async (root) => {
    for (const folder of ["tests", "node_modules"]) {
      await Deno.mkdir(join(root, folder));
    }
    for (const [name, text] of Object.entries(PROJECT)) {
      await Deno.writeTextFile(join(root, name), text);
    }
    const git = new Deno.Command("git", { cwd: root, args: ["init", "-q"] });
    await git.output();
    await work(root);
  });
}

Deno.test("outdated() names texts that are not there once, and tests that are gone", () =>
  withProject(async (root) => {
    const list = [
      "a.ts\tx + 1\tx + 2\ta_test.ts bad_test.ts",
      "a.ts\tx * 2\tx / 3\ta_test.ts",
      "a.ts\tnumber\tstring\ta_test.ts",
      "b.ts\tx\ty\tb_test.ts a_test.ts c/a_test.ts",
    ];
    assertEquals(await outdated(root, parseMutants(list.join("\n"), "list")), [
      "list:2: its text is in a.ts 0 times, wanted once",
      "list:3: its text is in a.ts 3 times, wanted once",
      "list:4: its text is in b.ts 0 times, wanted once",
      "list:4: there is no tests/b_test.ts",
      "list:4: there is no tests/c/a_test.ts",
    ]);
  }));

Deno.test("the lists fit the project as it is", async () => {
  const here = import.meta.dirname!;
  const names = [...Deno.readDirSync(here)].map(({ name }) => name)
    .filter((name) => name.endsWith(".tsv"));
  const lists = names.map((name) =>
    parseMutants(Deno.readTextFileSync(join(here, name)), name)
  );
  assert(lists.every(({ length }) => length > 0) && lists.flat().length >= 600);
  assertEquals(await outdated(dirname(dirname(here)), lists.flat()), []);
});

Deno.test("mutate() says which mistakes no test notices, and leaves the project alone", () =>
  withProject(async (root) => {
    const before = await contentsOf(root);
    const list = [
      "a.ts\tx + 1\tx + 2\ta_test.ts",
      "a.ts\tx + 1\tx + 2\ta_test.ts\tcount",
      "a.ts\tx / 2\tx / 3\ta_test.ts",
      "a.ts\tx * 2\tx / 3\ta_test.ts",
      "a.ts\tnumber\tstring\ta_test.ts",
      "b.ts\tx\ty\ta_test.ts",
      "a.ts\tx + 1\tx + \ta_test.ts",
      "a.ts\tx + 1\tx + 2\tbad_test.ts",
      "a.ts\tx + 1\tx + 2\ta_test.ts\tnone of them",
    ];
    const heard: string[] = [];
    const outcomes = await mutate(
      root,
      parseMutants(list.join("\n"), "list"),
      { jobs: 2, onOutcome: ({ mutant }) => heard.push(mutant.from) },
    );
    assertEquals(outcomes.map(({ mutant }) => mutant.from), heard);
    assertEquals(
      Object.fromEntries(outcomes.map((o) => [o.mutant.from, [o.fate, o.why]])),
      {
        "list:1": ["killed", 'a_test.ts, "next" fails'],
        "list:2": ["survived", "all pass"],
        "list:3": ["survived", "all pass"],
        "list:4": ["broken", "its text is in a.ts 0 times, wanted once"],
        "list:5": ["broken", "its text is in a.ts 3 times, wanted once"],
        "list:6": ["broken", "its text is in b.ts 0 times, wanted once"],
        "list:7": ["broken", "a.ts cannot be parsed with it"],
        "list:8": ["broken", 'without it bad_test.ts, "bad" fails'],
        "list:9": ["broken", "without it no test runs"],
      },
    );
    assertEquals(await contentsOf(root), before);
  }));

Deno.test("mutate() ends tests that never end", () =>
  withProject(async (root) => {
    const list = "a.ts\ti < to\ti < to + 1 / 0\ta_test.ts\tcount";
    const [outcome] = await mutate(root, parseMutants(list, "list"), {
      seconds: 1,
    });
    assertEquals([outcome!.fate, outcome!.why], [
      "killed",
      "the tests never end",
    ]);
  }));

Deno.test("mutate() refuses what is no git checkout", () =>
  withTempDir(async (root) => {
    const list = parseMutants("a.ts\tx\ty\ta_test.ts", "list");
    // Where the temporary folder lies in a checkout, this one is a part of it.
    await Deno.writeTextFile(join(root, ".git"), "gitdir: nowhere");
    await assertRejects(() => mutate(root, list), Error, "a git checkout");
  }));
