/**
 * What a command line that was refused may have been meant as.
 *
 * @module
 */

import type { Command } from "@commander-js/extra-typings";
import type { CommanderError } from "commander";
import { flagsMeant } from "../../lib/settings/meant.ts";
import { didYouMean } from "../../lib/base/nearest.ts";
import { quoted } from "../../lib/base/shell.ts";

/**
 * Why the parser refused a command line, in a line with a hint.
 *
 * @param error What the parser says.
 * @param program The command.
 * @param args Its arguments.
 */
export function refusal(
  error: CommanderError,
  program: Command,
  args: readonly string[],
): string {
  const message = error.message.replace(/^error: /, "");
  const command = program.commands.find(({ args }) => args.length > 0) ??
    program.commands.find((each) => each.name() === args[0]) ?? program;
  const flags = command.options.flatMap(({ long }) => long ?? []);
  const lacking = error.code === "commander.missingMandatoryOptionValue";
  // What is lacking may be there under another name.
  const unknown = lacking
    ? args.find((arg) => /^--\w/.test(arg) && !flags.includes(nameIn(arg)))
    : /^unknown option '(.*?)'/.exec(message)?.[1];
  if (unknown !== undefined) {
    const [name, value] = unknown.split("=") as [string, string?];
    const hint = value !== undefined && flags.includes(name)
      ? `: ${takesNone(name)}`
      : didYouMean(flagsMeant(name, [...flags, "--help"])) ||
        asKeyOf(name, flags);
    return `unknown option '${unknown}'${hint}; --help lists the options`;
  }
  if (error.code !== "commander.excessArguments") return message;
  const most = command.registeredArguments.length;
  const first = command.args[most] ?? "";
  return `unexpected argument ${quoted(first)}` +
    `${meantByWord(first, args, flags)}; --help says what there is`;
}

const nameIn = (arg: string) => arg.split("=")[0]!;

const oppositeOf = (flag: string) => flag.replace(/^--(?:no-)?/, "--no-");

const takesNone = (flag: string) =>
  `${flag} takes no value (no is ${oppositeOf(flag)})`;

// Where the keys of a config are no flags.
const asKeyOf = (name: string, flags: readonly string[]) =>
  flags.includes("--grid")
    ? `: keys of the config are varied with --grid ${
      name.slice(2)
    }=… and set ` +
      `with --set ${name.slice(2)}=…`
    : "";

// What a word may mean where none is wanted.
function meantByWord(
  word: string,
  args: readonly string[],
  flags: readonly string[],
): string {
  const [, name, value] = /^([\w-]+)=(.+)$/.exec(word) ?? [];
  if (name !== undefined) {
    const [flag] = flagsMeant(name, flags);
    return flag === undefined
      ? ""
      : didYouMean([`${flag.split(" ")[0]} ${quoted(value!)}`]);
  }
  // The flag that stands before it: yes or no, or a list with spaces in it.
  const at = args.lastIndexOf(word);
  const before = args.findLastIndex((arg, i) => i < at && arg.startsWith("--"));
  const flag = args[before]?.split("=")[0] ?? "";
  if (flags.includes(oppositeOf(flag)) && before === at - 1) {
    return `: ${takesNone(flag)}`;
  }
  const between = args.slice(before + 1, at + 1);
  if (
    flag !== "" && between.length > 1 &&
    between.every((arg) => /^[\d.,eE+-]+$/.test(arg))
  ) {
    const list = between.map((arg) => arg.replace(/,$/, "")).join(",");
    return didYouMean([`${flag} ${list}`]);
  }
  if (word.includes("/") && flags.includes("--resume")) {
    return ": a run is named with --config, --from or --resume";
  }
  // npm keeps flags to itself and passes their values on.
  return /^[\d.,]+$/.test(word)
    ? ": a flag is missing before it (with npm run, flags come after --)"
    : "";
}
