/**
 * By hand, since it takes minutes: a sweep that two processes train which share its
 * runs and are killed at random moments. Every run must be there once, each to the
 * bytes of the same run alone.
 *
 *     deno run -A tests/outside/sweep_kills.ts [RUNS [KILLS [SEED]]]
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { randomKey } from "../../lib/numeric/random.ts";
import { list } from "../../lib/runs/layout.ts";
import { SWEEP } from "../../lib/sweeps/layout.ts";
import { sweepStatus } from "../../lib/sweeps/running/status.ts";
import {
  assertAsAlone,
  seeds,
  sweepOf,
  trainUnderKills,
} from "../sweeps/_sweep.ts";
import { startProgram, withTempDir } from "../tasks/_run.ts";

const [count = 200, kills = 20, seed = Date.now() % 1e6] = Deno.args
  .map(Number);
console.log(`seed ${seed}`);
await withTempDir(async (dir) => {
  const folder = join(dir, "sweep");
  const runs = await sweepOf(folder, seeds(count), {
    modulus: 7,
    hidden: [16],
    steps: 120,
    evalEvery: 10,
    checkpointEvery: 40,
  });
  const begun = performance.now();
  // The second one's share is a part of the first one's.
  const killed = await trainUnderKills(
    folder,
    runs,
    kills,
    randomKey(seed)("kills"),
    (which) =>
      startProgram("sweep", [
        "run",
        folder,
        ...which === 0 ? [] : ["--shard", "1/2", "--jobs", "1"],
      ]),
  );
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`${seconds} s`, killed);
  let same = 0;
  for (const run of runs) {
    const alone = join(dir, "alone");
    await assertAsAlone(folder, run, alone);
    await Deno.remove(alone, { recursive: true });
    same += 1;
  }
  const { done, failures, problems } = await sweepStatus(folder);
  assertEquals([done, failures, problems], [count, [], []]);
  const ids = runs.map(({ id }) => id).sort();
  assertEquals((await list(join(folder, SWEEP.runs)))!.sort(), ids);
  assertEquals(await list(join(folder, SWEEP.claims)), ["clock"]);
  console.log(
    `${same} of ${count} runs, each once, of the bytes of each alone`,
  );
});
