/**
 * `deno task probe`: asks a checkpoint questions, through ONNX Runtime.
 *
 * @module
 */

import { command, main, namesOutOf, printJson, stepNumber } from "./cli.ts";

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
    stepNumber,
  )
  .option("--json", "print the results as JSON")
  .action(async (source, { probe: names, step, json }) => {
    const { findCheckpoint } = await import("../lib/runs/run_folder.ts");
    const path = await findCheckpoint(source, step);
    const { probe } = await import("../lib/probes/mod.ts");
    const report = await probe(path, names);
    if (json) return printJson(report);
    const { renderReport } = await import("./probe_text.ts");
    console.log(renderReport(report));
  });

if (import.meta.main) await main(task);
