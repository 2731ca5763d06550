/**
 * `deno task bench`: milliseconds a step, beside other frameworks if wanted.
 *
 * @module
 */

import { UsageError } from "../lib/base/errors.ts";
import type { SweepBenchOptions } from "../bench/sweep.ts";
import type { SweepTimings } from "../bench/sweep_table.ts";
import {
  cardNumber,
  command,
  main,
  number,
  numbers,
  Option,
  path,
  printJson,
} from "./shared/cli.ts";

const task = command("bench", "Time training steps on this machine.")
  .option("--peers", "time PyTorch and JAX too, interleaved")
  .option("--python <file>", "the Python that has them", path, "python3")
  .option("--only <name>", "one workload, by its name")
  .option("--rounds <n>", "rounds of timings", number, 3)
  .option("--threads <n>", "threads", number, 2)
  .addOption(
    new Option("--device <name>", "where to compute")
      .choices(["auto", "cpu", "cuda", "webgpu"] as const).default("cpu"),
  )
  .option("--device-id <n>", "cuda: which of several cards", cardNumber, 0)
  .option(
    "--replicas <list>",
    "time so many replicas at once, in place of the workloads",
    numbers,
  )
  .option(
    "--probes <runs>",
    "time the probes of some runs, with commas between, and nothing else",
    (text) => text.split(","),
  )
  .option(
    "--sweep",
    "time sweeps on two cores beside PyTorch, and nothing else",
  )
  .option("--json", "print the timings as JSON")
  .action(async ({ json, sweep, ...options }, asked) => {
    checkGiven(
      asked.options.filter((option) =>
        asked.getOptionValueSource(option.attributeName()) === "cli"
      ),
    );
    if (sweep) return await benchSweeps(options, json);
    const { bench, checkBench } = await import("../bench/bench.ts");
    checkBench(options);
    if (options.probes) {
      const { renderProbes, timeProbes } = await import("../bench/probes.ts");
      const timings = [];
      for (const run of options.probes) {
        timings.push(await timeProbes(run, options.rounds));
      }
      return json ? printJson(timings) : console.log(renderProbes(timings));
    }
    const { renderBench } = await import("../bench/table.ts");
    const { chooseDevice, describeChoice } = await import(
      "../lib/devices/choice.ts"
    );
    const choice = await chooseDevice({ ...options, runtime: "node" });
    console.error(describeChoice(choice));
    const { device, deviceId } = choice;
    const folder = "runs";
    await Deno.mkdir(folder, { recursive: true });
    const result = await bench(
      { ...options, place: { device, deviceId }, folder },
      (line) => console.error(line),
    );
    if (json) printJson(result);
    else console.log(renderBench(result));
  });

// What is timed instead of the steps, and the flags that it reads.
const INSTEAD: Readonly<Record<string, readonly string[]>> = {
  sweep: ["--python", "--only", "--rounds", "--json"],
  probes: ["--rounds", "--json"],
};

// A flag that nothing reads was meant to change what is timed.
function checkGiven(given: readonly Option[]): void {
  const flags = given.map(({ long }) => long!);
  for (const [mode, read] of Object.entries(INSTEAD)) {
    const other = flags.find((flag) => ![`--${mode}`, ...read].includes(flag));
    if (!flags.includes(`--${mode}`) || other === undefined) continue;
    throw new UsageError(
      `${other} must be left out with --${mode}, which takes ` +
        `${read.join(", ")}`,
    );
  }
  const timesPeers = flags.includes("--peers") || flags.includes("--sweep");
  if (!flags.includes("--python") || timesPeers) return;
  throw new UsageError(
    "--python must be left out without --peers or --sweep: it says which " +
      "Python has the peers",
  );
}

async function benchSweeps(
  options: SweepBenchOptions,
  json: true | undefined,
): Promise<void> {
  const { sweepsAsked, timeSweep } = await import("../bench/sweep.ts");
  const { renderSweeps } = await import("../bench/sweep_table.ts");
  const log = (line: string) => console.error(line);
  const timings: Record<string, SweepTimings> = {};
  for (const [name, work] of sweepsAsked(options)) {
    log(name);
    timings[name] = await timeSweep(work, options, log);
  }
  if (json) printJson(timings);
  else console.log(renderSweeps(timings));
}

if (import.meta.main) await main(task);
