/**
 * `deno task report`: runs as a page, or their charts as files.
 *
 * @module
 */

import { UsageError } from "../lib/base/errors.ts";
import { shown } from "../lib/base/terminal.ts";
import { probeNames, probes } from "../lib/probes/catalogue.ts";
import { reportFormats } from "../lib/report/options.ts";
import { newestRun } from "../lib/runs/read.ts";
import {
  command,
  main,
  namesOutOf,
  path,
  printJson,
  stepNumber,
} from "./shared/cli.ts";
import { runNamed } from "./shared/run_named.ts";
import { useNamed } from "./shared/use.ts";
import { served } from "./shared/serving.ts";
import { USE } from "./shared/use_flags.ts";

await useNamed();
const costly = Object.values(probes)
  .filter((probe) => probe.of === "checkpoint" && probe.costly)
  .map(({ name }) => name);

const task = command(
  "report",
  "Write runs as one HTML page, with the network live in it.",
)
  .argument("[runs...]", "run folders or their names (default: the newest run)")
  .option(
    "--out <path>",
    "the page, or the folder of charts (default: report.html in the run)",
    path,
  )
  .option(
    "--format <names>",
    "out of html, svg, png (default: html); svg and png write every chart",
    namesOutOf(reportFormats),
  )
  .option("--single-file", "ONNX Runtime as part of the page (the default)")
  .option("--no-single-file", "ONNX Runtime in a file beside the page")
  .option(
    "--probe <names>",
    `which probes have a word, out of ${probeNames.join(", ")} (default: all ` +
      `that apply${
        costly.length > 0 ? ` but ${costly.join(", ")}` : ""
      }, to the last checkpoint)`,
    namesOutOf(probeNames),
  )
  .option("--serve", "serve the page to this machine, and follow the training")
  .option(
    "--port <n>",
    "with --serve: where; 0 for any (default: 8113)",
    stepNumber,
  )
  .option(
    "--threads <n>",
    "threads of ONNX Runtime (default: all cores)",
    stepNumber,
  )
  .option(USE.flags, USE.help, USE.parse)
  .option(USE.changedFlags, USE.changedHelp)
  .option("--overwrite", "replace files that are there")
  .option("--json", "print what was written as JSON")
  .action(async (named, options) => {
    const given = await Promise.all(named.map(runNamed));
    const { out, format, singleFile, probe, serve, port } = options;
    const runs = given.length > 0 ? given : [await newestRun()];
    const look = {
      ...(probe && { probes: probe }),
      threads: options.threads ?? 0,
      onStage: (what: string) => console.error(shown(what)),
    };
    if (serve) {
      for (
        const key of [
          "out",
          "format",
          "single-file",
          "overwrite",
          "json",
        ] as const
      ) {
        const given = options[key === "single-file" ? "singleFile" : key];
        if (given === undefined) continue;
        throw new UsageError(
          `--${key} must be left out with --serve, which writes nothing`,
        );
      }
      return await served(port ?? 8113, async (listening) => {
        const { serveReport } = await import("../lib/report/serve.ts");
        await serveReport(runs, { ...look, ...listening });
      });
    }
    if (port !== undefined) {
      throw new UsageError("--port must come with --serve");
    }
    const { writeReport } = await import("../lib/report/write.ts");
    const written = await writeReport(runs, {
      ...look,
      singleFile: singleFile ?? true,
      overwrite: options.overwrite ?? false,
      ...(out !== undefined && { out }),
      ...(format && { formats: format }),
    });
    if (options.json) return printJson(written);
    for (const { path, bytes } of written.files) {
      const size = bytes < 1e6
        ? `${Math.ceil(bytes / 1e3)} kB`
        : `${(bytes / 1e6).toFixed(1)} MB`;
      console.error(`${shown(path)}: ${size}`);
      console.log(shown(path));
    }
  });

if (import.meta.main) await main(task);
