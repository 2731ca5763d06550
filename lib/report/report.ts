/**
 * Making reports: from run folders to a page, or to charts in files.
 *
 * @module
 */

import { append } from "../base/extremes.ts";
import { FileError } from "../base/files.ts";
import { readVerified } from "../base/verified.ts";
import { checkOptions, checkPaths, only } from "../base/options.ts";
import { evenlySpaced } from "../numeric/statistics.ts";
import { SESSION } from "../onnx/runtime/options.ts";
import { usualJobs } from "../probes/asking/threads.ts";
import { NotApplicableError } from "../probes/context/not_applicable.ts";
import { RunContext } from "../probes/run_context.ts";
import { probe } from "../probes/asking/probe_checkpoint.ts";
import { type ProbeName, probes } from "../probes/catalogue.ts";
import { lastWhole, wholeOnes } from "../runs/whole.ts";
import { curveFigures } from "./figures/curves.ts";
import type { OpenedCheckpoint, ReportFigure } from "./figures/figure.ts";
import {
  progressFigure,
  progressOver,
  scalingFigure,
} from "./figures/measure_figures.ts";
import {
  answersFigure,
  attentionFigures,
  logitsFigures,
} from "./figures/pair_figures.ts";
import {
  fourierFigures,
  spectraFigure,
  spectrumAt,
} from "./figures/spectrum_figures.ts";
import { REPORT, type ReportOptions } from "./options.ts";
import type { Html } from "./page/html.ts";
import type { Verdict } from "./page/page.ts";
import { liveOf, liveSection } from "./playground/live_section.ts";
import { type Group, groupsOf, readRuns, type ReportRun } from "./runs.ts";

/** Everything that a report shows but its live part. */
export interface Report {
  /** The runs, in groups that differ in more than their seeds. */
  readonly groups: readonly Group[];
  /** Charts over training, all runs in each. */
  readonly curves: readonly ReportFigure[];
  /** What lies inside the networks, run by run. */
  readonly inside: readonly ReportFigure[];
  /** What probes found in each. */
  readonly verdicts: readonly Verdict[];
}

// Checkpoints of which a heat map has a column; of more, some are left out.
const MOST_CHECKPOINTS = 60;

/**
 * Reads the runs and draws them.
 *
 * @param paths Run folders, or folders of replicas.
 * @param options Which probes, and how to run checkpoints.
 * @throws {FileError} if a run cannot be read.
 * @throws {UsageError} if this version cannot make a run's experiment.
 */
export async function makeReport(
  paths: readonly string[],
  options: ReportOptions = {},
): Promise<Report> {
  checkPaths("makeReport()", paths);
  checkOptions("makeReport()", options, REPORT);
  const groups = await readGroups(paths);
  const inside: ReportFigure[] = [];
  const verdicts: Verdict[] = [];
  for (const [g, { label, runs: [run] }] of groups.entries()) {
    await steadily(run, async (listed) => {
      options.onStage?.(`looking inside ${listed.name}`);
      const run = await withoutDamaged(listed);
      // First: what probes found need not be found again for figures.
      const verdict = await verdictOn(run, options);
      const figures = await insideFigures(verdict, label, `run${g}`, options);
      append(inside, figures);
      verdicts.push(verdict);
    });
  }
  return { groups, curves: curveFigures(groups), inside, verdicts };
}

// The run with those checkpoints that are looked at and are as they were written.
async function withoutDamaged(run: ReportRun): Promise<ReportRun> {
  const all = run.checkpoints;
  if (all.length === 0) return run;
  const last = await lastWhole(all);
  const chosen = evenlySpaced(
    all.slice(0, all.indexOf(last) + 1),
    MOST_CHECKPOINTS,
  );
  return { ...run, checkpoints: await wholeOnes(chosen) };
}

// How often a run is looked at again whose checkpoints were replaced meanwhile.
const MOST_TRIES = 4;

// Training replaces its last checkpoint every so often: where one was gone when it
// was to be read, the run is looked at again.
async function steadily<T>(
  run: ReportRun,
  look: (run: ReportRun) => Promise<T>,
): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await look(run);
    } catch (error) {
      if (!(error instanceof FileError) || tries === MOST_TRIES) throw error;
      const [again] = await readRuns(run.path);
      const same = JSON.stringify(again!.checkpoints) ===
        JSON.stringify(run.checkpoints);
      if (same) throw error;
      run = again!;
    }
  }
}

/** The runs of some folders, in groups that differ in more than seeds. */
export async function readGroups(paths: readonly string[]): Promise<Group[]> {
  const runs = await Promise.all([...new Set(paths)].map(readRuns));
  return groupsOf(runs.flat());
}

// What is drawn of the last checkpoint.
const FIGURES: readonly ((
  opened: OpenedCheckpoint,
  label: string,
  id: string,
) => Promise<ReportFigure | ReportFigure[]>)[] = [
  fourierFigures,
  logitsFigures,
  answersFigure,
  (opened, label, id) => attentionFigures(opened, label, `${id}-attention`),
  (opened, label, id) => scalingFigure(opened, label, `${id}-scaling`),
];

async function insideFigures(
  { run, report }: Verdict,
  label: string,
  id: string,
  options: ReportOptions,
): Promise<ReportFigure[]> {
  if (run.checkpoints.length === 0) return [];
  const chosen = run.checkpoints;
  const context = await RunContext.open(
    run.path,
    only(options, SESSION),
    chosen,
  );
  const known = report?.probes;
  const figures: ReportFigure[] = [];
  const add = (made: ReportFigure | ReportFigure[]) =>
    append(figures, [made].flat());
  // What one checkpoint lacks, the others lack too.
  const through = async <T>(
    look: (opened: OpenedCheckpoint) => T | Promise<T>,
    draw: (all: readonly T[]) => ReportFigure,
  ) => {
    if (chosen.length < 2) return;
    await applying(async () => {
      const all: T[] = [];
      for (const checkpoint of chosen) {
        const { step } = checkpoint;
        all.push(
          await context.with(checkpoint, (context) => look({ step, context })),
        );
      }
      add(draw(all));
    });
  };
  await through(
    spectrumAt,
    (spectra) => spectraFigure(spectra, label, `${id}-spectra`),
  );
  if (chosen.length > 1) {
    await applying(async () => {
      const measures = await progressOver(
        run.path,
        chosen,
        known?.progress,
        inThreads(options, true),
      );
      add(progressFigure(measures, label, `${id}-progress`, chosen.length));
    });
  }
  const { step } = chosen.at(-1)!;
  await context.last(async (context) => {
    const opened = { step, context, known };
    for (const draw of FIGURES) {
      await applying(async () => add(await draw(opened, label, id)));
    }
  });
  return figures;
}

// How to ask probes. What calls back stays in this thread.
function inThreads(
  { probes: _, onStage: __, ...options }: ReportOptions,
  whole: boolean,
) {
  return { ...options, jobs: usualJobs(whole) };
}

// What a checkpoint lacks is not drawn.
async function applying(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof NotApplicableError)) throw error;
  }
}

async function verdictOn(
  run: ReportRun,
  options: ReportOptions,
): Promise<Verdict> {
  const last = run.checkpoints.at(-1);
  if (!last) {
    return { run, report: undefined, reason: "There is no checkpoint yet." };
  }
  const names = options.probes ?? Object.values(probes)
    .filter((probe) => probe.of === "checkpoint" && !probe.costly)
    .map(({ name }) => name as ProbeName);
  options.onStage?.(`asking ${run.name}: ${names.join(", ")}`);
  try {
    const told = { ...inThreads(options, false), lenient: true };
    return { run, report: await probe(last.path, names, told) };
  } catch (error) {
    if (!(error instanceof NotApplicableError)) throw error;
    return { run, report: undefined, reason: error.message };
  }
}

/**
 * The live part of a report: its first run with a checkpoint that a reader can
 * ask.
 *
 * @param groups The runs.
 * @param runtime The packed runtime, where it becomes part of the page.
 * @param verdicts What probes found in some of the runs, so that it need not be
 * found again.
 * @returns Or why there is none.
 */
export async function livePart(
  groups: readonly Group[],
  runtime: string | undefined,
  verdicts: readonly Verdict[] = [],
): Promise<Html | string> {
  const reasons: string[] = [];
  for (const { runs: [run] } of groups) {
    if (run.checkpoints.length === 0) {
      reasons.push(`${run.name} has no checkpoint yet.`);
      continue;
    }
    try {
      const live = await steadily(run, async ({ path, checkpoints }) => {
        const last = await lastWhole(checkpoints);
        const bytes = await readVerified(last.path);
        const context = await RunContext.open(path);
        const { probes } = verdicts.find(({ run, report }) =>
          run.path === path && report?.step === last.step
        )?.report ?? {};
        return await context.with(
          last,
          (context) =>
            liveOf(bytes, context, probes?.fourier),
        );
      });
      return liveSection(live, run.name, runtime);
    } catch (error) {
      if (!(error instanceof NotApplicableError)) throw error;
      reasons.push(error.message);
    }
  }
  return reasons.join(" ");
}
