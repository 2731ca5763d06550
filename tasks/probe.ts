/**
 * `deno task probe`: asks a checkpoint questions, or a run, through ONNX Runtime.
 *
 * @module
 */

import { flagOf } from "../lib/config/config.ts";
import { type OperationName, operations } from "../lib/data/tasks/modular.ts";
import { losses, type LossName } from "../lib/losses/mod.ts";
import { probeNames, probeSettings } from "../lib/probes/catalogue.ts";
import {
  addFlags,
  cardNumber,
  command,
  main,
  namesOutOf,
  number,
  Option,
  path as pathOf,
  stepNumber,
} from "./shared/cli.ts";
import { runNamed } from "./shared/run_named.ts";
import { useNamed } from "./shared/use.ts";
import { USE } from "./shared/use_flags.ts";

await useNamed();
const program = command("probe", "Look inside a checkpoint, or a whole run.");
addFlags(program, probeSettings, flagOf);

const task = program
  .argument(
    "[source]",
    "run folder or its name, .onnx file or folder of them (default: the newest run)",
  )
  .option(
    "--probe <names>",
    `which probes, out of ${probeNames.join(", ")} (default: all that apply)`,
    namesOutOf(probeNames),
  )
  .option(
    "--step <n>",
    "which checkpoint of the run (default: the last)",
    stepNumber,
  )
  .option(
    "--all-checkpoints",
    "ask every checkpoint of the run, and what concerns the run as a whole",
  )
  .option(
    "--map <names>",
    "another tool's file: its names for what probes read, " +
      "W_E=embedding.weight,W_U=head.weight (:T transposed, :N not); auto " +
      "proposes them",
  )
  .option("--modulus <p>", "another tool's file: trained modulo p", number)
  .addOption(
    new Option("--operation <name>", "another tool's file (default: add)")
      .choices(Object.keys(operations) as OperationName[]),
  )
  .option(
    "--tokens <row>",
    "another tool's file: what it reads, a,b or a,b,= or with other tokens",
  )
  .option(
    "--input <name=what...>",
    "another tool's file: what an input gets, tokens or onehot (:0, :1, … for " +
      "one token), a, b, positions or a number",
  )
  .option(
    "--output <name>",
    "another tool's file: the value that has the logits",
  )
  .option(
    "--split <file>",
    "another tool's file: the rows it was trained on, split.json of a run or " +
      "CSV of inputs and label",
    pathOf,
  )
  .addOption(
    new Option("--loss <name>", "another tool's file: what it was trained with")
      .choices(Object.keys(losses) as LossName[]),
  )
  .option(
    "--contents",
    "list inputs, outputs, weights and activations, and probe nothing",
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
  .option(
    "--jobs <n>",
    "threads that ask, each with memory of its own (default: on the processor " +
      "one a core, at most 2, of all checkpoints at most 4)",
    number,
  )
  .option(USE.flags, USE.help, USE.parse)
  .option(USE.changedFlags, USE.changedHelp)
  .option("--list", "say what each probe finds out, and what it needs")
  .option("--json", "print the results as JSON")
  .action(async (named, options) => {
    const source = named === undefined ? undefined : await runNamed(named);
    const { runProbe } = await import("./probe/run.ts");
    await runProbe(source, options);
  });

if (import.meta.main) await main(task);
