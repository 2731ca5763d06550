/** From a recipe to the page, over the runs of a moment. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { entryOf } from "../../lib/records/entry.ts";
import { publishEntry, publishPage } from "../../lib/records/publish.ts";
import { readRecipe } from "../../lib/records/recipe.ts";
import { likeness, readResult } from "../../lib/records/result.ts";
import { foundIn, planSeeds } from "../../lib/records/seeds.ts";
import { readPlan } from "../../lib/sweeps/files.ts";
import { runSweep } from "../../lib/sweeps/running/run.ts";
import { withTempDir } from "../tasks/_run.ts";
import { contents } from "./_recipes.ts";

const SETTINGS = { hidden: [4], steps: 12 };
const TIMING = { one: 2, two: 1, at: "2026-01-01T00:00:00.000Z", load: null };

Deno.test("runs of a recipe are a sweep, and are published with the page", () =>
  withTempDir(async (dir) => {
    const published = join(dir, "docs", "records");
    const folder = join(published, "mine");
    await Deno.mkdir(folder, { recursive: true });
    const path = join(folder, "recipe.json");
    const write = (settings: unknown) =>
      Deno.writeTextFile(path, JSON.stringify(contents({ settings })));
    await write(SETTINGS);
    const entry = entryOf(await readRecipe(path), path, 7);
    const runs = join(dir, "runs");
    const publish = (from = path, timing?: typeof TIMING) =>
      publishEntry(entry, from, runs, timing, published);
    await planSeeds(entry, runs, 2);
    await assertRejects(publish, UsageError, "has no run of it that has ended");
    await runSweep(runs, { jobs: 1 });
    // Planned again, nothing is new; a third seed waits.
    await planSeeds(entry, runs, 3);
    assertEquals((await readPlan(runs)).length, 3);
    const found = await foundIn(entry, runs, 3);
    assertEquals(found.outcomes, [
      { seed: 0, memorised: null, grokked: null },
      { seed: 1, memorised: null, grokked: null },
    ]);
    assertEquals([found.diverged, found.missing], [[], [2]]);
    assertEquals(found.made.length, 1);

    await publish(path, TIMING);
    assertEquals(await publishPage(published), join(dir, "docs", "records.md"));
    const page = await Deno.readTextFile(join(dir, "docs", "records.md"));
    assert(page.includes("**never** (never to never) | 0 of 2"), page);
    const result = (await readResult(folder))!;
    assertEquals(result.config, entry.config);
    assertEquals(likeness(entry.config, found.outcomes, result), {
      of: 2,
      same: 2,
    });
    const [first] = found.outcomes;
    assertEquals(
      likeness(entry.config, [{ ...first!, grokked: 9 }], result),
      { of: 1, same: 0 },
    );
    // Published again without being timed, it keeps what was timed.
    await publish();
    assertEquals((await readResult(folder))!.timing, TIMING);
    // Fewer seeds do not take the place of more.
    await Deno.remove(join(runs, "ended"), { recursive: true });
    await Deno.mkdir(join(runs, "ended"));
    await planSeeds(entry, join(dir, "other"), 1);
    await runSweep(join(dir, "other"), { jobs: 1 });
    await assertRejects(
      () => publishEntry(entry, path, join(dir, "other"), undefined, published),
      UsageError,
      "has 1 seeds that have ended, and 2 are published",
    );
    await assertRejects(
      () => publish(join(dir, "recipe.json")),
      UsageError,
      `it must be ${path}`,
    );
    // Runs of other settings are not gone on with.
    await write({ ...SETTINGS, lr: 0.02 });
    const changed = entryOf(await readRecipe(path), path, 7);
    await assertRejects(
      () => planSeeds(changed, runs, 3),
      UsageError,
      "it holds runs of other settings",
    );
    assertEquals(
      likeness(changed.config, found.outcomes, result),
      undefined,
    );
  }));

Deno.test("a page of nothing is refused", () =>
  withTempDir(async (dir) => {
    await assertRejects(
      () => publishPage(join(dir, "records")),
      UsageError,
      "holds no recipe",
    );
  }));
