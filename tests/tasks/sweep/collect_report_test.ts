/** `deno task sweep collect` and `sweep report`, as a user runs them. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { writeEnded } from "../../../lib/sweeps/files.ts";
import { endedPath } from "../../../lib/sweeps/layout.ts";
import { endedOf } from "../../sweeps/_records.ts";
import { sweepOf } from "../../sweeps/_sweep.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startOnFullDisk,
  startProgram,
  withTempDir,
} from "../_run.ts";

const sweep = (...args: readonly string[]) =>
  outputOf(startProgram("sweep", args));

async function four(folder: string) {
  const runs = await sweepOf(
    folder,
    [0.001, 0.01].flatMap((lr) => [0, 1].map((seed) => ({ lr, seed }))),
  );
  await writeEnded(folder, endedOf(runs[0]!.id, "done", { grokked: 20 }));
  await writeEnded(folder, endedOf(runs[1]!.id, "failed"));
  return runs;
}

Deno.test("sweep collect writes a table and says how the runs stand", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    const runs = await four(folder);
    const table = join(dir, "table.csv");
    const { code, stdout, stderr } = await sweep(
      ...["collect", folder, "--out", table],
    );
    assertEquals(
      [code, stdout, stderr],
      [
        0,
        `${table}\n`,
        "4 rows of 15 columns, 4 runs: 1 done, 1 failed, 2 waiting\n",
      ],
    );
    const lines = (await Deno.readTextFile(table)).trimEnd().split("\r\n");
    assertEquals(lines.length, 5);
    assertMatch(lines[1]!, new RegExp(`^${runs[0]!.id},done,0.001,0,,20,`));
    // A torn record is said, and the rest is there.
    await Deno.writeTextFile(endedPath(folder, runs[1]!.id), "{");
    const again = await sweep(
      ...["collect", folder, "--out", table, "--overwrite", "--json"],
      ...["--all-keys", "--metrics"],
    );
    assertMatch(again.stderr, /^warning: Cannot read .*\.json.*\n/);
    const json = JSON.parse(again.stdout);
    assertEquals([json.path, json.runs, json.rows], [table, 4, 0]);
    assertEquals(json.states.waiting, 3);
    assertEquals(json.columns.includes("modulus"), true);
  }));

Deno.test("sweep report writes a page, and figures with the axes that are named", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    await four(folder);
    const { code, stdout, stderr } = await sweep("report", folder);
    assertEquals(
      [code, stdout, stderr],
      [0, `${join(folder, "report.html")}\n`, "4 runs in 2 cells along lr\n"],
    );
    const out = join(dir, "figures");
    const drawn = await sweep(
      ...["report", folder, "--format", "svg", "--out", out, "--json"],
      ...["--x", "seed", "--by", "lr", "--at", "lr=0.001", "--cell", "seed=0"],
    );
    // The rate is held: it is no axis any more.
    assertStringIncludes(assertRefused(drawn, 2), "got lr, of which all have");
    const held = await sweep(
      ...["report", folder, "--format", "svg", "--out", out, "--json"],
      ...["--x", "seed", "--by", "", "--at", "lr=0.001"],
    );
    assertStringIncludes(assertRefused(held, 2), "unknown key");
    const good = await sweep(
      ...["report", folder, "--format", "svg", "--out", out, "--json"],
      ...["--x", "seed", "--y", "lr"],
    );
    assertEquals(good.code, 0, good.stderr);
    const { axes, cells, pooled } = JSON.parse(good.stdout);
    assertEquals([axes, cells, pooled], [
      { x: "seed", y: "lr", by: [] },
      4,
      [],
    ]);
    const names = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
    assertEquals(
      names,
      [
        ...["collapse", "delay", "grokked-at", "grokked", "test-accuracy"]
          .map((name) => `${name}.svg`),
      ].sort(),
    );
  }));

Deno.test("sweep collect and report refuse in a line, and write nothing", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    await four(folder);
    const before = await contentsOf(dir);
    const refused = async (says: string, ...args: readonly string[]) => {
      const line = assertRefused(await sweep(...args), 2);
      assertStringIncludes(line, says);
      assertEquals(await contentsOf(dir), before);
    };
    const table = join(dir, "table.csv");
    await refused("--out", "collect", folder);
    await refused(
      "must end in .csv, .jsonl or .parquet",
      ...["collect", folder, "--out", join(dir, "table.txt")],
    );
    await refused("no sweep.json", "collect", dir, "--out", table);
    await refused("sweep plan --out", "report", join(dir, "none"));
    await refused("unknown key", "report", folder, "--x", "lrr");
    await refused("differ, got modulus", "report", folder, "--y", "modulus");
    await refused("--at must be", "report", folder, "--at", "lr");
    await refused("got 0.5", "report", folder, "--at", "lr=0.5");
    await refused("lr=0.5", "report", folder, "--cell", "lr=0.5");
    await refused(".html", "report", folder, "--out", join(dir, "page"));
  }));

Deno.test("on a full disk a table and a page are not there at all", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    await four(folder);
    const before = await contentsOf(dir);
    for (
      const args of [
        ["collect", folder, "--out", join(dir, "table.csv")],
        ["report", folder],
      ]
    ) {
      const { code, stdout, stderr } = await outputOf(
        startOnFullDisk(0, "sweep", args),
      );
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, /^error: Cannot write [^\n]*\n$/);
      assertEquals(await contentsOf(dir), before);
    }
  }));
