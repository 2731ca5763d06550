/**
 * What a step of an entry takes, on one core and on two.
 *
 * @module
 */

import { join } from "node:path";
import { isAbsent, writeWhole } from "../base/files.ts";
import * as v from "../base/valibot.ts";
import { resolveConfig } from "../config/config.ts";
import { median } from "../numeric/statistics.ts";
import { Lane } from "../train/threads/lane.ts";
import type { Entry } from "./entry.ts";

/** On how many cores an entry is timed. */
export const CORES = [1, 2] as const;

// Trials of each; one core and two take turns, so that what else the machine does
// meets both.
const TRIALS = 5;

/** What a step took. */
export interface Timing {
  /** Milliseconds a step on one core: the median of the trials. */
  readonly one: number;
  /** The same on two. */
  readonly two: number;
  /** When, ISO 8601, UTC. */
  readonly at: string;
  /** Processes that ran or waited for a core before the trials, of the last minute; null where the system does not say. */
  readonly load: number | null;
}

/**
 * Times a step of an entry: seed 0 is trained for a moment, five times on one core and
 * five on two, one run at a time, without evaluations; the first steps of each, which
 * warm up, do not count.
 *
 * @param entry The entry.
 * @param folder Where a folder for it can be made; it is removed again.
 * @param signal Ends it between two trials.
 * @returns Undefined where it was stopped, or could not be trained.
 * @throws {Error} saying why it could not be trained.
 */
export async function timed(
  entry: Entry,
  folder: string,
  signal?: AbortSignal,
): Promise<Timing | undefined> {
  const run = join(folder, `.trial-${Deno.pid}`);
  const load = loadNow();
  const { config } = entry;
  using lanes = new DisposableStack();
  const turns = CORES.map((threads) => ({
    lane: lanes.use(new Lane("record.ts")),
    config: resolveConfig({ ...config, threads, evalEvery: config.steps }),
    ms: [] as number[],
  }));
  try {
    for (let trial = 0; trial < TRIALS; trial++) {
      for (const { lane, config, ms } of turns) {
        if (signal?.aborted) return undefined;
        ms.push(await lane.trial(config, run));
      }
    }
  } finally {
    await Deno.remove(run, { recursive: true }).catch(() => {});
  }
  const [one, two] = turns.map(({ ms }) => Number(median(ms).toPrecision(3)));
  return { one: one!, two: two!, at: new Date().toISOString(), load };
}

function loadNow(): number | null {
  const asked = { name: "sys", kind: "loadavg" } as const;
  if (Deno.permissions.querySync(asked).state !== "granted") return null;
  return Deno.loadavg()[0] ?? null;
}

const FILE = "timing.json";
const schema = v.strictObject({
  one: v.number(),
  two: v.number(),
  at: v.string(),
  load: v.nullable(v.number()),
});

/**
 * What a step took, as it is kept in the folder of an entry's runs.
 *
 * @returns Undefined where nothing is kept, or nothing that can be read: it is timed
 * again.
 */
export async function readTiming(folder: string): Promise<Timing | undefined> {
  try {
    const text = await Deno.readTextFile(join(folder, FILE));
    const found = v.safeParse(schema, JSON.parse(text));
    return found.success ? found.output : undefined;
  } catch (error) {
    if (!isAbsent(error) && !(error instanceof SyntaxError)) throw error;
  }
}

/** Keeps it there. */
export function writeTiming(folder: string, timing: Timing): Promise<void> {
  return writeWhole(join(folder, FILE), `${JSON.stringify(timing)}\n`);
}
