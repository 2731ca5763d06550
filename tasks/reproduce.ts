/**
 * `deno task reproduce`: the paper's figures, one command each.
 *
 * @module
 */

import { ConfigError } from "../lib/config/config.ts";
import type { Listed } from "../lib/reproduce/list.ts";
import { taskLine } from "../lib/shell.ts";
import { command, EXIT, main, number, Option, printJson } from "./cli.ts";

// Runs have bytes that depend on their threads, so more cores mean more runs.
const MOST_JOBS = 8;

const task = command(
  "reproduce",
  "Reproduce figures of the paper; without a name, list them, a line each.",
)
  .argument("[figures...]", "fig1, …, fig17, eps, perp, slingshots, or all")
  .option(
    "--about",
    "train nothing; say what figures show, with which settings and claims",
  )
  .option("--quick", "a shorter form of minutes: fewer steps or a smaller task")
  .option("--seeds <n>", "seeds of each arm (default: 3; quick: 1)", number)
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
  .addOption(
    new Option("--device <name>", "where to compute (default: cpu)")
      .choices(["auto", "cpu", "cuda", "webgpu"] as const),
  )
  .option("--json", "print the result as JSON")
  .action(async (names, options) => {
    const { json, quick } = options;
    for (const key of ["seeds", "jobs", "threads"] as const) {
      const value = options[key];
      if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) {
        continue;
      }
      throw new ConfigError(
        `--${key} must be an integer of 1 or more, got ${value}`,
      );
    }
    const text = await import("./reproduce_text.ts");
    const about = options.about ?? false;
    if (names.length === 0 || about) {
      const given = Object.keys(options)
        .find((key) => key !== "json" && key !== "about");
      if (given !== undefined) {
        throw new ConfigError(
          about
            ? `--${given} must be left out with --about, which trains nothing`
            : `--${given} must come with figures: name them, or all`,
        );
      }
      const listed = await figuresNamed(names);
      if (json) printJson(listed);
      else if (about) console.log(text.aboutText(listed));
      else {
        console.log(text.tableOfFigures(listed));
        console.error(
          "times are of two runs side by side, ~ on the machine of the " +
            "published ones; all about one: " +
            taskLine("reproduce", "fig2", "--about"),
        );
      }
      return;
    }
    if (options.resume && options.overwrite) {
      throw new ConfigError("--resume must be left out with --overwrite");
    }
    if (options.publish) {
      const other = [
        ...["resume", "overwrite", "published", "seeds"] as const,
        ...["jobs", "threads", "device"] as const,
      ].find((key) => options[key] !== undefined);
      if (other !== undefined) {
        throw new ConfigError(
          `--${other} must be left out with --publish, which runs nothing`,
        );
      }
      const { publish } = await import("../lib/reproduce/publish.ts");
      const outcomes = await publish(names, quick ? { scale: "quick" } : {});
      if (json) printJson({ outcomes });
      else console.log(text.outcomesText(outcomes, "docs/reproduction"));
      return;
    }
    const { runReproduction } = await import("./reproduce_run.ts");
    const { chooseDevice, describeChoice } = await import("../lib/devices.ts");
    const choice = await chooseDevice({
      device: options.device ?? "cpu",
      deviceId: 0,
      runtime: "node",
    });
    if (options.device !== undefined) console.error(describeChoice(choice));
    const cores = navigator.hardwareConcurrency;
    const threads = options.threads ?? 1;
    const { outcomes, failures, interrupted } = await runReproduction(names, {
      scale: quick ? "quick" : "full",
      ...(options.seeds !== undefined && { seeds: options.seeds }),
      resume: options.resume ?? false,
      overwrite: options.overwrite ?? false,
      published: options.published ?? false,
      jobs: options.jobs ??
        Math.max(1, Math.min(Math.floor(cores / threads), MOST_JOBS)),
      threads,
      device: choice.device,
    });
    if (json) printJson({ outcomes, failures, interrupted });
    else console.log(text.outcomesText(outcomes, "reproductions"));
    for (const failure of failures) console.error(`error: ${failure}`);
    if (interrupted) {
      console.error(
        "stopped; go on with: " + taskLine(
          ...["reproduce", ...names, ...(quick ? ["--quick"] : [])],
          ...(["seeds", "jobs", "threads", "device"] as const)
            .filter((key) => options[key] !== undefined)
            .flatMap((key) => [`--${key}`, String(options[key])]),
          ...(options.published ? ["--published"] : []),
          "--resume",
        ),
      );
      Deno.exitCode = EXIT.interrupted;
    } else if (failures.length > 0) Deno.exitCode = EXIT.failed;
  });

async function figuresNamed(names: readonly string[]): Promise<Listed[]> {
  const { figureNames } = await import("../lib/reproduce/reproduce.ts");
  const { listFigures } = await import("../lib/reproduce/list.ts");
  const wanted = figureNames(names.length === 0 ? ["all"] : names);
  const listed = await listFigures(undefined, undefined, (problem) => {
    console.error(`warning: ${problem}; it is left out`);
  });
  return listed.filter(({ name }) => wanted.includes(name));
}

if (import.meta.main) await main(task);
