/**
 * What a run is, and in what runs differ.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import { checkArgument, checkPaths, pathCheck } from "../base/options.ts";
import { defaults } from "../config/config.ts";
import { statedConfig } from "../config/stated.ts";
import { isRun } from "../base/sums.ts";
import { FILES, list, stepsIn } from "../runs/layout.ts";
import type { Manifest } from "../runs/manifest.ts";
import type { Labels } from "./labels.ts";
import { readFacts, type RunState } from "./record.ts";

/** What a run is, and what it came to. */
export interface RunDescription {
  /** The run's folder. */
  readonly run: string;
  /** How far it is. */
  readonly state: RunState;
  /** What is wrong with its files; else null. */
  readonly problem: string | null;
  /** What is written on it. */
  readonly labels: Labels;
  /** Its config, as it has it. */
  readonly config: Readonly<Record<string, unknown>>;
  /**
   * What of it is not the default: what it is, and the default. What a run left
   * unsaid because there was no choice, the generator that it draws by, is said.
   */
  readonly changed: Readonly<
    Record<string, { readonly is: unknown; readonly default: unknown }>
  >;
  /** How it ended, or stands, by the names of a list's columns. */
  readonly outcome: Readonly<Record<string, unknown>>;
  /** The steps of its checkpoints. */
  readonly checkpoints: readonly number[];
  /** Where and with what it was made; null where that cannot be read. */
  readonly manifest: Manifest | null;
}

const same = (a: unknown, b: unknown) =>
  JSON.stringify(a) === JSON.stringify(b);

// What was computed on is always another word than the default, auto.
const TAKEN = "device";

/**
 * Describes a run.
 *
 * @param run The run's folder.
 * @throws {UsageError} if it is none.
 */
export async function describeRun(run: string): Promise<RunDescription> {
  checkArgument("describeRun()", "run", run, pathCheck);
  const facts = await isRun(run).catch(() => true)
    ? await readFacts(run)
    : undefined;
  if (!facts) throw new UsageError(`Cannot describe ${run}: it is no run`);
  const { state, problem, labels, outcome, config = {}, manifest } = facts;
  // Where bits are drawn, this is the default.
  const known: Record<string, unknown> = { ...defaults, generator: "squares" };
  const { checkpoint: _, ...rest } = outcome;
  return {
    run,
    state,
    problem,
    labels,
    config,
    changed: Object.fromEntries(
      Object.entries(statedConfig(config))
        .filter(([key, is]) => key !== TAKEN && !same(is, known[key] ?? null))
        .map(([key, is]) => [key, { is, default: known[key] ?? null }]),
    ),
    outcome: rest,
    checkpoints: stepsIn(await list(join(run, FILES.checkpoints)) ?? []),
    manifest: manifest as unknown as Manifest ?? null,
  };
}

/** In what runs differ. */
export interface RunComparison {
  /** The runs' folders. */
  readonly runs: readonly string[];
  /** What each is called; null of one without a name. */
  readonly names: readonly (string | null)[];
  /**
   * By key of the config, what each has, or had when there was no choice; what all
   * have alike is left out.
   */
  readonly config: Readonly<Record<string, readonly unknown[]>>;
  /** By name, how each ended or stands; what all have alike is left out. */
  readonly outcome: Readonly<Record<string, readonly unknown[]>>;
}

/**
 * Compares runs: in which keys of the config and in which outcomes they differ.
 * What one does not have is null.
 *
 * @param runs The runs' folders, two at least.
 * @throws {UsageError} if there are fewer, or one is no run.
 */
export async function compareRuns(
  runs: readonly string[],
): Promise<RunComparison> {
  checkPaths("compareRuns()", runs);
  if (runs.length < 2) {
    throw new UsageError(
      `Cannot compare ${runs[0]} with nothing: name another run`,
    );
  }
  const all: RunDescription[] = [];
  for (const run of runs) all.push(await describeRun(run));
  return {
    runs,
    names: all.map(({ labels }) => labels.name),
    config: differing(all.map(({ config }) => statedConfig(config))),
    outcome: differing(
      all.map(({ state, outcome }) => ({ state, ...outcome })),
    ),
  };
}

function differing(
  all: readonly Readonly<Record<string, unknown>>[],
): Record<string, unknown[]> {
  const names = new Set(all.flatMap((each) => Object.keys(each)));
  return Object.fromEntries(
    [...names].map((name) =>
      [name, all.map((each) => each[name] ?? null)] as const
    ).filter(([, values]) => values.some((value) => !same(value, values[0]))),
  );
}
