/** A sweep on a Slurm that is started for it. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { endedIds, readEnded } from "../../../lib/sweeps/files.ts";
import { runPath, SWEEP } from "../../../lib/sweeps/layout.ts";
import { sweepStatus } from "../../../lib/sweeps/running/status.ts";
import { assertAsAlone, seeds, sweepOf, TINY } from "../../sweeps/_sweep.ts";
import { assertRefused, outputOf, startProgram } from "../_run.ts";
import { noSlurm, type Slurm, until, withSlurm } from "./_slurm.ts";

const LONGER = { ...TINY, steps: 4000, evalEvery: 2000, checkpointEvery: 2000 };

const submit = (
  { env }: Slurm,
  folder: string,
  ...args: readonly string[]
) =>
  outputOf(
    startProgram(
      "sweep",
      ["submit", folder, "--on", "slurm", ...args],
      false,
      env,
    ),
  );

async function jobOf(output: ReturnType<typeof submit>): Promise<string> {
  const { code, stdout, stderr } = await output;
  assertEquals(code, 0, stderr);
  const [, job = ""] = /^job (\d+): /.exec(stdout) ?? [];
  assert(job !== "", stdout);
  return job;
}

const logOf = (folder: string, job: string, task: number) =>
  Deno.readTextFile(
    join(folder, SWEEP.submitted, `slurm-1-${job}_${task}.log`),
  ).catch(() => "");

const ignore = noSlurm !== undefined;

Deno.test({
  name:
    "Slurm trains a sweep as an array, a cancelled task when it is requeued",
  ignore,
  fn: () =>
    withSlurm(async (slurm, dir) => {
      // Whatever a folder is called.
      const folder = join(dir, `it's "40" runs #1, 100%`);
      // Long enough that a task is still at it when it is cancelled.
      const runs = await sweepOf(folder, seeds(40), LONGER);
      const many = await submit(slurm, folder, "--shards", "9");
      assertMatch(
        assertRefused(many, 2),
        /--shards must be at most 8, .*MaxArraySize\), got 9$/,
      );
      const job = await jobOf(
        submit(slurm, folder, "--shards", "4", "--time", "10m"),
      );
      const task = `${job}_1`;
      await until("the task runs", async () =>
        (await slurm.tasks(job)).get(task) === "RUNNING");
      await slurm.ask("scancel", task);
      await until("the others have ended", async () =>
        (await slurm.tasks(job)).size === 0);
      // It was told to end, so nothing sent it back.
      const share = runs.filter((_, i) =>
        i % 4 === 1
      );
      const { done, waiting, training } = await sweepStatus(folder);
      assertEquals(done + waiting, 40);
      assert(waiting >= 1 && waiting <= 10, `${waiting} runs wait`);
      assertEquals(training, []);
      await slurm.ask("scontrol", "requeue", task);
      await until("the requeued one has ended", async () =>
        (await slurm.tasks(job)).size === 0);
      const ended = await endedIds(folder);
      assertEquals(
        [...ended].sort(),
        runs.map(({ id }) =>
          id
        ).sort(),
      );
      for (const { id } of runs) {
        assertEquals((await readEnded(folder, id))!.state, "done");
      }
      for (const run of [share[0]!, share[9]!]) {
        await assertAsAlone(folder, run, join(dir, "alone", run.id));
      }
      for (const task of [0, 2, 3]) {
        assertMatch(
          await logOf(folder, job, task),
          /: 10 done, \d+ of them grokked, of 10 runs; trained now: 10\n$/,
        );
      }
      // All are there: nothing is submitted any more.
      const again = await submit(slurm, folder);
      assertEquals(again.stdout, `${folder}: nothing is left to train\n`);
    }),
});

Deno.test({
  name: "USR1 sends a task back into Slurm's queue; it goes on from its step",
  ignore,
  fn: () =>
    withSlurm(async (slurm, dir) => {
      const folder = join(dir, "sweep");
      const long = { steps: 8000, evalEvery: 100, checkpointEvery: 400 };
      const [run] = await sweepOf(folder, seeds(1), { ...TINY, ...long });
      const job = await jobOf(submit(slurm, folder));
      const rows = join(runPath(folder, run!.id), "metrics.jsonl");
      await until("the run is in training", () =>
        Deno.stat(rows).then(({ size }) => size > 0, () => false));
      await slurm.ask("scancel", "--signal=USR1", "--batch", `${job}_0`);
      await until("the task is back in the queue", async () =>
        (await slurm.tasks(job)).get(`${job}_0`) === "PENDING");
      await until("it has ended", async () =>
        (await slurm.tasks(job)).size === 0);
      assertMatch(
        await logOf(folder, job, 0),
        new RegExp(`runs are left: ${job}_0 goes back into the queue\n`),
      );
      assertMatch(
        await slurm.ask("scontrol", "show", "job", `${job}_0`),
        /Restarts=1 [^]*ExitCode=0:0/,
      );
      const { state, attempts } = (await readEnded(folder, run!.id))!;
      assertEquals([state, attempts], ["done", 2]);
      await assertAsAlone(folder, run!, join(dir, "alone"));
    }),
});
