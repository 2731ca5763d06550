/**
 * `deno task export`: copies a checkpoint out of a run, with more outputs if
 * wanted.
 *
 * @module
 */

import { shown } from "../lib/base/terminal.ts";
import { command, main, path, stepNumber } from "./shared/cli.ts";
import { runNamed } from "./shared/run_named.ts";
import { USE } from "./shared/use_flags.ts";

const task = command("export", "Copy a checkpoint to a file of its own.")
  .argument("<run>", "run folder or its name, or .onnx file")
  .requiredOption("--out <file>", "where to write it: NAME.onnx", path)
  .option("--step <n>", "which checkpoint (default: the last)", stepNumber)
  .option(
    USE.flags,
    "taken, and not needed: a checkpoint is whole without",
    USE.parse,
  )
  .option("--hooks <names>", "activations to make outputs, by name")
  .option("--overwrite", "replace the file if it is there")
  .action(async (named, { out, step, hooks, overwrite }) => {
    const run = await runNamed(named);
    const { exportCheckpoint } = await import("../lib/runs/export.ts");
    const source = await exportCheckpoint(run, out, {
      ...(step !== undefined && { step }),
      hooks: hooks?.split(",").map((name) => name.trim()) ?? [],
      overwrite: overwrite ?? false,
    });
    console.error(shown(`${source} → ${out}`));
  });

if (import.meta.main) await main(task);
