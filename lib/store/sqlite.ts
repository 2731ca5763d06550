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

/** A database in memory, with nothing in it. */
export function openInMemory(): Database {
  return new sqlite.DatabaseSync(":memory:") as unknown as Database;
}
