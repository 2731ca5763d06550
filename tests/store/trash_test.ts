/** Removing runs, and getting them back. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError } from "../../lib/base/files.ts";
import { lockRun } from "../../lib/runs/lock.ts";
import { runsIn } from "../../lib/runs/read.ts";
import { nameRun } from "../../lib/store/labelling.ts";
import { listRuns } from "../../lib/store/list.ts";
import {
  emptyTrash,
  restoreRun,
  restoreRuns,
  trashOf,
  trashRun,
} from "../../lib/store/trash.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { makeRun } from "./_runs.ts";

const folders = async (runs: string) =>
  (await listRuns(runs, { columns: ["folder"], sort: "folder" }))
    .map(({ folder }) => folder);

Deno.test("a run is removed, listed in the trash, and comes back as it was", () =>
  withTempDir(async (runs) => {
    const a = makeRun(join(runs, "a"));
    makeRun(join(runs, "b"));
    const before = await contentsOf(a);
    const { id, from, path } = await trashRun(a);
    assertMatch(id, /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/);
    assertEquals([from, path], ["a", join(runs, ".trash", id, "run")]);
    assertEquals(await folders(runs), ["b"]);
    assertEquals(await runsIn(runs), [join(runs, "b")]);
    assertEquals((await trashOf(runs)).map(({ from }) => from), ["a"]);
    assertEquals(await restoreRun("a", runs), a);
    assertEquals([await contentsOf(a), await trashOf(runs)], [before, []]);
    assertEquals(await folders(runs), ["a", "b"]);
  }));

Deno.test("of runs that lay at one place the one removed last comes back first", () =>
  withTempDir(async (runs) => {
    for (const seed of [1, 2]) {
      await trashRun(makeRun(join(runs, "a"), { seed }));
    }
    const [last, first] = await trashOf(runs);
    await restoreRun(join(runs, "a"), runs);
    assertEquals((await listRuns(runs))[0]!["seed"], 2);
    await assertRejects(
      () => restoreRun(first!.id, runs),
      UsageError,
      "something lies there",
    );
    await assertRejects(
      () => restoreRun(last!.id, runs),
      UsageError,
      "it is none of the 1 in",
    );
    assertEquals(await emptyTrash(runs), 1);
    assertEquals([...Deno.readDirSync(runs)].map(({ name }) => name), ["a"]);
  }));

Deno.test("runs come back all or none, one that is named twice once", () =>
  withTempDir(async (runs) => {
    const names = ["a", "b"];
    const paths = names.map((name) => join(runs, name));
    for (const path of [...paths, paths[0]!]) await trashRun(makeRun(path));
    const [last, b, first] = await trashOf(runs);
    const none = async (named: readonly string[], problem: string) => {
      await assertRejects(
        () => restoreRuns(named, runs),
        UsageError,
        problem,
      );
      assertEquals([await folders(runs), (await trashOf(runs)).length], [
        [],
        3,
      ]);
    };
    await none(["b", "c"], '"c": it is none of the 3');
    await none(["b", last!.id, first!.id], "two of the runs that are named");
    assertEquals(
      await restoreRuns(["a", "b", last!.id, paths[1]!, b!.id], runs),
      paths,
    );
    assertEquals(await folders(runs), names);
  }));

Deno.test("where the system refuses one run, those before it are in the trash again", () =>
  withTempDir(async (runs) => {
    const replica = join(runs, "band", "replica-0");
    await nameRun(makeRun(join(runs, "a")), "mine");
    for (const path of [join(runs, "a"), makeRun(replica)]) {
      await trashRun(path);
    }
    await Deno.writeTextFile(join(runs, "band"), "no folder");
    const before = await trashOf(runs);
    assertEquals(before.map(({ name }) => name), [null, "mine"]);
    await assertRejects(
      () => restoreRuns(["mine", join("band", "replica-0")], runs),
      FileError,
      `Cannot restore the run ${replica}: `,
    );
    assertEquals([await folders(runs), await trashOf(runs)], [[], before]);
    await Deno.remove(join(runs, "band"));
    await restoreRuns(["mine", join("band", "replica-0")], runs);
    assertEquals([...Deno.readDirSync(join(runs, ".trash"))], []);
  }));

Deno.test("replicas are removed one by one or as a folder", () =>
  withTempDir(async (runs) => {
    const band = join(runs, "band");
    for (const r of [0, 1]) makeRun(join(band, `replica-${r}`));
    const { from } = await trashRun(join(band, "replica-1"));
    assertEquals(from, join("band", "replica-1"));
    assertEquals(await folders(runs), [join("band", "replica-0")]);
    await trashRun(join(band, "replica-0"));
    assertEquals([...Deno.readDirSync(runs)].map(({ name }) => name), [
      ".trash",
    ]);
    await restoreRun(join("band", "replica-1"), runs);
    await trashRun(band);
    assertEquals(await folders(runs), []);
    assertEquals(await restoreRun("band", runs), band);
    assertEquals(await folders(runs), [join("band", "replica-1")]);
  }));

Deno.test("what is being trained, a link, or no run is not removed", () =>
  withTempDir(async (dir) => {
    const runs = join(dir, "runs");
    const run = makeRun(join(runs, "a"));
    const replica = makeRun(join(runs, "band", "replica-0"));
    const elsewhere = makeRun(join(dir, "elsewhere"));
    Deno.symlinkSync(elsewhere, join(runs, "link"));
    Deno.mkdirSync(join(runs, "none"));
    Deno.writeTextFileSync(join(runs, "file"), "");
    using _ = await lockRun(run);
    using __ = await lockRun(replica);
    const refused: readonly [name: string, why: string][] = [
      ["a", "it is being trained"],
      ["band", "it is being trained"],
      ["link", "it is a link"],
      ["link/", "it is a link"],
      ["none", "it is no run"],
      ["file", "it is a file"],
      ["gone", "there is no such folder"],
    ];
    const names = () =>
      [...Deno.readDirSync(runs)].map(({ name }) => name).sort();
    const before = [names(), await contentsOf(elsewhere)];
    for (const [name, why] of refused) {
      await assertRejects(
        () => trashRun(`${runs}/${name}`),
        UsageError,
        why,
      );
    }
    assertEquals([names(), await contentsOf(elsewhere)], before);
  }));

Deno.test("a trash that leads elsewhere is not used, and what is in one not followed", () =>
  withTempDir(async (dir) => {
    const runs = join(dir, "runs");
    const run = makeRun(join(runs, "a"));
    const elsewhere = join(dir, "elsewhere");
    Deno.mkdirSync(elsewhere);
    Deno.writeTextFileSync(join(elsewhere, "precious"), "x");
    Deno.symlinkSync(elsewhere, join(runs, ".trash"));
    for (
      const use of [
        () => trashRun(run),
        () => trashOf(runs),
        () => emptyTrash(runs),
      ]
    ) await assertRejects(use, FileError, "a symbolic link");
    Deno.removeSync(join(runs, ".trash"));
    Deno.symlinkSync(elsewhere, join(run, "link"));
    const { id } = await trashRun(run);
    const entry = join(runs, ".trash", id, "entry.json");
    const good = Deno.readTextFileSync(entry);
    for (const from of ["../elsewhere/a", "/a", "", 3]) {
      Deno.writeTextFileSync(entry, JSON.stringify({ from, removed: "x" }));
      await assertRejects(() => restoreRun(id, runs), SyntaxError, entry);
    }
    Deno.writeTextFileSync(entry, good);
    // What a kill leaves before the run is moved is none.
    Deno.mkdirSync(join(runs, ".trash", "2026-01-01T00-00-00"));
    assertEquals((await trashOf(runs)).map(({ id }) => id), [id]);
    assertEquals(await emptyTrash(runs), 1);
    assertEquals(Deno.readTextFileSync(join(elsewhere, "precious")), "x");
    assertEquals([...Deno.readDirSync(runs)], []);
  }));

Deno.test("a sweep's runs have their trash beside them, and are found by its folder", () =>
  withTempDir(async (sweep) => {
    Deno.writeTextFileSync(join(sweep, "sweep.json"), "{}");
    const run = makeRun(join(sweep, "runs", "0123456789abcdef"));
    const { id, path } = await trashRun(run);
    assertEquals(path, join(sweep, "runs", ".trash", id, "run"));
    assertEquals((await trashOf(sweep)).map(({ id }) => id), [id]);
    assertEquals(await restoreRun("0123456789abcdef", sweep), run);
    await trashRun(run);
    assertEquals(await emptyTrash(sweep), 1);
    assertEquals([...Deno.readDirSync(join(sweep, "runs"))], []);
  }));
