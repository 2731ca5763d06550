/**
 * Files that are held to the SHA-256 sums which were written with them: a run
 * folder's `SHA256SUMS`, in the form that `sha256sum -c` reads.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join, posix } from "node:path";
import { describing, FileError, isAbsent } from "./files.ts";
import { notice } from "./notices.ts";
import { sumLine, sumLines } from "./sum_lines.ts";

/** The name of the file of sums. */
export const SUMS = "SHA256SUMS";

// What makes a folder a run.
const MANIFEST = "manifest.json";

/** A file whose bytes are not those that were written. */
export class DamagedError extends FileError {
  /** What tells it from other errors. */
  override name = "DamagedError";
}

/** The SHA-256 of some bytes, in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The rows of a run's metrics before one of its checkpoints. */
export interface RowsSum {
  /** How many bytes of metrics.jsonl they are. */
  readonly bytes: number;
  /** The SHA-256 of these. */
  readonly sum: string;
}

const OF_ROWS = "# metrics.jsonl before step ";
const ROWS =
  /^# metrics\.jsonl before step (\d+): ([0-9a-f]{64}), (\d+) bytes$/;

// What a run writes whole, of which there is nothing without a sum. The metrics
// get theirs when the run ends.
const WHOLE =
  /^((config|manifest|split|summary)\.json|(checkpoints|optimizer)\/step-\d{8,}\.onnx|extensions\/.+)$/;

/** What a file of sums says. */
export class Sums {
  /**
   * By path, the sums that a file may have: more than one while it is replaced,
   * the newest last.
   */
  readonly files: Map<string, readonly string[]> = new Map();
  /** By the step of a checkpoint. */
  readonly rows: Map<number, RowsSum> = new Map();
  /** The numbers of lines that are neither sums nor comments. */
  readonly odd: readonly number[];

  /** @param odd The numbers of lines that are neither sums nor comments. */
  constructor(odd: readonly number[] = []) {
    this.odd = odd;
  }

  /** Parses the text; odd lines are passed over, as `sha256sum -c` does. */
  static parse(text: string): Sums {
    const odd: number[] = [];
    const sums = new Sums(odd);
    for (const line of sumLines(text)) {
      if ("odd" in line) {
        odd.push(line.odd);
        continue;
      }
      const path = posix.normalize(line.path);
      sums.files.set(path, [...sums.files.get(path) ?? [], line.sum]);
    }
    for (const [number, line] of text.split(/\r?\n/).entries()) {
      const [, step, before, bytes] = ROWS.exec(line) ?? [];
      if (step === undefined) {
        if (line.startsWith(OF_ROWS)) odd.push(number + 1);
        continue;
      }
      sums.rows.set(Number(step), { bytes: Number(bytes), sum: before! });
    }
    return sums;
  }

  /** The text, paths in order: `sha256sum -c` passes over the lines with #. */
  toString(): string {
    // Written at every checkpoint: of thousands, lists in between cost time.
    let text = "";
    for (const path of [...this.files.keys()].sort()) {
      for (const sum of this.files.get(path)!) text += sumLine(sum, path);
    }
    for (const step of [...this.rows.keys()].sort((a, b) => a - b)) {
      const { bytes, sum } = this.rows.get(step)!;
      text += `${OF_ROWS}${step}: ${sum}, ${bytes} bytes\n`;
    }
    return text;
  }

  /** Why bytes are not a file's, in words; undefined where they may be. */
  misfit(path: string, bytes: Uint8Array): string | undefined {
    const wanted = this.files.get(path);
    if (!wanted) {
      return WHOLE.test(path) ? `${SUMS} does not have it` : undefined;
    }
    const found = sha256(bytes);
    if (wanted.includes(found)) return undefined;
    return `its SHA-256 is ${short(found)}, ${SUMS} has ` +
      wanted.map(short).join(" or ");
  }
}

const short = (sum: string) => `${sum.slice(0, 12)}…`;

const KEEP = { ignoreBOM: true };

// The sums of the folders that were read, until they are others.
const known = new Map<
  string,
  { readonly state: string; readonly sums: Sums }
>();

/**
 * The sums of a run folder.
 *
 * @param run The folder.
 * @param fresh Read them again, even if the file looks the same.
 * @returns Undefined where it has none: no run, or an older version's, of which
 * a line on stderr tells.
 * @throws {DamagedError} if the file of sums is damaged itself.
 */
export async function sumsOf(
  run: string,
  fresh = false,
): Promise<Sums | undefined> {
  const path = join(run, SUMS);
  const info = await regular(path);
  if (!info) {
    if (await regular(join(run, MANIFEST))) {
      notice(
        `${run} has no ${SUMS}, as runs of older versions: whether its files ` +
          "are as they were written cannot be seen",
      );
    }
    return undefined;
  }
  const state = `${info.ino} ${info.size} ${info.mtime?.getTime()}`;
  const before = known.get(path);
  if (before?.state === state && !fresh) return before.sums;
  const bytes = await describing(`read ${path}`, () => Deno.readFile(path));
  // `sha256sum` takes a byte order mark for a part of the first line.
  const sums = Sums.parse(new TextDecoder("utf-8", KEEP).decode(bytes));
  const odd = sums.odd.map((line) => `line ${line} is none of sums`);
  if (!sums.files.has("manifest.json")) {
    if (!await regular(join(run, MANIFEST))) return undefined;
    throw new DamagedError(
      `Cannot read ${path}: ${odd[0] ? `${odd[0]}, and ` : ""}it has no sum ` +
        "of manifest.json, wanted one of each file of the run; put it back " +
        "from a copy, or remove it, and the files are read as they are",
    );
  }
  for (const line of odd) notice(`${path}: ${line}; it is passed over`);
  known.set(path, { state, sums });
  return sums;
}

/**
 * Whether a folder is a run: it has the manifest of one, or lost it, and its sums
 * say so.
 */
export async function isRun(folder: string): Promise<boolean> {
  if (await regular(join(folder, MANIFEST))) return true;
  return (await sumsOf(folder))?.files.has(MANIFEST) ?? false;
}

/**
 * What there is of a regular file; undefined where there is none.
 *
 * @throws {FileError} if it is a link, a folder, a pipe or a device.
 */
export async function regular(
  path: string,
): Promise<Deno.FileInfo | undefined> {
  const info = await describing(
    `read ${path}`,
    () =>
      Deno.lstat(path).catch((error) => {
        if (!isAbsent(error)) throw error;
      }),
  );
  if (info && !info.isFile) throw irregular(path, info);
  return info ?? undefined;
}

/** The error that something in a run folder is not what it must be. */
export function irregular(
  path: string,
  info: Deno.FileInfo | Deno.DirEntry,
  wanted = "a regular file",
): FileError {
  return new FileError(
    `Cannot use ${path}: it is ${sortOf(info)}, wanted ${wanted}`,
  );
}

/** What something in a folder is, in words: "a pipe". */
export function sortOf(info: Deno.FileInfo | Deno.DirEntry): string {
  if (info.isSymlink) return "a symbolic link";
  if (info.isDirectory) return "a folder";
  if (info.isFile) return "a file";
  if (!("isFifo" in info)) return "neither file nor folder";
  if (info.isFifo) return "a pipe";
  return info.isSocket ? "a socket" : "a device";
}

// How often a file is read again whose sum is another: it may have been replaced
// between the one and the other.
const MOST_TRIES = 3;

/**
 * Reads a file of a run folder and holds it to its sum.
 *
 * @param run The folder.
 * @param name Its path in the folder, with slashes.
 * @returns Undefined where it is not there.
 * @throws {DamagedError} if it is not what was written.
 * @throws {FileError} if it is no regular file, or cannot be read.
 */
export async function readOfRun(
  run: string,
  name: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const path = join(run, name);
  for (let tries = 1;; tries++) {
    if (!await regular(path)) return undefined;
    // First the file: a sum is written before what it is of.
    const bytes = await describing(
      `read ${path}`,
      () =>
        Deno.readFile(path).catch((error) => {
          if (!isAbsent(error)) throw error;
        }),
    );
    if (!bytes) return undefined;
    const problem = (await sumsOf(run, tries > 1))?.misfit(name, bytes);
    if (problem === undefined) return bytes;
    if (tries === MOST_TRIES) {
      throw new DamagedError(
        `Cannot read ${path}: it is not as it was written: ${problem}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * Reads a file that a user names: a link to a file may be one.
 *
 * @param path The file.
 * @throws {FileError} if it cannot be read, or is no file.
 */
export function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return describing(`read ${path}`, async () => {
    await fileSize(path);
    return await Deno.readFile(path);
  });
}

/**
 * The size of a file in bytes, links followed.
 *
 * @param path The file.
 * @throws {Error} if it is no file: a pipe or a device may never end.
 */
export async function fileSize(path: string): Promise<number> {
  const info = await Deno.stat(path);
  if (!info.isFile) throw new Error(`it is ${sortOf(info)}, wanted a file`);
  return info.size;
}
