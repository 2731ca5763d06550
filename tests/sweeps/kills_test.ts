/** Sweeps whose processes are killed. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { randomKey } from "../../lib/numeric/random.ts";
import { list } from "../../lib/runs/layout.ts";
import { SWEEP } from "../../lib/sweeps/layout.ts";
import { startProgram, withTempDir } from "../tasks/_run.ts";
import { assertAsAlone, seeds, sweepOf, trainUnderKills } from "./_sweep.ts";

Deno.test("two processes that are killed at random moments make each run once, to the same bytes as alone", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    const runs = await sweepOf(folder, seeds(12));
    const random = randomKey(0)("kills");
    const { kills } = await trainUnderKills(
      folder,
      runs,
      3,
      random,
      () => startProgram("sweep", ["run", folder, "--jobs", "1"]),
    );
    assertEquals(kills, 3);
    for (const run of runs) {
      await assertAsAlone(folder, run, join(dir, "alone", run.id));
    }
    const ids = runs.map(({ id }) => id).sort();
    assertEquals((await list(join(folder, SWEEP.runs)))!.sort(), ids);
    assertEquals(await list(join(folder, SWEEP.claims)), ["clock"]);
  }));
