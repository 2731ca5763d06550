/**
 * Commands in messages: such as can be pasted into a shell.
 *
 * @module
 */

/** The variable that says to a program what its hints begin with. */
export const LAUNCHER = "GROKLAB_LAUNCHER";

// Which folder's files are running.
const ROOT = new URL("../../", import.meta.url);
const isPackage = ROOT.pathname.includes("/node_modules/");

// What an installed groklab is called as, where that was said.
let called: string | undefined;
// Who comes by npm may have no Deno of their own; npx finds the one it has.
let npx = "";

/**
 * Says what started this program, so that hints begin as the user's own command
 * did.
 *
 * @param agent What `npm_config_user_agent` is: `deno task` and npm (`npx`, `npm
 * run`) each set it, Deno only where npm has not; undefined where nobody did.
 * @param installed What a command of an installed groklab begins with, as words
 * for a shell; undefined in a clone.
 */
export function launchedBy(
  agent: string | undefined,
  installed?: string | undefined,
): void {
  called = installed || undefined;
  const byNpm = agent !== undefined && agent !== "" &&
    !agent.startsWith("deno/");
  npx = byNpm ? "npx -y " : "";
}

/** What hints begin with, for a program that this one starts. */
export function launcherOf(): string {
  if (called !== undefined) return called;
  return isPackage ? "npx groklab" : npx + fromHere();
}

// What begins a command of a clone where a shell stands now: `deno task` knows its
// tasks inside the clone only.
function fromHere(): string {
  if (ROOT.protocol !== "file:" || isInside()) return "deno task";
  const path = pathOf(new URL("tasks/groklab.ts", ROOT));
  return "deno run --allow-read --allow-env --allow-run " + quoted(path);
}

// Who may not look is taken to be there.
function isInside(): boolean {
  try {
    const root = Deno.realPathSync(pathOf(ROOT));
    const here = Deno.realPathSync(Deno.cwd());
    return `${here}/`.replaceAll("\\", "/")
      .startsWith(`${root.replaceAll("\\", "/")}/`);
  } catch {
    return true;
  }
}

// The page that browsers run has no node:url.
function pathOf({ pathname }: URL): string {
  const path = decodeURIComponent(pathname).replace(/(?<=.)\/$/, "");
  return Deno.build.os === "windows" ? path.slice(1) : path;
}

/**
 * A command of this project as a line for a shell: `deno task probe 'runs/a b'`.
 *
 * @param words The task's name and its arguments, each of which becomes a word.
 */
export function taskLine(...words: readonly string[]): string {
  return lineOf(launcherOf(), words);
}

/**
 * The same for others to read, on other machines: a clone is where they have it.
 *
 * @param words The task's name and its arguments, each of which becomes a word.
 */
export function sharedLine(...words: readonly string[]): string {
  const begin = called === undefined && !isPackage
    ? `${npx}deno task`
    : launcherOf();
  return lineOf(begin, words);
}

const lineOf = (begin: string, words: readonly string[]) =>
  [begin, ...words.map((word) => quoted(word))].join(" ");

/**
 * A word for a shell, in quotes where it needs them.
 *
 * @param text The word.
 * @param os The system whose shell reads it; this one, if left out.
 */
export function quoted(text: string, os: string = Deno.build.os): string {
  if (os === "windows") {
    // No name of a file has a quote there; between them a backslash is one.
    return /^[\w.,:/\\+@-]+$/.test(text) ? text : `"${text}"`;
  }
  return /^[\w.,:/+@%=-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}
