/**
 * Writing reports into files.
 *
 * @module
 */

import { basename, dirname, extname, join } from "node:path";
import deno from "../../deno.json" with { type: "json" };
import { UsageError } from "../base/errors.ts";
import { checkPlace, writeWhole } from "../base/files.ts";
import { checkOptions, checkPaths, only } from "../base/options.ts";
import { curveFigures } from "./figures/curves.ts";
import { REPORT, WRITE, type WriteOptions } from "./options.ts";
import { pageText } from "./page/page.ts";
import { packed } from "./playground/live_section.ts";
import { livePart, makeReport, readGroups, type Report } from "./report.ts";

/** What was written. */
export interface Written {
  /** The runs, by their folders. */
  readonly runs: readonly string[];
  /** The files with their sizes in bytes, in the order in which they were written. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** The charts, by their names. */
  readonly charts: readonly string[];
}

// What a file of its own is called when it holds the runtime.
const RUNTIME = `onnxruntime-web-${
  /@([^@]+)$/.exec(deno.imports["onnxruntime-web"])![1]
}.js`;

/**
 * Writes a report.
 *
 * ```ts
 * import { train, writeReport } from "@groklab/groklab";
 * import { assert } from "@std/assert";
 *
 * const run = await Deno.makeTempDir();
 * await train({ modulus: 7, hidden: [16], steps: 20 }, { run });
 * const { files, charts } = await writeReport([run], {
 *   formats: ["svg"],
 *   probes: ["geometry"],
 *   out: `${run}/charts`,
 * });
 * assert(charts.length > 0 && files[0]!.path.endsWith(".svg"));
 * ```
 *
 * @param paths Run folders, or folders of replicas.
 * @param options Formats, place, what to do with what is there.
 * @throws {FileError} if a run cannot be read, or a file not be written.
 * @throws {UsageError} if a file is there already, the folder of `out` is not, or
 * this version cannot make a run's experiment; nothing is written then.
 */
export async function writeReport(
  paths: readonly string[],
  options: WriteOptions = {},
): Promise<Written> {
  checkPaths("writeReport()", paths);
  checkOptions("writeReport()", options, WRITE);
  const { formats = ["html"], singleFile = true } = options;
  const folder = dirname(join(paths[0]!, "x"));
  const charts = formats.filter((format) => format !== "html");
  const page = charts.length > 0
    ? join(options.out ?? join(placeOf(paths, folder), "report"), "report.html")
    : options.out ?? join(placeOf(paths, folder), "report.html");
  // What can be known beforehand is refused before the work.
  checkEnding(options.out, charts.length > 0);
  // The folder of charts is made, that which it lies in is not.
  if (options.out !== undefined) {
    await checkPlace(charts.length > 0 ? dirname(page) : page);
  }
  await refuseTaken(paths, page, formats, options);
  const report = await makeReport(paths, only(options, REPORT));
  const files = new Map<string, string | Uint8Array>();
  for (const { id, svg } of [...report.curves, ...report.inside]) {
    const stem = join(dirname(page), id);
    if (charts.includes("svg")) files.set(`${stem}.svg`, svg);
    if (charts.includes("png")) {
      const { pngOf } = await import("../charts/png.ts");
      files.set(`${stem}.png`, await pngOf(svg));
    }
  }
  for (const path of files.keys()) await checkFree(path, options);
  if (formats.includes("html")) {
    options.onStage?.("making the live part");
    const made = await pageFiles(report, page, singleFile);
    for (const [path, text] of made) files.set(path, text);
  }
  const written = [];
  for (const [path, contents] of files) {
    await writeWhole(path, contents);
    const { size: bytes } = await Deno.stat(path);
    written.push({ path, bytes });
  }
  return {
    runs: report.groups.flatMap(({ runs }) => runs.map(({ path }) => path)),
    files: written,
    charts: [...report.curves, ...report.inside].map(({ id }) => id),
  };
}

// The page, and before it the runtime where it is a file of its own.
async function pageFiles(
  report: Report,
  page: string,
  singleFile: boolean,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  // The bundler and what draws pixels are loaded when they are needed.
  const { pageScript, runtimeWasm } = await import("./playground/bundle.ts");
  const runtime = packed(await runtimeWasm());
  const live = await livePart(
    report.groups,
    singleFile ? runtime : undefined,
    report.verdicts,
  );
  const beside = singleFile || typeof live === "string" ? undefined : RUNTIME;
  if (beside) {
    const text = `globalThis.groklabRuntime="${runtime}";\n`;
    files.set(join(dirname(page), beside), text);
  }
  const script = await pageScript();
  return files.set(
    page,
    await pageText({ ...report, live, script, ...(beside && { beside }) }),
  );
}

// Where something that can be named beforehand is there already.
async function refuseTaken(
  paths: readonly string[],
  page: string,
  formats: NonNullable<WriteOptions["formats"]>,
  options: WriteOptions,
): Promise<void> {
  const charts = formats.filter((format) => format !== "html");
  if (formats.includes("html")) await checkFree(page, options);
  if (charts.length > 0) {
    await checkFolder(dirname(page));
    for (const { id } of curveFigures(await readGroups(paths))) {
      for (const format of charts) {
        await checkFree(join(dirname(page), `${id}.${format}`), options);
      }
    }
  }
}

// One run has its report with it; that of several lies beside the first.
function placeOf(paths: readonly string[], folder: string): string {
  return paths.length === 1 ? folder : dirname(folder);
}

// A name says what somebody expects to find.
function checkEnding(out: string | undefined, isFolder: boolean): void {
  const ending = extname(out ?? "").toLowerCase();
  if (out === undefined) return;
  if (isFolder && [".svg", ".png", ".html", ".pdf"].includes(ending)) {
    throw new UsageError(
      `Cannot write charts into ${out}: --out names their folder, got a name ` +
        `that ends in ${ending}`,
    );
  }
  if (!isFolder && ![".html", ".htm", ""].includes(ending)) {
    throw new UsageError(
      `Cannot write the page ${out}: its name must end in .html, got ${ending}; ` +
        "charts are written with --format svg,png",
    );
  }
}

async function checkFolder(path: string): Promise<void> {
  const there = await Deno.stat(path).catch(() => undefined);
  if (!there || there.isDirectory) return;
  throw new UsageError(
    `Cannot write charts into ${path}: it is a file; name a folder with --out`,
  );
}

async function checkFree(
  path: string,
  { overwrite = false }: WriteOptions,
): Promise<void> {
  const there = await Deno.stat(path).catch(() => undefined);
  if (!there) return;
  if (there.isDirectory) {
    throw new UsageError(
      `Cannot write ${path}: it is a folder; name a file, as ` +
        join(path, "report.html"),
    );
  }
  if (overwrite || basename(path) === RUNTIME) return;
  throw new UsageError(
    `Cannot write ${path}: the file exists; replace it with --overwrite, or ` +
      "name another with --out",
  );
}
