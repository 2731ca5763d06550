/**
 * `deno task runs name`, `tag` and `note`: what users write on runs.
 *
 * @module
 */

import { path, subcommand } from "../shared/cli.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { shown } from "../../lib/base/terminal.ts";
import { IN, runsNamed } from "./look.ts";

const RUN = "a run's folder or name, or the beginning of it";

/** `runs name`. */
export const name = subcommand(
  "name",
  "Call a run something; its folder stays where it is.",
)
  .argument("<run>", RUN)
  .argument("[name]", "what to call it")
  .option("--remove", "take its name away")
  .option(IN.flags, IN.help, path, IN.preset)
  .action(async (named, name, options) => {
    checkEither("a name", name, options.remove);
    const [run] = await runsNamed([named], options.in);
    const { nameRun } = await import("../../lib/store/labelling.ts");
    await nameRun(run!, name ?? null);
    console.log(shown(`${run}: ${name ?? "no name"}`));
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
    console.log(shown(`${run}: ${tags.join(", ") || "no tags"}`));
  });

/** `runs note`. */
export const note = subcommand("note", "Write a note on a run.")
  .argument("<run>", RUN)
  .argument("[text]", "the note")
  .option("--remove", "take its note away")
  .option(IN.flags, IN.help, path, IN.preset)
  .action(async (named, text, options) => {
    checkEither("a note", text, options.remove);
    const [run] = await runsNamed([named], options.in);
    const { noteRun } = await import("../../lib/store/labelling.ts");
    const { note } = await noteRun(run!, text ?? null);
    console.log(shown(`${run}: ${note ?? "no note"}`));
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
