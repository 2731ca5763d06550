/**
 * Lines of sums in every form that `sha256sum -c` reads, and in no other.
 *
 * @module
 */

/** What a file of sums has in a line. */
export type SumLine =
  | {
    /** The file's path, as it stands there. */
    readonly path: string;
    /** Its SHA-256, in small letters. */
    readonly sum: string;
  }
  | {
    /** The number, from 1, of a line that is no sum, no comment and not empty. */
    readonly odd: number;
  };

// `sha256sum`'s own form, after the blanks that may stand first: a sum, a blank,
// the mark of text or binary, the path. A backslash before says that line ends in
// the path are written as \n.
const PLAIN = /^[ \t]*(\\?)([0-9a-f]{64})[ \t]([ *])(.+)$/is;
// The one of `sha256sum --tag`, and of the BSDs.
const TAGGED = /^[ \t]*(\\?)SHA256 ?\((.+)\)[ \t]*=[ \t]*([0-9a-fA-F]{64})$/s;
// That of the BSDs' `-r`, with no mark.
const REVERSED = /^[ \t]*(\\?)([0-9a-f]{64})[ \t](.+)$/is;

const ESCAPES: Readonly<Record<string, string>> = {
  "\\\\": "\\",
  "\\n": "\n",
  "\\r": "\r",
};

// A path with its line ends back; undefined where a backslash means nothing.
function unescaped(path: string): string | undefined {
  if (/\\/.test(path.replaceAll(/\\[\\nr]/g, ""))) return undefined;
  return path.replaceAll(/\\[\\nr]/g, (two) => ESCAPES[two]!);
}

/**
 * The lines of a file of sums that say something: comments begin with #, and
 * lines may end as on Windows. As `sha256sum -c` has it, a file that begins in the
 * form without marks stays with it, and another never takes it up.
 *
 * @param text What the file holds.
 */
export function* sumLines(text: string): Generator<SumLine> {
  let marked: boolean | undefined;
  for (const [i, ended] of text.split("\n").entries()) {
    const line = ended.replace(/\r$/, "");
    if (line === "" || line.startsWith("#")) continue;
    const [, tagEscaped, tagPath, tagSum] = TAGGED.exec(line) ?? [];
    let found = tagSum === undefined
      ? undefined
      : { escaped: tagEscaped, path: tagPath!, sum: tagSum };
    if (!found) {
      const plain = marked === false ? null : PLAIN.exec(line);
      const reversed = plain || marked === true ? null : REVERSED.exec(line);
      if (plain) marked = true;
      else if (reversed) marked = false;
      const [, escaped, sum, ...rest] = plain ?? reversed ?? [];
      if (sum !== undefined) found = { escaped, path: rest.at(-1)!, sum };
    }
    const path = found?.escaped ? unescaped(found.path) : found?.path;
    yield found && path !== undefined
      ? { path, sum: found.sum.toLowerCase() }
      : { odd: i + 1 };
  }
}

/** A line of sums as `sha256sum` writes it, with its end. */
export function sumLine(sum: string, path: string): string {
  const special = /[\\\n\r]/.test(path);
  const name = path.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r");
  return `${special ? "\\" : ""}${sum}  ${name}\n`;
}
