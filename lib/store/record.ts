/**
 * What a list of runs says of one: read out of its folder.
 *
 * @module
 */

import { join } from "node:path";
import { isObject, parseObject } from "../base/json.ts";
import { DamagedError, regular, Sums } from "../base/sums.ts";
import { FILES, textOf } from "../runs/layout.ts";
import { isLocked } from "../runs/lock.ts";
import { readMetrics } from "../runs/read.ts";
import { reachedStep } from "../runs/result.ts";
import { type Labels, labelsOf, NO_LABELS } from "./labels.ts";

/** How far a run is; damaged and unreadable ones say why in `problem`. */
export type RunState =
  | "training"
  | "stopped"
  | "done"
  | "diverged"
  | "damaged"
  | "unreadable";

type Json = Readonly<Record<string, unknown>>;

/** What a run's folder says. */
export interface RunFacts {
  /** How far it is. */
  readonly state: RunState;
  /** What is wrong with its files; else null. */
  readonly problem: string | null;
  /** Its manifest; undefined where it cannot be read. */
  readonly manifest: Json | undefined;
  /** Its config, as it has it; undefined where it cannot be read. */
  readonly config: Json | undefined;
  /** How it ended, or stands, by the names of columns; metrics behind. */
  readonly outcome: Json;
  /** What is written on it. */
  readonly labels: Labels;
}

/** What is known of a run, by the names of columns. */
export type RunRecord = Record<string, unknown>;

/**
 * Reads what a run's folder says. What is damaged, or cannot be read, is said in
 * it, and the rest is there.
 *
 * @param run A folder with a manifest.
 * @returns Undefined where the manifest is another program's, or the folder is gone.
 */
export async function readFacts(run: string): Promise<RunFacts | undefined> {
  const reader = new Reader(run);
  await reader.checkSums();
  const manifest = await reader.object(FILES.manifest, true);
  if (manifest && manifest["groklab"] === undefined) return undefined;
  const config = await reader.object(FILES.config, false);
  const summary = await reader.object(FILES.summary, false);
  const outcome = summary
    ? outcomeOf(summary)
    : await reader.attempt(() => outcomeSoFar(run, config ?? {})) ?? {};
  const labels = await reader.attempt(() => labelsOf(run), true) ?? NO_LABELS;
  const state = reader.state ??
    await reader.attempt(() => stateOf(run, summary), true) ?? "stopped";
  const problem = reader.problem ?? null;
  // Removed, or moved, while it was read.
  if (problem !== null && !await isThere(run)) return undefined;
  return { state, problem, manifest, config, outcome, labels };
}

/**
 * What a list says of a run, by the names of its columns.
 *
 * @param run A folder with a manifest.
 * @returns Undefined where the manifest is another program's.
 */
export async function readRecord(run: string): Promise<RunRecord | undefined> {
  const facts = await readFacts(run);
  if (!facts) return undefined;
  const { state, problem, manifest, config, outcome, labels } = facts;
  const { resumed, device, replica } = manifest ?? {};
  return {
    // What comes later has the name where two have it: `steps` is the config's.
    ...outcome,
    ...config,
    ...labels,
    started: textIn(manifest, "started"),
    resumed: Array.isArray(resumed) ? resumed.length : 0,
    groklab: textIn(manifest, "groklab"),
    provider: textIn(device, "provider"),
    replica: isObject(replica) ? replica["index"] : null,
    step: outcome["step"] ?? null,
    state,
    problem,
  };
}

const isThere = (path: string) =>
  Deno.lstat(path).then(() => true, () => false);

const textIn = (value: unknown, name: string) =>
  isObject(value) && typeof value[name] === "string" ? value[name] : null;

// How it ended, as its summary says.
function outcomeOf(summary: Json): Json {
  const { final, steps, checkpoint } = summary;
  const names = [
    ...["memorised_at", "grokked_at", "diverged_at", "diverged_in"],
    ...["seconds", "ms_per_step", "interrupted"],
  ];
  return {
    step: steps,
    ...Object.fromEntries(names.map((name) => [name, summary[name] ?? null])),
    ...(isObject(final) ? final : {}),
    // The folder may have been moved since.
    checkpoint: typeof checkpoint === "string"
      ? checkpoint.split(/[\\/]/).slice(-2).join("/")
      : null,
  };
}

// How far it is: without a summary it is being trained, or was killed.
async function outcomeSoFar(run: string, config: Json): Promise<Json> {
  const rows = await readMetrics(run).catch((error) => {
    // Between the manifest and the first row.
    if (error.name === "MissingError") return [];
    throw error;
  });
  return {
    step: null,
    memorised_at: reachedStep(config, rows, "train"),
    grokked_at: reachedStep(config, rows, "test"),
    diverged_at: null,
    ...rows.at(-1),
  };
}

async function stateOf(
  run: string,
  summary: Json | undefined,
): Promise<RunState> {
  if (typeof summary?.["diverged_at"] === "number") return "diverged";
  if (summary && summary["interrupted"] !== true) return "done";
  return await isLocked(run) ? "training" : "stopped";
}

/** Reads the files of a run, and keeps what is wrong with the first that is. */
class Reader {
  readonly #run: string;
  #sums: Sums | undefined;
  state: RunState | undefined;
  problem: string | undefined;

  constructor(run: string) {
    this.#run = run;
    const text = this.#text(FILES.sums);
    if (text !== undefined) this.#sums = Sums.parse(text);
  }

  /** Notes sums that cannot be read: what they are of is then held to none. */
  async checkSums(): Promise<void> {
    const path = join(this.#run, FILES.sums);
    if (!this.#sums) await this.attempt(() => regular(path));
  }

  /** A file of the run that is an object; undefined where there is none. */
  async object(
    name: string,
    needed: boolean,
  ): Promise<Record<string, unknown> | undefined> {
    return await this.attempt(async () => {
      const path = join(this.#run, name);
      const text = this.#text(name) ?? await textOf(this.#run, name);
      if (text !== undefined) return parseObject(text, path, "an object");
      if (!needed && !this.#sums?.files.has(name)) return undefined;
      throw new DamagedError(`Cannot read ${path}: it is not there`);
    });
  }

  /**
   * What comes of some work; undefined where it fails.
   *
   * @param aside Whether that leaves the run as good as it is.
   */
  async attempt<T>(work: () => Promise<T>, aside = false) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.problem ??= error.message;
      if (aside) return undefined;
      const broken = error instanceof DamagedError ||
        error instanceof SyntaxError;
      this.state ??= broken ? "damaged" : "unreadable";
      return undefined;
    }
  }

  // The text of a file that fits its sum, quickly: of thousands of runs each call
  // that has to wait is felt. What is odd is left to who knows more.
  #text(name: string): string | undefined {
    const path = join(this.#run, name);
    try {
      if (!Deno.lstatSync(path).isFile) return undefined;
      const bytes = Deno.readFileSync(path);
      if (this.#sums && this.#sums.misfit(name, bytes) !== undefined) {
        return undefined;
      }
      return new TextDecoder().decode(bytes);
    } catch {
      return undefined;
    }
  }
}
