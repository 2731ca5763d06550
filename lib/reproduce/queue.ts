/**
 * The runs of figures that are still to be trained: which comes next, on which
 * thread, and what is done with it then.
 *
 * @module
 */

import { maxOf } from "../base/extremes.ts";
import type { Figure, RunRecord, Scale } from "../figures/figure.ts";
import { type Costs, wallTime } from "../train/threads/cost.ts";
import { Lane } from "../train/threads/lane.ts";
import { tryKinds } from "../train/threads/trials.ts";
import { type Job, places as usual } from "./layout.ts";
import type { ReproduceOptions, Standing } from "./options.ts";
import { recordHere } from "./records.ts";
import { byBytes, bytesKey, copyRun, progressOf } from "./twins.ts";

/** What is known of one figure while it is reproduced. */
export interface Work {
  /** The figure's name. */
  readonly name: string;
  /** The figure. */
  readonly figure: Figure;
  /** Full or quick. */
  readonly scale: Scale;
  /** Seeds that a claim takes at least to hold. */
  readonly seeds: number;
  /** How many seeds there are to be of an arm. */
  readonly wanted: (arm: string) => number;
  /** Its runs. */
  readonly jobs: readonly Job[];
  /** The records that are there, by the names of the runs. */
  readonly records: Map<string, RunRecord>;
}

/** The runs that are still to be trained, and those in training. */
export class Queue {
  readonly waiting: Job[];
  readonly #works: readonly Work[];
  readonly #costs: Costs;
  readonly #options: ReproduceOptions;
  readonly #training = new Map<Job, number>();
  /** All jobs without a record, by the bytes of their runs. */
  readonly #twins: Map<string, Job[]>;
  /** Updates that each has made already. */
  readonly #begun: ReadonlyMap<Job, number>;
  #written: Promise<unknown> = Promise.resolve();

  private constructor(
    works: readonly Work[],
    costs: Costs,
    options: ReproduceOptions,
    twins: Map<string, Job[]>,
    begun: ReadonlyMap<Job, number>,
  ) {
    this.#works = works;
    this.#costs = costs;
    this.#options = options;
    this.#twins = twins;
    this.#begun = begun;
    this.waiting = [...twins.values()].map(([first]) => first!);
  }

  /** The runs of some figures that have no record. */
  static async of(
    works: readonly Work[],
    costs: Costs,
    options: ReproduceOptions,
  ): Promise<Queue> {
    const twins = byBytes(
      works.flatMap(({ jobs, records }) =>
        jobs.filter(({ name }) => !records.has(name))
      ),
    );
    const begun = new Map<Job, number>();
    for (const jobs of twins.values()) {
      for (const job of jobs) {
        begun.set(job, options.overwrite ? 0 : await progressOf(job));
      }
      // The one that has come furthest is gone on with.
      jobs.sort((a, b) => begun.get(b)! - begun.get(a)!);
    }
    return new Queue(works, costs, options, twins, begun);
  }

  get lanes(): number {
    return Math.min(this.#options.jobs ?? 2, this.waiting.length);
  }

  get standing(): Standing {
    const training = [...this.#training].map(([job, step]) => ({ job, step }));
    const left = [
      ...training.map(({ job, step }) => this.#costs.left(job.config, step)),
      ...this.waiting.map((job) => this.#left(job)),
    ];
    const count = (of: (work: Work) => number) =>
      this.#works.reduce((sum, work) => sum + of(work), 0);
    return {
      finished: count(({ records }) => records.size),
      of: count(({ jobs }) => jobs.length),
      training,
      left: wallTime(left, Math.max(1, this.#options.jobs ?? 2)),
    };
  }

  // Milliseconds of the rest of a job.
  #left(job: Job): number {
    return this.#costs.left(job.config, this.#begun.get(job));
  }

  /** Trains all, writing a figure whenever a run of it is done. */
  async train(
    write: (work: Work) => Promise<unknown>,
    failures: string[],
  ): Promise<void> {
    const { signal, program = "reproduce", onPlan, places = usual } =
      this.#options;
    using threads = new DisposableStack();
    const lanes = Array.from(
      { length: this.lanes },
      () => threads.use(new Lane(program)),
    );
    const stop = () => lanes.forEach((lane) => lane.stop());
    signal?.addEventListener("abort", stop);
    try {
      await tryKinds(
        lanes,
        this.waiting.map(({ config }) => config),
        this.#costs,
        places.here,
        signal,
      );
      this.#sort();
      if (signal?.aborted) return;
      onPlan?.(this.standing);
      await Promise.all(
        lanes.map((lane) => this.#drain(lane, write, failures)),
      );
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  // Seed by seed, so that something whole is there early; within a figure, and
  // at the end within the last seed, the longest first, so that the lanes end
  // together.
  #sort(): void {
    const order = this.#works.map(({ name }) => name);
    const last = maxOf(this.waiting.map(({ config }) => config.seed));
    const place = ({ config, figure }: Job) =>
      config.seed === last ? 0 : order.indexOf(figure);
    const left = (job: Job) => this.#left(job) || 0;
    this.waiting.sort((a, b) =>
      a.config.seed - b.config.seed || place(a) - place(b) || left(b) - left(a)
    );
  }

  async #drain(
    lane: Lane,
    write: (work: Work) => Promise<unknown>,
    failures: string[],
  ): Promise<void> {
    const { signal, overwrite = false, onProgress, onRun, onWarning } =
      this.#options;
    while (!signal?.aborted) {
      const job = this.waiting.shift();
      if (!job) return;
      const { config, run } = job;
      this.#training.set(job, this.#begun.get(job) ?? 0);
      try {
        const { ms } = await lane.train(config, run, { overwrite }, {
          onProgress: (step, ms) => {
            this.#training.set(job, step);
            this.#costs.follow(config, ms);
            onProgress?.(this.standing);
          },
          ...(onWarning && { onWarning }),
        });
        this.#costs.learn(config, ms);
        this.#training.delete(job);
        for (const twin of this.#twins.get(bytesKey(job))!) {
          const work = this.#works.find(({ name }) => name === twin.figure)!;
          const record = await recordAfter(job, twin, work.figure);
          if (!record) {
            if (signal?.aborted) break;
            throw new Error("its first loss is not a finite number");
          }
          work.records.set(twin.name, record);
          // One at a time: two runs of a figure may end in the same moment.
          const turn = this.#written.then(() => write(work));
          this.#written = turn.catch(() => {});
          await turn;
          onRun?.(twin, record, this.standing);
        }
      } catch (error) {
        this.#training.delete(job);
        for (const { figure, name } of this.#twins.get(bytesKey(job))!) {
          const work = this.#works.find(({ name }) => name === figure)!;
          if (work.records.has(name)) continue;
          failures.push(`${figure} ${name}: ${(error as Error).message}`);
        }
      }
    }
  }
}

// The record of a job whose run has just been trained, or is a twin's.
async function recordAfter(
  trained: Job,
  job: Job,
  figure: Figure,
): Promise<RunRecord | undefined> {
  if (job !== trained) await copyRun(trained, job);
  return await recordHere(job, figure);
}
