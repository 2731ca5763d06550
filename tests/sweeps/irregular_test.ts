/** What is no regular file in a sweep's folder, or in a run's as lists read it. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { FileError } from "../../lib/base/files.ts";
import { describeRun } from "../../lib/store/compare.ts";
import { listRuns } from "../../lib/store/list.ts";
import { collectSweep } from "../../lib/sweeps/collecting/collect.ts";
import { readRecords } from "../../lib/sweeps/collecting/records.ts";
import { claimPath, endedPath, runPath } from "../../lib/sweeps/layout.ts";
import { planSweep } from "../../lib/sweeps/plan.ts";
import { runSweep } from "../../lib/sweeps/running/run.ts";
import { sweepStatus } from "../../lib/sweeps/running/status.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";
import { copyRun } from "../train/_runs.ts";
import { foreignOwner, seeds, sweepOf, TINY } from "./_sweep.ts";

const ignore = Deno.build.os === "windows";

// What is put in the place of a file or folder.
const SORTS: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  folder: (path) => Deno.mkdir(path),
  pipe: (path) => new Deno.Command("mkfifo", { args: [path] }).output(),
  // What is read of it would have no end.
  "symbolic link": (path) => Deno.symlink("/dev/zero", path),
};

async function put(sort: string, path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(() => {});
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await SORTS[sort]!(path);
}

// What hangs is told from what fails.
async function soon<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), 30_000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

for (const sort of Object.keys(SORTS)) {
  Deno.test({
    name: `a ${sort} in the place of a run's claim or end fails that run alone`,
    ignore,
    fn: () =>
      withTempDir(async (dir) => {
        const [claimed, ended] = await sweepOf(dir, seeds(3), {
          ...TINY,
          steps: 2,
        });
        const paths = [claimPath(dir, claimed!.id), endedPath(dir, ended!.id)];
        for (const path of paths) await put(sort, path);
        const problems = ["read the claim", "read"].map((action, i) =>
          `Cannot ${action} ${paths[i]}: it is a ${sort}; wanted a file: ` +
          `move the ${sort} away`
        );
        const { done, failures } = await soon(runSweep(dir), "runSweep()");
        assertEquals(done, 1);
        assertEquals(failures.map(({ reason }) => reason), problems);
        const status = await soon(sweepStatus(dir), "sweepStatus()");
        assertEquals(status.problems, problems);
        const records = await soon(readRecords(dir), "readRecords()");
        assertEquals(records.problems, problems);
        const table = join(dir, "table.csv");
        await soon(
          collectSweep(dir, table, { metrics: true }),
          "collectSweep()",
        );
        const plan = planSweep(
          { parts: [{ set: { ...TINY, steps: 2 }, seeds: [0, 1] }] },
          { folder: dir },
        );
        assertEquals((await soon(plan, "planSweep()")).new, 0);
        for (const path of paths) await Deno.remove(path);
        assertEquals((await soon(runSweep(dir), "runSweep()")).done, 3);
      }),
  });

  Deno.test({
    name: `a ${sort} in the place of what all runs need is refused at once`,
    ignore,
    fn: () =>
      withTempDir(async (dir) => {
        await sweepOf(dir, seeds(1));
        for (
          const name of [
            ...["sweep.json", "plan.jsonl", "claims/clock"],
            ...sort === "folder" ? [] : ["claims", "ended", "runs"],
          ]
        ) {
          const path = join(dir, name);
          const before = `${path}.before`;
          await Deno.rename(path, before).catch(() => {});
          await put(sort, path);
          const { message } = await assertRejects(
            () => soon(runSweep(dir), name),
            FileError,
          );
          assert(message.includes(dir), message);
          if (name !== "claims/clock" && name !== "runs") {
            await assertRejects(() => soon(sweepStatus(dir), name), FileError);
          }
          await Deno.remove(path, { recursive: true });
          await Deno.rename(before, path).catch(() => {});
        }
        assertEquals((await runSweep(dir)).done, 1);
      }),
  });

  Deno.test({
    name: `a ${sort} in the place of a file of a run fails that run alone`,
    ignore,
    fn: () =>
      withTempDir(async (dir) => {
        const runs = await sweepOf(dir, seeds(3), { ...TINY, steps: 2 });
        await runSweep(dir);
        const [first, second, whole] = runs.map(({ id }) => runPath(dir, id));
        await put(sort, join(first!, "config.json"));
        await put(sort, join(second!, "metrics.jsonl"));
        // The second was another machine's, and is taken over with a copy.
        await foreignOwner(dir, runs[1]!.id, 1000);
        for (const { id } of runs.slice(0, 2)) {
          await Deno.remove(endedPath(dir, id));
        }
        const { done, failures } = await soon(runSweep(dir), "runSweep()");
        assertEquals([done, failures.length], [1, 2]);
        for (const { reason } of failures) {
          assert(reason.includes(`it is a ${sort}, wanted a regular`), reason);
        }
        const [, , alone] = runs;
        assertEquals(whole, runPath(dir, alone!.id));
      }),
  });
}

Deno.test({
  name: "lists read no run to the end that has a pipe in the place of a file",
  ignore,
  fn: () =>
    withTempDir(async (dir) => {
      const whole = join(dir, "whole");
      await train({ ...TINY, steps: 2 }, { run: whole });
      await Deno.writeTextFile(join(whole, "labels.json"), "{}");
      for (const sort of Object.keys(SORTS)) {
        for (
          const name of [
            ...["config.json", "summary.json", "metrics.jsonl", "labels.json"],
            ...["manifest.json", "SHA256SUMS", "lock", "checkpoints"],
          ]
        ) {
          const runs = join(dir, `${sort} ${name}`);
          const run = join(runs, "run");
          await copyRun(whole, run);
          if (name === "metrics.jsonl" || name === "lock") {
            await Deno.remove(join(run, "summary.json"));
          }
          await put(sort, join(run, name));
          const [listed] = await soon(
            listRuns(runs, { columns: ["state", "problem"] }),
            `listRuns() of ${name}`,
          );
          const told = await soon(
            describeRun(run).then(({ problem }) => problem, String),
            `describeRun() of ${name}`,
          );
          if (name === "checkpoints") continue;
          assert(told?.includes(name), `${sort} ${name}: ${told}`);
          assertEquals(listed?.["problem"] ?? told, told, `${sort} ${name}`);
        }
      }
    }),
});
