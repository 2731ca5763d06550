/**
 * Planning: what is to be trained, written down.
 *
 * @module
 */

import { basename, join, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import {
  describing,
  isPartial,
  makeFolders,
  removeEmpty,
  removePartial,
} from "../base/files.ts";
import {
  checkArgument,
  checkOptions,
  type Checks,
  flag,
  named,
  object,
  text,
} from "../base/options.ts";
import { shown } from "../base/terminal.ts";
import type { Config } from "../config/config.ts";
import { list } from "../runs/layout.ts";
import { version } from "../runs/manifest.ts";
import { removeOld } from "../train/threads/trials.ts";
import { addRuns } from "./add_runs.ts";
import { endedIds, findSweep } from "./files.ts";
import { Gathering, type Kind } from "./gathering.ts";
import { FORMAT, SWEEP, type Sweep } from "./layout.ts";
import { checkPlaceOf, placeOf } from "./place.ts";
import { asInFile, blocksOf, type Naming } from "./points.ts";
import { endOf } from "./running/status.ts";
import { seedsSaid } from "./seeds.ts";
import { checkedSpec, type SweepSpec } from "./spec.ts";

// Where sweeps lie for which nobody names a folder.
const PARENT = "sweeps";

/** How to plan a sweep. */
export interface PlanOptions {
  /** The sweep's folder, a new one or one that holds it; by default `sweeps/NAME`. */
  readonly folder?: string;
  /** The sweep's name; by default its folder's, of a new folder the time. */
  readonly name?: string;
  /** Leave out what cannot be trained, instead of refusing all. */
  readonly skipImpossible?: boolean;
  /** The words by which it was planned, for `sweep.json`. */
  readonly command?: readonly string[];
  /** Name what is wrong by the flags of `groklab sweep plan`. */
  readonly flags?: boolean;
}

const PLAN: Checks<PlanOptions> = {
  folder: text,
  name: text,
  skipImpossible: flag,
  command: named,
  flags: flag,
};

/** What was planned. */
export interface Planned {
  /** The sweep's folder. */
  readonly folder: string;
  /** The sweep. */
  readonly sweep: Sweep;
  /** Different runs of the plan. */
  readonly points: number;
  /** Those of them that were not there before. */
  readonly new: number;
  /** Those of them that have ended: done, or diverged. */
  readonly ended: number;
  /** Those of them that failed, and are tried again. */
  readonly failed: number;
  /** Points of the plan that are the same as another of it. */
  readonly repeated: number;
  /** Points that cannot be trained, left out. */
  readonly impossible: number;
  /** Why, of a few of them; null where there are none. */
  readonly reasons: string | null;
  /** Whether seeds are held or varied, in a sentence. */
  readonly seeds: string;
  /** What cannot be told apart from the seed, in a sentence; null where all can. */
  readonly confounded: string | null;
  /** Keys that say nothing in some of the runs, in a sentence each. */
  readonly idle: readonly string[];
  /** Runs of the folder in all. */
  readonly runs: number;
  /** The plan's runs that are to be made, by what a step of them costs. */
  readonly kinds: readonly Readonly<Kind>[];
  /** Milliseconds a step of those that were made on this machine. */
  readonly known: readonly (readonly [config: Config, ms: number])[];
}

/**
 * Plans a sweep, or adds to one: writes down each run that is not there yet. All is
 * looked at before anything is there; two plans of the same run are one.
 *
 * @param spec What to plan.
 * @param options Where, and under which name.
 * @throws {UsageError} if the plan is not possible, or the folder holds something
 * else; nothing has changed then.
 * @throws {SyntaxError} if what the folder holds is damaged.
 * @throws {FileError} if it cannot be written; nothing has changed then.
 */
export async function planSweep(
  spec: SweepSpec,
  options: PlanOptions = {},
): Promise<Planned> {
  checkArgument("planSweep()", "spec", spec, object);
  checkOptions("planSweep()", options, PLAN);
  const { name, flags = false } = options;
  const naming: Naming = flags ? (field) => `--${field}` : asInFile;
  const blocks = blocksOf(checkedSpec(spec), naming);
  if (name !== undefined) checkName(name);
  const where = options.folder ?? PARENT;
  const { folder, made } = await describing(
    `plan a sweep in ${where}`,
    () => folderFor(options),
  );
  try {
    using _ = await describing(
      `plan a sweep in ${where}`,
      () => alone(folder),
    );
    const before = await sweepIn(folder, name);
    if (before) checkPlaceOf(before, spec.set ?? {});
    const sweep: Sweep = before ?? {
      format: FORMAT,
      name: name ?? basename(resolve(folder)),
      groklab: version,
      created: new Date().toISOString(),
      place: placeOf(spec.set ?? {}, spec.config, naming("set")),
      axes: [],
      plans: [],
    };
    const gathering = new Gathering();
    const addition = {
      before: sweep,
      blocks,
      config: spec.config,
      skipImpossible: options.skipImpossible ?? false,
      command: options.command ?? [],
    };
    const now = await addRuns(folder, addition, gathering);
    const { note, confounded } = seedsSaid(blocks, spec.config);
    const rest = await outcome(folder, now, gathering);
    return { ...rest, seeds: note, confounded };
  } catch (error) {
    removeEmpty(made);
    throw error;
  }
}

// The folder, and what of it was not there before, the innermost first.
async function folderFor(
  { folder, name }: PlanOptions,
): Promise<{ folder: string; made: readonly string[] }> {
  if (folder !== undefined || name !== undefined) {
    const path = folder ?? join(PARENT, name!);
    return { folder: path, made: await makeFolders(path) };
  }
  const made = await makeFolders(PARENT);
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  for (let n = 1;; n++) {
    const path = join(PARENT, n === 1 ? time : `${time}-${n}`);
    try {
      // Who makes the folder has it: another plan of the same second, the next.
      await Deno.mkdir(path);
      return { folder: path, made: [path, ...made] };
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

// Waits until no other process plans in a folder, and removes what killed ones left
// of their plans. Where the system locks no folders, who comes second sees that the
// sweep has changed, and ends.
async function alone(folder: string): Promise<Disposable> {
  const lock = await Deno.open(folder).catch(() => undefined);
  const locked = await lock?.lock(true).then(() => true, () => false);
  if (locked) await removePartial(folder);
  else await removeOld(folder, isPartial);
  return { [Symbol.dispose]: () => lock?.close() };
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._+=-]{0,99}$/u;

function checkName(name: string): void {
  if (NAME.test(name) && !isPartial(name)) return;
  throw new UsageError(
    `A sweep's name must be the name of a folder: letters, digits, . _ + = - ` +
      `of which the first is a letter or digit, got ${shown(name)}`,
  );
}

// The sweep that a folder holds; undefined where one can be begun there.
async function sweepIn(
  folder: string,
  name: string | undefined,
): Promise<Sweep | undefined> {
  const names = await describing(
    `plan a sweep in ${folder}`,
    () => list(folder),
  ) ?? [];
  const sweep = await findSweep(folder);
  if (sweep) {
    if (name === undefined || name === sweep.name) return sweep;
    throw new UsageError(
      `Cannot plan the sweep ${name} in ${folder}: it holds the sweep ` +
        `${shown(sweep.name)}; choose another folder with --out, or add to ` +
        "that one without --name",
    );
  }
  // What a start has left that was cut off at its last file is nobody's.
  const other = names.find((name) => name !== SWEEP.plan && !isPartial(name));
  if (other === undefined) return undefined;
  throw new UsageError(
    `Cannot plan a sweep in ${folder}: it is not empty (${shown(other)}) and ` +
      "holds no sweep; choose another folder with --out",
  );
}

async function outcome(
  folder: string,
  sweep: Sweep,
  gathering: Gathering,
): Promise<Omit<Planned, "seeds" | "confounded">> {
  const ended = await endedOf(folder, gathering);
  const { ids, added, repeated, impossible, reasons, there } = gathering;
  return {
    folder,
    sweep,
    points: ids.size,
    new: added,
    ...ended,
    repeated,
    impossible,
    reasons: impossible > 0 ? reasons : null,
    idle: gathering.idle,
    runs: there + added,
    kinds: gathering.kinds,
  };
}

// Of the runs that were planned before, those that have ended, and what their
// steps took on this machine.
async function endedOf(
  folder: string,
  gathering: Gathering,
): Promise<Pick<Planned, "ended" | "failed" | "known">> {
  const known: [Config, number][] = [];
  let [ended, failed] = [0, 0];
  const ids = await endedIds(folder);
  for (const [id, config] of gathering.before) {
    // What cannot be read is said by who trains it again.
    const end = ids.has(id) ? await endOf(folder, id, []) : undefined;
    if (end?.state === "failed") failed += 1;
    if (!end || end.state === "failed") {
      gathering.toMake(config);
      continue;
    }
    ended += 1;
    if (end.host !== host() || end.result === undefined) continue;
    known.push([config, end.result.ms_per_step]);
  }
  return { ended, failed, known };
}

// This machine's name; undefined where it may not be asked.
function host(): string | undefined {
  const asked = { name: "sys", kind: "hostname" } as const;
  return Deno.permissions.querySync(asked).state === "granted"
    ? Deno.hostname()
    : undefined;
}
