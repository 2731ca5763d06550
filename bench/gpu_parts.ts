/**
 * The parts of bench/gpu.sh: what is run on a card, and how its output is read.
 *
 * @module
 */

import { join } from "node:path";
import type { CardTimings } from "./card_steps.ts";

/** What a part found. */
export interface Finding {
  /** Whether it failed, or looked at nothing. */
  readonly failed: boolean;
  /** In a few words. */
  readonly text: string;
}

/** Something to run and to read. */
export interface Part {
  readonly name: string;
  /** Its limit. */
  readonly seconds: number;
  /** Deno's arguments. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it computes by CUDA. */
  readonly onCard: boolean;
  /**
   * Reads what it printed.
   *
   * @throws if that is not what it prints.
   */
  read(stdout: string): Finding;
}

/** How all of them are run. */
export interface Plan {
  /** Where results go. */
  readonly folder: string;
  /** The Python that has the peers. */
  readonly python: string;
  /** A folder of stand-ins for CUDA's libraries, in the place of a card. */
  readonly standIns: string | undefined;
}

/** A failure. */
export const fail = (text: string): Finding => ({ failed: true, text });
const found = (text: string): Finding => ({ failed: false, text });

const REPLICAS = 64;

// Long: a table of them.
/** All parts, in the order of what is wanted most. */
export function parts({ folder, python, standIns }: Plan): Part[] {
  const dry = standIns !== undefined;
  const cuda = (run: string) => [
    ...["--device", "cuda", "--overwrite", "--run", join(folder, run)],
    "--json",
  ];
  const short = dry ? ["--steps", "10", "--modulus", "13"] : [];
  const test = (filter: string, card: string) => ({
    args: [
      ...["test", "-A", "--no-prompt", "--no-check", "--filter", filter],
      "tests/engine/cards_test.ts",
    ],
    env: { GROKLAB_CARDS: card },
    read: readTests,
  });
  return [
    {
      name: "doctor",
      seconds: 40,
      args: ["task", "doctor", "--json"],
      onCard: true,
      read: readDoctor,
    },
    {
      name: "agreement",
      seconds: 110,
      ...test(dry ? "/on cuda: (MLP, St|replicas)/" : "on cuda: ", "cuda"),
      onCard: true,
    },
    {
      name: "default",
      seconds: 40,
      args: ["task", "train", ...cuda("default"), ...short],
      onCard: true,
      read: readDefault,
    },
    {
      name: "replicas",
      seconds: 50,
      args: [
        ...["task", "train", ...cuda("replicas"), ...short],
        ...["--replicas", String(dry ? 3 : REPLICAS)],
      ],
      onCard: true,
      read: readReplicas,
    },
    {
      name: "steps",
      seconds: 165,
      args: [
        ...["run", "-A", "--no-check", "bench/card_steps.ts"],
        ...["--device", "cuda", "--python", python],
        ...dry ? ["--dry", "--seconds", "0.001"] : [],
      ],
      onCard: true,
      read: readSteps,
    },
    {
      name: "probe",
      seconds: 30,
      args: [
        ...["task", "probe", join(folder, "default")],
        ...["--device", "cuda", "--json"],
      ],
      onCard: true,
      read: readProbe,
    },
    {
      name: "webgpu",
      seconds: 30,
      ...test("/on webgpu: (MLP, |parity)/", "webgpu"),
      onCard: false,
    },
  ];
}

/** Reads `deno task doctor --json`: is CUDA usable? */
export function readDoctor(stdout: string): Finding {
  const { devices } = JSON.parse(stdout) as {
    devices: {
      runtime?: string;
      name: string;
      usable: boolean;
      detail?: string;
      missing?: string;
      mend?: string;
    }[];
  };
  const cuda = devices.find(({ runtime, name }) =>
    runtime === "node" && name === "cuda"
  );
  if (!cuda) throw new Error("no row of CUDA");
  return cuda.usable
    ? found(`CUDA: ${cuda.detail}`)
    : fail(`CUDA: ${cuda.missing}: ${cuda.mend}`);
}

/** Reads Deno's last line of tests: none run is a failure. */
export function readTests(stdout: string): Finding {
  const counts = /(\d+) passed.*\| (\d+) failed/.exec(stdout);
  if (!counts) throw new Error("no line of counts");
  const [passed, failed] = counts.slice(1).map(Number) as [number, number];
  if (passed + failed === 0) return fail("nothing was compared");
  const names = Array.from(
    stdout.matchAll(/^the onnx engine agrees.*?: (.*) \.\.\. FAILED/gm),
    ([, name]) => name,
  );
  return failed > 0
    ? fail(`${passed} cases agree, ${failed} do not: ${names.join("; ")}`)
    : found(`${passed} cases agree with the processor`);
}

/** What `deno task train --json` says of a run. */
interface Trained {
  readonly steps: number;
  readonly grokked_at: number | null;
  readonly ms_per_step: number;
  readonly seconds: number;
  readonly final: { readonly test_accuracy: number };
}

/** Reads a run's result: did it grok? */
export function readDefault(stdout: string): Finding {
  const { steps, grokked_at, ms_per_step, final } = JSON.parse(
    stdout,
  ) as Trained;
  const what = `${ms_per_step.toFixed(3)} ms a step, test accuracy ` +
    `${(100 * final.test_accuracy).toFixed(1)} % after ${steps} steps`;
  return grokked_at === null
    ? fail(`not grokked: ${what}`)
    : found(`grokked at step ${grokked_at}; ${what}`);
}

/** Reads several runs' results: how many grokked, how many seeds an hour is that? */
export function readReplicas(stdout: string): Finding {
  const { replicas: runs } = JSON.parse(stdout) as { replicas: Trained[] };
  const first = runs[0]!;
  const grokked = runs.filter(({ grokked_at }) => grokked_at !== null).length;
  const perHour = grokked / first.seconds * 3600;
  const text = `${grokked} of ${runs.length} grokked, ` +
    `${first.ms_per_step.toFixed(2)} ms a step of all of them, ` +
    `${perHour.toFixed(0)} grokked seeds an hour of training`;
  return grokked > runs.length / 2 ? found(text) : fail(text);
}

/** Reads bench/card_steps.ts: a line for each workload. */
export function readSteps(stdout: string): Finding {
  const { timings, notes } = JSON.parse(stdout) as CardTimings;
  const works = [...new Set(timings.map(({ work }) => work))];
  const lines = works.map((work) => {
    const mine = timings.filter((timing) => timing.work === work);
    const words = mine.map(({ who, ms, steps }) => {
      const brief = ms * steps < 500 ? " (brief)" : "";
      return `${who} ${ms.toFixed(3)} ms${brief}`;
    });
    return `${work}: ${words.join(", ")}`;
  });
  const ours = timings.filter(({ who, ms }) => who === "groklab" && ms > 0);
  const text = [...lines, ...notes].join("\n");
  return works.length > 0 && ours.length === works.length
    ? found(text)
    : fail(`nothing was timed\n${text}`);
}

/** Reads `deno task probe --json`: which probes answered, and from where. */
export function readProbe(stdout: string): Finding {
  const { provider, probes } = JSON.parse(stdout) as {
    provider: string;
    probes: Readonly<Record<string, unknown>>;
  };
  const names = Object.keys(probes);
  if (names.length === 0) return fail("no probe answered");
  const text = `${names.join(", ")} answered, on ${provider}`;
  return provider === "cuda" ? found(text) : fail(text);
}
