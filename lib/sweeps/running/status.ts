/**
 * Where a sweep stands, by what lies in its folder.
 *
 * @module
 */

import { join } from "node:path";
import { append } from "../../base/extremes.ts";
import { describing } from "../../base/files.ts";
import { checkArgument, pathCheck } from "../../base/options.ts";
import { list } from "../../runs/layout.ts";
import { saysGrokking } from "../../runs/result.ts";
import { wallTime } from "../../train/threads/cost.ts";
import { endedIds, planLines, readEnded, readSweep } from "../files.ts";
import {
  type EndedRun,
  type PlannedRun,
  SWEEP,
  type Sweep,
} from "../layout.ts";
import { noting } from "../obstacles.ts";
import { claimNamed, lookAt, type Owner } from "./owner.ts";
import type { SweepFailure } from "./options.ts";
import { TimeLeft } from "./time_left.ts";

/** A run that is trained at the moment. */
export interface InTraining {
  /** The run. */
  readonly id: string;
  /** The machine that trains it; null where it is not said. */
  readonly host: string | null;
  /** The process there; null where it is not said. */
  readonly pid: number | null;
  /** Since when, ISO 8601, UTC; null where it is not said. */
  readonly since: string | null;
}

/** Where a sweep stands. */
export interface SweepStatus {
  /** Its name. */
  readonly name: string;
  /** Runs that are planned. */
  readonly planned: number;
  /** Those that were trained to their last step. */
  readonly done: number;
  /** Those of them that memorised; null of regressions that do not say. */
  readonly memorised: number | null;
  /** Those of them that grokked; null likewise. */
  readonly grokked: number | null;
  /** Those whose loss or state was not finite. */
  readonly diverged: number;
  /** Those that could not be trained, and that nobody tries again yet. */
  readonly failed: number;
  /** Those that are trained at the moment. */
  readonly training: readonly InTraining[];
  /** Those that nobody has begun, or that were stopped in the middle. */
  readonly waiting: number;
  /** Seconds that the rest takes with as many at a time as now; null where nothing is known. */
  readonly left_seconds: number | null;
  /** Those that diverged or failed, and why. */
  readonly failures: readonly SweepFailure[];
  /** What of the folder could not be read, in words. */
  readonly problems: readonly string[];
}

/**
 * Says where a sweep stands. Needs the folder only, which may be one that cannot be
 * written; others may train meanwhile.
 *
 * @param folder The sweep's folder.
 * @throws {UsageError} if it is no sweep of this version.
 * @throws {SyntaxError} if its plan is damaged.
 * @throws {FileError} if it cannot be read.
 */
export async function sweepStatus(folder: string): Promise<SweepStatus> {
  checkArgument("sweepStatus()", "folder", folder, pathCheck);
  const sweep = await readSweep(folder);
  const problems: string[] = [];
  // Claims first: of what ends meanwhile both are seen, and the end counts.
  const claims = await claimsOf(folder, problems);
  const ids = await endedIds(folder);
  const count = new Count(sweep, claims, problems);
  let batch: PlannedRun[] = [];
  const look = async () => {
    const ends = await Promise.all(
      batch.map(({ id }) => ids.has(id) ? endOf(folder, id, problems) : null),
    );
    batch.forEach((run, i) => count.add(run, ends[i] ?? undefined));
    batch = [];
  };
  for await (const run of planLines(folder)) {
    batch.push(run);
    if (batch.length === 256) await look();
  }
  await look();
  return count.status();
}

/**
 * How a run ended. What is torn, or no file, says nothing; the run is tried again.
 *
 * @param folder The sweep's.
 * @param id The run.
 * @param problems Where that is said.
 * @returns Undefined where it has not ended.
 * @throws {FileError} if it cannot be read.
 */
export async function endOf(
  folder: string,
  id: string,
  problems: string[],
): Promise<EndedRun | undefined> {
  try {
    return await noting(readEnded(folder, id), problems);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    problems.push(error.message);
  }
}

/**
 * Who has which run at the moment: of each the last claim.
 *
 * @param folder The sweep's.
 * @param problems Gets what is no claim.
 * @throws {FileError} if they cannot be read.
 */
export async function claimsOf(
  folder: string,
  problems: string[],
): Promise<Map<string, Owner | undefined>> {
  const path = join(folder, SWEEP.claims);
  const last = new Map<string, number>();
  const names = await describing(`read ${path}`, () => list(path));
  for (const name of names ?? []) {
    const claim = claimNamed(name);
    if (!claim) continue;
    const { id, number } = claim;
    last.set(id, Math.max(number, last.get(id) ?? 0));
  }
  const held = new Map<string, Owner | undefined>();
  for (const [id, number] of last) {
    const file = join(path, number === 0 ? id : `${id}.${number}`);
    const found = await noting(
      lookAt(folder, file, { reading: true }),
      problems,
    );
    if (found?.state === "held") held.set(id, found.owner);
  }
  return held;
}

class Count {
  readonly #sweep: Sweep;
  readonly #claims: ReadonlyMap<string, Owner | undefined>;
  readonly #problems: readonly string[];
  readonly #left = new TimeLeft();
  readonly #waiting: PlannedRun[] = [];
  readonly #training: PlannedRun[] = [];
  readonly #failures: SweepFailure[] = [];
  #planned = 0;
  #done = 0;
  #memorised = 0;
  #grokked = 0;
  // Done runs of which it is said whether they grokked.
  #judged = 0;

  constructor(
    sweep: Sweep,
    claims: ReadonlyMap<string, Owner | undefined>,
    problems: readonly string[],
  ) {
    this.#sweep = sweep;
    this.#claims = claims;
    this.#problems = problems;
  }

  add(run: PlannedRun, ended: EndedRun | undefined): void {
    this.#planned += 1;
    const { id, point, config } = run;
    if (ended) this.#left.learn(config, ended);
    const { state, reason = "", result } = ended ?? {};
    if (state === "done") {
      this.#done += 1;
      if (!result || saysGrokking(result)) this.#judged += 1;
      if (typeof result?.memorised_at === "number") this.#memorised += 1;
      if (typeof result?.grokked_at === "number") this.#grokked += 1;
    } else if (state !== "diverged" && this.#claims.has(id)) {
      this.#training.push(run);
    } else if (state) this.#failures.push({ id, point, state, reason });
    else this.#waiting.push(run);
  }

  status(): SweepStatus {
    const of = (wanted: "diverged" | "failed") =>
      this.#failures.filter(({ state }) => state === wanted).length;
    const unsaid = this.#done > 0 && this.#judged === 0;
    const rest = [...this.#waiting];
    append(rest, this.#training);
    const left = wallTime(
      rest.map(({ config }) => this.#left.of(config)),
      Math.max(1, this.#training.length),
    );
    return {
      name: this.#sweep.name,
      planned: this.#planned,
      done: this.#done,
      memorised: unsaid ? null : this.#memorised,
      grokked: unsaid ? null : this.#grokked,
      diverged: of("diverged"),
      failed: of("failed"),
      training: this.#training.map(({ id }) => {
        const { host = null, pid = null, since = null } =
          this.#claims.get(id) ?? {};
        return { id, host, pid, since };
      }),
      waiting: this.#waiting.length,
      left_seconds: Number.isFinite(left) ? Math.round(left / 100) / 10 : null,
      failures: this.#failures,
      problems: this.#problems,
    };
  }
}
