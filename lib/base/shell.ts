/**
 * Commands in messages: such as can be pasted into a shell.
 *
 * @module
 */

/** The variable that says to a program what its hints begin with. */
export const LAUNCHER = "GROKLAB_LAUNCHER";

// What a command begins with that runs this project where it lies.
const HERE = import.meta.url.includes("/node_modules/")
  ? "npx groklab"
  : "deno task";

// What a command of this project begins with, unless a task says otherwise.
let launcher = HERE;

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
  // Who comes by npm may have no Deno of their own; npx finds the one it has.
  launcher = installed ||
    (agent === undefined || agent === "" || agent.startsWith("deno/")
      ? HERE
      : "npx -y deno task");
}

/** What hints begin with, for a program that this one starts. */
export function launcherOf(): string {
  return launcher;
}

/**
 * A command of this project as a line for a shell: `deno task probe 'runs/a b'`.
 *
 * @param words The task's name and its arguments, each of which becomes a word.
 */
export function taskLine(...words: readonly string[]): string {
  return [launcher, ...words.map((word) => quoted(word))].join(" ");
}

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
