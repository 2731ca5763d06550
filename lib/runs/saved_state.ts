/**
 * Run folders that a training left in the middle: what they say of it.
 *
 * @module
 */

import { join } from "node:path";
import { type Config, configKeys, resolveConfig } from "../config/config.ts";
import type { Split } from "../data/dataset.ts";
import { FileError } from "../base/files.ts";
import { isObject, parseObject, type Unchecked } from "../base/json.ts";
import { taskLine } from "../base/shell.ts";
import { DamagedError, readOfRun, sha256, sumsOf } from "../base/sums.ts";
import {
  checkpointPath,
  checkRegular,
  FILES,
  findManifest,
  ignoreMissing,
  textOf,
} from "./layout.ts";
import type { Manifest } from "./manifest.ts";
import { jsonText, splitText } from "./run_folder.ts";
import { filesOfStep } from "./run_sums.ts";
import { fileOf, savedSteps } from "./states.ts";

/** What a run folder says about its training. */
export interface Interrupted {
  /** What it was made with. */
  readonly manifest: Manifest;
  /** What is trained; left out where it was stopped before that was written. */
  readonly config?: Config;
  /** How it ended, if it did: what summary.json holds. */
  readonly summary?: Summary;
  /** What of it is damaged and can be made again, in words. */
  readonly damages: readonly string[];
}

/** What summary.json says, as far as resuming reads it. */
export interface Summary {
  /** Updates made. */
  readonly steps: number;
  /** The step whose loss or state was not finite, if there was one. */
  readonly diverged_at?: number | null;
  /** The tensor that was not, where the loss was. */
  readonly diverged_in?: string | null;
}

/**
 * Reads what a run folder says about its training.
 *
 * @param run The folder.
 * @returns Undefined where it is no run.
 * @throws {ConfigError} if this version cannot train its config.
 * @throws {FileError} if its manifest or its config is not what was written.
 */
export async function readInterrupted(
  run: string,
): Promise<Interrupted | undefined> {
  await checkRegular(run);
  const manifest = await findManifest(run);
  if (!manifest) return undefined;
  const damages: string[] = [];
  const config = await configIn(run, damages);
  const ended = await readSummary(run, (text) => damages.push(text));
  // What ended and is damaged since has an end that can be made again.
  const damage = ended && await damageAt(run, ended.steps);
  if (damage !== undefined) damages.push(damage);
  const summary = damages.length === 0 ? ended : undefined;
  return {
    manifest,
    ...(config !== undefined && { config }),
    ...(summary !== undefined && { summary }),
    damages,
  };
}

// What of a run's data or its last state is not what was written, in words.
async function damageAt(
  run: string,
  step: number,
): Promise<string | undefined> {
  try {
    for (const name of [FILES.split, FILES.metrics, ...filesOfStep(step)]) {
      await readOfRun(run, name);
    }
  } catch (error) {
    if (error instanceof DamagedError) return error.message;
    throw error;
  }
}

/**
 * How a run ended; undefined where it did not, or what says so is damaged: the
 * checkpoints say it too.
 *
 * @param run The folder.
 * @param onDamage Is told of it.
 */
export async function readSummary(
  run: string,
  onDamage: (text: string) => void,
): Promise<Summary | undefined> {
  const path = join(run, FILES.summary);
  try {
    const text = await textOf(run, FILES.summary);
    if (text === undefined) return undefined;
    const summary: Unchecked<Summary> = parseObject(
      text,
      path,
      "how a run ended",
    );
    const { steps, diverged_at: at = null } = summary;
    if (
      Number.isSafeInteger(steps) && (at === null || typeof at === "number")
    ) return summary as Summary;
    onDamage(`Cannot read ${path}: it does not say how many steps were made`);
  } catch (error) {
    if (!(error instanceof DamagedError || error instanceof SyntaxError)) {
      throw error;
    }
    onDamage(error.message);
  }
}

// The config of a run; out of a checkpoint where its file is lost, and it can be
// seen that it is the same.
async function configIn(
  run: string,
  damages: string[],
): Promise<Config | undefined> {
  const path = join(run, FILES.config);
  const wanted = "a config, an object of settings";
  let problem = `${path} is not there`;
  try {
    const text = await textOf(run, FILES.config);
    if (text !== undefined) {
      return resolveConfig(parseObject(text, path, wanted));
    }
  } catch (error) {
    if (!(error instanceof DamagedError || error instanceof SyntaxError)) {
      throw error;
    }
    problem = error.message;
  }
  const carried = await carriedConfig(run);
  await checkUnedited(run, problem, carried?.config);
  if (!carried) {
    // Nothing was trained yet: there is nothing to go on with.
    if ((await savedSteps(run)).length === 0) return undefined;
    throw new DamagedError(
      `${problem}, and no checkpoint of the run is whole, which would carry ` +
        "it; put the files back from a copy",
    );
  }
  if (!carried.proven) {
    throw new FileError(
      `${problem}; its checkpoints carry the config that they were trained ` +
        `with: ${taskLine("train", "--from", run)} starts a new run from ` +
        "the last, or put the file back from a copy",
    );
  }
  damages.push(`${problem}; it is taken from the checkpoint ${carried.path}`);
  return resolveConfig(carried.config);
}

// A config that a whole checkpoint carries, the first or the last of a run, or one
// between where these are damaged; proven where it is to the byte what config.json has to be.
async function carriedConfig(run: string): Promise<
  { config: Record<string, unknown>; path: string; proven: boolean } | undefined
> {
  const steps = await savedSteps(run);
  const wanted = (await sumsOf(run))?.files.get(FILES.config) ?? [];
  let found;
  const ends = steps.length > 0 ? [steps[0]!, steps.at(-1)!] : [];
  for (const step of new Set([...ends, ...steps])) {
    if (found && !ends.includes(step)) break;
    const path = checkpointPath(run, step);
    const file = await fileOf(path);
    if (typeof file !== "object") continue;
    const config = file.metadata("config");
    if (!isObject(config)) continue;
    const proven = wanted.includes(sha256(jsonText(config)));
    if (proven) return { config, path, proven };
    found ??= { config, path, proven };
  }
  return found;
}

// Somebody changed the config of a run: what it goes on to would be neither.
async function checkUnedited(
  run: string,
  problem: string,
  trained: Record<string, unknown> | undefined,
): Promise<void> {
  const path = join(run, FILES.config);
  let edited: Record<string, unknown>;
  try {
    edited = parseObject(await Deno.readTextFile(path), path, "a config");
  } catch {
    return; // Missing or torn: nobody's intention.
  }
  const other = configKeys.find((key) =>
    trained && JSON.stringify(edited[key]) !== JSON.stringify(trained[key])
  );
  throw new DamagedError(
    problem + (other === undefined || !trained ? "" : `: ${other} is ` +
      `${JSON.stringify(edited[other])}, its checkpoints were trained with ` +
      `${JSON.stringify(trained[other])}`) +
      `; put it back, or remove it, and --resume takes it from a checkpoint; ` +
      `a new run with changes starts with ${taskLine("train", "--from", run)}`,
  );
}

/**
 * Whether a run has nothing left to train.
 *
 * @param summary How it ended, if it did.
 * @param steps Updates to make.
 */
export function isOver(summary: Summary | undefined, steps: number): boolean {
  return summary !== undefined &&
    (typeof summary.diverged_at === "number" || summary.steps >= steps);
}

/**
 * Holds a run's split.json to the split that its config makes: one that is damaged
 * is written anew only if it can be seen that nothing else stood there.
 *
 * @param run The folder.
 * @param split What the config makes.
 * @returns What is damaged and written anew, in words; undefined where nothing is.
 * @throws {DamagedError} if it is damaged, and nothing shows that the config makes
 * the same.
 * @throws {FileError} if it is another.
 */
export async function splitDamage(
  run: string,
  split: Split,
): Promise<string | undefined> {
  const path = join(run, FILES.split);
  const made = splitText(split);
  let problem = `${path} is not there`;
  try {
    const text = await textOf(run, FILES.split);
    if (text !== undefined && isSame(text, made)) return undefined;
    if (text !== undefined && await sumsOf(run)) {
      throw new FileError(
        `Cannot resume ${run}: its config makes another split here than ` +
          `${path} has, by which it was trained; go on with it where it was ` +
          `begun, or ${startsFrom(run)}`,
      );
    }
    if (text !== undefined) problem = `${path} has not what its config makes`;
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    problem = error.message;
  }
  const anew = "it is written anew as the config makes it, which";
  const sums = (await sumsOf(run))?.files.get(FILES.split);
  if (sums?.includes(sha256(made))) {
    return `${problem}; ${anew} has the sum that ${FILES.sums} says`;
  }
  const found = await Deno.readTextFile(path).catch(ignoreMissing);
  if (found !== undefined && isSame(found, made)) {
    return `${problem}; ${anew} is what the file has: the sum was wrong`;
  }
  throw new DamagedError(
    `${problem}; and nothing shows that its config makes the split by which it ` +
      `was trained; put it back from a copy, or ${startsFrom(run)}`,
  );
}

// Whether two files say the same, white space apart.
function isSame(text: string, made: string): boolean {
  if (text === made) return true;
  try {
    return JSON.stringify(JSON.parse(text)) ===
      JSON.stringify(JSON.parse(made));
  } catch {
    return false;
  }
}

const startsFrom = (run: string) =>
  `start a new run from it with ${taskLine("train", "--from", run)}`;
