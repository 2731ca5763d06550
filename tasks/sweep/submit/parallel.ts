/**
 * Training shares with GNU parallel.
 *
 * @module
 */

import { UsageError } from "../../../lib/base/errors.ts";
import {
  type ParallelJob,
  parallelLines,
  REPLACED,
} from "../../../lib/sweeps/clusters/parallel.ts";
import { EXIT } from "../../shared/cli.ts";
import { onSignals } from "../../shared/signals.ts";
import type { Submission } from "./asked.ts";
import { refusedBy, runProgram, started } from "./programs.ts";
import { writeSubmitted } from "./submitted.ts";

/** Runs a command of parallel's, or prints it. */
export async function onParallel(submission: Submission): Promise<void> {
  const { asked, shares } = submission;
  const job = jobOf(submission);
  if (asked.dryRun) return console.log(parallelLines(job));
  const version = await runProgram("parallel", ["parallel", "--version"]);
  if (!version.stdout.startsWith("GNU parallel ")) {
    throw refusedBy("parallel", {
      ...version,
      stderr: "it is not GNU parallel",
    });
  }
  const file = await writeSubmitted(
    shares.folder,
    "parallel",
    ".sh",
    (number) => `${parallelLines({ ...job, number }, "exec ")}\n`,
  );
  const child = started("parallel", "bash", {
    args: [file.path],
    stdin: "null",
  });
  let stopped = false;
  // A terminal sends it to both, others to this program only. parallel ends its
  // jobs at the first, and minds no more.
  using _ = onSignals(() => {
    stopped = true;
    try {
      child.kill("SIGINT");
    } catch {
      // It has ended.
    }
  });
  const { code } = await child.status;
  if (stopped) {
    console.error("stopped; the same command goes on");
    Deno.exitCode = EXIT.interrupted;
  } else if (code !== 0) Deno.exitCode = EXIT.failed;
}

function jobOf({ asked, sweep, shares }: Submission): ParallelJob {
  const { threads, device } = sweep.place;
  const { jobs = 1 } = asked;
  const { folder, command, use } = shares;
  for (const text of [folder, command, ...use]) {
    if (!REPLACED.test(text)) continue;
    throw new UsageError(
      `Cannot submit with --on parallel: it puts other words for what is in ` +
        `braces, got ${text}; rename it, or start sweep run by hand`,
    );
  }
  const cores = threads === null || device !== "cpu"
    ? 1
    : Math.max(1, Math.floor(navigator.hardwareConcurrency / threads / jobs));
  return {
    ...shares,
    atOnce: shares.atOnce ?? Math.min(cores, shares.shards),
    jobs,
  };
}
