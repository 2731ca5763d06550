/**
 * Conditions on runs, in SQL: taken for what they are, and nothing else.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { meant, orOf } from "../base/nearest.ts";
import { unknown } from "./columns.ts";
import { codes, type Database, type SqlValue } from "./sqlite.ts";

// What a condition may call. None of these reads anything but its arguments, nor
// makes much of little.
const FUNCTIONS: readonly string[] = [
  ...["abs", "ceil", "ceiling", "coalesce", "date", "datetime", "floor"],
  ...["glob", "ifnull", "iif", "instr", "json_array_length", "json_extract"],
  ...["julianday", "length", "like", "ln", "log", "log10", "log2", "lower"],
  ...["ltrim", "max", "min", "nullif", "pow", "power", "round", "rtrim"],
  ...["sign", "sqrt", "strftime", "substr", "substring", "time", "trim"],
  ...["typeof", "unixepoch", "upper", "->", "->>"],
];

// Words that are no columns, unless they stand in double quotes.
const KEYWORDS: readonly string[] = [
  ...["and", "as", "between", "case", "cast", "collate", "distinct", "else"],
  ...["end", "escape", "exists", "false", "from", "in", "is", "isnull"],
  ...["nocase", "not", "notnull", "null", "or", "real", "then", "true", "when"],
  ...["integer", "text"],
];

const EXAMPLE = "loss='softmax' and lr<0.01 and grokked_at<500";

const TOKEN =
  /\s+|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--|\/\*|[\p{L}_][\p{L}\p{N}_$]*|[<>=!]=|<>|[^]/guy;

/** A condition that was looked at. */
export interface Condition {
  /** Its text. */
  readonly text: string;
  /** The words in it that may be columns. */
  readonly words: readonly string[];
}

/** That a condition cannot be used, and why. */
export function refusedCondition(text: string, problem: string): UsageError {
  return new UsageError(
    `Cannot use the condition ${
      JSON.stringify(text)
    }: ${problem}; wanted one ` +
      `such as ${EXAMPLE}`,
  );
}

/**
 * Takes a condition apart, before SQLite sees it.
 *
 * @param text The condition.
 * @throws {UsageError} if it does more than compare, or does not end.
 */
export function conditionOf(text: string): Condition {
  const refuse = (problem: string) => refusedCondition(text, problem);
  if (text.trim() === "") throw refuse("it is empty");
  const tokens = [...text.matchAll(TOKEN)].map(([token]) => token)
    .filter((token) => token.trim() !== "");
  const words: string[] = [];
  let depth = 0;
  for (const [i, token] of tokens.entries()) {
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    if (depth < 0) throw refuse("it closes a bracket that it does not open");
    const problem = problemOf(token, tokens[i - 1]);
    if (problem !== undefined) throw refuse(problem);
    if (isColumn(token)) words.push(bare(token));
  }
  if (depth > 0) throw refuse("it opens a bracket that it does not close");
  return { text, words };
}

function isColumn(token: string): boolean {
  const word = token.toLowerCase();
  return /^[\p{L}_"`[]/u.test(token) && !KEYWORDS.includes(word) &&
    !FUNCTIONS.includes(word);
}

// "a""b" as a"b.
function bare(token: string): string {
  const [quote = ""] = token;
  if (quote === "[") return token.slice(1, -1);
  if (quote !== '"' && quote !== "`") return token;
  return token.slice(1, -1).replaceAll(quote + quote, quote);
}

function problemOf(
  token: string,
  before: string | undefined,
): string | undefined {
  const word = token.toLowerCase();
  switch (word) {
    case ";":
      return "it has a ; in it, and there may be one condition alone";
    case "--":
    case "/*":
      return "it has a comment in it";
    case "'":
    case '"':
    case "`":
    case "[":
      return `it opens a ${token} that it does not close`;
    case "?":
    case ":":
    case "@":
    case "$":
    case "#":
      return `it has a parameter, ${token}, in it`;
    case "select":
    case "with":
    case "values":
      return `it has ${token} in it, and may compare the columns of a run alone`;
    case "null":
      if (/^(=|==|!=|<>)$/.test(before ?? "")) {
        return `nothing is ${before} null: write is null or is not null`;
      }
      return undefined;
    case "\0":
      return "it has a character of code 0 in it";
  }
}

/**
 * Runs a query that has a condition in it, under a guard that lets it read the
 * runs and call harmless functions alone.
 *
 * @param database The database; it has a table `runs`.
 * @param condition The condition in the query.
 * @param query The query, which selects.
 * @param columns The names of the columns of `runs`.
 * @returns The rows, as lists.
 * @throws {UsageError} if the condition cannot be read, or does more.
 */
export function guarded(
  database: Database,
  condition: Condition,
  query: string,
  columns: readonly string[],
): SqlValue[][] {
  let denied: string | undefined;
  const deny = (problem: string) => {
    denied ??= problem;
    return codes.SQLITE_DENY;
  };
  let selects = 0;
  database.setAuthorizer((action, first, second) => {
    switch (action) {
      case codes.SQLITE_SELECT:
        selects += 1;
        return selects === 1
          ? codes.SQLITE_OK
          : deny("it selects within itself");
      case codes.SQLITE_READ:
        return first === "runs" ? codes.SQLITE_OK : deny(`it reads ${first}`);
      case codes.SQLITE_FUNCTION: {
        const name = second ?? first ?? "";
        return FUNCTIONS.includes(name.toLowerCase())
          ? codes.SQLITE_OK
          : deny(`it may not call ${name}()`);
      }
    }
    return deny("it does more than compare");
  });
  database.limits.length = 1e6;
  database.limits.likePatternLength = 200;
  try {
    const statement = database.prepare(query);
    statement.setReturnArrays(true);
    return statement.all() as unknown as SqlValue[][];
  } catch (error) {
    const message = denied ?? inWords((error as Error).message, columns);
    throw refusedCondition(condition.text, message);
  } finally {
    database.setAuthorizer(null);
    database.limits.length = 1e9;
  }
}

// What SQLite says, for who does not know its tables.
function inWords(message: string, columns: readonly string[]): string {
  const [, column, quoted] =
    /^no such column: "?(.*?)"?( - should this be .*)?$/s.exec(message) ?? [];
  if (column !== undefined) {
    return `${unknown(column, columns)}; a text stands in single quotes` +
      (quoted === undefined ? "" : `: '${column}'`);
  }
  const [, called] = /^no such function: (.*)$/.exec(message) ?? [];
  if (called !== undefined) {
    const near = meant(called, FUNCTIONS);
    return `there is no function ${called}()` +
      (near.length > 0 ? ` (did you mean ${orOf(near)}?)` : "");
  }
  return message;
}
