/**
 * Writing a sweep's report.
 *
 * @module
 */

import { extname, join } from "node:path";
import { UsageError } from "../../base/errors.ts";
import {
  type Aside,
  checkPlace,
  FileError,
  writeAside,
} from "../../base/files.ts";
import { checkArgument, checkOptions, pathCheck } from "../../base/options.ts";
import { checkOutput, checkUnused } from "../../base/output.ts";
import type { ReportFormat } from "../../report/options.ts";
import { readRecords } from "../collecting/records.ts";
import { bandFigures, chosenCells, type Curves, readCurves } from "./bands.ts";
import { type LaidOut, laidOut } from "./laid_out.ts";
import { mapsOf } from "./maps.ts";
import { measuresOf } from "./measures.ts";
import {
  SWEEP_REPORT,
  type SweepReportOptions,
  type SweepReportWritten,
} from "./options.ts";
import { sweepPageText } from "./page.ts";
import { linksOf } from "./runs_html.ts";

/**
 * Writes a report of a sweep: maps along two keys of how many runs grokked, when,
 * how long after memorising, and how they ended; curves of some cells; all runs.
 * Needs the folder only; others may train meanwhile.
 *
 * @param folder The sweep's folder.
 * @param options Axes, formats, place, what to do with what is there.
 * @throws {UsageError} if the folder is no sweep of this version or has no run, a key
 * is none in which its runs differ, a file is there already, or the folder of `out`
 * is not; nothing is written then.
 * @throws {SyntaxError} if the sweep's plan is damaged.
 * @throws {FileError} if something cannot be read or written.
 */
export async function writeSweepReport(
  folder: string,
  options: SweepReportOptions = {},
): Promise<SweepReportWritten> {
  checkArgument("writeSweepReport()", "folder", folder, pathCheck);
  checkOptions("writeSweepReport()", options, SWEEP_REPORT);
  const { formats = ["html"], overwrite = false } = options;
  const drawn = formats.filter((format) => format !== "html");
  const out = options.out ??
    join(folder, drawn.length > 0 ? "report" : "report.html");
  const page = drawn.length > 0 ? join(out, "report.html") : out;
  const sweep = await readRecords(folder);
  await checkOut(out, drawn.length > 0);
  if (formats.includes("html")) await checkUnused(page, overwrite);
  const layout = laidOut(sweep, options);
  const cells = chosenCells(layout, options.cells);
  const problems = [...sweep.problems];
  const curves = await readCurves(folder, layout, cells, problems);
  const files = await drawings(out, drawn, layout, curves);
  for (const path of files.keys()) await checkUnused(path, overwrite);
  if (formats.includes("html")) {
    files.set(
      page,
      await sweepPageText({
        sweep,
        layout,
        maps: measuresOf(layout.records).map((measure) =>
          mapsOf(layout, measure, true)
        ),
        curves: bandFigures(curves, true),
        links: await linksOf(folder, page),
        problems,
      }),
    );
  }
  const written = await putInPlace(files);
  const { x, y, by, pooled, records } = layout;
  return {
    files: written,
    axes: {
      x: x?.key ?? null,
      y: y?.key ?? null,
      by: by.map(({ key }) => key),
    },
    pooled,
    cells: layout.cells.length,
    runs: records.length,
    problems,
  };
}

// Figures as files.
async function drawings(
  out: string,
  formats: readonly ReportFormat[],
  layout: LaidOut,
  curves: Curves,
): Promise<Map<string, string | Uint8Array>> {
  const files = new Map<string, string | Uint8Array>();
  if (formats.length === 0) return files;
  const figures = [
    ...measuresOf(layout.records).flatMap((measure) =>
      mapsOf(layout, measure, false)
    ),
    ...bandFigures(curves, false),
  ];
  for (const { id, svg } of figures) {
    if (formats.includes("svg")) files.set(join(out, `${id}.svg`), svg);
    if (formats.includes("png")) {
      const { pngOf } = await import("../../charts/png.ts");
      files.set(join(out, `${id}.png`), await pngOf(svg));
    }
  }
  return files;
}

// All of them, or none: the disk has all before the first is in place.
async function putInPlace(
  files: ReadonlyMap<string, string | Uint8Array>,
): Promise<{ path: string; bytes: number }[]> {
  const asides: Aside[] = [];
  try {
    for (const [path, contents] of files) {
      asides.push(await writeAside(path, contents));
    }
  } catch (error) {
    for (const aside of asides) await aside.drop();
    throw error;
  }
  for (const aside of asides) await aside.place();
  return await Promise.all([...files.keys()].map(async (path) => {
    const { size: bytes } = await Deno.stat(path);
    return { path, bytes };
  }));
}

// The folder of figures is made, that which it lies in is not.
async function checkOut(out: string, isFolder: boolean): Promise<void> {
  if (isFolder) {
    await checkPlace(out);
    const there = await Deno.stat(out).catch(() => undefined);
    if (!there || there.isDirectory) return;
    throw new FileError(`Cannot write figures into ${out}: it is a file`);
  }
  await checkOutput(out);
  const ending = extname(out).toLowerCase();
  if (ending === ".html" || ending === ".htm") return;
  throw new UsageError(
    `Cannot write ${out}: the name of a page must end in .html, got ` +
      `${ending === "" ? "none" : ending}; figures go into a folder, with ` +
      "--format svg or png",
  );
}
