/**
 * `deno task probe`: asks a checkpoint questions, through ONNX Runtime.
 *
 * @module
 */

import type { ProbeName } from "../lib/probes/mod.ts";
import {
  cardNumber,
  command,
  main,
  namesOutOf,
  Option,
  printJson,
  stepNumber,
} from "./cli.ts";

// Named here again so that --help need not load the probes and their runtime.
const NAMES = ["fourier", "logit-scaling"] as const satisfies ProbeName[];

// Fails to compile when the registry has a probe that is not named above.
const _complete: Exclude<ProbeName, (typeof NAMES)[number]>[] = [] as never[];

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
  .addOption(
    new Option("--device <name>", "where to compute")
      .choices(["auto", "cpu", "cuda", "webgpu"] as const).default("auto"),
  )
  .option("--device-id <n>", "cuda: which of several cards", cardNumber, 0)
  .addOption(
    new Option("--runtime <name>", "ONNX Runtime: native code or WebAssembly")
      .choices(["node", "web"] as const).default("node"),
  )
  .option("--list", "say what each probe finds out, and what it needs")
  .option("--json", "print the results as JSON")
  .action(async (source, options) => {
    const { probe: names, step, list, json } = options;
    if (list) {
      const { probes } = await import("../lib/probes/mod.ts");
      const { renderList } = await import("./probe_text.ts");
      return console.log(renderList(Object.values(probes)));
    }
    const { findCheckpoint } = await import("../lib/runs/read.ts");
    const path = await findCheckpoint(source, step);
    const { chooseDevice, describeChoice } = await import("../lib/devices.ts");
    const choice = await chooseDevice(options);
    const { probe } = await import("../lib/probes/mod.ts");
    const report = await probe(path, names, choice);
    // Only now: what is refused is told in one line.
    console.error(describeChoice(choice));
    if (json) return printJson(report);
    const { renderReport } = await import("./probe_text.ts");
    console.log(renderReport(report));
  });

if (import.meta.main) await main(task);
