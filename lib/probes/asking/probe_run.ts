/**
 * Probing every checkpoint of a run, and the run itself.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import { checkOptions } from "../../base/options.ts";
import { providerOf } from "../../onnx/runtime/session.ts";
import type {
  AskedName,
  CheckpointProbe,
  ProbeName,
  ProbeResults,
} from "../catalogue.ts";
import { foreignCheckpoints } from "../foreign/checkpoints.ts";
import { foreignOf } from "../foreign/foreign.ts";
import type { RunContext } from "../run_context.ts";
import type { ProbeSeries } from "../run_options.ts";
import type { UnitAnswers } from "./messages.ts";
import { listed, nameOf, openWhole } from "./open_run.ts";
import { PROBE, type ProbeOptions } from "./options.ts";
import { Asking, checkAsked } from "./questions.ts";
import { summaryOf } from "./summary.ts";
import { shareOut } from "./threads.ts";

/** What probing a whole run found; `deno task probe --all-checkpoints --json`. */
export interface RunReport {
  /** The run's folder. */
  readonly source: string;
  /** The steps of its checkpoints. */
  readonly steps: readonly number[];
  /** ONNX Runtime's execution provider. */
  readonly provider: string;
  /** How another tool's checkpoints were made out. */
  readonly notes: readonly string[];
  /** What was found, in five or six sentences: of the run, and at its last step. */
  readonly summary: readonly string[];
  /** Results of the probes of checkpoints. */
  readonly series: { [N in ProbeName]?: ProbeSeries<ProbeResults[N]> };
  /** Of these probes, why they have no result at some checkpoints, and at which. */
  readonly gaps: Partial<Record<ProbeName, string>>;
  /** Results of the probes of runs. */
  readonly probes: Partial<ProbeResults>;
  /** Probes that do not apply, or were left out, with the reason. */
  readonly skipped: Partial<Record<ProbeName, string>>;
}

// Why probes that have results elsewhere have none at some steps.
function gapsOf(
  series: Readonly<Record<string, unknown>>,
  lacks: Readonly<Record<string, Readonly<Record<string, number[]>>>>,
): RunReport["gaps"] {
  return Object.fromEntries(
    Object.entries(lacks).filter(([name]) => name in series).map((
      [name, reasons],
    ) => [
      name,
      Object.entries(reasons).map(([reason, steps]) =>
        `step${steps.length > 1 ? "s" : ""} ${steps.join(", ")}: ${reason}`
      ).join("; "),
    ]),
  );
}

/**
 * Probes every checkpoint of a run, and the run itself.
 *
 * ```ts
 * import { probeRun, train } from "@groklab/groklab";
 * import { assertEquals } from "@std/assert";
 *
 * const run = await Deno.makeTempDir();
 * const config = { modulus: 7, hidden: [16], steps: 20, checkpointEvery: 10 };
 * await train(config, { run });
 * const { steps, series } = await probeRun(run, ["geometry"]);
 * assertEquals(steps, [0, 10, 20]);
 * assertEquals(series.geometry!.length, 3);
 * ```
 *
 * @param path A run folder, or a folder of another tool's checkpoints.
 * @param names Which probes; by default every one that applies and is not costly.
 * @param options How to run the models, and what probes are told.
 * @throws {FileError} if it is no run, or a file of it cannot be read.
 * @throws {UsageError} if the device has no numbers of the weights' type, or a
 * setting is none of the probes'.
 * @throws {NotApplicableError} if a probe that was named applies to no checkpoint,
 * unless `lenient` says to skip it, or none does.
 */
export async function probeRun(
  path: string,
  names?: readonly AskedName[],
  options: ProbeOptions = {},
): Promise<RunReport> {
  checkAsked("probeRun()", path, names);
  checkOptions("probeRun()", options, PROBE);
  const asking = new Asking(names, options);
  const [told] = Object.keys(foreignOf(options));
  if (told !== undefined && !await foreignCheckpoints(path)) {
    throw new UsageError(
      `--${told} must be left out with --all-checkpoints: a run says itself ` +
        "what it was trained on",
    );
  }
  const run = await openWhole(path, options);
  const perCheckpoint: CheckpointProbe[] = [];
  for (const probe of asking.probes) {
    if (probe.of !== "checkpoint") continue;
    if (names || !probe.costly) perCheckpoint.push(probe);
    else {
      asking.skip(probe, `It ${probe.costly}: name it to ask every checkpoint`);
    }
  }
  const { series, lacks } = await everywhere(
    run,
    perCheckpoint,
    asking,
    options,
  );
  for (const [name, results] of Object.entries(series)) {
    if (results.length === run.checkpoints.length) {
      run.keep(name, asking.settingsOf(name), results);
    }
  }
  for (const probe of asking.probes) {
    if (probe.of !== "run") continue;
    await asking.ask(probe, (settings) => probe.compute(run, settings));
  }
  const { results, skipped } = asking.answers(path, Object.keys(series));
  const end = run.checkpoints.at(-1)!.step;
  const atEnd = Object.fromEntries(
    Object.entries(series).flatMap(([name, results]) => {
      const last = results.at(-1)!;
      return last.step === end ? [[name, last.result]] : [];
    }),
  );
  return {
    source: path,
    steps: run.checkpoints.map(({ step }) => step),
    provider: providerOf(options),
    notes: run.notes,
    summary: summaryOf({ ...atEnd, ...results }, skipped),
    series: series as RunReport["series"],
    gaps: gapsOf(series, lacks),
    probes: results as Partial<ProbeResults>,
    skipped,
  };
}

/** Results by probe, oldest first. */
type SeriesByProbe = Record<string, { step: number; result: unknown }[]>;

/** By probe and reason, the steps of the checkpoints that it does not apply to. */
type Lacks = Record<string, Record<string, number[]>>;

// Asks every checkpoint of a run.
async function everywhere(
  run: RunContext,
  probes: readonly CheckpointProbe[],
  asking: Asking,
  options: ProbeOptions,
): Promise<{ series: SeriesByProbe; lacks: Lacks }> {
  const series: SeriesByProbe = {};
  const lacks: Lacks = {};
  if (probes.length === 0) return { series, lacks };
  const names = probes.map(nameOf);
  const share = { path: run.path, run: listed(run), names, whole: true };
  const units: UnitAnswers[] = [];
  await shareOut(share, options, (unit) => units.push(unit));
  for (const unit of units.toSorted((a, b) => a.index - b.index)) {
    const { step, path } = run.checkpoints[unit.index]!;
    for (const [name, result] of Object.entries(unit.results)) {
      (series[name] ??= []).push({ step, result });
    }
    // What does not apply to one checkpoint may apply to the next.
    asking.take({ ...unit, results: {} });
    for (const [name, reason] of Object.entries(unit.reasons)) {
      // The same of several is said once.
      const why = reason.replaceAll(path, "the checkpoint");
      ((lacks[name] ??= {})[why] ??= []).push(step);
    }
  }
  return { series, lacks };
}
