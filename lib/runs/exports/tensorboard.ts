/**
 * The metrics of runs for TensorBoard.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { checkPlace, writeWhole } from "../../base/files.ts";
import {
  checkArgument,
  checkOptions,
  checkPaths,
  type Checks,
  flag,
  pathCheck,
} from "../../base/options.ts";
import { ENDED, endRecord, type Records } from "../../formats/tensorboard.ts";
import { notice } from "../../base/notices.ts";
import { readManifest } from "../layout.ts";
import { readConfig, readMetrics } from "../read.ts";
import { readSummary } from "../saved_state.ts";
import {
  checkNoEvents,
  eventFolder,
  firstRecords,
  nextEventFile,
  removeEvents,
  rowRecord,
  timesOf,
} from "./event_log.ts";
import { runsMeant } from "./runs_meant.ts";

/** How events are written. */
export interface EventOptions {
  /** Replace the events of runs of these names. */
  readonly overwrite?: boolean;
}

const OPTIONS: Checks<EventOptions> = { overwrite: flag };

/**
 * Writes the metrics of runs as TensorBoard's event files, each run into a folder
 * of its name: scalars (float32, as TensorBoard keeps them; what is not finite has
 * no point), and the config as hyper-parameters. Nothing is written before all runs
 * are read.
 *
 * ```ts
 * import { exportTensorboard } from "@groklab/groklab/runs";
 * import { train } from "@groklab/groklab";
 *
 * const dir = await Deno.makeTempDir();
 * await train({ modulus: 7, hidden: [16], steps: 10 }, { run: `${dir}/run` });
 * await exportTensorboard([`${dir}/run`], `${dir}/tensorboard`);
 * ```
 *
 * @param folders Run folders, or folders of replicas.
 * @param logs The folder for TensorBoard, `tensorboard --logdir LOGS`; it is made,
 * in a folder that is there.
 * @param options Whether events may be replaced.
 * @returns The folders of the runs.
 * @throws {FileError} if a run is not there or damaged, or the events cannot be
 * written.
 * @throws {UsageError} if there are events of a run of that name.
 */
export async function exportTensorboard(
  folders: readonly string[],
  logs: string,
  options: EventOptions = {},
): Promise<string[]> {
  checkPaths("exportTensorboard()", folders);
  checkArgument("exportTensorboard()", "logs", logs, pathCheck);
  checkOptions("exportTensorboard()", options, OPTIONS);
  const { overwrite = false } = options;
  await checkPlace(logs);
  const runs = await runsMeant(folders);
  const places = runs.map((run) => eventFolder(logs, run));
  const twice = places.find((place, i) => places.indexOf(place) !== i);
  if (twice !== undefined) {
    throw new UsageError(
      `Cannot write events of two runs into ${twice}: export runs of the same ` +
        "name into folders of their own",
    );
  }
  if (!overwrite) { for (const place of places) checkNoEvents(place); }
  const files: [string, Uint8Array][] = [];
  for (const [i, run] of runs.entries()) {
    const { records, time } = await recordsOf(run);
    const name = nextEventFile(places[i]!, time);
    files.push([join(places[i]!, name), joined(records)]);
  }
  for (const [i, [path, bytes]] of files.entries()) {
    removeEvents(places[i]!);
    await writeWhole(path, bytes);
  }
  return places;
}

async function recordsOf(
  run: string,
): Promise<{ records: Records[]; time: number }> {
  const { started } = await readManifest(run);
  const time = Date.parse(started) / 1000;
  const rows = await readMetrics(run);
  const summary = await readSummary(run, notice);
  const times = timesOf(time, rows);
  const records = [
    ...firstRecords(time, await readConfig(run)),
    ...rows.map((row, i) => rowRecord(times[i]!, row)),
  ];
  const ended = endOf(summary);
  if (ended !== undefined) records.push(endRecord(times.at(-1) ?? time, ended));
  return { records, time };
}

/** How a run ended, in TensorBoard's numbers; undefined where it goes on. */
export function endOf(summary: unknown): number | undefined {
  const end = summary as
    | { diverged_at?: number | null; interrupted?: boolean }
    | undefined;
  if (!end || end.interrupted) return undefined;
  return typeof end.diverged_at === "number" ? ENDED.failure : ENDED.success;
}

function joined(records: readonly Records[]): Uint8Array {
  const size = records.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
  }
  return bytes;
}
