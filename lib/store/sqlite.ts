/**
 * SQLite, as Deno has it. The only file that imports it: Deno's own types of
 * `node:sqlite` lack some of what is there.
 *
 * @module
 */

import * as sqlite from "node:sqlite";

/** What a statement is given, or gives. */
export type SqlValue = string | number | null;

/** A prepared statement. */
export interface Statement {
  /** Runs it with values for its parameters, in order or by name. */
  run(...values: readonly (SqlValue | Record<string, SqlValue>)[]): unknown;
  /** The first row. */
  get(...values: readonly SqlValue[]): Record<string, SqlValue> | undefined;
  /** All rows. */
  all(...values: readonly SqlValue[]): Record<string, SqlValue>[];
  /** Has rows be lists from here on. */
  setReturnArrays(arrays: boolean): void;
}

/** What is asked before a statement may be prepared. */
export type Authorizer = (
  action: number,
  first: string | null,
  second: string | null,
) => number;

/** A database. */
export interface Database {
  /** Runs statements. */
  exec(sql: string): void;
  /** Prepares one. */
  prepare(sql: string): Statement;
  /** Its bytes. */
  serialize(): Uint8Array;
  /** Takes these bytes for its own. */
  deserialize(bytes: Uint8Array): void;
  /** Asks before each part of a statement. */
  setAuthorizer(authorizer: Authorizer | null): void;
  /** How large things may be. */
  readonly limits: { length: number; likePatternLength: number };
}

/** The numbers of what an authorizer is asked, and answers. */
export const codes = sqlite.constants as unknown as {
  readonly SQLITE_OK: number;
  readonly SQLITE_DENY: number;
  readonly SQLITE_SELECT: number;
  readonly SQLITE_READ: number;
  readonly SQLITE_FUNCTION: number;
};

// What came into Deno's SQLite after the rest.
const LATE = ["serialize", "deserialize", "setAuthorizer", "limits"] as const;

/**
 * Checks that a database can do what is asked of it.
 *
 * @throws {Error} if it is that of a Deno which is too old.
 */
export function checkDatabase(database: object): void {
  const lacking = LATE.filter((name) => !(name in database));
  if (lacking.length === 0) return;
  throw new Error(
    `Cannot list runs: the SQLite of Deno ${Deno.version.deno} has no ` +
      `${lacking.join(", ")}; wanted that of a newer one (deno upgrade)`,
  );
}

/**
 * A database in memory, with nothing in it.
 *
 * @throws {Error} if this Deno's cannot do what is asked of it.
 */
export function openInMemory(): Database {
  const database = new sqlite.DatabaseSync(":memory:");
  checkDatabase(database);
  return database as unknown as Database;
}
