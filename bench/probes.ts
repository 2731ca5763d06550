/**
 * What probes take: each alone on a run's last checkpoint, from opening the file on,
 * and all of a run's checkpoints.
 *
 * @module
 */

import { table } from "../lib/base/terminal.ts";
import { flagOf } from "../lib/config/config.ts";
import { lowerMedian } from "../lib/numeric/statistics.ts";
import { loadProbeModel } from "../lib/onnx/inspect/load_probe_model.ts";
import { probeRun } from "../lib/probes/asking/probe_run.ts";
import { probe } from "../lib/probes/asking/probe_checkpoint.ts";
import { usualJobs } from "../lib/probes/asking/threads.ts";
import { probeNames, probes } from "../lib/probes/catalogue.ts";
import { ProbeContext } from "../lib/probes/context/context.ts";
import { NotApplicableError } from "../lib/probes/context/not_applicable.ts";
import { RunContext } from "../lib/probes/run_context.ts";
import { checkedSettings } from "../lib/settings/checked.ts";

/** The timings of one run's probes. */
export interface ProbeTimings {
  /** The run's folder. */
  readonly run: string;
  /** Seconds of each probe that applies, the median of the rounds. */
  readonly probes: Readonly<Record<string, number>>;
  /** Seconds of all of these but the Hessian's, asked together; the median. */
  readonly together: number;
  /** Seconds of every checkpoint and every probe that is not costly. */
  readonly all_checkpoints: number;
  /** How many checkpoints those are. */
  readonly checkpoints: number;
}

const seconds = async (work: () => Promise<unknown>) => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

/**
 * Times the probes of a run.
 *
 * @param path The run's folder.
 * @param rounds Rounds, all probes in turns.
 */
export async function timeProbes(
  path: string,
  rounds: number,
): Promise<ProbeTimings> {
  const run = await RunContext.open(path);
  const timings: Record<string, number[]> = {};
  const together: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of probeNames) {
      const asked = probes[name];
      if (asked.of === "run") continue;
      const settings = checkedSettings(asked.settings ?? {}, {}, flagOf);
      try {
        const time = await seconds(async () => {
          const model = await loadProbeModel(run.checkpoints.at(-1)!.path);
          const context = new ProbeContext(model, { run, task: run.task });
          await asked.compute(context, settings);
          await model.close();
        });
        (timings[name] ??= []).push(time);
      } catch (error) {
        if (!(error instanceof NotApplicableError)) throw error;
      }
    }
    const names = probeNames.filter((name) =>
      name in timings && name !== "edge-of-stability"
    );
    together.push(
      await seconds(() =>
        probe(run.checkpoints.at(-1)!.path, names, { jobs: usualJobs(false) })
      ),
    );
  }
  return {
    run: path,
    probes: Object.fromEntries(
      Object.entries(timings).map((
        [name, times],
      ) => [name, lowerMedian(times)]),
    ),
    together: lowerMedian(together),
    all_checkpoints: await seconds(() =>
      probeRun(path, undefined, { jobs: usualJobs(true) })
    ),
    checkpoints: run.checkpoints.length,
  };
}

/** The timings as a table. */
export function renderProbes(all: readonly ProbeTimings[]): string {
  const names = probeNames.filter((name) => all.some((t) => name in t.probes));
  const cell = (x: number | undefined) => x === undefined ? "–" : x.toFixed(2);
  return table([
    ["seconds", ...all.map(({ run }) => run)],
    ...names.map((name) => [name, ...all.map((t) => cell(t.probes[name]))]),
    ["all but the Hessian, together", ...all.map((t) => cell(t.together))],
    [
      "all checkpoints",
      ...all.map((t) => `${cell(t.all_checkpoints)} of ${t.checkpoints}`),
    ],
  ]).join("\n");
}
