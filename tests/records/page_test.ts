/** docs/records.md is what the code makes of the published recipes and results. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { entryOf } from "../../lib/records/entry.ts";
import { pageText } from "../../lib/records/page.ts";
import { recipeOf } from "../../lib/records/recipe.ts";
import type { Result } from "../../lib/records/result.ts";
import { readResult, resultText } from "../../lib/records/result.ts";
import { type Outcome, standingOf } from "../../lib/records/standing.ts";
import { isRun, listed, ranked } from "../../lib/records/table.ts";
import { FILES } from "../../lib/records/result.ts";
import { withTempDir } from "../tasks/_run.ts";
import { contents, entry, outcomes } from "./_recipes.ts";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));
const entries = await listed();

Deno.test("docs/records.md is made of the recipes and results in docs/records", async () => {
  assert(entries.length > 0);
  assert(
    await Deno.readTextFile(join(docs, "records.md")) === pageText(entries),
    "publish it again: deno task record publish",
  );
});

for (const { recipe, result } of entries) {
  Deno.test(`the published recipe ${recipe.name} may stand where it stands, and its result is of its settings`, async () => {
    const folder = join(docs, "records", recipe.name);
    // It lies in the folder of its name.
    await Deno.stat(join(folder, FILES.recipe));
    // A module of one's own is loaded by the command, not here.
    const { config } = recipe.use
      ? { config: result?.config }
      : entryOf(recipe, recipe.name);
    if (!result) return;
    assertEquals(result.config, config);
    const seeds = result.outcomes.map(({ seed }) => seed);
    assertEquals(seeds, [...new Set(seeds)].sort((a, b) => a - b));
    assertEquals(
      await Deno.readTextFile(join(folder, FILES.result)),
      resultText(result),
    );
    for (const made of result.made) {
      const { commit, changed } = made as Record<string, unknown>;
      assert(commit !== null && !changed, "of a commit that others have");
    }
  });
}

// An entry that was run.
function ran(
  name: string,
  found: readonly Outcome[],
  tracks: readonly string[] = [],
) {
  const result: Result = {
    config: entry({ perpGrad: false }).config,
    outcomes: found,
    diverged: [],
    made: [{ commit: "abc" }],
    timing: { one: 20, two: 10, at: "2026-01-01T00:00:00.000Z", load: 0 },
  };
  return {
    recipe: recipeOf(contents({ name, tracks }), "r.json"),
    result,
    standing: standingOf(found),
  };
}

Deno.test("entries are ranked by their medians, never last; a broken rule keeps one out of a track", () => {
  const never = ran("never", outcomes([1, null]), ["delay"]);
  const slow = ran("slow", outcomes([90, 100]), ["delay"]);
  const quick = ran("quick", outcomes([90, 99]));
  const alike = ran("alike", outcomes([10, 100]), ["delay"]);
  const wide = ran("also", outcomes([90, 100], [90, 100], [90, 300]), [
    "delay",
  ]);
  const waiting = { ...slow, result: undefined, standing: undefined };
  const all = [never, wide, slow, waiting, quick, alike];
  const names = (track: "any" | "delay") =>
    ranked(all, track).map(({ recipe }) => recipe.name);
  assertEquals(names("any"), ["quick", "alike", "slow", "also", "never"]);
  assertEquals(names("delay"), ["alike", "never"]);
  assertEquals(all.filter(isRun).length, 5);
});

Deno.test("the page says what an entry came to, in seconds too", () => {
  const page = pageText([
    ran("mine", outcomes([50, 200], [60, 210], [70, null])),
  ]);
  for (
    const text of [
      "| 1 | [Mine](#mine), me | **210** (200 to never) | 2 of 3 (21 % to 94 %) | " +
      "60 | 4.2 | 2.1 | float32, float32 |",
      "**3 of 64 seeds so far**",
      "A step takes 20 ms on one core, 10 ms on two (2026-01-01, load 0.0).",
      "Made with commit abc.",
      "deno task record run docs/records/mine/recipe.json",
    ]
  ) assert(page.includes(text), text);
});

Deno.test("the page's example is a recipe that may be entered", () => {
  const [, text] = /```json\n([^]*?)```/.exec(pageText([]))!;
  const { config, recipe } = entryOf(recipeOf(JSON.parse(text!), "r"), "r");
  assertEquals([config.lr, recipe.tracks], [0.02, ["unregularised"]]);
});

Deno.test("a result's file is read as it was written", () =>
  withTempDir(async (dir) => {
    const { result } = ran("mine", outcomes([50, 200], [null, null]));
    await Deno.writeTextFile(join(dir, FILES.result), resultText(result));
    assertEquals(await readResult(dir), result);
    assertEquals(await readResult(join(dir, "none")), undefined);
  }));
