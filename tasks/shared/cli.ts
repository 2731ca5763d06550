/**
 * What all tasks share: parsing, exit codes, and one clear line for an error.
 * The only file that knows which command-line parser is used.
 *
 * @module
 */

import { Command, Option } from "@commander-js/extra-typings";
import { CommanderError, InvalidArgumentError } from "commander";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Settings } from "../../lib/settings/setting.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { exit } from "./exit.ts";
import { valuesMeant } from "../../lib/settings/meant.ts";
import { didYouMean, meant } from "../../lib/base/nearest.ts";
import { launchedBy, LAUNCHER, taskLine } from "../../lib/base/shell.ts";
import { refusal } from "./hints.ts";
import { plainJson, shown } from "../../lib/base/terminal.ts";

export { Option };

/** How a task ends: done, failed, called wrongly, stopped by the user. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Starts the description of a task's command line. */
export function command(name: string, description: string): Command {
  launchedBy(variable("npm_config_user_agent"), variable(LAUNCHER));
  return subcommand(taskLine(name), description);
}

// The flags of yes or no that have an opposite.
const pairs = new Set<string>();

/** Starts the description of one of the things that a task can do. */
export function subcommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .exitOverride()
    .allowExcessArguments(false)
    // hints.ts knows more.
    .showSuggestionAfterError(false)
    .helpOption("-h, --help", "Show this help")
    .configureHelp({
      // Of a pair --key and --no-key the second is not shown on its own.
      optionTerm: ({ flags, long, required, optional }) =>
        required || optional || !pairs.has(long ?? "")
          ? flags
          : flags.replace("--", "--[no-]"),
    })
    .addHelpText("after", "\nRelative paths start where you call from.")
    .configureOutput({
      // Errors are printed once, below.
      writeErr: () => {},
      outputError: () => {},
      // Commander's own answer reads variables that no task may read.
      getOutHasColors: () => !Deno.noColor && Deno.stdout.isTerminal(),
      getErrHasColors: () => !Deno.noColor && Deno.stderr.isTerminal(),
    });
}

/**
 * Parses the arguments, runs the task, and ends the program.
 *
 * @param program The command, its action doing the work.
 * @param args The arguments; by default the program's own.
 * @param place Where relative paths start: where the command was typed, or in
 * the folder that the program was started in.
 */
export async function main(
  // deno-lint-ignore no-explicit-any -- Commands of any arguments and options.
  program: Command<any, any, any>,
  args: readonly string[] = Deno.args,
  place: "caller" | "started" = "caller",
): Promise<never> {
  if (place === "caller") goToCaller();
  // As for npm: deno task train -- --seed 1.
  const own = args[0] === "--" ? args.slice(1) : args;
  try {
    explainChoices(program);
    await program.parseAsync([...own], { from: "user" });
    exit(Deno.exitCode);
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) exit(EXIT.done); // --help
      fail(refusal(error, program, own), EXIT.usage);
    }
    refuse(error);
  }
}

let explain: (error: Error) => string | undefined = () => undefined;

/**
 * Has somebody who knows more say what an error is: wrong use, in words; undefined
 * of an error of which nothing more is known.
 */
export function explainErrors(of: typeof explain): void {
  explain = of;
}

/** Ends the program with a line on what went wrong. */
export function refuse(error: unknown): never {
  if (!(error instanceof Error)) throw error;
  // Errors of the project say all there is to say; a foreign one is a defect
  // in the project, and its place is what is needed to mend it.
  if (variable("GROKLAB_DEBUG")) console.error(error.stack);
  const explained = explain(error);
  if (explained !== undefined) fail(explained, EXIT.usage);
  fail(error.message, error instanceof UsageError ? EXIT.usage : EXIT.failed);
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

// deno task changes to the folder of deno.json, and says where it was called in
// INIT_CWD, unless a program further up has said so of itself. So it counts in
// that folder only, and if it is one in there: the clone is worked in from the
// clone. What was started otherwise is where it was called.
/** Has relative paths start where the command was typed. */
export function goToCaller(): void {
  const caller = variable("INIT_CWD");
  if (caller === undefined || caller === "") return;
  try {
    const root = Deno.realPathSync(ROOT);
    if (Deno.cwd() !== root) return;
    const folder = Deno.realPathSync(caller);
    if (folder.startsWith(join(root, "/"))) Deno.chdir(folder);
  } catch (error) {
    // It is no folder any more, or one that nobody may go to.
    if (!(error instanceof Error)) throw error;
  }
}

// A variable of the environment; undefined too where the task may not look.
function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/**
 * Whether what is shown on stderr may move: bars and lines that are drawn over.
 * Elsewhere there are plain lines, for files and for terminals that want them.
 */
export function isLive(): boolean {
  return Deno.stderr.isTerminal() && !Deno.noColor &&
    variable("TERM") !== "dumb";
}

function fail(message: string, code: number): never {
  const [line] = message.split(/\n(?=\s+at )/);
  const text = line!.trim().replaceAll(/\s*\n\s*/g, " ");
  // Messages have names out of files in them, and arguments.
  console.error(`error: ${shown(text)}`);
  exit(code);
}

/** Parses a number; what it may be is the config's to say. */
export function number(text: string): number {
  // Number("") is 0, which nobody means.
  const value = text.trim() === "" ? NaN : Number(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError("Wanted a number.");
  return value;
}

/** Parses a list of numbers, `200,200`; of no numbers it is `none`. */
export function numbers(text: string): number[] {
  if (text === "none") return [];
  try {
    return text.split(",").map(number);
  } catch {
    throw new InvalidArgumentError("Wanted numbers with commas between them.");
  }
}

/** Parses the number of a step. */
export function stepNumber(text: string): number {
  const step = number(text);
  if (Number.isSafeInteger(step) && step >= 0) return step;
  throw new InvalidArgumentError("Wanted an integer of 0 or more.");
}

/** Parses the number of a card: they are counted from 0, as steps are. */
export const cardNumber = stepNumber;

/** Parses the name of a file or folder. */
export function path(text: string): string {
  if (text === "" || text.startsWith("-")) {
    throw new InvalidArgumentError("Wanted the name of a file or folder.");
  }
  return text;
}

// Options with choices name what an unknown one may have been meant as.
// deno-lint-ignore no-explicit-any -- as above.
function explainChoices(program: Command<any, any, any>): void {
  for (const command of program.commands) explainChoices(command);
  for (const option of program.options) {
    const { argChoices, long } = option;
    if (!argChoices) continue;
    option.argParser((text: string) => {
      if (argChoices.includes(text)) return text;
      const hint = didYouMean(
        valuesMeant(long?.slice(2) ?? "", text, argChoices),
      );
      throw new InvalidArgumentError(
        `Allowed choices are ${argChoices.join(", ")}${hint}.`,
      );
    });
  }
}

/** Parses a name out of some. */
export function nameOutOf<const T extends string>(
  known: readonly T[],
): (text: string) => T {
  return (text) => {
    if (known.includes(text as T)) return text as T;
    throw new InvalidArgumentError(
      `Unknown name ${JSON.stringify(text)}: choose from ${known.join(", ")}` +
        didYouMean(meant(text, known)),
    );
  };
}

/** Parses a list of names out of some. */
export function namesOutOf<const T extends string>(
  known: readonly T[],
): (text: string) => T[] {
  const nameOf = nameOutOf(known);
  return (text) => text.split(",").map((name) => nameOf(name));
}

/** Parses an option that may be repeated, into a list. */
export function several<T>(
  parse: (text: string) => T,
): (text: string, before?: readonly T[]) => T[] {
  return (text, before = []) => [...before, parse(text)];
}

const PARSERS: Record<string, ((text: string) => unknown) | undefined> = {
  number,
  numbers,
  names: (text) => text.split(","),
};

/**
 * Gives a command a flag for each setting that has one of its own.
 *
 * @param program The command.
 * @param settings The settings.
 * @param flagOf What a key's flag is called.
 * @param groupOf Under which heading of --help it stands.
 */
export function addFlags(
  program: Command,
  settings: Settings,
  flagOf: (key: string) => string,
  groupOf: (key: string) => string = () => "Options:",
): void {
  for (const [key, setting] of Object.entries(settings)) {
    const { value, help, preset, kind } = setting;
    if (kind === "none") continue;
    const flag = flagOf(key);
    const description = preset === null || preset === undefined
      ? help
      : `${help} (default: ${preset})`;
    const add = (flags: string) => {
      const option = new Option(flags, description).helpGroup(groupOf(key));
      program.addOption(option);
      return option;
    };
    if (kind === "flag") {
      pairs.add(flag);
      // Two options, not one with two names: to Commander those mean the same.
      add(flag);
      add(`--no-${flag.slice(2)}`).hideHelp();
      continue;
    }
    const option = add(`${flag} ${value}`);
    const parse = PARSERS[kind];
    if (parse) option.argParser((text) => explained(() => parse(text), help));
  }
}

// What is refused is told with what the setting is.
function explained<T>(parse: () => T, help: string): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const message = error.message.replace(/\.$/, "");
    throw new InvalidArgumentError(`${message}: ${help}`);
  }
}

/** Prints the one JSON document of `--json`. */
export function printJson(value: unknown): void {
  console.log(plainJson(value));
}
