/**
 * `deno task bench`: milliseconds a step, beside other frameworks if wanted.
 *
 * @module
 */

import { command, main, number, numbers, path, printJson } from "./cli.ts";

const task = command("bench", "Time training steps on this machine.")
  .option("--peers", "time PyTorch and JAX too, interleaved")
  .option("--python <file>", "the Python that has them", path, "python3")
  .option("--only <name>", "one workload, by its name")
  .option("--rounds <n>", "rounds of timings", number, 3)
  .option("--threads <n>", "threads", number, 2)
  .option(
    "--replicas <list>",
    "time so many replicas at once, in place of the workloads",
    numbers,
  )
  .option("--json", "print the timings as JSON")
  .action(async ({ json, ...options }) => {
    const { bench } = await import("../bench/bench.ts");
    const { renderBench } = await import("../bench/table.ts");
    const result = await bench(options, (line) => console.error(line));
    if (json) printJson(result);
    else console.log(renderBench(result));
  });

if (import.meta.main) await main(task);
