/**
 * The runs of a share: which have ended, which come next, where it stands.
 *
 * @module
 */

import { saysGrokking } from "../../runs/result.ts";
import { wallTime } from "../../train/threads/cost.ts";
import { endedIds, readEnded } from "../files.ts";
import { type EndedRun, type PlannedRun, runPath } from "../layout.ts";
import { noting } from "../obstacles.ts";
import type { SweepLack } from "./extensions.ts";
import { hasFolder } from "./folders.ts";
import type {
  SweepOutcome,
  SweepRunOptions,
  SweepStanding,
} from "./options.ts";
import { TimeLeft } from "./time_left.ts";

// Files that are read side by side: on a shared disk each waits for an answer.
const AT_ONCE = 64;

/** A share of a sweep while it is trained. */
export class Share {
  /** Runs that were not there at the start, in the order of the plan. */
  waiting: PlannedRun[] = [];
  /** How many go side by side. */
  jobs = 1;
  /** Whether it was told to stop. */
  stopped = false;
  readonly #folder: string;
  readonly #runs: readonly PlannedRun[];
  readonly #options: SweepRunOptions;
  readonly #ended = new Map<string, EndedRun>();
  // How those ended before that are tried again.
  readonly #before = new Map<string, EndedRun>();
  // Those of which it cannot be read how they ended.
  readonly #torn = new Set<string>();
  // Those that others had, to be tried once more.
  readonly #again: PlannedRun[] = [];
  readonly #elsewhere = new Set<PlannedRun>();
  readonly #training = new Map<PlannedRun, number>();
  #lacks: readonly SweepLack[] = [];
  readonly #left = new TimeLeft();
  readonly #states = { done: 0, diverged: 0, failed: 0 };
  #grokked = 0;
  // Done runs of which it is said whether they grokked.
  #judged = 0;
  #trained = 0;

  private constructor(
    folder: string,
    runs: readonly PlannedRun[],
    options: SweepRunOptions,
  ) {
    this.#folder = folder;
    this.#runs = runs;
    this.#options = options;
  }

  /** Looks which runs of a share have ended. */
  static async of(
    folder: string,
    runs: readonly PlannedRun[],
    options: SweepRunOptions,
  ): Promise<Share> {
    const share = new Share(folder, runs, options);
    const ids = await endedIds(folder);
    for (let i = 0; i < runs.length; i += AT_ONCE) {
      const some = runs.slice(i, i + AT_ONCE);
      const ends = await Promise.all(some.map(async ({ id }) => {
        const ended = ids.has(id) ? await noting(share.#look(id)) : undefined;
        return ended && { ended, there: await hasFolder(folder, id) };
      }));
      some.forEach((run, j) => share.#begin(run, ends[j]));
    }
    return share;
  }

  // Takes in a run as it is at the start.
  #begin(
    run: PlannedRun,
    end: { readonly ended: EndedRun; readonly there: boolean } | undefined,
  ): void {
    if (end && end.ended.state !== "failed" && end.there) {
      return this.#note(run, end.ended);
    }
    this.waiting.push(run);
    if (!end) return;
    const { id } = run;
    const { state } = end.ended;
    this.#before.set(id, end.ended);
    if (state === "failed") return;
    this.#options.onWarning?.(
      `${id} is ${state}, but its folder ${runPath(this.#folder, id)} is ` +
        "gone: it is trained again",
    );
  }

  // What is torn says nothing: the run's folder does. It is looked at again when its
  // turn comes, and said once.
  async #look(id: string): Promise<EndedRun | undefined> {
    try {
      return await readEnded(this.#folder, id);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      if (this.#torn.has(id)) return undefined;
      this.#torn.add(id);
      this.#options.onWarning?.(`${error.message}; it is written anew`);
    }
  }

  /** Whether a run has ended, and is not tried again. */
  isOver(id: string): boolean {
    return this.#ended.has(id);
  }

  /** Leaves runs that cannot be trained here. */
  leave(lacks: readonly SweepLack[]): void {
    const left = new Set(lacks.flatMap(({ runs }) => runs));
    this.waiting = this.waiting.filter(({ id }) => !left.has(id));
    this.#lacks = lacks;
  }

  /** How often a run was begun before it ended without success. */
  attemptsOf({ id }: PlannedRun): number {
    return this.#before.get(id)?.attempts ?? 0;
  }

  /**
   * How a run has ended since the start of this share, for whoever has taken it:
   * another process may have been first.
   *
   * @throws {ObstacleError} if that cannot be noted: what lies there is no file.
   */
  async endedMeanwhile({ id }: PlannedRun): Promise<EndedRun | undefined> {
    const ended = await this.#look(id);
    const before = this.#before.get(id);
    const isOld = ended !== undefined && ended.ended === before?.ended &&
      ended.attempts === before.attempts;
    return isOld ? undefined : ended;
  }

  /** The next run to try; those that others have are tried once more at the end. */
  next(): PlannedRun | undefined {
    const run = this.waiting.shift();
    if (run) return run;
    return this.#again.shift();
  }

  /** Another process has a run. */
  isElsewhere(run: PlannedRun): void {
    this.#training.delete(run);
    if (!this.#elsewhere.has(run)) this.#again.push(run);
    this.#elsewhere.add(run);
  }

  /** A run is trained, or has got further. */
  isAt(run: PlannedRun, step: number): void {
    this.#elsewhere.delete(run);
    this.#training.set(run, step);
    this.#options.onProgress?.(this.standing);
  }

  /** A run was stopped in the middle. */
  isStopped(run: PlannedRun): void {
    this.#training.delete(run);
  }

  /** A run has ended, here or elsewhere. */
  hasEnded(run: PlannedRun, ended: EndedRun, here: boolean): void {
    this.#training.delete(run);
    this.#elsewhere.delete(run);
    this.#note(run, ended);
    if (!here) return;
    this.#trained += 1;
    this.#options.onRun?.(run, ended, this.standing);
  }

  #note(run: PlannedRun, ended: EndedRun): void {
    const { state, result } = ended;
    this.#ended.set(run.id, ended);
    this.#states[state] += 1;
    if (state === "done" && (!result || saysGrokking(result))) {
      this.#judged += 1;
      if (typeof result?.grokked_at === "number") this.#grokked += 1;
    }
    this.#left.learn(run.config, ended);
  }

  get #counts() {
    const { done, diverged, failed } = this.#states;
    return {
      runs: this.#runs.length,
      done,
      grokked: done > 0 && this.#judged === 0 ? null : this.#grokked,
      diverged,
      failed,
      elsewhere: this.#elsewhere.size,
    };
  }

  /** Where it stands; how long the rest takes is found when it is asked for. */
  get standing(): SweepStanding {
    const training = [...this.#training];
    const left = () =>
      wallTime([
        ...training.map(([{ config }, step]) => this.#left.of(config, step)),
        ...this.waiting.map(({ config }) => this.#left.of(config)),
      ], this.jobs);
    return {
      ...this.#counts,
      training: training.map(([{ id }, step]) => ({ id, step })),
      get left() {
        return left();
      },
    };
  }

  /** What it came to. */
  outcome(): SweepOutcome {
    const counts = this.#counts;
    const waiting = this.#runs.length - this.#ended.size - counts.elsewhere;
    const left = this.#lacks.reduce((sum, { runs }) => sum + runs.length, 0);
    return {
      ...counts,
      trained: this.#trained,
      waiting,
      interrupted: this.stopped && waiting > left,
      lacks: this.#lacks,
      failures: this.#runs.flatMap(({ id, point }) => {
        const { state = "done", reason = "" } = this.#ended.get(id) ?? {};
        return state === "done" ? [] : [{ id, point, state, reason }];
      }),
    };
  }
}
