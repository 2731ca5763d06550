/**
 * `deno task runs name`, `tag` and `note`: what users write on runs.
 *
 * @module
 */

import { path, subcommand } from "../shared/cli.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { shown } from "../../lib/base/terminal.ts";
import type { Labels } from "../../lib/store/labels.ts";
import { calledAs, IN, runsNamed } from "./look.ts";

const RUN = "a run's folder or name, or the beginning of it";

/** A text that a run has, or has not. */
interface Text {
  /** Which. */
  readonly what: "name" | "note";
  /** What the command does. */
  readonly help: string;
  /** What it wants. */
  readonly wanted: "[name]" | "[text]";
  /** What that is. */
  readonly about: string;
  /** Writes it on a run; null takes it away. */
  put(run: string, text: string | null): Promise<Labels>;
}

function ofText({ what, help, wanted, about, put }: Text) {
  return subcommand(what, help)
    .argument("<run>", RUN)
    .argument(wanted, about)
    .option("--remove", `take its ${what} away`)
    .option(IN.flags, IN.help, path, IN.preset)
    .action(async (named, text, options) => {
      checkEither(`a ${what}`, text, options.remove);
      const [run] = await runsNamed([named], options.in);
      // What it is called now stands behind it.
      const called = what === "name" ? run! : await calledAs(run!);
      const labels = await put(run!, text ?? null);
      console.log(shown(`${called}: ${labels[what] ?? `no ${what}`}`));
    });
}

/** `runs name`. */
export const name = ofText({
  what: "name",
  help: "Call a run something; its folder stays where it is.",
  wanted: "[name]",
  about: "what to call it",
  async put(run, text) {
    const { nameRun } = await import("../../lib/store/labelling.ts");
    return await nameRun(run, text);
  },
});

/** `runs note`. */
export const note = ofText({
  what: "note",
  help: "Write a note on a run.",
  wanted: "[text]",
  about: "the note",
  async put(run, text) {
    const { noteRun } = await import("../../lib/store/labelling.ts");
    return await noteRun(run, text);
  },
});

/** `runs tag`. */
export const tag = subcommand("tag", "Write tags on a run, to find it by.")
  .argument("<run>", RUN)
  .argument("<tags...>", "words, such as baseline")
  .option("--remove", "take these tags away")
  .option(IN.flags, IN.help, path, IN.preset)
  .action(async (named, words, options) => {
    const [run] = await runsNamed([named], options.in);
    const { tagRun } = await import("../../lib/store/labelling.ts");
    const { tags } = await tagRun(run!, words, options.remove ?? false);
    const called = await calledAs(run!);
    console.log(shown(`${called}: ${tags.join(", ") || "no tags"}`));
  });

function checkEither(
  what: string,
  given: string | undefined,
  remove: true | undefined,
): void {
  if ((given === undefined) === (remove === true)) return;
  throw new UsageError(
    given === undefined
      ? `Cannot label a run: ${what} is missing; --remove takes it away`
      : `Cannot label a run: --remove must be left out with ${what}`,
  );
}
