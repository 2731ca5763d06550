/**
 * A sweep as an array job of Slurm's: https://slurm.schedmd.com/sbatch.html.
 *
 * @module
 */

import { join } from "node:path";
import { SWEEP } from "../layout.ts";
import { shareLine, type Shares, slug, word } from "./share.ts";

/** The largest array that Slurm allows where nobody has said otherwise. */
export const MAX_ARRAY_SIZE = 1001;

/** How often a task is put back into the queue where nothing else is said. */
export const REQUEUES = 100;

// How long before its end a task is told of it.
const NOTICE_SECONDS = 120;

/** An array job. */
export interface SlurmJob extends Shares {
  /** Seconds that a task may take; the partition's own, if left out. */
  readonly seconds?: number;
  /** Cores of a task. */
  readonly cpus: number;
  /** Threads of a run; null where each takes what there is. */
  readonly threads: number | null;
  /** Runs side by side; as many as fit the cores, if left out. */
  readonly jobs?: number;
  /** Cards of a task: `1`, `a100:2`. */
  readonly gpus?: string;
  /** Memory of a task: `4G`. */
  readonly mem?: string;
  /** The partition. */
  readonly partition?: string;
  /** The account. */
  readonly account?: string;
  /** The quality of service. */
  readonly qos?: string;
  /** Further flags of sbatch's. */
  readonly flags: readonly string[];
  /** Lines of a shell before groklab is called. */
  readonly before: readonly string[];
  /** What stands before groklab's call: `apptainer exec groklab.sif`. */
  readonly container?: string;
  /** How often a task may be put back into the queue. */
  readonly requeues: number;
}

/** The script of an array job, for sbatch. */
export function slurmScript(job: SlurmJob): string {
  const { name, shards, before } = job;
  const lines = [
    "#!/bin/bash",
    `# The sweep ${printable(name)} in ${
      count(shards, "share")
    }: each task of ` +
    "the array trains one.",
    "# It may be submitted again with sbatch: no run is made twice. Its logs need",
    `# their folder: mkdir -p ${word(join(job.folder, SWEEP.submitted))}`,
    ...flagsOf(job).map((flag) => `#SBATCH ${flag}`),
    "set -euo pipefail",
    "",
    "# USR1 comes some time before Slurm ends the task, TERM when somebody does.",
    "# Training is asked to stop: it ends after the running steps, with checkpoints.",
    "child= stopped= again=",
    "stop() {",
    "  stopped=$1 again=yes",
    '  if [[ -n $child ]]; then kill -TERM "$child" 2>/dev/null || true; fi',
    "}",
    "trap 'stop USR1' USR1",
    "trap 'stop TERM' TERM",
    "",
    ...before.length === 0 ? [] : [
      "set +u # Modules read variables that need not be set.",
      ...before,
      "set -u",
      "",
    ],
    ...trainingOf(job),
    "",
    ...endingOf(job),
  ];
  return `${lines.join("\n")}\n`;
}

function trainingOf(job: SlurmJob): string[] {
  const limit = limitOf(job);
  const call = [
    ...job.container === undefined ? [] : [job.container],
    job.command,
    shareLine(job, "$SLURM_ARRAY_TASK_ID", jobsOf(job)),
    ...limit === undefined ? [] : ['--limit "${limit}s"'],
  ].join(" ");
  return [
    ...limit === undefined ? [] : [
      `limit=$((${limit} - SECONDS))`,
      "((limit > 0)) || limit=1",
    ],
    `${call} &`,
    "child=$!",
    '[[ -z $stopped ]] || stop "$stopped"',
    "# A signal ends the waiting, but not what is waited for.",
    "again=yes code=0",
    "while [[ -n $again ]]; do",
    "  again= code=0",
    '  wait "$child" || code=$?',
    "done",
  ];
}

function endingOf({ requeues }: SlurmJob): string[] {
  return [
    "# Runs are left, which go on from their checkpoints. Those that failed end",
    "# with 1: the task is seen to have failed, and is not begun again.",
    "if [[ $stopped != TERM ]] && {",
    "  ((code == 130)) || { [[ $stopped == USR1 ]] && ((code > 128)); }",
    "}; then",
    `  if ((\${SLURM_RESTART_COUNT:-0} < ${requeues})); then`,
    '    task="${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"',
    '    echo "runs are left: $task goes back into the queue" >&2',
    '    scontrol requeue "$task"',
    "  else",
    `    echo "runs are left, and ${
      count(requeues, "requeue")
    } were all that are allowed" >&2`,
    "  fi",
    "fi",
    'exit "$code"',
  ];
}

function flagsOf(job: SlurmJob): string[] {
  const { name, folder, shards, atOnce, number, seconds, cpus } = job;
  const log = join(folder, SWEEP.submitted, `slurm-${number}`)
    .replaceAll("%", "%%");
  const most = atOnce === undefined ? "" : `%${atOnce}`;
  return [
    `--job-name=groklab-${slug(name)}`,
    `--array=0-${shards - 1}${most}`,
    `--output=${flagWord(`${log}-%A_%a.log`)}`,
    "--open-mode=append",
    "--requeue",
    `--signal=B:USR1@${noticeOf(job)}`,
    "--ntasks=1",
    `--cpus-per-task=${cpus}`,
    ...seconds === undefined ? [] : [`--time=${slurmTime(seconds)}`],
    ...job.gpus === undefined ? [] : [`--gres=gpu:${job.gpus}`],
    ...job.mem === undefined ? [] : [`--mem=${job.mem}`],
    ...job.partition === undefined
      ? []
      : [`--partition=${flagWord(job.partition)}`],
    ...job.account === undefined ? [] : [`--account=${flagWord(job.account)}`],
    ...job.qos === undefined ? [] : [`--qos=${flagWord(job.qos)}`],
    ...job.flags,
  ];
}

// Of a short task half is left.
function noticeOf({ seconds = Infinity }: SlurmJob): number {
  return Math.min(NOTICE_SECONDS, Math.floor(seconds / 2));
}

// When training ends by itself, where the signal does not come.
function limitOf(job: SlurmJob): number | undefined {
  return job.seconds === undefined ? undefined : job.seconds - noticeOf(job);
}

function jobsOf({ jobs, threads }: SlurmJob): string {
  if (jobs !== undefined || threads === null) return String(jobs ?? 1);
  return threads === 1
    ? '"$SLURM_CPUS_PER_TASK"'
    : `"$((SLURM_CPUS_PER_TASK / ${threads}))"`;
}

/** A time as Slurm writes it, `D-HH:MM:SS`. */
export function slurmTime(seconds: number): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  const [day, hour] = [86_400, 3600];
  return `${Math.floor(seconds / day)}-${two(seconds % day / hour)}:` +
    `${two(seconds % hour / 60)}:${two(seconds % 60)}`;
}

// In a line of #SBATCH quotes hold a word together, and # begins a comment.
function flagWord(text: string): string {
  return /^[\w./:,%@+=-]+$/.test(text)
    ? text
    : `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

// A name is no second line.
const printable = (text: string) => text.replaceAll(/\p{Cc}/gu, "?");

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
