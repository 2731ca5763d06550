/**
 * Grokked runs an hour on two cores: `sweep run`, and PyTorch with a process a run
 * and with all runs at once, in turns.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../lib/base/errors.ts";
import { type ConfigInput, resolveConfig } from "../lib/config/config.ts";
import { readEnded, readPlan } from "../lib/sweeps/files.ts";
import type { EndedRun } from "../lib/sweeps/layout.ts";
import { planSweep } from "../lib/sweeps/plan.ts";
import { lowerMedian } from "../lib/numeric/statistics.ts";
import { ownOutput, peerOutput } from "./measure.ts";
import type { SweepTiming, SweepTimings } from "./sweep_table.ts";

/** Runs that differ in the seed. */
export interface SweepWork {
  /** The experiment. */
  readonly config: ConfigInput;
  /** How many seeds. */
  readonly runs: number;
}

/** Sweeps that are timed, with steps that suffice to grok for nearly every seed. */
export const sweepWorks: Readonly<Record<string, SweepWork>> = {
  "mod-31": {
    config: { modulus: 31, trainFraction: 0.8, steps: 200 },
    runs: 8,
  },
  "mod-59": {
    config: { modulus: 59, trainFraction: 0.5, steps: 250 },
    runs: 6,
  },
  "default": { config: { steps: 250 }, runs: 4 },
};

/** What to time. */
export interface SweepBenchOptions {
  readonly python: string;
  readonly only?: string | undefined;
  readonly rounds: number;
}

// Two cores: so many runs side by side, or so many threads of one process.
const LANES = 2;

/** How PyTorch trains several runs. */
interface PeerWay {
  readonly name: string;
  /** Processes side by side. */
  readonly lanes: number;
  /** Threads of each. */
  readonly threads: number;
  /** How many processes there are in all, of so many runs. */
  readonly processes: (runs: number) => number;
}

const PEERS: readonly PeerWay[] = [
  { name: "a process a run", lanes: LANES, threads: 1, processes: (n) => n },
  {
    name: "torch.vmap over seeds",
    lanes: 1,
    threads: LANES,
    processes: () => 1,
  },
  // Threads of small operations wait for each other more than they help.
  {
    name: "torch.vmap in two processes",
    lanes: LANES,
    threads: 1,
    processes: (n) => Math.min(n, LANES),
  },
];

/**
 * The sweeps that are asked for.
 *
 * @throws {UsageError} if there is none of that name, or no round.
 */
export function sweepsAsked(
  { only, rounds }: Pick<SweepBenchOptions, "only" | "rounds">,
): readonly (readonly [name: string, work: SweepWork])[] {
  if (only !== undefined && !(only in sweepWorks)) {
    throw new UsageError(
      `--only must be one of ${
        Object.keys(sweepWorks).join(", ")
      }, got ${only}`,
    );
  }
  if (!(Number.isSafeInteger(rounds) && rounds >= 1)) {
    throw new UsageError(`--rounds must be 1 or more, got ${rounds}`);
  }
  return Object.entries(sweepWorks).filter(([name]) =>
    only === undefined || name === only
  );
}

/** Times a sweep, ours and the peers' in turns. */
export async function timeSweep(
  { config, runs }: SweepWork,
  { python, rounds }: SweepBenchOptions,
  log: (line: string) => void,
): Promise<SweepTimings> {
  const timings: Record<string, SweepTiming[]> = {};
  const add = (who: string, timing: SweepTiming) => {
    (timings[who] ??= []).push(timing);
    log(
      `${who}: ${timing.grokked} of ${runs} grokked, ` +
        `${timing.seconds.toFixed(1)} s`,
    );
  };
  for (let round = 0; round < rounds; round++) {
    add("groklab", await inFolder((at) => ourSweep(config, runs, at)));
    for (const how of PEERS) {
      const found = await inFolder((at) =>
        peerSweep(python, config, runs, how, at)
      );
      if ("absent" in found) log(`${found.absent}, left out`);
      else add(found.name, found.timing);
    }
  }
  return { runs, steps: resolveConfig(config).steps, timings };
}

async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const seedsOf = (runs: number) => Array.from({ length: runs }, (_, i) => i);

async function ourSweep(
  config: ConfigInput,
  runs: number,
  at: string,
): Promise<SweepTiming> {
  const folder = join(at, "sweep");
  await planSweep({ parts: [{ set: config, seeds: seedsOf(runs) }] }, {
    folder,
  });
  const task = fileURLToPath(new URL("../tasks/sweep.ts", import.meta.url));
  const started = performance.now();
  await ownOutput(task, "run", folder, "--jobs", String(LANES));
  const seconds = (performance.now() - started) / 1000;
  const ends = await Promise.all(
    (await readPlan(folder)).map(({ id }) => readEnded(folder, id)),
  );
  const results = ends.map((end) => end!.result!);
  const grokSteps = results.map(({ grokked_at }) => grokked_at);
  const stepping = sum(results.map((one) => one.seconds));
  return {
    seconds,
    grokked: grokSteps.filter((step) => step !== null).length,
    grokSteps,
    stepping: stepping / LANES,
    ...aroundOf(ends.map((end) => end!)),
    lanes: LANES,
  };
}

/** How long runs took beside their steps, in a thread's first run and in others. */
export function aroundOf(
  ends: readonly Pick<EndedRun, "ended" | "seconds" | "result">[],
): Pick<SweepTiming, "around" | "first"> {
  const begun = ({ ended, seconds }: typeof ends[number]) =>
    Date.parse(ended) - 1000 * seconds;
  const around = ends.toSorted((a, b) => begun(a) - begun(b))
    .map(({ seconds, result }) => seconds - result!.seconds);
  const [first, others] = [around.slice(0, LANES), around.slice(LANES)];
  return {
    first: sum(first) / first.length,
    around: others.length > 0 ? lowerMedian(others) : undefined,
  };
}

/** What bench/peers/torch_runs.py prints. */
interface PeerRuns {
  readonly peer: string;
  readonly stepping: number;
  readonly seconds: number;
  readonly runs: readonly { readonly grokked_at: number | null }[];
}

async function peerSweep(
  python: string,
  config: ConfigInput,
  runs: number,
  { name, lanes, threads, processes }: PeerWay,
  at: string,
): Promise<{ name: string; timing: SweepTiming } | { absent: string }> {
  const text = JSON.stringify(resolveConfig(config));
  const count = processes(runs);
  // Those of a process one behind the other, so that seeds keep their order.
  const waiting = Array.from(
    { length: count },
    (_, i) =>
      seedsOf(runs).filter((seed) => Math.floor(seed * count / runs) === i),
  );
  const said: (PeerRuns & { readonly first: number })[] = [];
  let absent: string | undefined;
  const started = performance.now();
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (
      let seeds = waiting.shift();
      seeds !== undefined && absent === undefined;
      seeds = waiting.shift()
    ) {
      const found = await peerOutput(python, "torch_runs.py", "torch", [
        text,
        at,
        String(threads),
        seeds.join(","),
        ...(count === runs ? [] : ["vmap"]),
      ]);
      if ("absent" in found) absent = found.absent;
      else said.push({ ...JSON.parse(found.stdout), first: seeds[0]! });
    }
  }));
  const seconds = (performance.now() - started) / 1000;
  if (absent !== undefined) return { absent };
  said.sort((a, b) => a.first - b.first);
  const grokSteps = said.flatMap((one) =>
    one.runs.map(({ grokked_at }) => grokked_at)
  );
  const stepping = sum(said.map((one) => one.stepping));
  return {
    name: `${said[0]!.peer}, ${name}`,
    timing: {
      seconds,
      grokked: grokSteps.filter((step) => step !== null).length,
      grokSteps,
      stepping: stepping / lanes,
      around: (sum(said.map((one) => one.seconds)) - stepping) / runs,
      lanes,
    },
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
