/**
 * Taking times, ours and the peers'.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { type ConfigInput, resolveConfig } from "../lib/config/config.ts";
import { onnxBand, onnxEngine } from "../lib/engine/onnx/onnx_engine.ts";
import { makeExperiment } from "../lib/experiment/experiment.ts";
import type { SessionOptions } from "../lib/onnx/runtime/options.ts";
import { replicaConfigs } from "../lib/train/band/replicas.ts";
import { otherWork, workFile } from "./work_file.ts";
import { type Peer, PEERS } from "./workloads.ts";

// So many of a peer's first losses are compared with ours.
const CHECKED = 4;

/** Milliseconds a step of ours. */
export async function ourStep(
  config: ConfigInput,
  steps: number,
  options: SessionOptions,
  evalEvery = Number.MAX_SAFE_INTEGER,
): Promise<number> {
  const experiment = makeExperiment(resolveConfig(config));
  const engine = await onnxEngine(experiment, options);
  try {
    await engine.advance(2, 1);
    const started = performance.now();
    await engine.advance(steps, evalEvery);
    return (performance.now() - started) / steps;
  } finally {
    await engine.close();
  }
}

/** The losses of our first steps. */
export async function ourLosses(
  config: ConfigInput,
  steps: number,
  options: SessionOptions,
): Promise<readonly number[]> {
  const experiment = makeExperiment(resolveConfig(config));
  const engine = await onnxEngine(experiment, options);
  try {
    const { losses } = await engine.advance(steps, Number.MAX_SAFE_INTEGER);
    return losses;
  } finally {
    await engine.close();
  }
}

/** Milliseconds a step of several replicas at once. */
export async function replicaStep(
  config: ConfigInput,
  replicas: number,
  steps: number,
  options: SessionOptions,
): Promise<number> {
  const experiments = replicaConfigs(config, { replicas }).map(makeExperiment);
  const engine = await onnxBand(experiments, options);
  try {
    await engine.advance(2, 1);
    const started = performance.now();
    await engine.advance(steps, Number.MAX_SAFE_INTEGER);
    return (performance.now() - started) / steps;
  } finally {
    await engine.close();
  }
}

/** What a script of bench/peers says of its steps. */
export interface PeerTiming {
  /** Its name, version and form. */
  readonly name: string;
  /** Milliseconds a step. */
  readonly ms: number;
  /** The losses of its first steps. */
  readonly losses: readonly number[];
}

/**
 * Milliseconds a step of a peer's; or why there are none.
 *
 * @param python The Python that has it.
 * @param peer Which, and in which form.
 * @param work The path of what `workFile()` gives.
 * @param steps Steps of the timing.
 * @param options Threads and device.
 */
export async function peerStep(
  python: string,
  peer: Peer,
  work: string,
  steps: number,
  { threads = 1, device = "cpu" }: SessionOptions,
): Promise<PeerTiming | { absent: string }> {
  const { script, forms } = PEERS[peer];
  const found = await peerOutput(
    python,
    `${script}_step.py`,
    script,
    [work, ...[steps, 1, threads].map(String), device, ...forms],
  );
  if ("absent" in found) return found;
  const { peer: name, ms, losses } = JSON.parse(found.stdout);
  return { name, ms: ms[0], losses };
}

/**
 * What times a peer's steps, a peer and how far its first losses may be from ours
 * given, of an experiment whose rows and weights it is handed.
 *
 * @throws {Error} (the timer) if its losses are not ours: then it does other work.
 */
export async function peerTimer(
  config: ConfigInput,
  python: string,
  steps: number,
  options: SessionOptions,
): Promise<(peer: Peer, rounding: number) => ReturnType<typeof peerStep>> {
  const text = workFile(makeExperiment(resolveConfig(config)));
  const ours = await ourLosses(config, CHECKED, options);
  return async (peer, rounding) => {
    const file = await Deno.makeTempFile({ suffix: ".json" });
    try {
      await Deno.writeTextFile(file, text);
      const timing = await peerStep(python, peer, file, steps, options);
      if ("absent" in timing) return timing;
      const differs = otherWork(ours, timing.losses, rounding);
      if (differs === undefined) return timing;
      throw new Error(`${timing.name} does other work: ${differs}`);
    } finally {
      await Deno.remove(file);
    }
  };
}

/** What a script of bench/peers prints; or why it prints nothing. */
export async function peerOutput(
  python: string,
  script: string,
  framework: string,
  args: readonly string[],
): Promise<{ stdout: string } | { absent: string }> {
  const path = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
  try {
    const { success, stdout, stderr } = await new Deno.Command(python, {
      args: [path, ...args],
    }).output();
    if (success) return { stdout: new TextDecoder().decode(stdout) };
    const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1)!;
    return {
      absent: said.startsWith("ModuleNotFoundError")
        ? `${python} has no ${framework}`
        : `${framework} failed: ${said}`,
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { absent: `there is no ${python}` };
  }
}

/** What a task prints, run as a program of its own. */
export function ownOutput(task: string, ...args: string[]): Promise<string> {
  return succeeding(Deno.execPath(), ["run", "-A", task, ...args]);
}

const PROGRAM = [
  "run",
  "-A",
  fileURLToPath(new URL("../tasks/train.ts", import.meta.url)),
];

async function succeeding(
  program: string,
  args: readonly string[],
): Promise<string> {
  const { success, stdout } = await new Deno.Command(program, {
    args: [...args],
    stderr: "null",
  }).output();
  if (!success) throw new Error(`Cannot time ${program} ${args.join(" ")}`);
  return new TextDecoder().decode(stdout);
}

/** Seconds that `deno task train` takes from start to end. */
export async function programSeconds(...args: string[]): Promise<number> {
  const started = performance.now();
  await succeeding(Deno.execPath(), [...PROGRAM, ...args]);
  return (performance.now() - started) / 1000;
}

// Linux notes the most memory that a process has held, and Deno lets nobody read
// it who has not all permissions: a shell looks until the process has ended.
const WATCH = `
"$@" >/dev/null & pid=$!
while kill -0 $pid 2>/dev/null; do
  now=$(sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$pid/status 2>/dev/null)
  peak=\${now:-$peak}
  sleep 0.05
done
wait $pid && echo "$peak"
`;

/** The most memory that `deno task train` holds, in MB; null if not on Linux. */
export async function programMemory(...args: string[]): Promise<number | null> {
  if (Deno.build.os !== "linux") return null;
  const command = [Deno.execPath(), ...PROGRAM, ...args];
  const kilobytes = await succeeding("sh", ["-c", WATCH, "sh", ...command]);
  return Number(kilobytes) / 1000;
}
