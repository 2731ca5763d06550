/**
 * Milliseconds a plain step on a card, ours and the peers', for bench/gpu.sh:
 *
 *     deno run -A bench/card_steps.ts --device cuda --python python3
 *
 * Of ours, two calls are timed of which one makes twice as many steps, and their
 * difference is taken: states go to the card and back in each, and what comes once a
 * call is in neither. Steps that are recorded as CUDA graphs have a row of their
 * own. One round: a card is nobody else's meanwhile.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type ConfigInput, resolveConfig } from "../lib/config/config.ts";
import { onnxEngine } from "../lib/engine/onnx/onnx_engine.ts";
import { loopPlacement } from "../lib/engine/onnx/traced_step.ts";
import { makeExperiment } from "../lib/experiment/experiment.ts";
import type { SessionOptions } from "../lib/onnx/runtime/options.ts";
import { describePlacement } from "../lib/onnx/runtime/placement.ts";
import type { OnnxDevice } from "../lib/settings/devices.ts";
import { peerTimer } from "./measure.ts";
import { type Peer, workloads } from "./workloads.ts";

/** What somebody's step takes. */
export interface CardTiming {
  /** The workload's name. */
  readonly work: string;
  /** Who: groklab, or a peer with its version. */
  readonly who: string;
  /** Milliseconds a step. */
  readonly ms: number;
  /** Steps that the figure is the mean of. */
  readonly steps: number;
}

/** All of them. */
export interface CardTimings {
  readonly timings: readonly CardTiming[];
  /** Where the nodes of our loop were placed, and why peers were left out. */
  readonly notes: readonly string[];
}

interface CardWork {
  readonly config: ConfigInput;
  /** How far a peer's first losses may be from ours; without it there is none. */
  readonly rounding?: number;
  /** Steps of a peer in one timing: half a second for one of 0.2 ms. */
  readonly peerSteps: number;
}

/** What is timed. */
const WORK: Readonly<Record<string, CardWork>> = {
  mlp: { ...workloads["mlp"]!, peerSteps: 3000 },
  transformer: { ...workloads["transformer"]!, peerSteps: 1500 },
  encoder: { config: { model: "encoder", lr: 0.001 }, peerSteps: 0 },
  "mlp-float64": { ...workloads["mlp-float64"]!, peerSteps: 2000 },
};

// What is timed with recorded steps too, and so many milliseconds each has.
const RECORDED: readonly string[] = ["mlp", "transformer"];
const RECORDED_MS = 20_000;

// Calls after which recorded steps are no longer tried but trained with.
const TRIAL = [64, 64, 64];

const PEERS: readonly Peer[] = ["torch", "torch graph", "jax", "jax looked up"];

/** How the timings are taken. */
interface Options {
  readonly place: SessionOptions;
  readonly python: string;
  /** Seconds that a timing of ours takes at least. */
  readonly seconds: number;
  /** A small network alone, and peers of a few steps: nothing is measured. */
  readonly dry: boolean;
}

async function timeAll(options: Options): Promise<CardTimings> {
  const timings: CardTiming[] = [];
  const notes: string[] = [];
  const absent = new Set<Peer>();
  const wanted = Object.entries(WORK).slice(0, options.dry ? 1 : undefined);
  for (const [work, { config, rounding, peerSteps }] of wanted) {
    const ours = { ...config, ...options.dry && { modulus: 13 } };
    const add = (who: string, ms: number, steps: number) => {
      timings.push({ work, who, ms, steps });
      console.error(`${work}: ${who} ${ms.toFixed(3)} ms a step`);
    };
    const { ms, steps } = await plainStep(ours, options);
    add("groklab", ms, steps);
    notes.push(`${work}: ${await placementOf(ours, options)}`);
    if (rounding === undefined) continue;
    if (RECORDED.includes(work)) {
      const found = await recordedApart(ours, options);
      if ("ms" in found) add("groklab, recorded", found.ms, found.steps);
      else notes.push(`${work}, recorded: ${found.absent}, left out`);
    }
    const many = options.dry ? 2 : peerSteps;
    const { python, place } = options;
    const time = await peerTimer(ours, python, many, place);
    for (const peer of PEERS.filter((peer) => !absent.has(peer))) {
      // A peer that does other work, or none, is noted, and ours is timed on.
      const found = await time(peer, rounding).catch((error: Error) => ({
        absent: error.message,
      }));
      if ("ms" in found) add(found.name, found.ms, many);
      else {
        absent.add(peer);
        notes.push(`${work}, ${peer}: ${found.absent}, left out`);
      }
    }
  }
  return { timings, notes };
}

interface Timed {
  readonly ms: number;
  readonly steps: number;
}

// The same with recorded steps, in a process of its own: no card has confirmed
// them, and one that they end is not this one.
async function recordedApart(
  config: ConfigInput,
  { place, seconds }: Options,
): Promise<Timed | { readonly absent: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", import.meta.filename!],
      ...["--device", place.device!, "--seconds", String(seconds)],
      ...["--recorded", JSON.stringify(config)],
    ],
    signal: AbortSignal.timeout(RECORDED_MS),
  }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  return { absent: said || "it ended without a word" };
}

async function timeRecorded(
  config: ConfigInput,
  { place, seconds }: Pick<Options, "place" | "seconds">,
): Promise<Timed | { readonly absent: string }> {
  let absent: string | undefined;
  console.warn = (text) => absent ??= String(text);
  const options = { place: { ...place, recorded: true }, seconds };
  const timed = await plainStep(config, options, TRIAL);
  return absent === undefined ? timed : { absent };
}

/** Milliseconds a plain step of ours, without what comes once a call. */
async function plainStep(
  config: ConfigInput,
  { place, seconds }: Pick<Options, "place" | "seconds">,
  before: readonly number[] = [2],
): Promise<Timed> {
  const experiment = makeExperiment(resolveConfig(config));
  const engine = await onnxEngine(experiment, place);
  const timed = async (count: number) => {
    const started = performance.now();
    const { diverged } = await engine.advance(count, Number.MAX_SAFE_INTEGER);
    if (diverged !== undefined) throw new Error(`diverged at ${diverged}`);
    return (performance.now() - started) / 1000;
  };
  try {
    for (const steps of before) await timed(steps);
    for (let steps = 40;;) {
      const short = await timed(steps);
      const long = await timed(2 * steps);
      const taken = long - short;
      if (taken >= seconds) return { ms: taken / steps * 1000, steps };
      // At least twice as many; where a call's own cost hides the steps', more.
      steps = Math.ceil(
        steps *
          Math.min(Math.max(1.3 * seconds / Math.max(taken, 1e-3), 2), 50),
      );
    }
  } finally {
    await engine.close();
  }
}

async function placementOf(
  config: ConfigInput,
  { place }: Options,
): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const experiment = makeExperiment(resolveConfig(config));
    const { step } = await loopPlacement(experiment, folder, place);
    return describePlacement(step);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      device: { type: "string", default: "cuda" },
      python: { type: "string", default: "python3" },
      seconds: { type: "string", default: "0.5" },
      dry: { type: "boolean", default: false },
      recorded: { type: "string" },
    },
  });
  const place = { device: values.device as OnnxDevice, threads: 2 };
  const seconds = Number(values.seconds);
  const found = values.recorded === undefined
    ? await timeAll({ place, python: values.python, seconds, dry: values.dry })
    : await timeRecorded(JSON.parse(values.recorded), { place, seconds });
  console.log(JSON.stringify(found, null, 2));
}
