/**
 * Asking probes of a checkpoint.
 *
 * @module
 */

import { checkOptions, only } from "../../base/options.ts";
import { flagOf } from "../../config/config.ts";
import { providerOf } from "../../onnx/runtime/session.ts";
import { runOfCheckpoint } from "../../runs/read.ts";
import { checkedSettings } from "../../settings/checked.ts";
import type { Settings, Values } from "../../settings/setting.ts";
import type { AskedName, CheckpointProbe, ProbeResults } from "../catalogue.ts";
import type { ProbeContext } from "../context/context.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import type { Probe } from "../probe.ts";
import { RunContext } from "../run_context.ts";
import { FOREIGN_RUN } from "../run_options.ts";
import type { ProbeReport } from "./messages.ts";
import { listed, nameOf, openWhole } from "./open_run.ts";
import { PROBE, type ProbeOptions } from "./options.ts";
import { Asking, checkAsked } from "./questions.ts";
import { summaryOf } from "./summary.ts";
import { shareOut } from "./threads.ts";

/**
 * Asks a probe of a checkpoint.
 *
 * @param probe The probe.
 * @param context The checkpoint.
 * @param given What it is told; the rest are its defaults.
 * @throws {UsageError} if a setting is not what it must be.
 * @throws {NotApplicableError} if the checkpoint lacks what it needs.
 */
export async function ask<Result, S extends Settings>(
  probe: Probe<string, Result, S>,
  context: ProbeContext,
  given: Partial<Values<S>> = {},
): Promise<Result> {
  const settings = (probe.settings ?? {}) as S;
  return await probe.compute(context, checkedSettings(settings, given, flagOf));
}

/**
 * Probes a checkpoint.
 *
 * ```ts
 * import { probe, train } from "@groklab/groklab";
 * import { assertEquals } from "@std/assert";
 *
 * const { checkpoint } = await train(
 *   { modulus: 7, hidden: [16], steps: 20 },
 *   { run: await Deno.makeTempDir() },
 * );
 * const { probes } = await probe(checkpoint, ["logit-scaling"]);
 * assertEquals(probes["logit-scaling"]!.depth, 2); // α^depth
 * ```
 *
 * @param path An .onnx file; one that lies in a run folder is seen as the run's.
 * @param names Which probes; by default every one of a checkpoint that applies.
 * @param options How to run the model, and what probes are told.
 * @throws {TypeError} if the path is no text, or the names are no list.
 * @throws {FileError} if the file cannot be read.
 * @throws {SyntaxError} if it is no ONNX model.
 * @throws {UsageError} if the list of names is empty, an option is unknown, the device has no numbers of the
 * weights' type, a setting
 * is none of the probes', or what is told of the file does not fit it.
 * @throws {NotApplicableError} if a probe that was named does not apply, unless
 * `lenient` says to skip it, or none does.
 */
export async function probe(
  path: string,
  names?: readonly AskedName[],
  options: ProbeOptions = {},
): Promise<ProbeReport> {
  checkAsked("probe()", path, names);
  checkOptions("probe()", options, PROBE);
  const asking = new Asking(names, options);
  const folder = await runOfCheckpoint(path);
  const perCheckpoint = asking.probes
    .filter((probe): probe is CheckpointProbe => probe.of === "checkpoint")
    // What takes longest first, so that no thread is left with it at the end.
    .sort((a, b) => Number(!a.costly) - Number(!b.costly));
  const looksAtRun = asking.probes.some((probe) => probe.of === "run") && names;
  const run = folder === undefined
    ? undefined
    : looksAtRun
    ? await openWhole(folder, options)
    : await RunContext.open(folder, only(options, FOREIGN_RUN));
  const share = {
    path,
    run: run && listed(run),
    names: perCheckpoint.map(nameOf),
    whole: false,
  };
  const { step, notes } = await shareOut(
    share,
    options,
    (unit) => asking.take(unit),
  );
  for (const probe of asking.probes) {
    if (probe.of !== "run") continue;
    await asking.ask(probe, async (settings) => {
      if (!names) {
        throw new NotApplicableError(
          "It looks at a whole run: --all-checkpoints, or name it",
        );
      }
      if (run) return await probe.compute(run, settings);
      throw new NotApplicableError(
        `${path} lies in no run folder, and it looks at a whole run`,
      );
    });
  }
  const { results, skipped } = asking.answers(path);
  return {
    source: path,
    step,
    notes,
    provider: providerOf(options),
    summary: summaryOf(results, skipped),
    probes: results as Partial<ProbeResults>,
    skipped,
  };
}
