/**
 * Reading and writing a sweep's folder.
 *
 * @module
 */

import { join } from "node:path";
import * as v from "../base/valibot.ts";
import { UsageError } from "../base/errors.ts";
import { describing, FileError, writeWhole } from "../base/files.ts";
import { isObject, parseObject } from "../base/json.ts";
import { checkArgument, pathCheck } from "../base/options.ts";
import { taskLine } from "../base/shell.ts";
import { regular } from "../base/sums.ts";
import type { Config } from "../config/config.ts";
import { ignoreMissing } from "../runs/layout.ts";
import { version } from "../runs/manifest.ts";
import {
  endedPath,
  type EndedRun,
  FORMAT,
  ID,
  type PlannedRun,
  SWEEP,
  type Sweep,
} from "./layout.ts";
import { unobstructed } from "./obstacles.ts";

const text = v.string();
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const sweepSchema = v.looseObject({
  format: v.literal(FORMAT),
  name: text,
  groklab: text,
  created: text,
  place: v.looseObject({
    engine: text,
    device: text,
    deviceId: count,
    runtime: text,
    backend: text,
    threads: v.nullable(count),
  }),
  axes: v.array(text),
  plans: v.array(
    v.looseObject({
      at: text,
      command: v.array(text),
      points: count,
      new: count,
    }),
  ),
});
const endedSchema = v.looseObject({
  id: v.pipe(text, v.regex(ID)),
  state: v.picklist(["done", "diverged", "failed"]),
  reason: v.optional(text),
  attempts: count,
  ended: text,
  host: text,
  seconds: v.number(),
  result: v.optional(v.looseObject({})),
});

/**
 * What a folder's sweep is.
 *
 * @returns Undefined where it is none.
 * @throws {UsageError} if another version of groklab wrote it.
 * @throws {SyntaxError} if the file is damaged.
 * @throws {FileError} if it cannot be read.
 */
export async function findSweep(folder: string): Promise<Sweep | undefined> {
  const path = join(folder, SWEEP.sweep);
  if (!await regular(path)) return undefined;
  const text = await describing(`read ${path}`, () => Deno.readTextFile(path));
  const found = parseObject(text, path, "a sweep");
  const { format, groklab } = found;
  if (Number.isSafeInteger(format) && format !== FORMAT) {
    throw new UsageError(
      `Cannot read the sweep ${folder}: its form is ${format}, of groklab ` +
        `${groklab}; this groklab, ${version}, reads ${FORMAT}: use that one, ` +
        "or another folder",
    );
  }
  return checked(path, "a sweep", sweepSchema, found) as unknown as Sweep;
}

/**
 * What a sweep is.
 *
 * @throws {UsageError} if the folder is none, or another version's.
 * @throws {SyntaxError} if the file is damaged.
 * @throws {FileError} if it cannot be read.
 */
export async function readSweep(folder: string): Promise<Sweep> {
  checkArgument("readSweep()", "folder", folder, pathCheck);
  const sweep = await findSweep(folder);
  if (sweep) return sweep;
  throw new UsageError(
    `Cannot read the sweep ${folder}: it holds no ${SWEEP.sweep}; ` +
      `${taskLine("sweep", "plan", "--out", folder)} makes one`,
  );
}

/**
 * The runs of a sweep, line by line: of very many not all are in memory.
 *
 * @throws {SyntaxError} if a line is damaged, or a run there twice.
 * @throws {FileError} if the plan cannot be read.
 */
export async function* planLines(
  folder: string,
): AsyncGenerator<PlannedRun, void, void> {
  const path = join(folder, SWEEP.plan);
  const seen = new Map<string, number>();
  let number = 0;
  for await (const lines of linesOf(path)) {
    for (const line of lines) {
      const run = plannedRun(path, ++number, line);
      const before = seen.get(run.id);
      if (before !== undefined) {
        throw new SyntaxError(
          `Cannot read ${path}: line ${number} has the id of line ${before}, ` +
            `${run.id}; wanted each run once`,
        );
      }
      seen.set(run.id, number);
      yield run;
    }
  }
}

/**
 * The runs of a sweep, in the order of its plan.
 *
 * @throws {SyntaxError} if a line is damaged, or a run there twice.
 * @throws {FileError} if the plan cannot be read.
 */
export async function readPlan(folder: string): Promise<PlannedRun[]> {
  checkArgument("readPlan()", "folder", folder, pathCheck);
  return await Array.fromAsync(planLines(folder));
}

function plannedRun(path: string, line: number, text: string): PlannedRun {
  const wanted = "a run: id, point, config";
  const { id, point, config } = parseObject(text, path, wanted, { line });
  if (typeof id === "string" && ID.test(id) && isObject(point)) {
    if (isObject(config)) {
      return { id, point, config: config as unknown as Config };
    }
  }
  throw new SyntaxError(
    `Cannot read ${path}: line ${line} has no ${
      typeof id !== "string" || !ID.test(id)
        ? "id of 16 hexadecimal digits"
        : isObject(point)
        ? "config"
        : "point"
    }; wanted ${wanted}`,
  );
}

// The lines of a file, as many at a time as are read at once.
async function* linesOf(path: string): AsyncGenerator<string[], void, void> {
  if (!await regular(path)) {
    throw new FileError(`Cannot read ${path}: it is not there`);
  }
  using file = await describing(`read ${path}`, () => Deno.open(path));
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(1 << 20);
  let rest = "";
  for (;;) {
    const read = await describing(`read ${path}`, () => file.read(bytes));
    rest += decoder.decode(bytes.subarray(0, read ?? 0), {
      stream: read !== null,
    });
    const lines = rest.split("\n");
    rest = lines.pop()!;
    yield lines;
    if (read === null) break;
  }
  // Each has its end: a last one without is cut off, if only by that.
  if (rest !== "") yield [rest];
}

/** A line of `plan.jsonl`, with its end. */
export function planLine({ id, point, config }: PlannedRun): string {
  return `${JSON.stringify({ id, point, config })}\n`;
}

/** The text of `sweep.json`. */
export function sweepText(sweep: Sweep): string {
  return `${JSON.stringify(sweep, null, 2)}\n`;
}

/** The ids of the runs that have ended, failed ones too. */
export async function endedIds(folder: string): Promise<Set<string>> {
  const path = join(folder, SWEEP.ended);
  const ids = new Set<string>();
  await describing(`read ${path}`, async () => {
    try {
      for await (const { name } of Deno.readDir(path)) {
        const id = name.replace(/\.json$/, "");
        if (id !== name && ID.test(id)) ids.add(id);
      }
    } catch (error) {
      ignoreMissing(error);
    }
  });
  return ids;
}

/**
 * How a run ended.
 *
 * @returns Undefined where it has not.
 * @throws {SyntaxError} if the file is damaged.
 * @throws {ObstacleError} if it is no regular file.
 * @throws {FileError} if it cannot be read.
 */
export async function readEnded(
  folder: string,
  id: string,
): Promise<EndedRun | undefined> {
  checkArgument("readEnded()", "folder", folder, pathCheck);
  const path = endedPath(folder, id);
  const text = await unobstructed(
    `read ${path}`,
    path,
    () => Deno.readTextFile(path),
  );
  if (text === undefined) return undefined;
  const wanted = "how a run ended";
  const found = checked(
    path,
    wanted,
    endedSchema,
    parseObject(text, path, wanted),
  );
  if (found.id !== id) {
    throw new SyntaxError(
      `Cannot read ${path}: it is of ${found.id}; wanted ${wanted}, ${id}`,
    );
  }
  return found as unknown as EndedRun;
}

/**
 * Writes how a run ended.
 *
 * @throws {FileError} saying what the system said.
 */
export function writeEnded(folder: string, ended: EndedRun): Promise<void> {
  return writeWhole(
    endedPath(folder, ended.id),
    `${JSON.stringify(ended, null, 2)}\n`,
  );
}

// What parses, but is not what it must be, was damaged or written by hand.
function checked<T>(
  path: string,
  wanted: string,
  schema: v.GenericSchema<unknown, T>,
  found: unknown,
): T {
  const result = v.safeParse(schema, found);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? "it";
  throw new SyntaxError(
    `Cannot read ${path}: ${where} is not what it must be (wanted ` +
      `${issue.expected}, got ${issue.received}); wanted ${wanted}`,
  );
}
