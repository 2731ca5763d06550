/** `deno task sweep run` and `sweep status`, as a user runs them. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { list } from "../../lib/runs/layout.ts";
import { endedIds } from "../../lib/sweeps/files.ts";
import { claimPath, runPath, SWEEP } from "../../lib/sweeps/layout.ts";
import { limitOf } from "../../tasks/sweep/limit.ts";
import { assertAsAlone, seeds, sweepOf, TINY } from "../sweeps/_sweep.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startOnFullDisk,
  startProgram,
  withTempDir,
} from "./_run.ts";

const sweep = (...args: readonly string[]) =>
  outputOf(startProgram("sweep", args));

Deno.test("sweep run trains all and lists at the end what diverged or failed", () =>
  withTempDir(async (dir) => {
    const runs = await sweepOf(dir, [
      { seed: 0 },
      { lr: 1e30 },
      { batchSize: 1000 },
    ]);
    const { code, stdout, stderr } = await sweep("run", dir, "--jobs", "1");
    assertEquals(code, 1, stderr);
    assertMatch(
      stdout,
      /: 1 done, \d of them grokked, 1 diverged, 1 failed, of 3 runs; trained now: 3\n$/,
    );
    const lines = stderr.trimEnd().split("\n");
    assertEquals(lines[0], "3 runs, 0 of them there; 1 at a time");
    assertMatch(
      lines.at(-2)!,
      new RegExp(
        `^diverged: ${runs[1]!.id} \\(lr=1e\\+30\\): Training stopped`,
      ),
    );
    assertMatch(
      lines.at(-1)!,
      new RegExp(`^failed: ${runs[2]!.id} \\(batchSize=1000\\): --batch-size `),
    );
    const status = await sweep("status", dir);
    assertEquals(status.code, 0);
    assertMatch(status.stdout, /^sweep tiny in .*\n {2}planned {6}3\n {2}done/);
    assert(status.stdout.includes("  waiting      0\n"));
    const json = JSON.parse((await sweep("status", dir, "--json")).stdout);
    assertEquals(
      [json.folder, json.planned, json.done, json.failures.length],
      [dir, 3, 1, 2],
    );
    // A claim that says nothing is somebody's, for a while.
    await Deno.writeTextFile(claimPath(dir, runs[2]!.id), "once upon a time");
    assertMatch(
      (await sweep("status", dir)).stdout,
      new RegExp(
        `^ {2}${runs[2]!.id} by whom is not known: its claim is empty or ` +
          "damaged, and is given up two minutes after it was written$",
        "m",
      ),
    );
    const again = await sweep("run", dir, "--json", "--shard", "0/3");
    assertEquals(again.code, 0);
    assertEquals(JSON.parse(again.stdout).trained, 0);
  }));

Deno.test("a signal ends sweep run with resumable runs; the same command goes on", () =>
  withTempDir(async (dir) => {
    const runs = await sweepOf(dir, seeds(3), {
      ...TINY,
      steps: 8000,
      evalEvery: 500,
      checkpointEvery: null,
    });
    for (const signal of ["SIGUSR1", "SIGTERM"] as const) {
      const child = startProgram("sweep", ["run", dir, "--jobs", "1"]);
      const ended = (await endedIds(dir)).size;
      // In the middle of a run behind the first.
      for (;;) {
        const ids = await list(join(dir, SWEEP.runs)) ?? [];
        const now = await endedIds(dir);
        const begun = ids.find((id) => !now.has(id));
        const rows = begun === undefined ? "" : await Deno.readTextFile(
          join(runPath(dir, begun), "metrics.jsonl"),
        ).catch(() => "");
        if (rows !== "" && now.size >= Math.min(ended + 1, 2)) break;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      child.kill(signal);
      const { code, stderr } = await outputOf(child);
      assertEquals(code, 130, stderr);
      assertMatch(stderr, /stopping after the running steps …\n/);
      assertMatch(
        stderr,
        /stopped; go on with: deno task sweep run \S+ --jobs 1\n$/,
      );
    }
    const { code, stderr } = await sweep("run", dir);
    assertEquals(code, 0, stderr);
    for (const run of runs) {
      await assertAsAlone(dir, run, join(dir, "alone", run.id));
    }
  }));

Deno.test("sweep run refuses what cannot be meant, and writes nothing", () =>
  withTempDir(async (dir) => {
    await sweepOf(dir, seeds(1));
    const before = await contentsOf(dir);
    for (
      const [args, wanted] of [
        [["--shard", "1/1"], "--shard must be I/N with I in 0..0, counted"],
        [["--shard", "1of2"], "--shard must be I/N"],
        [["--shard", "0/0"], "--shard must be I/N"],
        [["--shard", "-1/2"], "--shard"],
        [["--jobs", "0"], "--jobs must be an integer in 1..1024, got 0"],
        [["--limit", "10"], "--limit must be a time such as 30s"],
      ] as const
    ) {
      const line = assertRefused(await sweep("run", dir, ...args), 2);
      assert(line.includes(wanted), line);
    }
    const none = join(dir, "none");
    for (const what of ["run", "status"]) {
      const line = assertRefused(await sweep(what, none), 2);
      assertMatch(line, /Cannot read the sweep .*none: it holds no sweep.json/);
    }
    assertEquals(await contentsOf(dir), before);
  }));

Deno.test("sweep run ends on a full disk with what the system said, and goes on later", () =>
  withTempDir(async (dir) => {
    const [run] = await sweepOf(dir, seeds(1), { ...TINY, hidden: [64] });
    const { code, stderr } = await outputOf(
      startOnFullDisk(8, "sweep", ["run", dir]),
    );
    assertEquals(code, 1, stderr);
    assertMatch(stderr, /^failed: \w+ \(seed=0\): Cannot write .*too large/m);
    assertEquals((await sweep("run", dir)).code, 0);
    await assertAsAlone(dir, run!, join(dir, "alone"));
    // Not even that can be noted.
    const other = join(dir, "other");
    await sweepOf(other, seeds(2));
    await Deno.writeTextFile(join(other, SWEEP.ended), "");
    const refused = await sweep("run", other);
    assertMatch(refused.stderr, /^error: Cannot read .*ended: Not a .*\n$/);
    assertEquals(refused.code, 1);
  }));

Deno.test("limitOf() reads times as people and as Slurm write them", () => {
  const minute = 60_000;
  const times: Record<string, number> = {
    "30s": minute / 2,
    "20m": 20 * minute,
    "2h": 120 * minute,
    "1h30m": 90 * minute,
    "1d2h3m4s": ((24 + 2) * 60 + 3) * minute + 4000,
    "0-01:30:00": 90 * minute,
    "1-02": 26 * 60 * minute,
    "1-02:03": (26 * 60 + 3) * minute,
    "01:02:03": 62 * minute + 3000,
    "24d": 24 * 24 * 60 * minute,
  };
  for (const [text, ms] of Object.entries(times)) {
    assertEquals(limitOf(text), ms, text);
  }
  for (
    const text of ["", "5", "0s", "1m1h", "1:2", "25d", "-1s", "1-", "1.5h"]
  ) {
    let said = "";
    try {
      limitOf(text);
    } catch (error) {
      said = (error as Error).message;
    }
    assertMatch(said, /^--limit must be a time/, text);
  }
});
