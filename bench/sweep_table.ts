/**
 * Timings of sweeps as a table in Markdown.
 *
 * @module
 */

import { lowerMedian } from "../lib/numeric/statistics.ts";

/** A sweep that was trained once. */
export interface SweepTiming {
  /** Seconds from the start of the first process to the end of the last. */
  readonly seconds: number;
  /** How many runs grokked. */
  readonly grokked: number;
  /** The step at which each seed grokked; null of one that did not. */
  readonly grokSteps: readonly (number | null)[];
  /** Of `seconds`, those of steps and evaluations, both cores at work. */
  readonly stepping: number;
  /**
   * Seconds of a run from its claim to its end that are not of steps, nor of the
   * evaluations among them: the median of those that another run has gone before in
   * their thread. The evaluation of the last state is among them, where a sweep of
   * ours is timed. A peer's is the mean of its processes. None if all are first.
   */
  readonly around: number | undefined;
  /** The same of the first run of each thread, which loads the program: the mean. */
  readonly first?: number;
  /** How many runs went side by side. */
  readonly lanes: number;
}

/** The timings of a sweep. */
export interface SweepTimings {
  /** Its runs. */
  readonly runs: number;
  /** The steps of each. */
  readonly steps: number;
  /** By who trained it, a timing for each round. */
  readonly timings: Readonly<Record<string, readonly SweepTiming[]>>;
}

const HEAD = [
  "sweep",
  "trained by",
  "grokked",
  "at step",
  "s",
  "grokked runs an hour",
  "beside ours",
  "ms a step",
  "s a run beyond its steps",
  "of a thread's first run",
  "with starts",
];

/** The medians of the rounds. */
export function renderSweeps(
  sweeps: Readonly<Record<string, SweepTimings>>,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rows = Object.entries(sweeps).flatMap(([name, sweep]) =>
    rowsOf(name, sweep).map(line)
  );
  return [line(HEAD), `|${"---|".repeat(HEAD.length)}`, ...rows].join("\n");
}

function rowsOf(
  name: string,
  { runs, steps, timings }: SweepTimings,
): string[][] {
  const hourly = (of: readonly SweepTiming[]) =>
    lowerMedian(of.map(({ grokked, seconds }) => 3600 * grokked / seconds));
  const own = hourly(timings["groklab"]!);
  return Object.entries(timings).map(([who, rounds]) => {
    const median = (value: (timing: SweepTiming) => number) =>
      lowerMedian(rounds.map(value));
    const { grokked, grokSteps } = rounds[0]!;
    const groks = grokSteps.filter((step) => step !== null);
    return [
      `${name}, ${steps} steps`,
      who,
      `${grokked} of ${runs}`,
      groks.length > 0 ? lowerMedian(groks).toFixed(0) : "never",
      median(({ seconds }) => seconds).toFixed(1),
      hourly(rounds).toFixed(0),
      own > 0 ? (hourly(rounds) / own).toFixed(2) : "–",
      median(({ stepping }) => 1000 * stepping / runs / steps).toFixed(2),
      ...(["around", "first"] as const).map((which) => {
        const known = rounds.flatMap((timing) => timing[which] ?? []);
        return known.length > 0 ? lowerMedian(known).toFixed(3) : "–";
      }),
      median(({ seconds, stepping, lanes }) =>
        (seconds - stepping) * lanes / runs
      ).toFixed(3),
    ];
  });
}
