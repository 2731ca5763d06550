/**
 * `deno task sweep plan`: writes down what is to be trained.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { verifiedText } from "../../lib/base/verified.ts";
import { parseJson } from "../../lib/base/json.ts";
import { taskLine } from "../../lib/base/shell.ts";
import { ConfigError, toBeChanged } from "../../lib/config/config.ts";
import { planFile, seedsOf } from "../../lib/sweeps/spec.ts";
import type { SweepSpec } from "../../lib/sweeps/spec.ts";
import {
  EXIT,
  number,
  path,
  printJson,
  several,
  subcommand,
} from "../shared/cli.ts";
import { USE } from "../shared/use_flags.ts";
import { readConfig } from "../train/config.ts";
import { gridOf, setOf } from "./words.ts";

// What to type first.
const EXAMPLES: readonly (readonly [what: string, words: string])[] = [
  [
    "nine points, sixteen seeds each",
    "--grid lr=0.001,0.003,0.01 --grid weightDecay=0,0.1,1 --seeds 0..15",
  ],
  ["two networks", "--grid 'hidden=[200],[200,200]' --set steps=2000"],
  ["what a file says", "--file plan.json --name rates"],
];

const text = (text: string) => text;

/** The subcommand. */
export const plan = subcommand(
  taskLine("sweep", "plan"),
  "Write down what is to be trained, or add to it; nothing is trained twice.",
)
  .name("plan")
  .option(
    "--grid <key=values>",
    "values of a key of the config, with commas between; may be repeated, " +
      "every combination is trained",
    several(text),
  )
  .option(
    "--seeds <list>",
    "seeds with which each combination is trained: 0..15 or 0,3,7",
    text,
  )
  .option(
    "--set <key=value>",
    "a key of the config for all runs; may be repeated",
    several(text),
  )
  .option(
    "--config <path>",
    "a run folder or its config.json to start from",
    path,
  )
  .option(
    "--file <json>",
    "grids, points and random draws, joined, instead of all this",
    path,
  )
  .option("--name <name>", "the sweep's name (default: the time)", text)
  .option("--out <dir>", "the sweep's folder (default: sweeps/NAME)", path)
  .option("--skip-impossible", "leave out what cannot be trained")
  .option("--no-trial", "do not try how long steps take")
  .option(
    "--jobs <n>",
    "how many runs go side by side, to say what it costs (default: one for " +
      "each core)",
    number,
  )
  .option(USE.flags, USE.help, USE.parse)
  .option(USE.changedFlags, USE.changedHelp)
  .option("--json", "print the result as JSON")
  .addHelpText("after", () =>
    "\nExamples:\n" +
    EXAMPLES.map(([what, words]) =>
      `  # ${what}\n  ${taskLine("sweep", "plan")} ${words}`
    ).join("\n"))
  .action(async (options) => {
    const { out, name, skipImpossible, trial, json, jobs } = options;
    if (jobs !== undefined && !(Number.isSafeInteger(jobs) && jobs >= 1)) {
      throw new ConfigError(
        `--jobs must be an integer of 1 or more, got ${jobs}`,
      );
    }
    const file = await fileOf(options);
    const spec = file?.spec ?? await specOf(options);
    const { planSweep } = await import("../../lib/sweeps/plan.ts");
    const planned = await planSweep(spec, {
      ...(out !== undefined && { folder: out }),
      ...((name ?? file?.name) !== undefined && { name: name ?? file!.name! }),
      skipImpossible: skipImpossible ?? false,
      command: ["sweep", ...Deno.args],
      flags: file === undefined,
    });
    const { costText, plannedText } = await import("./text.ts");
    if (!json) console.log(plannedText(planned));
    for (const each of [...planned.idle, planned.confounded ?? []].flat()) {
      console.error(`warning: ${each}`);
    }
    const { costOf } = await import("./cost.ts");
    const cost = trial ? await costOf(planned, jobs) : null;
    if (cost?.stopped) Deno.exitCode = EXIT.interrupted;
    if (json) {
      const { kinds: _, known: __, ...rest } = planned;
      printJson({ ...rest, cost: cost?.cost ?? null });
      return;
    }
    if (cost?.cost) console.log(costText(cost.cost));
    const using = (options.use ?? []).flatMap((path) => ["--use", path]);
    console.log(`train: ${taskLine("sweep", "run", planned.folder, ...using)}`);
  });

/** What says what to plan. */
interface PlanFlags {
  readonly grid?: readonly string[] | undefined;
  readonly seeds?: string | undefined;
  readonly set?: readonly string[] | undefined;
  readonly config?: string | undefined;
  readonly file?: string | undefined;
}

async function specOf(
  { grid, seeds, set, config }: PlanFlags,
): Promise<SweepSpec> {
  return {
    ...(config !== undefined &&
      { config: toBeChanged(await readConfig(config)) }),
    ...(set && { set: setOf(set) }),
    ...(seeds !== undefined && { seeds: seedsOf(seeds) }),
    parts: [grid ? { grid: gridOf(grid) } : {}],
  };
}

// What a plan's file says.
async function fileOf(
  { file, ...flags }: PlanFlags,
): Promise<{ spec: SweepSpec; name: string | undefined } | undefined> {
  if (file === undefined) return undefined;
  for (const key of ["grid", "seeds", "set", "config"] as const) {
    if (flags[key] === undefined) continue;
    throw new ConfigError(
      `--${key} must be left out with --file, whose file says it: ${file}`,
    );
  }
  let found: unknown;
  try {
    found = parseJson(await verifiedText(file), file, "a plan");
  } catch (error) {
    throw new ConfigError((error as Error).message, { cause: error });
  }
  const { name, config, ...plan } = planFile(found, file);
  const start = config === undefined
    ? {}
    : { config: toBeChanged(await readConfig(resolve(dirname(file), config))) };
  return { spec: { ...plan, ...start }, name };
}
