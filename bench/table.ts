/**
 * Timings as tables in Markdown.
 *
 * @module
 */

import type { BenchResult, ReplicaTimings } from "./bench.ts";
import { type Who, workloads } from "./workloads.ts";
import { lowerMedian } from "../lib/numeric/statistics.ts";

/** How far from its target the whole program may be. */
const PROGRAM = { help: 0.4, one_step: 1.5, megabytes: 400 };

const verdict = (value: number, target?: number) =>
  target === undefined
    ? "– | "
    : `≤ ${target} | ${value <= target ? "holds" : "**misses**"}`;

const table = (head: string, rows: readonly string[]): string => {
  const columns = head.split("|").length;
  return [`| ${head} |`, `|${"---|".repeat(columns)}`, ...rows].join("\n");
};

/** The medians of the rounds. */
export function renderBench(result: BenchResult): string {
  const { cores, threads, peers, program } = result;
  const nameOf = (who: string) => peers[who] ?? who;
  const rows: string[] = [];
  const floors: string[] = [];
  for (const [name, work] of Object.entries(result.workloads)) {
    const own = lowerMedian(work.timings.groklab!);
    floors.push(
      `| ${name} | ${(work.flops / 1e9).toFixed(2)} | ` +
        `${(work.bytes / 1e6).toFixed(0)} | ${work.floor_ms.toFixed(2)} | ` +
        `${own.toFixed(2)} | ${(own / work.floor_ms).toFixed(2)} |`,
    );
    for (const [who, times] of Object.entries(work.timings)) {
      // What is aimed at is aimed at on a processor.
      const target = work.placement
        ? undefined
        : workloads[name]!.targets[who as Who];
      if (who === "groklab") continue;
      const ms = lowerMedian(times);
      // What costs extra is ours over the bare step; a peer's the other way.
      const evaluating = who === "groklab, evaluating every 10";
      const ratio = evaluating ? ms / own : own / ms;
      rows.push(
        `| ${name} | ${own.toFixed(2)} | ${nameOf(who)} | ${ms.toFixed(2)} | ` +
          `${ratio.toFixed(2)} | ${verdict(ratio, target)} |`,
      );
    }
  }
  const parts = [
    `${cores} cores, ${threads} threads; medians of the rounds`,
  ];
  if (rows.length > 0) {
    parts.push(
      table("work | ms a step | beside | ms | ratio | target | ", rows),
    );
  }
  if (floors.length > 0) {
    parts.push(
      table(
        "work | GFLOP of products | MB of the rest | floor, ms | ms | × floor",
        floors,
      ),
    );
  }
  const bands = Object.entries(result.replicas);
  if (bands.length > 0) parts.push(replicasTable(bands, nameOf("torch")));
  if (program) parts.push(programTable(program));
  return parts.join("\n\n");
}

function replicasTable(
  bands: readonly [count: string, timings: ReplicaTimings][],
  torchName: string,
): string {
  const has = bands.some(([, { torch }]) => torch);
  return table(
    "replicas | s per 1,000 steps | one by one | ratio" +
      (has ? ` | ${torchName}, one by one` : ""),
    bands.map(([count, { together, one_by_one, torch }]) => {
      const [own, single] = [lowerMedian(together), lowerMedian(one_by_one)];
      return `| ${count} | ${own.toFixed(1)} | ${single.toFixed(1)} | ` +
        `${(own / single).toFixed(2)} |` +
        (torch ? ` ${lowerMedian(torch).toFixed(1)} |` : "");
    }),
  );
}

function programTable(
  { help, one_step, megabytes }: NonNullable<BenchResult["program"]>,
): string {
  return table("program | measured | target | ", [
    `| deno task train --help | ${help.toFixed(2)} s | ` +
    `${verdict(help, PROGRAM.help)} |`,
    `| deno task train --steps 1 | ${one_step.toFixed(2)} s | ` +
    `${verdict(one_step, PROGRAM.one_step)} |`,
    megabytes === null
      ? "| peak memory, default | not known here | | |"
      : `| peak memory, default | ${megabytes.toFixed(0)} MB | ` +
        `${verdict(megabytes, PROGRAM.megabytes)} |`,
  ]);
}
