/** Names, tags and notes. */

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError } from "../../lib/base/files.ts";
import { findRun, runCalled, runsAround } from "../../lib/store/find.ts";
import { labelsOf, writeLabels } from "../../lib/store/labels.ts";
import { nameRun, noteRun, tagRun } from "../../lib/store/labelling.ts";
import { listRuns } from "../../lib/store/list.ts";
import { removeRun } from "../../lib/runs/new_folder.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { makeRun } from "./_runs.ts";

Deno.test("a name, tags and a note are written, changed and taken away", () =>
  withTempDir(async (runs) => {
    const run = makeRun(join(runs, "a"));
    const before = await contentsOf(run);
    await nameRun(run, "the reference");
    await tagRun(run, ["b", "a"]);
    await tagRun(run, ["a", "c"]);
    await noteRun(run, "of Figure 2\n\tseen twice");
    assertEquals(await labelsOf(run), {
      name: "the reference",
      tags: ["b", "a", "c"],
      note: "of Figure 2\n\tseen twice",
    });
    const { [join(run, "labels.json")]: labels, ...others } = await contentsOf(
      run,
    );
    assertEquals([others, labels === undefined], [before, false]);
    await tagRun(run, ["a", "x"], true);
    await nameRun(run, null);
    await noteRun(run, "");
    assertEquals(await labelsOf(run), {
      name: null,
      tags: ["b", "c"],
      note: null,
    });
    const tagged = await listRuns(runs, {
      tags: ["c", "b"],
      columns: ["tags"],
    });
    assertEquals(tagged, [{ tags: ["b", "c"] }]);
    assertEquals(await listRuns(runs, { tags: ["b", "a"] }), []);
    assertEquals(await listRuns(runs, { tags: ["' or 1"] }), []);
    // With the run they go.
    await removeRun(run);
    assertEquals([...Deno.readDirSync(run)], []);
  }));

const NAMES: readonly [name: string, why: string][] = [
  ["", "it is empty"],
  [" ", "it is empty"],
  [" a", "it begins or ends with a space"],
  ["a\n", "it begins or ends with a space"],
  ["a\nb", "it has control characters"],
  ["a\x1b[2Jb", "it has control characters"],
  ["a\u202eb", "it has control characters"],
  ["a/b", "it is a path"],
  ["a\\b", "it is a path"],
  ["-a", "it begins with -"],
  [".", "it begins with ."],
  ["..", "it begins with ."],
  ["a".repeat(101), "it has 101 characters"],
];

Deno.test("what can be no name or tag is refused, and nothing is written", () =>
  withTempDir(async (runs) => {
    const run = makeRun(join(runs, "a"));
    const before = await contentsOf(runs);
    for (const [name, why] of NAMES) {
      await assertRejects(() => nameRun(run, name), UsageError, why);
      await assertRejects(() => tagRun(run, ["x", name]), UsageError, why);
    }
    await assertRejects(() => tagRun(run, ["a,b"]), UsageError, "a comma");
    await assertRejects(() => noteRun(run, "\x07"), UsageError, "control");
    await assertRejects(
      () => noteRun(run, "a".repeat(10_001)),
      UsageError,
      "it has 10001 characters",
    );
    assertEquals(await contentsOf(runs), before);
    await nameRun(run, "a".repeat(100));
    await nameRun(run, "Grün – 2 %, ⊥");
  }));

Deno.test("a name is one run's in its folder, replicas and folders counted", () =>
  withTempDir(async (runs) => {
    const a = makeRun(join(runs, "a"));
    const b = makeRun(join(runs, "b"));
    const replica = makeRun(join(runs, "band", "replica-0"));
    await nameRun(a, "first");
    await nameRun(a, "first"); // It is its own.
    await nameRun(a, "a"); // So is its folder's.
    await nameRun(a, "first");
    for (const name of ["first", "a", "replica-0"]) {
      await assertRejects(
        () => nameRun(b, name),
        UsageError,
        `Cannot name a run "${name}": the run `,
      );
    }
    await assertRejects(
      () => nameRun(replica, "b"),
      UsageError,
      "is called so",
    );
    await nameRun(replica, "second");
    await assertRejects(() => nameRun(b, "second"), UsageError, replica);
  }));

Deno.test("only runs are labelled", () =>
  withTempDir(async (dir) => {
    makeRun(join(dir, "band", "replica-0"));
    Deno.mkdirSync(join(dir, "none"));
    const cases = [["none", "it is no run"], ["band", "it holds 1 runs"], [
      "gone",
      "it is no run",
    ]] as const;
    for (const [name, why] of cases) {
      await assertRejects(
        () => writeLabels(join(dir, name), { tags: ["x"] }),
        UsageError,
        why,
      );
    }
    const run = makeRun(join(dir, "run"));
    const elsewhere = join(dir, "elsewhere.json");
    Deno.writeTextFileSync(elsewhere, "{}");
    Deno.symlinkSync(elsewhere, join(run, "labels.json"));
    await assertRejects(() => nameRun(run, "x"), FileError, "a symbolic link");
    assertEquals(Deno.readTextFileSync(elsewhere), "{}");
  }));

Deno.test("a run is found by its path, its name, its folder, or the beginning of either", () =>
  withTempDir(async (runs) => {
    const a = makeRun(join(runs, "2026-a"));
    const b = makeRun(join(runs, "2026-b"));
    const replica = makeRun(join(runs, "band", "replica-0"));
    await nameRun(a, "base");
    await nameRun(b, "baseline");
    const cases: readonly [named: string, run: string][] = [
      [a, a],
      ["base", a], // A whole name comes before the beginning of another.
      ["basel", b],
      ["2026-b", b],
      ["2026-b/", b],
      ["band", replica],
      ["band/replica-0", replica],
    ];
    for (const [named, run] of cases) {
      assertEquals(await findRun(named, runs), run, named);
    }
    const refused: readonly [named: string, why: string][] = [
      ["2026", 'Cannot tell which run "2026" is: base'],
      ["bas", "begin so; write more of it"],
      ["bse", "(did you mean base?)"],
      ["bse", "there is no such folder, and none of the 3"],
      [runs, "this folder is none, and none of the 3"],
      ["", "none of the 3 runs in"],
      [join(runs, "band"), "it holds 1 of them"],
    ];
    for (const [named, why] of refused) {
      await assertRejects(() => findRun(named, runs), UsageError, why);
    }
    assertEquals(await runCalled("base", runs), a);
    assertEquals(await runCalled("2026-b", runs), b);
    assertEquals(await runCalled("basel", runs), undefined);
    assertEquals(await runCalled("base", join(runs, "none")), undefined);
  }));

Deno.test("runsAround() is the folder that runs lie in", () => {
  const cases = [
    ["runs/a", "runs"],
    ["runs/band/replica-3", "runs"],
    ["runs/replica-3/replica-1", "runs/replica-3"],
    ["a", "."],
  ] as const;
  for (const [run, folder] of cases) assertEquals(runsAround(run), folder, run);
});
