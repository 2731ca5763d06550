/**
 * Trainings that TensorBoard follows.
 *
 * @module
 */

import { join } from "node:path";
import { checkPlace, FileError } from "../base/files.ts";
import { checkArgument, pathCheck } from "../base/options.ts";
import {
  endRecord,
  type Records,
  startRecord,
} from "../formats/tensorboard.ts";
import {
  checkNoEvents,
  eventFolder,
  firstRecords,
  nextEventFile,
  removeEvents,
  rowRecord,
  timesOf,
} from "../runs/exports/event_log.ts";
import { endOf } from "../runs/exports/tensorboard.ts";
import { FILES } from "../runs/layout.ts";
import type { Manifest } from "../runs/manifest.ts";
import { parseRow } from "../runs/read.ts";
import type { TrainOptions } from "./options.ts";

/** What writes events while a training runs. */
export interface EventLog
  extends Required<Pick<TrainOptions, "onStart" | "onRows">> {
  /** Writes how the runs ended; call it when the training is over. */
  close(): void;
}

/** What lies there. */
export interface EventLogOptions {
  /** The training's `overwrite`: events of a run of that name are replaced. */
  readonly overwrite?: boolean;
  /**
   * The training's `resume`: the events go on in a file of their own, with those
   * of the metrics that the run has.
   */
  readonly resume?: boolean;
}

const now = () => Date.now() / 1000;

/**
 * What writes TensorBoard's event files of a training, each run into a folder of
 * its name, as soon as its metrics are written. A process that is killed leaves
 * files that TensorBoard reads; a training that goes on with the run writes a file
 * that stands for all of them. The run's own bytes stay as they are.
 *
 * ```ts
 * import { tensorboardLog, train } from "@groklab/groklab/train";
 *
 * const dir = await Deno.makeTempDir();
 * const { close, ...log } = tensorboardLog(`${dir}/tensorboard`);
 * await train({ modulus: 7, hidden: [16], steps: 10 }, {
 *   run: `${dir}/run`,
 *   ...log,
 * });
 * close();
 * ```
 *
 * @param logs The folder for TensorBoard, `tensorboard --logdir LOGS`; it is made.
 * @param options What the training is told, too.
 * @throws {TypeError} if the folder's name is no text.
 */
export function tensorboardLog(
  logs: string,
  { overwrite = false, resume = false }: EventLogOptions = {},
): EventLog {
  checkArgument("tensorboardLog()", "logs", logs, pathCheck);
  const open = new Map<number, { run: string; file: Deno.FsFile }>();
  return {
    onStart(run, config, _, replica) {
      const folder = eventFolder(logs, run);
      if (!resume) {
        if (overwrite) removeEvents(folder);
        checkNoEvents(folder);
      }
      const time = now();
      const path = join(folder, nextEventFile(folder, time));
      const records = [
        ...firstRecords(time, config),
        ...(resume ? [startRecord(time, 0), ...rowsBefore(run)] : []),
      ];
      writing(path, () => {
        Deno.mkdirSync(folder, { recursive: true });
        const file = Deno.openSync(path, { write: true, createNew: true });
        open.set(replica, { run, file });
        put(file, records);
      });
    },
    onRows(rows, replica) {
      const { run, file } = open.get(replica)!;
      const time = now();
      writing(
        eventFolder(logs, run),
        () => put(file, rows.map((row) => rowRecord(time, row))),
      );
    },
    close() {
      for (const [replica, { run, file }] of open) {
        const end = endOf(summaryOf(run));
        if (end !== undefined) {
          writing(
            eventFolder(logs, run),
            () => put(file, [endRecord(now(), end)]),
          );
        }
        file.close();
        open.delete(replica);
      }
    },
  };
}

/**
 * Refuses what `onStart` would refuse, before the training has begun.
 *
 * @param logs The folder for TensorBoard.
 * @param runs The folders of the runs, where they are known.
 * @param options What the training is told.
 * @throws {UsageError} if a run's name is taken there, or the folder cannot be
 * made.
 */
export async function checkEventsPlace(
  logs: string,
  runs: readonly string[],
  { overwrite = false, resume = false }: EventLogOptions,
): Promise<void> {
  await checkPlace(logs);
  if (overwrite || resume) return;
  for (const run of runs) checkNoEvents(eventFolder(logs, run));
}

function put(file: Deno.FsFile, records: readonly Records[]): void {
  for (const record of records) {
    for (let at = 0; at < record.length;) {
      at += file.writeSync(record.subarray(at));
    }
  }
}

function writing(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new FileError(
      `Cannot write events into ${path}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

// What was evaluated before, with about the times at which it was.
function rowsBefore(run: string): Records[] {
  const path = join(run, FILES.metrics);
  const rows = Deno.readTextFileSync(path).split("\n").slice(0, -1)
    .map((line, i) => parseRow(line, path, i + 1));
  const manifest = JSON.parse(
    Deno.readTextFileSync(join(run, FILES.manifest)),
  ) as Manifest;
  const times = timesOf(Date.parse(manifest.started) / 1000, rows);
  return rows.map((row, i) => rowRecord(times[i]!, row));
}

function summaryOf(run: string): unknown {
  try {
    return JSON.parse(Deno.readTextFileSync(join(run, FILES.summary)));
  } catch {
    return undefined; // It goes on.
  }
}
