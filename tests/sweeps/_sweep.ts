/**
 * Small sweeps, made by hand: their folders, and killing who trains them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  type Config,
  type ConfigInput,
  resolveConfig,
} from "../../lib/config/config.ts";
import type { RandomStream } from "../../lib/numeric/random.ts";
import {
  endedIds,
  planLine,
  readEnded,
  sweepText,
} from "../../lib/sweeps/files.ts";
import { runId } from "../../lib/sweeps/ids.ts";
import {
  claimPath,
  endedPath,
  FORMAT,
  type PlannedRun,
  type Point,
  runPath,
  SWEEP,
} from "../../lib/sweeps/layout.ts";
import { train } from "../../lib/train/train.ts";
import { type Output, outputOf } from "../tasks/_run.ts";
import { assertSameRun } from "../train/_runs.ts";

const place = {
  engine: "onnx",
  device: "cpu",
  deviceId: 0,
  runtime: "node",
  backend: "cpu",
  threads: 1,
} as const;

/** Runs of a moment. */
export const TINY: ConfigInput = {
  modulus: 5,
  hidden: [4],
  trainFraction: 0.5,
  steps: 30,
  evalEvery: 10,
  checkpointEvery: 10,
};

/** The point of each of some seeds. */
export const seeds = (count: number): Point[] =>
  Array.from({ length: count }, (_, seed) => ({ seed }));

/**
 * Makes a sweep's folder.
 *
 * @param folder The folder.
 * @param points What its runs differ in.
 * @param base What they have in common.
 */
export async function sweepOf(
  folder: string,
  points: readonly Point[],
  base: ConfigInput = TINY,
): Promise<PlannedRun[]> {
  const runs = points.map((point): PlannedRun => {
    const config = resolveConfig({ ...base, ...point, ...place });
    return { id: runId(config), point, config };
  });
  const at = new Date(0).toISOString();
  const count = runs.length;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(
    join(folder, SWEEP.plan),
    runs.map(planLine).join(""),
  );
  await Deno.writeTextFile(
    join(folder, SWEEP.sweep),
    sweepText({
      format: FORMAT,
      name: "tiny",
      groklab: "0.2.0",
      created: at,
      place,
      axes: Object.keys(points[0] ?? {}),
      plans: [{ at, command: [], points: count, new: count }],
    }),
  );
  return runs;
}

/** Asserts that a run of a sweep has the bytes of the same run alone. */
export async function assertAsAlone(
  folder: string,
  { id, config }: { readonly id: string; readonly config: Config },
  alone: string,
): Promise<void> {
  await train(config, { run: alone });
  await assertSameRun(runPath(folder, id), alone, id);
}

/**
 * Makes the claim of another machine.
 *
 * @param folder The sweep's.
 * @param id The run.
 * @param seconds How long ago it was touched.
 */
export async function foreignOwner(
  folder: string,
  id: string,
  seconds: number,
): Promise<void> {
  const path = claimPath(folder, id);
  const owner = { host: "b", pid: 7, since: "then", attempts: 1, deaths: 0 };
  await Deno.writeTextFile(path, JSON.stringify(owner));
  const then = new Date(Date.now() - 1000 * seconds);
  await Deno.utime(path, then, then);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What became of a sweep whose processes were killed. */
export interface Killed {
  /** Processes that were killed while they ran. */
  readonly kills: number;
  /** Processes that were started. */
  readonly started: number;
  /** How often runs were begun, by how many that were. */
  readonly attempts: Readonly<Record<string, number>>;
}

/**
 * Has two processes train a sweep, kills one of them at random moments and starts it
 * again, until all runs are there.
 *
 * @param folder The sweep's.
 * @param runs Its runs.
 * @param kills How many processes to kill.
 * @param random Chooses.
 * @param start Starts the first or the second process.
 */
export async function trainUnderKills(
  folder: string,
  runs: readonly PlannedRun[],
  kills: number,
  random: RandomStream,
  start: (which: number) => Deno.ChildProcess,
): Promise<Killed> {
  let [killed, started] = [0, 0];
  const seen = new Map<string, string>();
  // What has ended stays as it is: nothing is made twice.
  const look = async () => {
    for (const id of await endedIds(folder)) {
      const text = await Deno.readTextFile(endedPath(folder, id));
      assertEquals(text, seen.get(id) ?? text, `${id} has ended twice`);
      if (JSON.parse(text).state === "done") seen.set(id, text);
    }
    return seen.size;
  };
  const begin = (which: number) => {
    started += 1;
    const child = start(which);
    const process = { child, running: true, output: outputOf(child) };
    void process.output.finally(() => process.running = false);
    return process;
  };
  const check = async (output: Promise<Output>) => {
    const { code, stderr } = await output;
    // 137: killed. 1: a run was killed too often, which the next one tries again.
    assert([0, 1, 137].includes(code), `exit code ${code}: ${stderr}`);
  };
  const both = [begin(0), begin(1)];
  const every = runs.length / (kills + 1);
  while (killed < kills) {
    // So that all kills come before the end, whatever the machine's speed.
    const wanted = every * killed;
    while (await look() < wanted && both.some(({ running }) => running)) {
      await pause(5);
    }
    await pause(400 * random.uniform() ** 2);
    const which = random.integer(2);
    const { child, running, output } = both[which]!;
    if (running) {
      child.kill("SIGKILL");
      killed += 1;
    }
    await check(output);
    both[which] = begin(which);
  }
  for (let round = 0; round < 10; round++) {
    await Promise.all(both.map(({ output }) => check(output)));
    if (await look() === runs.length) break;
    both.splice(0, 2, begin(0), begin(1));
  }
  assertEquals(await look(), runs.length);
  const attempts: Record<string, number> = {};
  for (const { id } of runs) {
    const { attempts: n } = (await readEnded(folder, id))!;
    attempts[n] = (attempts[n] ?? 0) + 1;
  }
  return { kills: killed, started, attempts };
}
