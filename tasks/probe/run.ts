/**
 * What `deno task probe` does with its flags.
 *
 * @module
 */

import cliProgress from "cli-progress";
import { UsageError } from "../../lib/base/errors.ts";
import { flagOf } from "../../lib/config/config.ts";
import { modulus as p } from "../../lib/data/tasks/modular.ts";
import { chooseDevice, describeChoice } from "../../lib/devices/choice.ts";
import { contentsOf } from "../../lib/probes/asking/contents.ts";
import type { ProbeOptions } from "../../lib/probes/asking/options.ts";
import { probeRun } from "../../lib/probes/asking/probe_run.ts";
import { probe } from "../../lib/probes/asking/probe_checkpoint.ts";
import { refusalOf } from "../../lib/probes/asking/questions.ts";
import { usualJobs } from "../../lib/probes/asking/threads.ts";
import {
  type ProbeName,
  probes,
  probeSettings,
} from "../../lib/probes/catalogue.ts";
import { NotApplicableError } from "../../lib/probes/context/not_applicable.ts";
import { findProbed } from "../../lib/probes/foreign/checkpoints.ts";
import { foreignOf } from "../../lib/probes/foreign/foreign.ts";
import type { ForeignOptions } from "../../lib/probes/foreign/options.ts";
import type { ProbeProgress } from "../../lib/probes/run_options.ts";
import { newestRun } from "../../lib/runs/read.ts";
import { checkedSettings } from "../../lib/settings/checked.ts";
import { isLive, printJson } from "../shared/cli.ts";
import {
  listed,
  renderContents,
  renderList,
  renderReport,
  renderRun,
} from "../shared/probe_text.ts";

/** The flags that are looked at here. */
type Flags =
  & Parameters<typeof chooseDevice>[0]
  & { readonly [K in keyof ForeignOptions]: ForeignOptions[K] | undefined }
  & {
    readonly probe?: ProbeName[] | undefined;
    readonly step?: number | undefined;
    readonly allCheckpoints?: true | undefined;
    readonly contents?: true | undefined;
    readonly jobs?: number | undefined;
    readonly list?: true | undefined;
    readonly json?: true | undefined;
  };

/**
 * Asks what was asked for, and prints the answers.
 *
 * @param source A run, a file or a folder of them; undefined for the newest run.
 * @param options The flags.
 */
export async function runProbe(
  source: string | undefined,
  options: Flags,
): Promise<void> {
  const { probe: names, step, list, json, allCheckpoints, contents } = options;
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
}

function checkTogether({ probe: names, step, allCheckpoints, jobs }: Flags) {
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
