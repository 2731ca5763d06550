/**
 * `deno task sweep report`: a sweep as a page, or its figures as files.
 *
 * @module
 */

import { UsageError } from "../../lib/base/errors.ts";
import { taskLine } from "../../lib/base/shell.ts";
import { shown } from "../../lib/base/terminal.ts";
import { reportFormats } from "../../lib/report/options.ts";
import { keyOf } from "../../lib/sweeps/keys.ts";
import {
  namesOutOf,
  path,
  printJson,
  several,
  subcommand,
} from "../shared/cli.ts";
import { sensitivityText } from "./sensitivity_text.ts";
import { gridOf, pointOf } from "./words.ts";

const text = (text: string) => text;
const keys = (text: string) => text.split(",").map((key) => keyOf(key, "--by"));

const bound = (text: string) => {
  const z = Number(text);
  if (z > 0 && Number.isFinite(z)) return z;
  throw new UsageError(`--attention-bound must be above 0, got ${text}`);
};

// The summary in place of the page, which takes the page's flags for nothing.
async function printSensitivity(
  folder: string,
  page: Readonly<Record<string, unknown>>,
  bound: number | undefined,
  json: boolean | undefined,
): Promise<void> {
  const given = Object.keys(page).find((key) => page[key] !== undefined);
  if (given !== undefined) {
    throw new UsageError(
      `--${given} must not stand beside --lr-sensitivity, which writes no page`,
    );
  }
  const { lrSensitivity } = await import(
    "../../lib/sweeps/summaries/lr_sensitivity.ts"
  );
  const found = await lrSensitivity(folder, bound);
  for (const problem of found.problems) {
    console.error(`warning: ${shown(problem)}`);
  }
  if (json) return printJson({ folder, ...found });
  console.log(sensitivityText(found));
}

/** The subcommand. */
export const report = subcommand(
  taskLine("sweep", "report"),
  "Write a sweep as one HTML page: maps of what grokked, curves, all runs.",
)
  .name("report")
  .argument("<dir>", "the sweep's folder")
  .option(
    "--out <path>",
    "the page, or the folder of figures (default: report.html in the sweep)",
    path,
  )
  .option("--x <key>", "the key along (default: the one of most values)", (
    text,
  ) => keyOf(text, "--x"))
  .option(
    "--y <key>",
    "the key up (default: of the second most)",
    (text) => keyOf(text, "--y"),
  )
  .option(
    "--by <keys>",
    "keys with commas between, each combination of which has maps of its own " +
      "(default: those that are left, up to twelve maps)",
    keys,
  )
  .option(
    "--at <key=values>",
    "only runs that have one of these values; may be repeated",
    several(text),
  )
  .option(
    "--cell <key=value,…>",
    "a cell that has curves; may be repeated (default: the best, a middle one, " +
      "the worst)",
    several(text),
  )
  .option(
    "--format <names>",
    "out of html, svg, png (default: html); svg and png write every figure",
    namesOutOf(reportFormats),
  )
  .option(
    "--lr-sensitivity",
    "write no page; say how much train and test loss hang on the learning rate, " +
      "for each combination of the other keys, and at which d_model attention " +
      "logits would pass --attention-bound",
  )
  .option(
    "--attention-bound <z>",
    "with --lr-sensitivity: what attention logits shall not pass (default: 1e4)",
    bound,
  )
  .option("--overwrite", "replace files that are there")
  .option("--json", "print what was written as JSON")
  .action(async (folder, options) => {
    const { out, x, y, by, at, cell, format, overwrite, json } = options;
    const { lrSensitivity: sensitive, attentionBound } = options;
    if (sensitive) {
      const page = { out, x, y, by, at, cell, format, overwrite };
      return await printSensitivity(folder, page, attentionBound, json);
    }
    if (attentionBound !== undefined) {
      throw new UsageError(
        "--attention-bound must stand beside --lr-sensitivity",
      );
    }
    const { writeSweepReport } = await import(
      "../../lib/sweeps/reporting/write.ts"
    );
    const written = await writeSweepReport(folder, {
      ...(out !== undefined && { out }),
      ...(x !== undefined && { x }),
      ...(y !== undefined && { y }),
      ...(by && { by }),
      ...(at && { at: gridOf(at, "--at") }),
      ...(cell && { cells: cell.map(pointOf) }),
      ...(format && { formats: format }),
      overwrite: overwrite ?? false,
    });
    for (const problem of written.problems) {
      console.error(`warning: ${shown(problem)}`);
    }
    if (json) return printJson({ folder, ...written });
    const { axes, pooled, cells, runs } = written;
    const along = [axes.x, axes.y].filter((key) => key !== null).join(" × ");
    console.error(
      `${runs} runs in ${cells} cells` +
        (along === "" ? "" : ` along ${along}`) +
        (axes.by.length > 0 ? `, maps by ${axes.by.join(", ")}` : "") +
        (pooled.length > 0 ? `; cells pool over ${pooled.join(", ")}` : ""),
    );
    for (const { path } of written.files) console.log(shown(path));
  });
