/** Where a sweep stands. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { writeEnded } from "../../lib/sweeps/files.ts";
import {
  claimPath,
  endedPath,
  type EndedRun,
  type PlannedRun,
  SWEEP,
} from "../../lib/sweeps/layout.ts";
import { Claims } from "../../lib/sweeps/running/claims.ts";
import { sweepStatus } from "../../lib/sweeps/running/status.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { seeds, sweepOf } from "./_sweep.ts";

const ended = (
  { id }: PlannedRun,
  state: EndedRun["state"],
  result: Record<string, unknown> = {},
): EndedRun => ({
  id,
  state,
  attempts: 1,
  ended: "2026-01-01T00:00:00.000Z",
  host: "a",
  seconds: 3,
  ...(state !== "done" && { reason: `it ${state}` }),
  ...(state !== "failed" &&
    { result: { steps: 30, ...result } as EndedRun["result"] & object }),
});

Deno.test("sweepStatus() counts what lies in the folder, and changes nothing but the time", () =>
  withTempDir(async (dir) => {
    const runs = await sweepOf(dir, seeds(11));
    assertEquals(await sweepStatus(dir), {
      name: "tiny",
      planned: 11,
      done: 0,
      memorised: 0,
      grokked: 0,
      diverged: 0,
      failed: 0,
      training: [],
      waiting: 11,
      left_seconds: null,
      failures: [],
      problems: [],
    });
    const at = (i: number) => runs[i]!;
    const marks = { memorised_at: 10, grokked_at: null };
    await writeEnded(dir, ended(at(0), "done", { memorised_at: null }));
    await writeEnded(dir, ended(at(1), "done", marks));
    await writeEnded(dir, ended(at(2), "done", { ...marks, grokked_at: 20 }));
    await writeEnded(dir, ended(at(3), "diverged"));
    await writeEnded(dir, ended(at(4), "failed"));
    await writeEnded(dir, ended(at(5), "failed"));
    await Deno.writeTextFile(endedPath(dir, at(6).id), "{");
    using claims = await Claims.open(dir);
    const again = (await claims.take(at(5).id))!; // It is tried again.
    await claims.take(at(7).id);
    await (await claims.take(at(8).id))!.release();
    // Ended, but not yet given back.
    await claims.take(at(2).id);
    // Of another machine: one that is young, and one that is left.
    const owner = { host: "b", pid: 7, since: "then", attempts: 1, deaths: 0 };
    for (const i of [9, 10]) {
      await Deno.writeTextFile(
        claimPath(dir, at(i).id),
        JSON.stringify(owner),
      );
    }
    await Deno.utime(claimPath(dir, at(10).id), new Date(0), new Date(0));
    const before = await contentsOf(dir);
    const status = await sweepStatus(dir);
    const { training, problems, ...rest } = status;
    assertEquals(rest, {
      name: "tiny",
      planned: 11,
      done: 3,
      memorised: 2,
      grokked: 1,
      diverged: 1,
      failed: 1,
      waiting: 3,
      // Six runs that take 3 seconds each, three at a time.
      left_seconds: 6,
      failures: [3, 4].map((i) => ({
        id: at(i).id,
        point: { seed: i },
        state: i === 3 ? "diverged" as const : "failed" as const,
        reason: `it ${i === 3 ? "diverged" : "failed"}`,
      })),
    });
    assertEquals(
      training.map(({ id, host, pid }) => [id, host, pid]),
      [
        [at(5).id, Deno.hostname(), Deno.pid],
        [at(7).id, Deno.hostname(), Deno.pid],
        [at(9).id, "b", 7],
      ],
    );
    assertMatch(training[0]!.since!, /^\d{4}-.*Z$/);
    assertEquals(problems.length, 1);
    assertMatch(problems[0]!, /^Cannot read .*json/);
    assertEquals(await contentsOf(dir), before);
    await again.end();
    assertEquals((await sweepStatus(dir)).failed, 2);
    // Of a folder that cannot be written, too: only the clock is missing.
    await Deno.remove(join(dir, SWEEP.claims, "clock"));
    await Deno.mkdir(join(dir, SWEEP.claims, "clock"));
    assertEquals((await sweepStatus(dir)).training.length, 2);
  }));

Deno.test("sweepStatus() wants a sweep", () =>
  withTempDir(async (dir) => {
    await assertRejects(() => sweepStatus(dir), UsageError, "no sweep.json");
    await assertRejects(() => sweepStatus(7 as never), TypeError, "a text");
  }));
