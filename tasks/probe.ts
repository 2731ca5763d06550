/**
 * `deno task probe`: asks a checkpoint questions, through ONNX Runtime.
 *
 * @module
 */

import {
  command,
  main,
  namesOutOf,
  number,
  printJson,
  UsageError,
} from "./cli.ts";

// Named here again so that --help need not load the probes and their runtime;
// the type of `names` fails to compile when the two lists differ.
const NAMES = ["fourier", "logit-scaling"] as const;

const task = command("probe", "Look inside a checkpoint.")
  .argument("[source]", "run folder or .onnx file (default: the newest run)")
  .option(
    "--probe <names>",
    `which probes, out of ${NAMES.join(", ")} (default: all that apply)`,
    namesOutOf(NAMES),
  )
  .option(
    "--step <n>",
    "which checkpoint of the run (default: the last)",
    number,
  )
  .option("--json", "print the results as JSON")
  .action(async (source, { probe: names, step, json }) => {
    if (step !== undefined && !(Number.isSafeInteger(step) && step >= 0)) {
      throw new UsageError(
        `--step must be an integer of 0 or more, got ${step}`,
      );
    }
    const { findCheckpoint } = await import("../lib/runs/run_folder.ts");
    const path = await findCheckpoint(source, step);
    const { probe } = await import("../lib/probes/mod.ts");
    const report = await probe(path, names);
    if (json) return printJson(report);
    const { renderReport } = await import("./probe_text.ts");
    console.log(renderReport(report));
  });

if (import.meta.main) await main(task);
