/**
 * Timings as tables in Markdown.
 *
 * @module
 */

import type { BenchResult, ReplicaTimings, WorkloadResult } from "./bench.ts";
import { isPeer, type Who, workloads } from "./workloads.ts";
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
  const parts = [`${cores} cores, ${threads} threads; medians of the rounds`];
  const works = Object.entries(result.workloads);
  if (works.length > 0) {
    const rows = works.flatMap(([name, work]) =>
      timingRows(name, work, nameOf)
    );
    if (rows.length > 0) {
      parts.push(
        table("work | ms a step | beside | ms | ratio | target | ", rows),
      );
    }
    parts.push(
      table(
        "work | threads | GFLOP of products | MB of the rest | floor, ms | ms | × floor | target | ",
        works.map(([name, work]) => floorRow(name, work)),
      ),
    );
  }
  const bands = Object.entries(result.replicas);
  if (bands.length > 0) parts.push(replicasTable(bands, nameOf("torch")));
  if (program) parts.push(programTable(program));
  return parts.join("\n\n");
}

// A row for everybody who was timed beside ours; the fastest peer is named so.
function timingRows(
  name: string,
  { timings, placement }: WorkloadResult,
  nameOf: (who: string) => string,
): string[] {
  const own = lowerMedian(timings.groklab!);
  const others = (Object.entries(timings) as [Who, readonly number[]][])
    .filter(([who]) => who !== "groklab")
    .map(([who, times]) => [who, lowerMedian(times)] as const);
  const [best] = others.filter(([who]) => isPeer(who))
    .toSorted(([, a], [, b]) => a - b).map(([who]) => who);
  // What is aimed at is aimed at on a processor.
  const targets = placement ? {} : workloads[name]!.targets;
  return others.map(([who, ms]) => {
    // What costs extra is ours over the bare step; a peer's the other way.
    const evaluating = who === "groklab, evaluating every 10";
    const ratio = evaluating ? ms / own : own / ms;
    const said = who === best ? `best: ${nameOf(who)}` : nameOf(who);
    const target = targets[who] ?? (who === best ? targets.best : undefined);
    return `| ${name} | ${own.toFixed(2)} | ${said} | ${ms.toFixed(2)} | ` +
      `${ratio.toFixed(2)} | ${verdict(ratio, target)} |`;
  });
}

function floorRow(
  name: string,
  { threads, flops, bytes, floor_ms, timings, placement }: WorkloadResult,
): string {
  const own = lowerMedian(timings.groklab!);
  const times = own / floor_ms;
  const target = placement ? undefined : workloads[name]!.floor;
  return `| ${name} | ${threads} | ${(flops / 1e9).toFixed(2)} | ` +
    `${(bytes / 1e6).toFixed(0)} | ${floor_ms.toFixed(2)} | ` +
    `${own.toFixed(2)} | ${times.toFixed(2)} | ${verdict(times, target)} |`;
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
