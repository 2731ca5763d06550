/**
 * What is published with the code, held to the sums that were written with it:
 * `docs/reproduction/SHA256SUMS`, in the form that `sha256sum -c` reads.
 *
 * @module
 */

import { join, posix } from "node:path";
import { describing, isPartial, writeWhole } from "../base/files.ts";
import { isObject, parseObject, type Unchecked } from "../base/json.ts";
import { sumLines } from "../base/sum_lines.ts";
import { sha256 } from "../base/sums.ts";
import { ConfigError, resolveConfig } from "../config/config.ts";
import type { RunRecord, Scale } from "../figures/figure.ts";
import { list } from "../runs/layout.ts";
import { type Places, recordsFolder } from "./layout.ts";
import { type Outcome, parseOutcome } from "./outcome.ts";

/** The name of the file of sums. */
export const PUBLISHED_SUMS = "SHA256SUMS";

/** Told of a file that is not what it should be, in a sentence. */
export type OnProblem = (problem: string) => void;

/** The SHA-256 of a text, whose line ends may be those of Windows. */
export function sumOfText(text: string): string {
  return sha256(text.replaceAll("\r\n", "\n"));
}

/** The sums of what is published, by path within it. */
export class PublishedSums {
  readonly #folder: string;
  /** Undefined where there is no file of sums: nothing can be compared. */
  readonly #sums: Map<string, string> | undefined;

  private constructor(folder: string, sums: Map<string, string> | undefined) {
    this.#folder = folder;
    this.#sums = sums;
  }

  /** Reads the sums of what is published. */
  static async of({ published }: Places): Promise<PublishedSums> {
    const path = join(published, PUBLISHED_SUMS);
    const text = await readText(path);
    if (text === undefined) return new PublishedSums(published, undefined);
    const sums = new Map<string, string>();
    for (const line of sumLines(text)) {
      if ("odd" in line) continue; // Its file then has no sum, which is said.
      sums.set(posix.normalize(line.path), line.sum);
    }
    return new PublishedSums(published, sums);
  }

  /**
   * Reads a file.
   *
   * @param name Its path, with slashes.
   * @param onProblem Told where it is not as it was published; it counts as not
   * there then.
   */
  async read(name: string, onProblem: OnProblem): Promise<string | undefined> {
    const path = join(this.#folder, name);
    const text = await readText(path);
    const wanted = this.#sums?.get(name);
    if (!this.#sums || (text === undefined && wanted === undefined)) {
      return text;
    }
    const problem = text === undefined
      ? `is gone, but stands in ${PUBLISHED_SUMS}`
      : wanted === undefined
      ? `does not stand in ${PUBLISHED_SUMS}`
      : sumOfText(text) !== wanted
      ? `is not as it was published: its SHA-256 is another than ` +
        `${PUBLISHED_SUMS} has`
      : undefined;
    if (problem === undefined) return text;
    onProblem(`${path} ${problem}`);
  }

  /** The names of the files in a folder, those that are gone among them. */
  async names(folder: string): Promise<string[]> {
    const there = await list(join(this.#folder, folder)) ?? [];
    const known = [...this.#sums?.keys() ?? []]
      .filter((name) => name.startsWith(`${folder}/`))
      .map((name) => name.slice(folder.length + 1))
      .filter((name) => !name.includes("/"));
    return [...new Set([...there, ...known])].sort();
  }

  /** What is not as it was published, of all that is. */
  async problems(): Promise<string[]> {
    const found: string[] = [];
    const files = new Set(await filesIn(this.#folder));
    for (const name of [...files, ...this.#sums?.keys() ?? []].sort()) {
      await this.read(name, (problem) => found.push(problem));
    }
    return [...new Set(found)];
  }

  /**
   * Writes the sums of all that is there now.
   *
   * @throws {FileError} if they cannot be written.
   */
  static async write({ published }: Places): Promise<void> {
    const lines = [];
    for (const name of (await filesIn(published)).sort()) {
      const text = await readText(join(published, name));
      lines.push(`${sumOfText(text!)}  ${name}\n`);
    }
    if (lines.length === 0) return;
    await writeWhole(join(published, PUBLISHED_SUMS), lines.join(""));
  }
}

/** What a published figure came to; undefined where it is not, or not whole. */
export async function publishedOutcome(
  places: Places,
  figure: string,
  onProblem: OnProblem,
): Promise<Outcome | undefined> {
  const sums = await PublishedSums.of(places);
  const name = `${figure}/verdict.json`;
  const text = await sums.read(name, onProblem);
  if (text === undefined) return undefined;
  try {
    return parseOutcome(text, join(places.published, name));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    onProblem(error.message);
  }
}

// The files below a folder, with slashes, the sums apart.
async function filesIn(folder: string, within = ""): Promise<string[]> {
  const names = await list(join(folder, within)) ?? [];
  const files = await Promise.all(names.map(async (name) => {
    const path = within === "" ? name : `${within}/${name}`;
    if (path === PUBLISHED_SUMS || isPartial(name)) return [];
    const { isDirectory } = await Deno.stat(join(folder, path));
    return isDirectory ? await filesIn(folder, path) : [path];
  }));
  return files.flat();
}

function readText(path: string): Promise<string | undefined> {
  return describing(
    `read ${path}`,
    () =>
      Deno.readTextFile(path).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        return undefined;
      }),
  );
}

/**
 * The published records of a figure.
 *
 * @param onProblem Told of each that is torn, edited or gone; it is left out.
 * @returns By the names of the runs; those of configs that this version does not
 * know are left out.
 */
export async function readPublished(
  places: Places,
  figure: string,
  scale: Scale,
  onProblem: OnProblem,
): Promise<Map<string, RunRecord>> {
  const records = new Map<string, RunRecord>();
  const sums = await PublishedSums.of(places);
  const folder = `${figure}/records/${scale}`;
  for (const name of await sums.names(folder)) {
    if (!name.endsWith(".json")) continue;
    const text = await sums.read(`${folder}/${name}`, onProblem);
    if (text === undefined) continue;
    const path = join(recordsFolder(places, figure, scale), name);
    try {
      const record: Unchecked<RunRecord> = parseObject(
        text,
        path,
        "a record of a run",
      );
      const config = resolveConfig(record.config);
      checkRecord(record, path);
      records.set(
        name.slice(0, -".json".length),
        { ...record, config } as RunRecord,
      );
    } catch (error) {
      if (error instanceof ConfigError) continue;
      if (!(error instanceof SyntaxError)) throw error;
      onProblem(error.message);
    }
  }
  return records;
}

// That charts, tables and rules can read it.
function checkRecord(record: Record<string, unknown>, path: string): void {
  const { arm, seed, steps, ms_per_step, columns, measures } = record;
  const lists = isObject(columns) ? Object.values(columns) : [];
  const length = Array.isArray(lists[0]) ? lists[0].length : -1;
  const wanted = typeof arm !== "string"
    ? "the name of an arm"
    : ![seed, steps, ms_per_step].every((x) => typeof x === "number")
    ? "numbers as seed, steps and ms_per_step"
    : length < 1 ||
        !lists.every((one) => Array.isArray(one) && one.length === length)
    ? "columns of one length"
    : !isObject(measures)
    ? "measures"
    : undefined;
  if (wanted === undefined) return;
  throw new SyntaxError(`Cannot read ${path}: a record of a run has ${wanted}`);
}
