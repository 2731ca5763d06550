/**
 * Keeping a run's `SHA256SUMS` current while it is written. A sum is on the disk
 * before what it is of, so that a kill in between leaves no file without one; of
 * a file that is replaced both the old and the new are good until it is.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { join } from "node:path";
import { describing, writeWhole } from "../base/files.ts";
import { type RowsSum, sha256, Sums, sumsOf } from "../base/sums.ts";
import { CHECKPOINT, FILES, list, stepFile } from "./layout.ts";
import { writeInTurn } from "./write_in_turn.ts";

/** The names of a step's files in a run folder. */
export const filesOfStep = (step: number): readonly [string, string] => [
  `${FILES.checkpoints}/${stepFile(step)}`,
  `${FILES.optimizer}/${stepFile(step)}`,
];

/** The sums of a run that is being written. */
export class RunSums {
  readonly #run: string;
  readonly #sums: Sums;

  private constructor(run: string, sums: Sums) {
    this.#run = run;
    this.#sums = sums;
  }

  /** Those of a new run. */
  static empty(run: string): RunSums {
    return new RunSums(run, new Sums());
  }

  /** Those of a run that is there; an older version's files get theirs now. */
  static async of(run: string): Promise<RunSums> {
    const found = await sumsOf(run, true);
    if (found) return new RunSums(run, Sums.parse(`${found}`));
    const sums = new Sums();
    const folders = [FILES.checkpoints, FILES.optimizer];
    const steps = await Promise.all(
      folders.map(async (folder) =>
        (await list(join(run, folder)) ?? [])
          .filter((name) => CHECKPOINT.test(name))
          .map((name) => `${folder}/${name}`)
      ),
    );
    const there = new Set(await list(run));
    const whole = [FILES.config, FILES.manifest, FILES.split, FILES.summary]
      .filter((name) => there.has(name));
    for (const name of [...whole, ...steps.flat()]) {
      const path = join(run, name);
      const bytes = await describing(`read ${path}`, () => Deno.readFile(path));
      sums.files.set(name, [sha256(bytes)]);
    }
    return new RunSums(run, sums);
  }

  /** Puts what is known on the disk. */
  save(): Promise<void> {
    return writeWhole(join(this.#run, FILES.sums), `${this.#sums}`);
  }

  /**
   * Writes files, each after its sum.
   *
   * @param files Their contents by their names in the run folder, in the order
   * in which they are written.
   * @param around The manifest, which goes before the sums; rows, which have none yet
   * and go last; what has to be done first.
   */
  async write(
    files: Readonly<Record<string, string | Uint8Array>>,
    { manifest, rows, ready }: {
      readonly manifest?: string;
      readonly rows?: string;
      readonly ready?: Promise<void>;
    } = {},
  ): Promise<void> {
    const { files: sums } = this.#sums;
    const before = new Map(
      Object.keys(files).map((name) => [name, sums.get(name)]),
    );
    const made = new Map<string, string>();
    for (const [name, contents] of Object.entries(files)) {
      const sum = sha256(contents);
      made.set(join(this.#run, name), name);
      const old = (sums.get(name) ?? []).filter((other) => other !== sum);
      sums.set(name, [...old, sum]);
    }
    if (manifest !== undefined) this.note(FILES.manifest, sha256(manifest));
    const all = {
      ...(manifest !== undefined && { [FILES.manifest]: manifest }),
      [FILES.sums]: `${this.#sums}`,
      ...files,
      ...(rows !== undefined && { [FILES.metrics]: rows }),
    };
    try {
      await writeInTurn(
        Object.entries(all)
          .map(([name, contents]) =>
            [join(this.#run, name), contents] as const
          ),
        ready,
        (path) => {
          const name = made.get(path);
          if (name === undefined) return;
          sums.set(name, sums.get(name)!.slice(-1));
          before.delete(name);
        },
      );
    } catch (error) {
      for (const [name, old] of before) {
        if (old) sums.set(name, old);
        else sums.delete(name);
      }
      await this.save().catch(() => {});
      throw error;
    }
  }

  /** Forgets files that are to be removed, or are not whole any more. */
  forget(...names: readonly string[]): void {
    for (const name of names) this.#sums.files.delete(name);
  }

  /** Forgets the files of a step, and says whether there were sums of any. */
  forgetStep(step: number): boolean {
    const { files, rows } = this.#sums;
    const known = filesOfStep(step).map((name) => files.delete(name));
    return rows.delete(step) || known.includes(true);
  }

  /** Forgets the steps that do not stay, whether their files were there or not. */
  keep(stays: (step: number) => boolean): void {
    const { files, rows } = this.#sums;
    for (const name of files.keys()) {
      const step = CHECKPOINT.exec(name.split("/").at(-1)!)?.[1];
      if (step !== undefined && !stays(Number(step))) files.delete(name);
    }
    for (const step of rows.keys()) {
      if (!stays(step)) rows.delete(step);
    }
  }

  /** Notes the sum of a file that was written bit by bit. */
  note(name: string, sum: string): void {
    this.#sums.files.set(name, [sum]);
  }

  /** Notes the sum of the rows before a step. */
  noteRows(step: number, rows: RowsSum): void {
    this.#sums.rows.set(step, rows);
  }
}

/** The sum of a metrics.jsonl that grows row by row. */
export class RowsHash {
  readonly #hash: Hash;
  #bytes: number;
  // As it was before the last row.
  #before: { readonly step: number; readonly sum: RowsSum } | undefined;

  /** @param start What the file has. */
  constructor(start: Uint8Array = new Uint8Array()) {
    this.#hash = createHash("sha256").update(start);
    this.#bytes = start.length;
  }

  /** Adds rows: the steps, and the lines, which end with a line feed. */
  add(rows: readonly { readonly step: number; readonly line: string }[]): void {
    for (const [i, { step, line }] of rows.entries()) {
      if (i === rows.length - 1) this.#before = { step, sum: this.whole };
      const bytes = new TextEncoder().encode(line);
      this.#hash.update(bytes);
      this.#bytes += bytes.length;
    }
  }

  /** Of all rows. */
  get whole(): RowsSum {
    return { bytes: this.#bytes, sum: this.#hash.copy().digest("hex") };
  }

  /** Of the rows before a step: all, or all but the last. */
  beforeStep(step: number): RowsSum {
    return this.#before && this.#before.step >= step
      ? this.#before.sum
      : this.whole;
  }
}
