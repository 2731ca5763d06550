/**
 * `deno task reproduce`: the paper's figures, one command each.
 *
 * @module
 */

import { ConfigError } from "../lib/config/config.ts";
import type { Listed } from "../lib/reproduce/list.ts";
import { taskLine } from "../lib/base/shell.ts";
import { usualJobs } from "../lib/train/threads/jobs.ts";
import {
  command,
  EXIT,
  main,
  number,
  Option,
  printJson,
} from "./shared/cli.ts";
import { useNamed } from "./shared/use.ts";
import { USE } from "./shared/use_flags.ts";

await useNamed(Deno.args, "started");
const described = command(
  "reproduce",
  "Reproduce figures of the paper; without a name, list them, a line each.",
)
  .argument(
    "[figures...]",
    "fig1, …, fig17; eps, perp, slingshots; of neighbours opposing, " +
      "sgd-stability, proxies, remedies, stability-gap, large-lr, " +
      "imbalanced-collapse; or all",
  )
  .option(
    "--about",
    "train nothing; say what figures show, with which settings and claims",
  )
  .option("--quick", "a shorter form of minutes: fewer steps or a smaller task")
  .option(
    "--seeds <n>",
    "seeds of each arm (default: 10, 5 or 3 by what a run costs; quick: 1 or 3)",
    number,
  )
  .option("--resume", "go on with runs that are there, repeat none")
  .option("--overwrite", "begin runs that are there again")
  .option(
    "--published",
    "published records stand for runs that are not here",
  )
  .option(
    "--publish",
    "run nothing; write what is finished into docs/reproduction",
  )
  .option(
    "--jobs <n>",
    "runs side by side (default: one for each core)",
    number,
  )
  .option("--threads <n>", "threads of each run (default: 1)", number)
  .option(USE.flags, USE.help, USE.parse)
  .option(USE.changedFlags, USE.changedHelp)
  .addOption(
    new Option("--device <name>", "where to compute (default: cpu)")
      .choices(["auto", "cpu", "cuda", "webgpu"] as const),
  )
  .option("--json", "print the result as JSON");

const task = described.action(async (names, options) => {
  checkNumbers(options);
  if (names.length === 0 || options.about) return await show(names, options);
  if (options.resume && options.overwrite) {
    throw new ConfigError("--resume must be left out with --overwrite");
  }
  if (options.publish) return await publishFinished(names, options);
  await run(names, options);
});

/** What the command was told. */
type Flags = ReturnType<typeof described.opts>;

// So many side by side at most, where nobody says it: each keeps its graph and its
// activations.
const MOST_JOBS = 8;

// More than these no machine has the memory or the cores for.
const MOST = { seeds: 4096, jobs: 1024, threads: 1024 } as const;

function checkNumbers(flags: Flags): void {
  for (const key of ["seeds", "jobs", "threads"] as const) {
    const value = flags[key] ?? 1;
    if (Number.isInteger(value) && value >= 1 && value <= MOST[key]) continue;
    throw new ConfigError(
      `--${key} must be an integer in 1..${MOST[key]}, got ${value}`,
    );
  }
}

// Lists figures, or tells all about some.
async function show(names: readonly string[], flags: Flags): Promise<void> {
  const { about, json } = flags;
  const given = Object.keys(flags)
    .find((key) => !["json", "about", "use", "useChanged"].includes(key));
  if (given !== undefined) {
    throw new ConfigError(
      about
        ? `--${given} must be left out with --about, which trains nothing`
        : `--${given} must come with figures: name them, or all`,
    );
  }
  const listed = await figuresNamed(names);
  if (json) return printJson(listed);
  const { aboutText, tableOfFigures } = await import("./reproduce/text.ts");
  if (about) return console.log(aboutText(listed));
  console.log(tableOfFigures(listed));
  console.error(
    "times are of two runs side by side, ~ on the machine of the published " +
      `ones; all about one: ${taskLine("reproduce", "fig2", "--about")}`,
  );
}

async function publishFinished(
  names: readonly string[],
  flags: Flags,
): Promise<void> {
  const other = [
    ...["resume", "overwrite", "published", "seeds"] as const,
    ...["jobs", "threads", "device"] as const,
  ].find((key) => flags[key] !== undefined);
  if (other !== undefined) {
    throw new ConfigError(
      `--${other} must be left out with --publish, which runs nothing`,
    );
  }
  const { publish } = await import("../lib/reproduce/publish.ts");
  const outcomes = await publish(names, flags.quick ? { scale: "quick" } : {});
  if (flags.json) return printJson({ outcomes });
  const { outcomesText } = await import("./reproduce/text.ts");
  console.log(outcomesText(outcomes, "docs/reproduction"));
}

async function run(names: readonly string[], flags: Flags): Promise<void> {
  const { runReproduction } = await import("./reproduce/run.ts");
  const { outcomesText } = await import("./reproduce/text.ts");
  const { chooseDevice, describeChoice } = await import(
    "../lib/devices/choice.ts"
  );
  const { quick, threads = 1 } = flags;
  const choice = await chooseDevice({
    device: flags.device ?? "cpu",
    deviceId: 0,
    runtime: "node",
  });
  if (flags.device !== undefined) console.error(describeChoice(choice));
  const { outcomes, failures, interrupted } = await runReproduction(names, {
    scale: quick ? "quick" : "full",
    ...(flags.seeds !== undefined && { seeds: flags.seeds }),
    resume: flags.resume ?? false,
    overwrite: flags.overwrite ?? false,
    published: flags.published ?? false,
    jobs: flags.jobs ?? usualJobs(threads, MOST_JOBS),
    threads,
    device: choice.device,
  });
  if (flags.json) printJson({ outcomes, failures, interrupted });
  else console.log(outcomesText(outcomes, "reproductions"));
  for (const failure of failures) console.error(`error: ${failure}`);
  if (interrupted) {
    console.error(`stopped; go on with: ${goOn(names, flags)}`);
    Deno.exitCode = EXIT.interrupted;
  } else if (failures.length > 0) Deno.exitCode = EXIT.failed;
}

// The command that goes on where this one was stopped.
function goOn(names: readonly string[], flags: Flags): string {
  return taskLine(
    ...["reproduce", ...names, ...(flags.quick ? ["--quick"] : [])],
    ...(["seeds", "jobs", "threads", "device"] as const)
      .filter((key) => flags[key] !== undefined)
      .flatMap((key) => [`--${key}`, String(flags[key])]),
    ...(flags.published ? ["--published"] : []),
    ...(flags.use ?? []).flatMap((path) => ["--use", path]),
    "--resume",
  );
}

async function figuresNamed(names: readonly string[]): Promise<Listed[]> {
  const { figureNames } = await import("../lib/reproduce/reproduce.ts");
  const { listFigures } = await import("../lib/reproduce/list.ts");
  const wanted = figureNames(names.length === 0 ? ["all"] : names);
  const listed = await listFigures(undefined, undefined, (problem) => {
    console.error(`warning: ${problem}; it is left out`);
  });
  return listed.filter(({ name }) => wanted.includes(name));
}

// What it reads and writes has its place beside deno.json.
if (import.meta.main) await main(task, Deno.args, "started");
