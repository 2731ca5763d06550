/**
 * `deno task export`: copies a checkpoint out of a run, with more outputs if
 * wanted or in another format, or the metrics of runs as a table or for TensorBoard.
 *
 * @module
 */

import { UsageError } from "../lib/base/errors.ts";
import { shown } from "../lib/base/terminal.ts";
import {
  CHECKPOINT_FORMATS,
  TABLE_FORMATS,
  TENSOR_NAMES,
} from "../lib/formats/names.ts";
import { command, main, Option, path, stepNumber } from "./shared/cli.ts";
import { runNamed } from "./shared/run_named.ts";
import { USE } from "./shared/use_flags.ts";

const FILE_FORMATS = [...CHECKPOINT_FORMATS, ...TABLE_FORMATS] as const;
type FileFormat = typeof FILE_FORMATS[number];
const FORMATS = [...FILE_FORMATS, "tensorboard"] as const;

const task = command(
  "export",
  "Copy a checkpoint to a file of its own, or write the metrics of runs as a " +
    "table, or for TensorBoard.",
)
  .argument(
    "<runs...>",
    "run folder or its name, or .onnx file; of metrics one run or more",
  )
  .option(
    "--out <file>",
    "where to write it: NAME.onnx; with --all, and for TensorBoard, a folder " +
      "(default: tensorboard, for TensorBoard)",
    path,
  )
  .addOption(
    new Option(
      "--format <name>",
      "of a checkpoint: onnx, or its tensors as safetensors or npz; of metrics: " +
        "csv, jsonl, parquet, tensorboard (default: what --out ends in, else " +
        "onnx)",
    ).choices(FORMATS),
  )
  .option("--step <n>", "which checkpoint (default: the last)", stepNumber)
  .option("--all", "all checkpoints of the run, into the folder --out")
  .option(
    USE.flags,
    "taken, and not needed: a checkpoint is whole without",
    USE.parse,
  )
  .option("--hooks <names>", "onnx: activations to make outputs, by name")
  .addOption(
    new Option(
      "--names <whose>",
      "safetensors, npz: transformer-lens for a state dict that its " +
        "HookedTransformer loads (default: groklab, those of the .onnx file)",
    ).choices(TENSOR_NAMES),
  )
  .option("--overwrite", "replace the file if it is there")
  .action(async (named, options) => {
    const runs = await Promise.all(named.map(runNamed));
    const { overwrite = false } = options;
    if (options.format === "tensorboard") {
      const { out = "tensorboard" } = options;
      refuse(options, OF_CHECKPOINTS, "--format tensorboard");
      const { exportTensorboard } = await import(
        "../lib/runs/exports/tensorboard.ts"
      );
      const { length } = await exportTensorboard(runs, out, { overwrite });
      console.error(shown(`${counted(length)} → ${out}`));
      return;
    }
    const { out } = options;
    if (out === undefined) {
      throw new UsageError("--out must say where to write it: --out NAME.onnx");
    }
    const format = options.format ?? endingOf(out);
    if (isTable(format)) {
      refuse(options, OF_CHECKPOINTS, `a table (${format})`);
      const { exportMetrics } = await import("../lib/runs/exports/metrics.ts");
      checkEnding(out, format);
      const count = await exportMetrics(runs, out, { format, overwrite });
      console.error(shown(`${counted(count)} → ${out}`));
      return;
    }
    const [run] = runs;
    if (runs.length !== 1) {
      throw new UsageError(
        `Cannot export checkpoints of ${runs.length} runs at once: name one, or ` +
          "a table of their metrics with --format csv, jsonl or parquet",
      );
    }
    const { exportCheckpoint, exportCheckpoints } = await import(
      "../lib/runs/exports/checkpoint.ts"
    );
    const { step, hooks, names, all } = options;
    const how = {
      format,
      ...(names && { names }),
      hooks: hooks?.split(",").map((name) => name.trim()) ?? [],
      overwrite,
    };
    if (all) {
      refuse(options, ["step"], "--all, which exports every checkpoint");
      const files = await exportCheckpoints(run!, out, how);
      console.error(shown(`${run}: ${files.length} checkpoints → ${out}`));
      return;
    }
    const source = await exportCheckpoint(run!, out, {
      ...(step !== undefined && { step }),
      ...how,
    });
    console.error(shown(`${source} → ${out}`));
  });

const OF_CHECKPOINTS = ["step", "all", "hooks", "names"];

const counted = (runs: number) => `${runs} ${runs === 1 ? "run" : "runs"}`;

function endingOf(out: string): FileFormat {
  const ending = /\.(\w+)$/.exec(out)?.[1]?.toLowerCase();
  return FILE_FORMATS.find((format) => format === ending) ?? "onnx";
}

function isTable(format: FileFormat): format is typeof TABLE_FORMATS[number] {
  return (TABLE_FORMATS as readonly string[]).includes(format);
}

function checkEnding(out: string, format: FileFormat): void {
  if (out.toLowerCase().endsWith(`.${format}`)) return;
  throw new UsageError(
    `Cannot write ${out}: what is written is ${format}, and its name must end ` +
      `in .${format}`,
  );
}

function refuse(
  options: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  beside: string,
): void {
  const key = keys.find((key) => options[key] !== undefined);
  if (key === undefined) return;
  throw new UsageError(`--${key} must be left out with ${beside}`);
}

if (import.meta.main) await main(task);
