/**
 * Sweeps as tables: what is in a row, which columns there are, and what is not
 * there yet.
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { collectSweep } from "../../lib/sweeps/collecting/collect.ts";
import { readRecords } from "../../lib/sweeps/collecting/records.ts";
import { writeEnded } from "../../lib/sweeps/files.ts";
import {
  claimPath,
  endedPath,
  type PlannedRun,
  runPath,
  SWEEP,
} from "../../lib/sweeps/layout.ts";
import { withTempDir } from "../tasks/_run.ts";
import { endedOf } from "./_records.ts";
import { sweepOf, TINY } from "./_sweep.ts";

/** Six runs: two that are done, one of each other state but two that wait. */
async function mixed(folder: string): Promise<PlannedRun[]> {
  const runs = await sweepOf(
    folder,
    [0.001, 0.01, 0.1].flatMap((lr) =>
      [0, 1].map((seed) => ({ lr, hidden: lr < 0.1 ? [4] : [4, 4], seed }))
    ),
  );
  const [a, b, c, d, e] = runs.map(({ id }) => id);
  await writeEnded(
    folder,
    endedOf(a!, "done", { memorised: 10, grokked: 40, accuracy: 1 }),
  );
  await writeEnded(folder, endedOf(b!, "done", { memorised: 20 }));
  await writeEnded(folder, endedOf(c!, "diverged", { diverged: 7 }));
  await writeEnded(folder, endedOf(d!, "failed"));
  await Deno.mkdir(join(folder, SWEEP.claims));
  await Deno.writeTextFile(claimPath(folder, e!), "");
  return runs;
}

const rowsIn = async (path: string): Promise<Record<string, unknown>[]> =>
  (await Deno.readTextFile(path)).trimEnd().split("\n")
    .map((line) => JSON.parse(line));

Deno.test("collectSweep() has a row a run, those that are not there yet too", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    const runs = await mixed(folder);
    const path = join(dir, "table.jsonl");
    const { states, columns, rows, problems } = await collectSweep(
      folder,
      path,
    );
    assertEquals(
      [rows, states, problems],
      [6, { done: 2, diverged: 1, failed: 1, training: 1, waiting: 1 }, []],
    );
    assertEquals(columns, [
      ...["id", "state", "lr", "hidden", "seed"],
      ...["memorised_at", "grokked_at", "delay", "diverged_at", "step"],
      ...["seconds", "attempts", "ended", "reason"],
      ...["test_accuracy", "softmax_collapse"],
    ]);
    const found = await rowsIn(path);
    assertEquals(found.map(({ id }) => id), runs.map(({ id }) => id));
    assertEquals(found[0], {
      id: runs[0]!.id,
      state: "done",
      lr: 0.001,
      hidden: "[4]",
      seed: 0,
      memorised_at: 10,
      grokked_at: 40,
      delay: 30,
      diverged_at: null,
      step: 500,
      seconds: 1.5,
      attempts: 1,
      ended: "2026-01-01T00:00:00.000Z",
      reason: null,
      test_accuracy: 1,
      softmax_collapse: 0,
    });
    assertEquals(
      found.map(({ state, delay, diverged_at, reason, hidden }) =>
        [state, delay, diverged_at, reason, hidden] as const
      ),
      [
        ["done", 30, null, null, "[4]"],
        ["done", null, null, null, "[4]"],
        ["diverged", null, 7, "it diverged", "[4]"],
        ["failed", null, null, "it failed", "[4]"],
        ["training", null, null, null, "[4,4]"],
        ["waiting", null, null, null, "[4,4]"],
      ],
    );
  }));

Deno.test("collectSweep() has keys in which runs differ, whoever said them, or all", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    // The plan names the seed; the rate came with another plan's --set.
    const runs = [
      ...await sweepOf(folder, [{ seed: 0 }]),
      ...await sweepOf(folder, [{ seed: 0 }], { ...TINY, lr: 0.5 }),
    ];
    await Deno.writeTextFile(
      join(folder, SWEEP.plan),
      runs.map((run) => JSON.stringify(run) + "\n").join(""),
    );
    const some = await collectSweep(folder, join(dir, "some.csv"));
    // An axis of the plan is there, though it has one value only.
    assertEquals(some.columns.slice(0, 4), ["id", "state", "seed", "lr"]);
    assertEquals((await readRecords(folder)).varying, ["lr"]);
    // A key that an extension added, and that not all runs have, they differ in.
    await Deno.writeTextFile(
      join(folder, SWEEP.plan),
      runs.map((run, i) =>
        JSON.stringify({
          ...run,
          config: { ...run.config, ...(i === 1 && { added: 1 }) },
        }) + "\n"
      ).join(""),
    );
    const { varying, records } = await readRecords(folder);
    assertEquals(varying, ["lr", "added"]);
    assertEquals(records.map(({ values }) => values["added"]), [undefined, 1]);
    const all = await collectSweep(folder, join(dir, "all.csv"), {
      allKeys: true,
    });
    for (const key of ["modulus", "steps", "metrics", "lr", "seed"]) {
      assertEquals(all.columns.filter((name) => name === key), [key]);
    }
    assert(!all.columns.includes("device"));
  }));

Deno.test("collectSweep() has all evaluations, of runs that are trained too", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    const runs = await mixed(folder);
    const write = async (i: number, text: string) => {
      await Deno.mkdir(runPath(folder, runs[i]!.id), { recursive: true });
      await Deno.writeTextFile(
        join(runPath(folder, runs[i]!.id), "metrics.jsonl"),
        text,
      );
    };
    await write(0, `{"step":0,"loss":2}\n{"step":10,"loss":null,"rare":1}\n`);
    await write(1, "torn\n");
    // The run that is trained: its last line is not whole yet.
    await write(4, `{"step":0,"loss":3}\n{"step":10,"lo`);
    const path = join(dir, "rows.jsonl");
    const { rows, columns, problems } = await collectSweep(folder, path, {
      metrics: true,
    });
    assertEquals(columns, [
      ...["id", "state", "lr", "hidden", "seed", "step", "loss", "rare"],
    ]);
    const found = await rowsIn(path);
    assertEquals(rows, found.length);
    assertEquals(
      found.map(({ id, state, step, loss, rare }) =>
        [id, state, step, loss, rare] as const
      ),
      [
        [runs[0]!.id, "done", 0, 2, null],
        [runs[0]!.id, "done", 10, null, 1],
        [runs[4]!.id, "training", 0, 3, null],
      ],
    );
    // The torn one, and the one that diverged and has none: once each.
    assertEquals(problems.length, 2);
    assertStringIncludes(problems[0]!, runs[1]!.id);
    assertStringIncludes(problems[1]!, runs[2]!.id);
  }));

Deno.test("a torn record is a run that waits, and is said", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    const runs = await mixed(folder);
    const torn = endedPath(folder, runs[0]!.id);
    await Deno.writeTextFile(torn, "{");
    const { states, problems } = await collectSweep(
      folder,
      join(dir, "table.csv"),
    );
    assertEquals([states["done"], states["waiting"]], [1, 2]);
    assertEquals(problems.length, 1);
    assertStringIncludes(problems[0]!, torn);
  }));

Deno.test("what failed and is tried again is trained", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    const runs = await mixed(folder);
    await Deno.writeTextFile(claimPath(folder, runs[3]!.id), "");
    const { records } = await readRecords(folder);
    assertEquals(records.map(({ state }) => state), [
      ...["done", "done", "diverged", "training", "training", "waiting"],
    ]);
  }));

Deno.test("collectSweep() refuses before it writes", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    await mixed(folder);
    const refused = async (from: string, to: string, says: string) => {
      const error = await assertRejects(
        () => collectSweep(from, join(dir, to)),
        UsageError,
      );
      assertStringIncludes(error.message, says);
    };
    await refused(folder, "table.xlsx", "must end in .csv, .jsonl or .parquet");
    await refused(folder, "table", "got none");
    await refused(folder, "none/table.csv", "there is no folder");
    await refused(dir, "table.csv", "it holds no sweep.json");
    await Deno.writeTextFile(join(dir, "there.csv"), "mine");
    await refused(folder, "there.csv", "the file exists");
    await Deno.writeTextFile(join(folder, SWEEP.plan), "");
    await refused(folder, "table.csv", "its plan has no runs");
    const names = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
    assertEquals(names, ["sweep", "there.csv"]);
    assertEquals(await Deno.readTextFile(join(dir, "there.csv")), "mine");
  }));
