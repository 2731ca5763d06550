/**
 * `deno task runs remove`, `trash`, `restore` and `empty-trash`.
 *
 * @module
 */

import { EXIT, path, printJson, several, subcommand } from "../shared/cli.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { shown, table } from "../../lib/base/terminal.ts";
import { calledAs, IN } from "./look.ts";

// More of them nobody reads before an answer.
const MOST = 20;

/** `runs remove`. */
export const remove = subcommand(
  "remove",
  "Move runs to the trash of their folder, from which they can come back.",
)
  .argument("[runs...]", "runs' folders or names, or the beginning of them")
  .option("--where <condition>", "which runs, as of the list")
  .option("--tag <tag>", "which: with this tag", several((text) => text))
  .option(IN.flags, IN.help, path, IN.preset)
  .option("--yes", "do not ask")
  .action(async (named, options) => {
    const { where, tag } = options;
    const byCondition = where !== undefined || tag !== undefined;
    if (byCondition === named.length > 0) {
      throw new UsageError(
        byCondition
          ? "Cannot remove runs: name them, or say which with --where or " +
            "--tag, not both"
          : "Cannot remove runs: none is named; name them, or say which with " +
            "--where",
      );
    }
    const runs = byCondition
      ? await runsWhere(options.in, where, tag)
      : await foldersNamed(named, options.in);
    if (runs.length === 0) return console.error("no run is so");
    const { checkRemovable, trashRun } = await import(
      "../../lib/store/trash.ts"
    );
    // Before any is moved: all, or none.
    for (const run of runs) await checkRemovable(run);
    const what = `Move ${counted(runs.length)} to the trash?`;
    const called: string[] = [];
    for (const run of runs) called.push(await calledAs(run));
    if (!agreed(options.yes, what, called)) return;
    for (const [i, run] of runs.entries()) {
      const { id } = await trashRun(run);
      console.log(shown(`${called[i]} → trash ${id}`));
    }
  });

async function foldersNamed(
  named: readonly string[],
  folder: string,
): Promise<string[]> {
  const { findRunOrBand } = await import("../../lib/store/find.ts");
  const found: string[] = [];
  for (const each of named) found.push(await findRunOrBand(each, folder));
  return [...new Set(found)];
}

async function runsWhere(
  folder: string,
  where: string | undefined,
  tags: readonly string[] | undefined,
): Promise<string[]> {
  const { listRuns } = await import("../../lib/store/list.ts");
  const runs = await listRuns(folder, {
    columns: ["run"],
    ...(where !== undefined && { where }),
    ...(tags && { tags }),
  });
  return runs.map(({ run }) => run as string);
}

const counted = (count: number) => count === 1 ? "1 run" : `${count} runs`;

// Whether the user wants it; without a terminal nobody can be asked.
function agreed(
  yes: true | undefined,
  question: string,
  runs: readonly string[],
): boolean {
  if (yes) return true;
  if (!Deno.stdin.isTerminal()) {
    throw new UsageError(
      `${question} Nobody can be asked here: --yes says so`,
    );
  }
  for (const run of runs.slice(0, MOST)) console.error(shown(`  ${run}`));
  if (runs.length > MOST) console.error(`  … ${runs.length - MOST} more`);
  if (confirm(question)) return true;
  console.error("nothing was changed");
  Deno.exitCode = EXIT.failed;
  return false;
}

/** `runs trash`. */
export const trash = subcommand("trash", "List the runs in the trash.")
  .option(IN.flags, "the folder of runs", path, IN.preset)
  .option("--json", "print them as JSON")
  .action(async (options) => {
    const { trashOf } = await import("../../lib/store/trash.ts");
    const all = await trashOf(options.in);
    if (options.json) return printJson(all);
    if (all.length === 0) return console.error("the trash is empty");
    const { calledText } = await import("../../lib/store/labels.ts");
    const rows = all.map(({ id, from, name, removed }) => [
      id,
      calledText(name, from),
      removed.slice(0, 16).replace("T", " "),
    ]);
    console.log(table([["trash", "run", "removed"], ...rows]).join("\n"));
  });

/** `runs restore`. */
export const restore = subcommand(
  "restore",
  "Move runs back out of the trash, to where they lay.",
)
  .argument("<runs...>", "what the trash calls them, where they lay, or names")
  .option(IN.flags, "the folder of runs", path, IN.preset)
  .action(async (named, options) => {
    const { restoreRuns } = await import("../../lib/store/trash.ts");
    for (const run of await restoreRuns(named, options.in)) {
      console.log(shown(run));
    }
  });

/** `runs empty-trash`. */
export const emptyTrash = subcommand(
  "empty-trash",
  "Delete what is in the trash, for good.",
)
  .option(IN.flags, "the folder of runs", path, IN.preset)
  .option("--yes", "do not ask")
  .action(async (options) => {
    const store = await import("../../lib/store/trash.ts");
    const all = await store.trashOf(options.in);
    if (all.length === 0) return console.error("the trash is empty");
    const question = `Delete ${counted(all.length)} for good?`;
    const { calledText } = await import("../../lib/store/labels.ts");
    const names = all.map(({ name, from }) => calledText(name, from));
    if (!agreed(options.yes, question, names)) return;
    const count = await store.emptyTrash(options.in);
    console.log(`deleted ${counted(count)}`);
  });
