/**
 * Submitting to Slurm.
 *
 * @module
 */

import { UsageError } from "../../../lib/base/errors.ts";
import { taskLine } from "../../../lib/base/shell.ts";
import { shown } from "../../../lib/base/terminal.ts";
import {
  MAX_ARRAY_SIZE,
  REQUEUES,
  type SlurmJob,
  slurmScript,
} from "../../../lib/sweeps/clusters/slurm.ts";
import { limitOf } from "../limit.ts";
import { LINE, matching, type Submission, whole } from "./asked.ts";
import { refusedBy, runProgram } from "./programs.ts";
import { writeSubmitted } from "./submitted.ts";

const SIZE = ["a size as Slurm writes it, 4G or 500M", /^\d+[KMGT]?$/] as const;
const CARDS = ["a number of cards, 1 or a100:2", /^(?:[\w.-]+:)?\d+$/] as const;
const FLAG = [
  "a flag of sbatch's, --constraint=ib",
  /^--[a-z]\P{Cc}*$/u,
] as const;

/** Submits an array job, or prints its script. */
export async function onSlurm(submission: Submission): Promise<void> {
  const { asked, shares, runs } = submission;
  const job = jobOf(submission);
  const most = await maxArraySize();
  if (shares.shards > most) {
    throw new UsageError(
      `--shards must be at most ${most}, as many as Slurm takes in an array ` +
        `here (MaxArraySize), got ${shares.shards}`,
    );
  }
  if (asked.dryRun) return console.log(slurmScript(job).trimEnd());
  const { folder } = shares;
  const file = await writeSubmitted(
    folder,
    "slurm",
    ".sh",
    (number) => slurmScript({ ...job, number }),
  );
  try {
    const ended = await runProgram("slurm", [
      "sbatch",
      "--parsable",
      file.path,
    ]);
    if (ended.code !== 0) throw refusedBy("sbatch", ended);
    // Behind a semicolon stands the cluster.
    const id = ended.stdout.split("\n").at(-1)!.split(";")[0]!;
    console.log(
      shown(
        `job ${id}: ${runs} runs in ${shares.shards} shares, by ${file.path}`,
      ),
    );
    console.log(`status: ${taskLine("sweep", "status", folder)}`);
  } catch (error) {
    await file.drop();
    throw error;
  }
}

function jobOf({ asked, sweep, shares }: Submission): SlurmJob {
  const { threads } = sweep.place;
  const { cpus = threads ?? 1, jobs, requeues = REQUEUES, container } = asked;
  const { gpus, mem, partition, account, qos, command } = asked;
  whole("cpus", cpus, threads ?? 1);
  const named = Object.entries({ partition, account, qos })
    .flatMap(([flag, name]) =>
      name === undefined ? [] : [[flag, matching(flag, name, LINE)]]
    );
  return {
    ...shares,
    ...Object.fromEntries(named),
    ...container !== undefined && {
      container: matching("container", container, LINE),
      // What is called here is not in there.
      command: command ?? "groklab",
    },
    cpus,
    threads: sweep.place.device === "cpu" ? threads : null,
    ...jobs !== undefined && { jobs },
    ...asked.time !== undefined && { seconds: secondsOf(asked.time) },
    ...gpus !== undefined && { gpus: matching("gpus", gpus, CARDS) },
    ...mem !== undefined && { mem: matching("mem", mem, SIZE) },
    flags: (asked.sbatch ?? []).map((flag) => matching("sbatch", flag, FLAG)),
    before: (asked.before ?? []).map((line) => matching("before", line, LINE)),
    requeues: whole("requeues", requeues, 0),
  };
}

// Slurm counts minutes.
const secondsOf = (time: string) =>
  60 * Math.ceil(limitOf(time, "--time") / 60_000);

async function maxArraySize(): Promise<number> {
  try {
    const { stdout } = await runProgram("slurm", [
      "scontrol",
      "show",
      "config",
    ]);
    const size = Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(stdout)?.[1]);
    return Number.isNaN(size) ? MAX_ARRAY_SIZE : size;
  } catch (error) {
    // sbatch says it, where it is needed.
    if (error instanceof UsageError) return MAX_ARRAY_SIZE;
    throw error;
  }
}
