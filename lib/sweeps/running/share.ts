/**
 * The runs of a share: which have ended, which come next, where it stands.
 *
 * @module
 */

import { wallTime } from "../../train/threads/cost.ts";
import { endedIds, readEnded } from "../files.ts";
import { type EndedRun, type PlannedRun, runPath } from "../layout.ts";
import { hasFolder } from "./folders.ts";
import type {
  SweepOutcome,
  SweepRunOptions,
  SweepStanding,
} from "./options.ts";
import { TimeLeft } from "./time_left.ts";

/** A share of a sweep while it is trained. */
export class Share {
  /** Runs that were not there at the start, in the order of the plan. */
  readonly waiting: PlannedRun[] = [];
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
  readonly #elsewhere = new Set<PlannedRun>();
  readonly #training = new Map<PlannedRun, number>();
  readonly #left = new TimeLeft();
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
    for (const run of runs) {
      const ended = ids.has(run.id) ? await share.#look(run.id) : undefined;
      if (!ended) share.waiting.push(run);
      else if (ended.state === "failed" || !await hasFolder(folder, run.id)) {
        share.#before.set(run.id, ended);
        share.waiting.push(run);
        if (ended.state === "failed") continue;
        options.onWarning?.(
          `${run.id} is ${ended.state}, but its folder ` +
            `${runPath(folder, run.id)} is gone: it is trained again`,
        );
      } else share.#note(run, ended);
    }
    return share;
  }

  // What is torn says nothing: the run's folder does.
  async #look(id: string): Promise<EndedRun | undefined> {
    try {
      return await readEnded(this.#folder, id);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#options.onWarning?.(`${error.message}; it is written anew`);
    }
  }

  /** Whether a run has ended, and is not tried again. */
  isOver(id: string): boolean {
    return this.#ended.has(id);
  }

  /** How often a run was begun before it ended without success. */
  attemptsOf({ id }: PlannedRun): number {
    return this.#before.get(id)?.attempts ?? 0;
  }

  /**
   * How a run has ended since the start of this share, for whoever has taken it:
   * another process may have been first.
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

  readonly #again: PlannedRun[] = [];

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
    this.#ended.set(run.id, ended);
    this.#left.learn(run.config, ended);
  }

  get #counts() {
    const all = [...this.#ended.values()];
    const of = (state: EndedRun["state"]) =>
      all.filter((ended) => ended.state === state).length;
    return {
      runs: this.#runs.length,
      done: of("done"),
      grokked:
        all.filter(({ state, result }) =>
          state === "done" && typeof result?.grokked_at === "number"
        ).length,
      diverged: of("diverged"),
      failed: of("failed"),
      elsewhere: this.#elsewhere.size,
    };
  }

  /** Where it stands. */
  get standing(): SweepStanding {
    const training = [...this.#training];
    const left = [
      ...training.map(([{ config }, step]) => this.#left.of(config, step)),
      ...this.waiting.map(({ config }) => this.#left.of(config)),
    ];
    return {
      ...this.#counts,
      training: training.map(([{ id }, step]) => ({ id, step })),
      left: wallTime(left, this.jobs),
    };
  }

  /** What it came to. */
  outcome(): SweepOutcome {
    const counts = this.#counts;
    const waiting = this.#runs.length - this.#ended.size - counts.elsewhere;
    return {
      ...counts,
      trained: this.#trained,
      waiting,
      interrupted: this.stopped && waiting > 0,
      failures: this.#runs.flatMap(({ id, point }) => {
        const { state = "done", reason = "" } = this.#ended.get(id) ?? {};
        return state === "done" ? [] : [{ id, point, state, reason }];
      }),
    };
  }
}
