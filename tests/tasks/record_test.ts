/** `deno task record`, as a user types it, with a recipe of a moment. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { sha256 } from "../../lib/base/sums.ts";
import {
  assertRefused,
  contentsOf,
  type Output,
  outputOf,
  startProgram,
  withTempDir,
} from "./_run.ts";

const record = (...args: readonly string[]): Promise<Output> =>
  outputOf(startProgram("record", args));

const RECIPE = {
  name: "mine",
  title: "Mine",
  who: "me",
  settings: { hidden: [4], steps: 12 },
};

// The folder's recipe, and the words that run it: of a task that takes a moment.
async function recipeIn(
  dir: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<readonly string[]> {
  const file = join(dir, "mine.json");
  await Deno.writeTextFile(file, JSON.stringify({ ...RECIPE, ...fields }));
  return [
    ...[file, "--out", join(dir, "runs"), "--modulus", "7"],
    ...["--seeds", "3", "--jobs", "1", "--no-timing"],
  ];
}

Deno.test("record run trains the seeds of a recipe once, and says when they grokked", () =>
  withTempDir(async (dir) => {
    const words = await recipeIn(dir);
    const first = await record("run", ...words);
    assertEquals(first.code, 0, first.stderr);
    assertMatch(
      first.stdout,
      new RegExp(
        "^mine: Mine, me\n" +
          "  99 % held from step never in the median of 3 seeds " +
          "\\(95 %: never to never\\)\n" +
          "  0 of 3 grokked \\(95 %: 0 % to 56 %\\)\n" +
          "  memorised at step never\n  tracks: any\n" +
          `  runs: ${join(dir, "runs")}\n$`,
      ),
    );
    const again = await record("run", ...words, "--json");
    assertEquals(again.code, 0, again.stderr);
    const { outcomes, missing, standing, timing, made } = JSON.parse(
      again.stdout,
    );
    assertEquals(outcomes.length, 3);
    assertEquals([missing, timing, standing.seeds], [[], null, 3]);
    assertEquals(made.length, 1);
    assertMatch(again.stderr, /^3 runs, 3 of them there; 0 at a time\n$|^$/);
  }));

Deno.test("record check ends with 0 where what the recipe states holds, else with 1", () =>
  withTempDir(async (dir) => {
    const never = await record(
      "check",
      ...await recipeIn(dir, { states: { median: null } }),
    );
    assertEquals(never.code, 0, never.stderr);
    assertStringIncludes(never.stdout, "\n  states never: holds\n");
    const three = await record(
      "check",
      ...await recipeIn(dir, { states: { median: 3 } }),
    );
    assertEquals(three.code, 1, three.stderr);
    assertStringIncludes(
      three.stdout,
      "\n  but: the median's interval begins at never, behind 3\n" +
        "  states 3: does not hold\n",
    );
    const line = assertRefused(
      await record("check", ...await recipeIn(dir)),
      2,
    );
    assertMatch(line, /it states nothing; give it "states"/);
  }));

Deno.test("a recipe that breaks a rule is refused before anything is written", () =>
  withTempDir(async (dir) => {
    const wrong = [
      [{ nam: "x" }, /unknown key nam \(did you mean name\?\)/],
      [{ settings: { steps: 3 } }, /settings\.steps must be 9 or more, got 3/],
      [
        { tracks: ["unregularised"] },
        /in the track unregularised \(no regularisation at all\) perpGrad must/,
      ],
    ] as const;
    for (const [fields, says] of wrong) {
      const words = await recipeIn(dir, fields);
      assertMatch(assertRefused(await record("run", ...words), 2), says);
    }
    assertEquals(Object.keys(await contentsOf(dir)), [join(dir, "mine.json")]);
    const lost = await record("run", join(dir, "none.json"));
    assertMatch(assertRefused(lost, 1), /Cannot read .*none\.json/);
    assertMatch(
      assertRefused(
        await record("run", join(dir, "mine.json"), "--jobs", "0"),
        2,
      ),
      /--jobs must be an integer in 1\.\.1024, got 0/,
    );
    assertMatch(
      assertRefused(await record("chekc"), 2),
      /Cannot record chekc \(did you mean check\?\)/,
    );
    const elsewhere = await record("publish", join(dir, "mine.json"));
    assertRefused(elsewhere, 2);
  }));

Deno.test("record run that is stopped says how it goes on", () =>
  withTempDir(async (dir) => {
    const settings = { hidden: [4], steps: 2_000_000, evalEvery: 1000 };
    const words = await recipeIn(dir, { settings });
    const { code, stdout, stderr } = await record(
      ...["run", ...words, "--limit", "1s"],
    );
    assertEquals(code, 130, stderr);
    assertEquals(stdout, "mine: Mine, me\n  not there yet: 3 of 3 seeds\n");
    assertStringIncludes(
      stderr,
      `\nstopped; go on with: deno task record run ${words[0]} --seeds 3 ` +
        `--jobs 1 --out ${join(dir, "runs")} --no-timing\n`,
    );
  }));

Deno.test("a recipe's own module is used, and named by its bytes", () =>
  withTempDir(async (dir) => {
    const text =
      'import { defineExtension, losses } from "@groklab/groklab";\n' +
      "const mine = { ...losses.softmax };\n" +
      "export default defineExtension({ losses: { mine } });\n";
    await Deno.writeTextFile(join(dir, "mine.ts"), text);
    const words = await recipeIn(dir, {
      settings: { ...RECIPE.settings, loss: "mine" },
      use: { module: "./mine.ts", sha256: sha256(text) },
    });
    const { code, stderr, stdout } = await record("run", ...words);
    assertEquals(code, 0, stderr);
    assert(stdout.includes("0 of 3 grokked"));
  }));

Deno.test("record time says what a step takes, and keeps it with the runs", () =>
  withTempDir(async (dir) => {
    const words = (await recipeIn(dir)).slice(0, 5);
    const { code, stdout, stderr } = await record("time", ...words, "--json");
    assertEquals(code, 0, stderr);
    const { one, two } = JSON.parse(stdout);
    assert(one > 0 && two > 0);
    const kept = JSON.parse(
      await Deno.readTextFile(join(dir, "runs", "timing.json")),
    );
    assertEquals(kept, JSON.parse(stdout));
    const run = await record("run", ...words, "--seeds", "1");
    assertMatch(run.stdout, / ms a step on one core, \S+ ms on two \(load/);
  }));

Deno.test("record list names the tracks and their entries", async () => {
  const { code, stdout } = await record("list");
  assertEquals(code, 0);
  assertMatch(stdout, /^Any recipe\n/);
  assertMatch(stdout, /\nNo regularisation at all\n/);
  const { tracks, entries } = JSON.parse(
    (await record("list", "--json")).stdout,
  );
  assertEquals(
    Object.keys(tracks),
    ["any", "delay", "unregularised", "transformer"],
  );
  assert(entries.length > 0);
});
