/**
 * Asking probes: of a checkpoint, of every checkpoint of a run, of the run.
 *
 * @module
 */

import { flagOf } from "../config/config.ts";
import {
  checkedSettings,
  type Settings,
  type Values,
} from "../config/setting.ts";
import { onnxDevice } from "../devices.ts";
import { UsageError } from "../errors.ts";
import { nearest } from "../names.ts";
import { loadProbeModel, type ProbeModel } from "../onnx/probe_model.ts";
import { providerOf } from "../onnx/session.ts";
import { runOfCheckpoint } from "../runs/read.ts";
import type { FloatDType } from "../trace/graph.ts";
import { ProbeContext } from "./context.ts";
import { type ForeignOptions, introduce } from "./foreign.ts";
import { NotApplicableError, type Probe, type RunProbe } from "./probe.ts";
import * as registry from "./registry.ts";
import {
  type ProbeSeries,
  RunContext,
  type RunOptions,
} from "./run_context.ts";

/** Any probe of a checkpoint. */
// deno-lint-ignore no-explicit-any -- A probe is invariant in result and settings.
export type CheckpointProbe = Probe<string, any, any>;
/** Any probe of a run. */
// deno-lint-ignore no-explicit-any -- As above.
export type WholeRunProbe = RunProbe<string, any, any>;

/** Any probe. */
export type AnyProbe = CheckpointProbe | WholeRunProbe;

/** The probes of the registry. */
export type Registered = Extract<
  typeof registry[keyof typeof registry],
  AnyProbe
>;

/** The name of a probe. */
export type ProbeName = Registered["name"];

/** The result of each probe. */
export type ProbeResults = {
  [P in Registered as P["name"]]: Awaited<ReturnType<P["compute"]>>;
};

const isProbe = (x: unknown): x is AnyProbe =>
  typeof x === "object" && x !== null && "compute" in x && "describe" in x;

/** Every probe by its name. */
export const probes: Readonly<Record<ProbeName, AnyProbe>> = Object.fromEntries(
  Object.values<unknown>(registry).filter(isProbe).map((
    probe,
  ) => [probe.name, probe]),
) as Record<ProbeName, AnyProbe>;

/** The names of all probes. */
export const probeNames = Object.keys(probes) as ProbeName[];

/** What probes can be told, of all of them together. */
export const probeSettings: Settings = Object.assign(
  {},
  ...Object.values<AnyProbe>(probes).map(({ settings }) => settings),
);

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

/** How to probe. */
export interface ProbeOptions extends RunOptions, ForeignOptions {
  /** What probes are told: keys of {@link probeSettings}, else their defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** What probing a checkpoint found; what `deno task probe --json` prints. */
export interface ProbeReport {
  /** The file. */
  readonly source: string;
  /** Updates made before the checkpoint, where it says so. */
  readonly step: number | null;
  /** ONNX Runtime's execution provider. */
  readonly provider: string;
  /** Results by probe. */
  readonly probes: Partial<ProbeResults>;
  /** Probes that do not apply to this checkpoint, with the reason. */
  readonly skipped: Partial<Record<ProbeName, string>>;
}

/** What probing a whole run found; `deno task probe --all-checkpoints --json`. */
export interface RunReport {
  /** The run's folder. */
  readonly source: string;
  /** The steps of its checkpoints. */
  readonly steps: readonly number[];
  /** ONNX Runtime's execution provider. */
  readonly provider: string;
  /** Results of the probes of checkpoints. */
  readonly series: { [N in ProbeName]?: ProbeSeries<ProbeResults[N]> };
  /** Results of the probes of runs. */
  readonly probes: Partial<ProbeResults>;
  /** Probes that do not apply, or were left out, with the reason. */
  readonly skipped: Partial<Record<ProbeName, string>>;
}

/**
 * Probes a checkpoint.
 *
 * @param path An .onnx file; one that lies in a run folder is seen as the run's.
 * @param names Which probes; by default every one of a checkpoint that applies.
 * @param options How to run the model, and what probes are told.
 * @throws {FileError} if the file cannot be read.
 * @throws {SyntaxError} if it is no ONNX model.
 * @throws {UsageError} if the device has no numbers of the weights' type, a setting
 * is none of the probes', or what is told of the file does not fit it.
 * @throws {NotApplicableError} if a probe that was named does not apply, or none
 * does.
 */
export async function probe(
  path: string,
  names?: readonly ProbeName[],
  options: ProbeOptions = {},
): Promise<ProbeReport> {
  const asking = new Asking(names, options);
  await using closing = new AsyncDisposableStack();
  const loaded = await loadProbeModel(path, options);
  closing.defer(() => loaded.close());
  const { model, task } = await introduce(loaded, options);
  closing.defer(() => model.close());
  const folder = await runOfCheckpoint(path);
  const run = folder ? await RunContext.open(folder, options) : undefined;
  const context = new ProbeContext(model, {
    ...(run && { run }),
    ...(task && { task }),
  });
  asking.check(model);
  for (const probe of asking.probes) {
    await asking.ask(probe, async (settings) => {
      if (probe.of === "checkpoint") {
        return await probe.compute(context, settings);
      }
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
    step: context.step,
    provider: model.provider,
    probes: results as Partial<ProbeResults>,
    skipped,
  };
}

/**
 * Probes every checkpoint of a run, and the run itself.
 *
 * @param path A run folder.
 * @param names Which probes; by default every one that applies and is not costly.
 * @param options How to run the models, and what probes are told.
 * @throws {FileError} if it is no run, or a file of it cannot be read.
 * @throws {UsageError} if the device has no numbers of the weights' type, or a
 * setting is none of the probes'.
 * @throws {NotApplicableError} if a probe that was named applies to no checkpoint,
 * or none does.
 */
export async function probeRun(
  path: string,
  names?: readonly ProbeName[],
  options: ProbeOptions = {},
): Promise<RunReport> {
  const asking = new Asking(names, options);
  const run = await RunContext.open(path, options);
  const series: Record<string, { step: number; result: unknown }[]> = {};
  const told: Record<string, unknown> = {};
  const perCheckpoint: CheckpointProbe[] = [];
  for (const probe of asking.probes) {
    if (probe.of !== "checkpoint") continue;
    if (names || !probe.costly) perCheckpoint.push(probe);
    else {
      asking.skip(probe, `It ${probe.costly}: name it to ask every checkpoint`);
    }
  }
  if (perCheckpoint.length > 0) {
    await run.each("checkpoints", async (context, { step }) => {
      asking.check(context.model);
      for (const probe of perCheckpoint) {
        // What does not apply to one checkpoint may apply to the next.
        await asking.ask(probe, async (settings) => {
          const result = await probe.compute(context, settings);
          told[probe.name] = settings;
          (series[probe.name] ??= []).push({ step, result });
        }, false);
      }
    });
  }
  for (const [name, results] of Object.entries(series)) {
    if (results.length === run.checkpoints.length) {
      run.keep(name, told[name], results);
    }
  }
  for (const probe of asking.probes) {
    if (probe.of !== "run") continue;
    await asking.ask(probe, (settings) => probe.compute(run, settings));
  }
  const { results, skipped } = asking.answers(path, Object.keys(series));
  return {
    source: path,
    steps: run.checkpoints.map(({ step }) => step),
    provider: providerOf(options),
    series: series as RunReport["series"],
    probes: results as Partial<ProbeResults>,
    skipped,
  };
}

/** Probes being asked: their settings, their answers, why some have none. */
class Asking {
  readonly probes: readonly AnyProbe[];
  readonly #named: boolean;
  readonly #settings: ReadonlyMap<string, Record<string, unknown>>;
  readonly #results: Record<string, unknown> = {};
  readonly #reasons = new Map<string, NotApplicableError>();

  constructor(
    names: readonly ProbeName[] | undefined,
    { settings = {} }: ProbeOptions,
  ) {
    this.#named = names !== undefined;
    this.probes = [...new Set(names ?? probeNames)].map((name) => {
      const probe = probes[name];
      if (probe) return probe;
      throw new UsageError(
        `Cannot ask the probe ${name}: there is none of that name, ` +
          nearest(name, probeNames),
      );
    });
    const read = new Set<string>(
      this.probes.flatMap((probe) => Object.keys(probe.settings ?? {})),
    );
    const idle = Object.keys(settings).find((key) => !read.has(key));
    if (idle !== undefined) {
      throw new UsageError(
        `${flagOf(idle)} is read by none of the probes ` +
          this.probes.map(({ name }) => name).join(", "),
      );
    }
    this.#settings = new Map(
      this.probes.map(({ name, settings: known = {} }) => [
        name,
        checkedSettings(known, settings, flagOf),
      ]),
    );
  }

  /** Keeps an answer, or why there is none. */
  async ask(
    probe: AnyProbe,
    answer: (settings: Record<string, unknown>) => unknown,
    keep = true,
  ): Promise<void> {
    try {
      const result = await answer(this.#settings.get(probe.name)!);
      if (keep) this.#results[probe.name] = result;
    } catch (error) {
      if (!(error instanceof NotApplicableError)) throw error;
      this.#reasons.set(probe.name, error);
    }
  }

  /** Leaves a probe out. */
  skip(probe: AnyProbe, reason: string): void {
    this.#reasons.set(probe.name, new NotApplicableError(reason));
  }

  /** What was answered; a probe that was named and was not is an error. */
  answers(source: string, elsewhere: readonly string[] = []) {
    const answered = new Set([...Object.keys(this.#results), ...elsewhere]);
    const reasons = [...this.#reasons].filter(([name]) => !answered.has(name));
    if (this.#named && reasons.length > 0) {
      const [name, reason] = reasons[0]!;
      throw new NotApplicableError(
        `The probe ${name} does not apply to ${source}: ${reason.message}`,
        { cause: reason },
      );
    }
    if (answered.size === 0) {
      throw new NotApplicableError(
        `No probe applies to ${source}: ` +
          [...new Set(reasons.map(([, { message }]) => message))].join("; "),
      );
    }
    const skipped = Object.fromEntries(
      reasons.map(([name, { message }]) => [name, message]),
    ) as ProbeReport["skipped"];
    return { results: this.#results, skipped };
  }

  /**
   * ONNX Runtime would compute on the CPU what the device has no numbers for, and
   * say nothing.
   */
  check(model: ProbeModel): void {
    const { runtime = "node", device = "cpu" } = model.options;
    const { precisions } = onnxDevice({ runtime, device });
    for (const name of model.weightNames) {
      const dtype = model.weight(name)!.dtype as FloatDType;
      if (!precisions.includes(dtype)) {
        throw new UsageError(
          `Cannot probe ${model.source} on ${device}: its weight ${name} is ` +
            `${dtype}, and ${device} computes in ${precisions.join(", ")}: ` +
            "use --device cpu",
        );
      }
    }
  }
}
