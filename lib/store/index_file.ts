/**
 * The index of a folder of runs: what `groklab runs` says of each, in a database of
 * SQLite, so that thousands are listed at once. The folders are the truth: it is
 * brought up to date by what changed, and made again where it is missing, old or
 * torn.
 *
 * The file is read and written as a whole and by rename; the database itself is in
 * memory. Processes side by side, on shared folders too, need no lock so: each has
 * a whole index, and the one written last stays.
 *
 * @module
 */

import { basename, join, sep as SEPARATOR } from "node:path";
import { isPartial, onDisk } from "../base/files.ts";
import { isRun } from "../base/sums.ts";
import { REPLICA } from "../runs/layout.ts";
import { isLocked } from "../runs/lock.ts";
import { Columns, type Kind } from "./columns.ts";
import { readRecord, type RunRecord } from "./record.ts";
import { type Known, placeOf, rootOf, scan } from "./scan.ts";
import { sealed, unsealed } from "./sealed.ts";
import { type Database, openInMemory } from "./sqlite.ts";
import { declared, quotedName, stored, textOf } from "./values.ts";

/** The name of the index in a folder of runs. */
export const INDEX = ".index.sqlite";

// To be raised whenever the tables, or what is read out of a run, are others.
const FORMAT = 1;

// Fewer runs are read sooner than a file is written.
const WORTH = 16;

// No index takes so long to write.
const LEFT_MS = 60_000;

/** How to open an index. */
export interface IndexOptions {
  /** Called while runs are read, with how many of how many are. */
  readonly onRead?: ((done: number, total: number) => void) | undefined;
}

/** The runs of a folder as tables: `runs` has a row each. */
export class RunIndex {
  /** The folder of runs. */
  readonly root: string;
  /** The columns of `runs`. */
  readonly columns: Columns;
  /** The database, in memory. */
  readonly database: Database;

  private constructor(root: string, database: Database, columns: Columns) {
    this.root = root;
    this.database = database;
    this.columns = columns;
  }

  /**
   * Opens the index of a folder as its folders are now. Where the folder can be
   * written, it is kept for the next time.
   *
   * @param folder A folder of runs, of a sweep, of replicas, or a run.
   * @param options What to call meanwhile.
   * @throws {FileError} if the folder cannot be read.
   */
  static async open(
    folder: string,
    options: IndexOptions = {},
  ): Promise<RunIndex> {
    const alone = await isRun(folder).catch(() => true);
    const [root, only] = alone ? placeOf(folder) : [rootOf(folder), undefined];
    const index = alone ? RunIndex.#empty(root) : RunIndex.#read(root);
    const { replaced, total } = await index.#update(only, options);
    if (replaced > WORTH && total > WORTH && !alone) await index.#save();
    return index;
  }

  static #empty(root: string): RunIndex {
    const database = openInMemory();
    const columns = new Columns();
    database.exec(`
      create table about(format);
      insert into about values(${FORMAT});
      create table columns(name, kind);
      create table folders(folder, stamp, is_run, locked, inside);
      create table runs(${columns.entries.map(declared).join(", ")})`);
    return new RunIndex(root, database, columns);
  }

  // The index that was kept; an empty one where there is none, it is damaged, or
  // another version's.
  static #read(root: string): RunIndex {
    try {
      const path = join(root, INDEX);
      // Of a pipe, say, no end would come.
      if (!Deno.statSync(path).isFile) return RunIndex.#empty(root);
      const bytes = unsealed(Deno.readFileSync(path));
      if (!bytes) return RunIndex.#empty(root);
      const database = openInMemory();
      database.deserialize(bytes);
      const about = database.prepare("select format from about").get();
      if (about?.["format"] !== FORMAT) return RunIndex.#empty(root);
      const kinds = database.prepare("select name, kind from columns").all()
        .map(({ name, kind }) => [name as string, kind as Kind] as const);
      return new RunIndex(root, database, new Columns(kinds));
    } catch {
      return RunIndex.#empty(root);
    }
  }

  #known(): Map<string, Known> {
    const query = this.database.prepare(
      "select folder, stamp, is_run, locked, inside from folders",
    );
    query.setReturnArrays(true);
    const rows = query.all() as unknown as [
      ...[string, string, number, number, string],
    ][];
    return new Map(
      rows.map(([folder, stamp, isRun, locked, inside]) => [folder, {
        stamp,
        isRun: isRun === 1,
        locked: locked === 1,
        inside: inside === "" ? [] : JSON.parse(inside),
      }]),
    );
  }

  // Reads what changed; says how many folders are not as they were kept, and how
  // many runs there are.
  async #update(
    only: string | undefined,
    { onRead }: IndexOptions,
  ): Promise<{ replaced: number; total: number }> {
    const { database: db, root } = this;
    const known = this.#known();
    const { found, changed } = await scan(root, known, only);
    const records = new Map<string, RunRecord | undefined>();
    for (const folder of changed) {
      records.set(folder, await readRecord(join(root, folder)));
      onRead?.(records.size, changed.length);
    }
    const replaced = new Set(
      [...new Set([...known.keys(), ...found.keys()])]
        .filter((folder) => found.get(folder) !== known.get(folder)),
    );
    db.exec("begin");
    this.#forget(replaced);
    this.#add(records);
    const note = db.prepare("insert into folders values(?, ?, ?, ?, ?)");
    for (const folder of replaced) {
      const { stamp, isRun, locked, inside } = found.get(folder) ?? {};
      if (stamp === undefined) continue;
      const names = inside?.length ? JSON.stringify(inside) : "";
      note.run(folder, stamp, Number(isRun), Number(locked), names);
    }
    db.exec("delete from columns");
    const column = db.prepare("insert into columns values(?, ?)");
    for (const [name, kind] of this.columns.entries) column.run(name, kind);
    db.exec("commit");
    await this.#lookAtLocks(found, records);
    const paths = [...found].filter(([, { isRun }]) => isRun)
      .map(([folder]) => folder);
    // A folder of replicas is a training's own.
    const others = paths.filter((path) =>
      path !== basename(path) ||
      !REPLICA.test(path)
    );
    const total = others.length === 0 ? 0 : paths.length;
    return { replaced: replaced.size, total };
  }

  #forget(folders: ReadonlySet<string>): void {
    if (folders.size === 0) return;
    const { database: db } = this;
    const kept = db.prepare("select rowid, folder from folders").all()
      .filter(({ folder }) => folders.has(folder as string));
    const rows = new Map(
      kept.length === 0 ? [] : db.prepare("select folder, rowid from runs")
        .all().map(({ folder, rowid }) => [folder, rowid]),
    );
    const [ofFolder, ofRun] = ["folders", "runs"].map((name) =>
      db.prepare(`delete from ${name} where rowid = ?`)
    );
    for (const { rowid, folder } of kept) {
      ofFolder!.run(rowid as number);
      const row = rows.get(folder!);
      if (row !== undefined) ofRun!.run(row as number);
    }
  }

  #add(records: ReadonlyMap<string, RunRecord | undefined>): void {
    const { database: db, columns } = this;
    for (const record of records.values()) {
      for (const [name, given] of Object.entries(record ?? {})) {
        const [, kind] = stored(given);
        if (columns.add(name, kind)) {
          db.exec(`alter table runs add column ${declared([name, kind])}`);
        }
      }
    }
    const { names } = columns;
    const insert = db.prepare(
      `insert into runs(${names.map(quotedName).join(", ")}) values(${
        names.map((_, i) => `:c${i}`).join(", ")
      })`,
    );
    for (const [folder, record] of records) {
      if (!record) continue;
      const own: RunRecord = { ...record, folder };
      // By name: there may be thousands, which are no arguments.
      insert.run(Object.fromEntries(
        names.map((name, i) => {
          const [value] = stored(Object.hasOwn(own, name) ? own[name] : null);
          return [`c${i}`, value];
        }),
      ));
    }
  }

  // Whether a lock is held, no file says: a kill leaves it.
  async #lookAtLocks(
    found: ReadonlyMap<string, Known>,
    read: ReadonlyMap<string, unknown>,
  ): Promise<void> {
    const set = this.database.prepare(
      "update runs set state = ? where folder = ? and " +
        "state in ('training', 'stopped') and state <> ?",
    );
    for (const [folder, { locked }] of found) {
      if (!locked || read.has(folder)) continue;
      const held = await isLocked(join(this.root, folder)).catch(() => false);
      const state = held ? "training" : "stopped";
      set.run(state, folder, state);
    }
  }

  async #save(): Promise<void> {
    // A name of its own: on a shared folder another machine may have a process of
    // the same number.
    const [number] = crypto.getRandomValues(new Uint32Array(1));
    const partial = join(this.root, `${INDEX}.partial-${number}`);
    try {
      removeLeftovers(this.root);
      await Deno.writeFile(partial, sealed(this.database.serialize()), {
        createNew: true,
      });
      await onDisk(partial);
      await Deno.rename(partial, join(this.root, INDEX));
    } catch {
      // A folder that is only read, or a full disk: the folders are the truth.
      await Deno.remove(partial).catch(() => {});
    }
  }

  /** What a column is in SQL: of paths, as users have to name them. */
  expression(name: string): string {
    const runs = textOf(join(this.root, "x").slice(0, -1));
    switch (name) {
      case "run":
        return `${runs} || folder`;
      case "checkpoint":
        return `${runs} || folder || ${textOf(SEPARATOR)} || checkpoint`;
    }
    return quotedName(name);
  }

  /** Has paths be such for conditions, too. */
  localise(): void {
    const set = ["checkpoint", "run"].map((name) =>
      `${name} = ${this.expression(name)}`
    );
    this.database.exec(`update runs set ${set.join(", ")}`);
  }

  /** Adds a column that no run has a value in. */
  addColumn(name: string): void {
    if (!this.columns.add(name, "none")) return;
    this.database.exec(
      `alter table runs add column ${declared([name, "none"])}`,
    );
  }
}

// What kills left of indices half written; a young one may be another process's.
function removeLeftovers(root: string): void {
  for (const { name, isFile } of Deno.readDirSync(root)) {
    if (!isFile || !name.startsWith(`${INDEX}.`) || !isPartial(name)) continue;
    const path = join(root, name);
    const written = Deno.lstatSync(path).mtime?.getTime() ?? 0;
    if (Date.now() - written > LEFT_MS) Deno.removeSync(path);
  }
}
