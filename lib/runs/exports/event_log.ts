/**
 * A run as TensorBoard reads it: event files in a folder of its own, inside a
 * folder of runs.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { FileError, isAbsent } from "../../base/files.ts";
import { isObject } from "../../base/json.ts";
import {
  type HParam,
  hparamsRecord,
  type Records,
  scalarsRecord,
  tagOf,
  versionRecord,
} from "../../formats/tensorboard.ts";
import { deviceSettings } from "../../settings/run.ts";
import { REPLICA } from "../layout.ts";
import type { MetricsRow } from "../run_folder.ts";

// Of files of one folder TensorBoard reads those that sort later, later.
const OURS = /^events\.out\.tfevents\.(\d{10,})\.groklab\.(\d{5})$/;

/**
 * The folder of a run among TensorBoard's: called as the run's own, a replica's
 * inside that of its band.
 *
 * @param logs The folder that TensorBoard is given.
 * @param run The run's folder.
 */
export function eventFolder(logs: string, run: string): string {
  const full = resolve(run);
  return REPLICA.test(full)
    ? join(logs, basename(dirname(full)), basename(full))
    : join(logs, basename(full));
}

/** The event files in a folder, in the order in which they are read. */
export function eventFiles(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name)
      .filter((name) => name.includes("tfevents")).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw new FileError(
      `Cannot read ${folder}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/**
 * Refuses a folder that has events already, which would become those of one run
 * with the new ones.
 *
 * @throws {UsageError} if there are some.
 */
export function checkNoEvents(folder: string): void {
  if (eventFiles(folder).length === 0) return;
  throw new UsageError(
    `Cannot write events into ${folder}: it has those of a run; replace them ` +
      "with --overwrite, or choose another folder for TensorBoard",
  );
}

/** Removes the event files that groklab wrote into a folder. */
export function removeEvents(folder: string): void {
  for (const name of eventFiles(folder)) {
    if (OURS.test(name)) Deno.removeSync(join(folder, name));
  }
}

/**
 * The name of the next event file in a folder: it sorts behind those that are
 * there, whatever the clock says.
 *
 * @param folder The folder.
 * @param time Seconds since 1970.
 */
export function nextEventFile(folder: string, time: number): string {
  const last = OURS.exec(eventFiles(folder).at(-1) ?? "");
  const seconds = Math.max(Math.floor(time), Number(last?.[1] ?? 0));
  const number = Number(last?.[2] ?? -1) + 1;
  return `events.out.tfevents.${String(seconds).padStart(10, "0")}.groklab.` +
    String(number).padStart(5, "0");
}

/**
 * How the event file of a run begins: with its hyper-parameters, which are the
 * settings of its config but for where it is computed.
 *
 * @param time Seconds since 1970.
 * @param config The run's config.
 */
export function firstRecords(time: number, config: unknown): Records[] {
  const params: [string, HParam][] = [];
  for (const [key, value] of Object.entries(isObject(config) ? config : {})) {
    if (value === null || Object.hasOwn(deviceSettings, key)) continue;
    const plain = typeof value === "object" ? JSON.stringify(value) : value;
    params.push([key, plain as HParam]);
  }
  return [
    versionRecord(time),
    hparamsRecord(time, Object.fromEntries(params)),
  ];
}

/**
 * An evaluation as a record: every metric that is a number.
 *
 * @param time Seconds since 1970.
 * @param row The evaluation.
 */
export function rowRecord(time: number, row: MetricsRow): Records {
  const { step, ...metrics } = row;
  const numbers = Object.entries(metrics as Record<string, number | null>)
    .filter((entry): entry is [string, number] => Number.isFinite(entry[1]));
  return scalarsRecord(
    time,
    step,
    Object.fromEntries(numbers.map(([name, value]) => [tagOf(name), value])),
  );
}

/**
 * When evaluations of a run were about made: its metrics have no clock, but how
 * long a step took.
 *
 * @param started Seconds since 1970, when the run began.
 * @param rows Its evaluations.
 */
export function timesOf(
  started: number,
  rows: readonly MetricsRow[],
): number[] {
  let time = started;
  let before = rows[0]?.step ?? 0;
  return rows.map(({ step, ms_per_step: ms }) => {
    time += (step - before) * (Number.isFinite(ms) ? ms : 0) / 1000;
    before = step;
    return time;
  });
}
