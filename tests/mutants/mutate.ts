/**
 * `deno task mutate`: makes small mistakes, one at a time, and says which of them
 * no test notices.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../lib/base/errors.ts";
import { command, main, number } from "../../tasks/shared/cli.ts";
import {
  chosen,
  type Mutant,
  mutate,
  type Outcome,
  parseMutants,
} from "./mutants.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LISTS = join(ROOT, "tests/mutants");

async function listed(): Promise<Mutant[]> {
  const names = (await Array.fromAsync(Deno.readDir(LISTS)))
    .map(({ name }) => name).filter((name) => name.endsWith(".tsv")).sort();
  const lists = names.map(async (name) =>
    parseMutants(await Deno.readTextFile(join(LISTS, name)), name)
  );
  return (await Promise.all(lists)).flat();
}

const shown = (text: string) => JSON.stringify(text).slice(1, -1);

function line({ mutant, fate, why }: Outcome): string {
  const { from, file, text, replacement } = mutant;
  return `${fate.padEnd(8)} ${from} ${file}: ${shown(text)} → ` +
    `${shown(replacement)} (${why})`;
}

const task = command(
  "mutate",
  "Make small mistakes, one at a time, in a copy of the project, and print " +
    "those that no test notices.",
)
  .option("--only <text>", "those whose list, line, file or tests have it")
  .option("--jobs <n>", "how many at once", number, 1)
  .action(async ({ only = "", jobs }) => {
    if (!Number.isInteger(jobs) || jobs < 1) {
      throw new UsageError(
        `--jobs must be an integer of 1 or more, got ${jobs}`,
      );
    }
    const mutants = chosen(await listed(), only);
    const outcomes = await mutate(ROOT, mutants, {
      jobs,
      onOutcome: (outcome) => console.error(line(outcome)),
    });
    const those = (fate: string) => outcomes.filter((one) => one.fate === fate);
    const [killed, survived, broken] = ["killed", "survived", "broken"]
      .map(those) as [Outcome[], Outcome[], Outcome[]];
    for (const outcome of [...survived, ...broken]) console.log(line(outcome));
    console.log(
      `${killed.length} of ${outcomes.length} killed, ` +
        `${survived.length} survived, ${broken.length} broken`,
    );
    if (killed.length < outcomes.length || outcomes.length === 0) {
      Deno.exitCode = 1;
    }
  });

if (import.meta.main) await main(task);
