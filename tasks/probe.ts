/**
 * `deno task probe`: asks a checkpoint questions, or a run, through ONNX Runtime.
 *
 * @module
 */

import cliProgress from "cli-progress";
import { UsageError } from "../lib/base/errors.ts";
import { flagOf } from "../lib/config/config.ts";
import {
  modulus as p,
  type OperationName,
  operations,
} from "../lib/data/tasks/modular.ts";
import { chooseDevice, describeChoice } from "../lib/devices/choice.ts";
import { losses, type LossName } from "../lib/losses/mod.ts";
import { contentsOf } from "../lib/probes/asking/contents.ts";
import type { ProbeOptions } from "../lib/probes/asking/options.ts";
import { probeRun } from "../lib/probes/asking/probe_run.ts";
import { probe } from "../lib/probes/asking/probe_checkpoint.ts";
import { refusalOf } from "../lib/probes/asking/questions.ts";
import { usualJobs } from "../lib/probes/asking/threads.ts";
import {
  type ProbeName,
  probeNames,
  probes,
  probeSettings,
} from "../lib/probes/catalogue.ts";
import { NotApplicableError } from "../lib/probes/context/not_applicable.ts";
import { findProbed } from "../lib/probes/foreign/checkpoints.ts";
import { foreignOf } from "../lib/probes/foreign/foreign.ts";
import type { ForeignOptions } from "../lib/probes/foreign/options.ts";
import type { ProbeProgress } from "../lib/probes/run_options.ts";
import { newestRun } from "../lib/runs/read.ts";
import { checkedSettings } from "../lib/settings/checked.ts";
import {
  addFlags,
  cardNumber,
  command,
  isLive,
  main,
  namesOutOf,
  number,
  Option,
  path as pathOf,
  printJson,
  stepNumber,
} from "./shared/cli.ts";
import {
  listed,
  renderContents,
  renderList,
  renderReport,
  renderRun,
} from "./shared/probe_text.ts";
import { useNamed } from "./shared/use.ts";
import { USE } from "./shared/use_flags.ts";

await useNamed();
const program = command("probe", "Look inside a checkpoint, or a whole run.");
addFlags(program, probeSettings, flagOf);

const task = program
  .argument(
    "[source]",
    "run folder, .onnx file or folder of them (default: the newest run)",
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
  .action(async (source, options) => {
    const { probe: names, step, list, json, allCheckpoints, contents } =
      options;
    if (list) {
      const all = Object.values(probes);
      return json ? printJson(listed(all)) : console.log(renderList(all));
    }
    checkTogether(options);
    const path = allCheckpoints
      ? await runMeant(source)
      : await findProbed(source, step);
    const choice = await chooseDevice(options);
    const { device, deviceId, runtime } = choice;
    const session = { device, deviceId, runtime };
    if (contents) {
      const found = await contentsOf(
        await findProbed(source, step),
        session,
      );
      return json ? printJson(found) : console.log(renderContents(found));
    }
    const progress = progressBar();
    // A card is one, and WebAssembly has one thread.
    const alone = choice.device !== "cpu" || choice.runtime !== "node";
    const told: ProbeOptions = {
      ...session,
      jobs: options.jobs ?? (alone ? 1 : usualJobs(allCheckpoints ?? false)),
      ...foreignOptions(options),
      settings: Object.fromEntries(
        Object.entries(options).filter(([key]) => key in probeSettings),
      ),
      // What was named and has no answer is told after the answers of the others.
      lenient: names !== undefined,
      onProgress: progress.show,
    };
    try {
      const report = allCheckpoints
        ? await probeRun(path, names, told)
        : await probe(path, names, told);
      progress.end();
      // Only now: what is refused is told in one line.
      console.error(describeChoice(choice));
      if (json) printJson(report);
      else {
        console.log(
          "series" in report ? renderRun(report) : renderReport(report),
        );
      }
      const { source, skipped } = report;
      const missing = Object.entries(skipped);
      if (names && missing.length > 0) {
        throw new NotApplicableError(refusalOf(source, missing));
      }
    } finally {
      progress.end();
    }
  });

/** The flags that say what is asked, and how. */
interface Asked {
  readonly probe?: readonly ProbeName[] | undefined;
  readonly step?: number | undefined;
  readonly allCheckpoints?: true | undefined;
  readonly jobs?: number | undefined;
}

function checkTogether({ probe: names, step, allCheckpoints, jobs }: Asked) {
  if (allCheckpoints && step !== undefined) {
    throw new UsageError(
      `--step must be left out with --all-checkpoints, got ${step}`,
    );
  }
  if (step !== undefined && names?.every((name) => probes[name].of === "run")) {
    throw new UsageError(
      `--step must be left out: ${names.join(", ")} ` +
        `${names.length > 1 ? "look" : "looks"} at the whole run, got ${step}`,
    );
  }
  if (jobs !== undefined && !(Number.isSafeInteger(jobs) && jobs >= 1)) {
    throw new UsageError(`--jobs must be an integer of 1 or more, got ${jobs}`);
  }
}

function foreignOptions(
  options: { [K in keyof ForeignOptions]: ForeignOptions[K] | undefined },
): ForeignOptions {
  const told = foreignOf(options);
  const { modulus } = told;
  if (modulus !== undefined) {
    checkedSettings({ modulus: p }, { modulus }, flagOf);
  }
  return told;
}

async function runMeant(source: string | undefined): Promise<string> {
  const path = source ?? await newestRun();
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info?.isFile) return path;
  throw new UsageError(
    `Cannot probe all checkpoints of ${path}: it is a file, not a run`,
  );
}

// A bar on a terminal; elsewhere a line every ten seconds: what is refused is told
// before the first, and alone.
function progressBar() {
  if (!isLive()) {
    let last = performance.now();
    return {
      show({ what, done, total }: ProbeProgress) {
        if (performance.now() - last < 10_000 || done === total) return;
        last = performance.now();
        console.error(`${what}: ${done}/${total}`);
      },
      end() {},
    };
  }
  const bar = new cliProgress.SingleBar({
    format: "{bar} {what} {value}/{total} · {eta_formatted} left",
    // Who stops it with Ctrl-C gets the terminal as it was.
    hideCursor: false,
    linewrap: true,
    stream: process.stderr,
    clearOnComplete: true,
    gracefulExit: false,
  }, cliProgress.Presets.shades_classic);
  let total = 0;
  return {
    show({ what, done, ...of }: ProbeProgress) {
      // A walk of another length begins, or the first.
      if (of.total !== total || done === 0) bar.start(of.total, done, { what });
      else bar.update(done, { what });
      total = of.total;
    },
    end: () => bar.stop(),
  };
}

if (import.meta.main) await main(task);
