/**
 * Reading JSON, and saying where it is none.
 *
 * @module
 */

/** How to read JSON. */
export interface JsonOptions {
  /** Read `NaN` and the infinities, which JSON lacks, as null. */
  readonly notFinite?: boolean;
  /** The number of the first line; 1, if left out. */
  readonly line?: number;
}

// Outside strings: what Python and others write for numbers that are not finite.
const TOKENS = /"(?:[^"\\]|\\.)*"?|-?\b(?:NaN|Infinity)\b/gs;

/**
 * Parses JSON. A byte order mark in front of it is passed over.
 *
 * @param text The text.
 * @param path The file that it is out of.
 * @param wanted What it should be, in words: "an object of settings".
 * @param options What else is taken.
 * @throws {SyntaxError} if it is no JSON, naming file and line.
 */
export function parseJson(
  text: string,
  path: string,
  wanted = "JSON",
  { notFinite = false, line = 1 }: JsonOptions = {},
): unknown {
  const plain = text.replace(/^\uFEFF/, "");
  const candidates = notFinite ? [plain, nulled(plain)] : [plain];
  let fault: SyntaxError | undefined;
  for (const candidate of candidates) {
    try {
      return JSON.parse(candidate);
    } catch (error) {
      fault = error as SyntaxError;
    }
  }
  const { line: at, reason } = faultOf(candidates.at(-1)!, fault!);
  throw new SyntaxError(
    `Cannot read ${path}: line ${line + at - 1} is no JSON (${reason}); ` +
      `wanted ${wanted}`,
    { cause: fault },
  );
}

const nulled = (text: string) =>
  text.replace(TOKENS, (token) => token.startsWith('"') ? token : "null");

/**
 * Parses JSON that must be an object.
 *
 * @throws {SyntaxError} if it is none.
 */
export function parseObject(
  text: string,
  path: string,
  wanted: string,
  options: JsonOptions = {},
): Record<string, unknown> {
  const value = parseJson(text, path, wanted, options);
  if (isObject(value)) return value;
  const { line = 1 } = options;
  throw new SyntaxError(
    `Cannot read ${path}: line ${line} has ${kindOf(value)}; wanted ${wanted}`,
  );
}

/** Whether a value is an object: neither null nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object as it was read, before its fields are known to be what a T has. */
export type Unchecked<T> = { readonly [K in keyof T]?: unknown };

/** What a value of JSON is, in words. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

// In which line the text stops being JSON, and why.
function faultOf(
  text: string,
  error: SyntaxError,
): { line: number; reason: string } {
  if (text.trim() === "") return { line: 1, reason: "there is nothing" };
  const lineOf = (at: number) => text.slice(0, at).split("\n").length;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token.startsWith('"')) continue;
    const reason = `${token}, which JSON does not have`;
    return { line: lineOf(index), reason };
  }
  const [, position] = /at position (\d+)/.exec(error.message) ?? [];
  const end = text.trimEnd().length;
  if (position === undefined) {
    const cut = /end of/.test(error.message);
    const reason = cut ? "it ends in the middle" : "it cannot be parsed";
    return { line: lineOf(cut ? end : 0), reason };
  }
  const at = Number(position);
  const found = JSON.stringify(text.slice(at, at + 12).split("\n")[0]!);
  const reason = at >= end
    ? "it ends in the middle"
    : text[at] === "\n"
    ? "the line ends within a string"
    : `unexpected ${found}`;
  return { line: lineOf(at), reason };
}
