/**
 * Reproducing figures: their runs side by side, and what these come to.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../errors.ts";
import type { Figure, Scale } from "../figures/figure.ts";
import type { RunRecord } from "../figures/record.ts";
import { figures as registry } from "../figures/mod.ts";
import { nearest } from "../names.ts";
import { Costs, wallTime } from "./cost.ts";
import { Lane } from "./lane.ts";
import { type Job, jobsOf, type Places, places as usual } from "./layout.ts";
import { type Outcome, outcomeOf, resultsOf, writeOutcome } from "./outcome.ts";
import {
  checkSame,
  recordHere,
  recordsPublished,
  runsHere,
} from "./records.ts";

/** Seeds of a figure at full length, unless others are asked for. */
export const SEEDS = 3;

/** Where a reproduction stands. */
export interface Standing {
  /** Runs that are there. */
  readonly finished: number;
  /** Runs that there will be. */
  readonly of: number;
  /** The runs in training, and their steps. */
  readonly training: readonly { readonly job: Job; readonly step: number }[];
  /** Milliseconds until all are there, as far as is known; NaN at first. */
  readonly left: number;
}

/** How to reproduce figures. */
export interface ReproduceOptions {
  /** Full, if left out. */
  readonly scale?: Scale;
  /** Seeds 0, 1, … of each arm; by default 3, in the quick form the figure's. */
  readonly seeds?: number;
  /** Go on with runs that are there; finished ones are not repeated. */
  readonly resume?: boolean;
  /** Begin runs that are there again. */
  readonly overwrite?: boolean;
  /** Published records stand for runs that are not here. */
  readonly published?: boolean;
  /** Runs side by side; 2, if left out. */
  readonly jobs?: number;
  /** Threads of each run; 1, if left out. The bytes depend on it. */
  readonly threads?: number;
  /** Where to compute; the processor, if left out. */
  readonly device?: "auto" | "cpu" | "cuda" | "webgpu";
  /** Where files lie; those of the repository, if left out. */
  readonly places?: Places;
  /** The figures; all of the project, if left out. */
  readonly figures?: Readonly<Record<string, Figure>>;
  /** The name of the program, for the manifests. */
  readonly program?: string;
  /** Stops after the running steps, all state kept. */
  readonly signal?: AbortSignal;
  /** Called before anything is trained, with an estimate of the time. */
  readonly onPlan?: (standing: Standing) => void;
  /** Called whenever a run gets further. */
  readonly onProgress?: (standing: Standing) => void;
  /** Called when a run is done. */
  readonly onRun?: (job: Job, record: RunRecord, standing: Standing) => void;
  /** Called with what the user may want to know. */
  readonly onWarning?: (text: string) => void;
}

/** What a reproduction came to. */
export interface Reproduction {
  /** What the figures came to, as far as their runs are there. */
  readonly outcomes: readonly Outcome[];
  /** Whether it was stopped before all runs were there. */
  readonly interrupted: boolean;
  /** Runs that could not be trained, and figures that cannot be run here. */
  readonly failures: readonly string[];
}

/** What is known of one figure while it is reproduced. */
interface Work {
  readonly name: string;
  readonly figure: Figure;
  readonly scale: Scale;
  readonly seeds: number;
  readonly jobs: readonly Job[];
  readonly records: Map<string, RunRecord>;
}

/**
 * The figures that names mean.
 *
 * @param names Their names, or `all`.
 * @throws {UsageError} if there is no such figure.
 */
export function figureNames(
  names: readonly string[],
  figures: Readonly<Record<string, Figure>> = registry,
): string[] {
  const known = Object.keys(figures);
  const unknown = names.find((name) => name !== "all" && !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `Unknown figure ${JSON.stringify(unknown)}: ${nearest(unknown, known)}` +
        "; deno task reproduce lists them, all means every one",
    );
  }
  return names.includes("all")
    ? known
    : known.filter((name) => names.includes(name));
}

/**
 * Trains what figures show and writes what it comes to: chart, table, verdicts,
 * anew after every run.
 *
 * @param names Figures, or `all`.
 * @param options Form, seeds, what to do with runs that are there.
 * @throws {UsageError} if a figure is unknown, or runs are there and it was not
 * said what to do with them; nothing is written then.
 */
export async function reproduce(
  names: readonly string[],
  options: ReproduceOptions = {},
): Promise<Reproduction> {
  const { places = usual, figures = registry } = options;
  const failures: string[] = [];
  const works: Work[] = [];
  for (const name of figureNames(names, figures)) {
    const figure = figures[name]!;
    const reason = await figure.missing?.();
    if (reason === undefined) works.push(workOf(name, figure, options));
    else if (!names.includes("all")) {
      throw new UsageError(`Cannot reproduce ${name} here: ${reason}`);
    } else failures.push(`${name} cannot be run here: ${reason}`);
  }
  const costs = new Costs();
  await collect(works, options, costs);
  const write = async ({ name, figure, scale, seeds, records }: Work) => {
    const results = resultsOf(scale, seeds, records.values());
    const outcome = outcomeOf(name, figure, results);
    await writeOutcome(join(places.here, name), figure, results, outcome);
    return outcome;
  };
  const queue = new Queue(works, costs, options);
  if (queue.waiting.length > 0) await queue.train(write, failures);
  const outcomes = [];
  for (const work of works) outcomes.push(await write(work));
  return { outcomes, failures, interrupted: options.signal?.aborted ?? false };
}

function workOf(
  name: string,
  figure: Figure,
  options: ReproduceOptions,
): Work {
  const { scale = "full", places = usual, device = "cpu", threads = 1 } =
    options;
  const seeds = options.seeds ??
    (scale === "full" ? SEEDS : figure.quickSeeds ?? 1);
  const jobs = jobsOf(name, figure, scale, seeds, places.here, {
    device,
    threads,
  });
  return { name, figure, scale, seeds, jobs, records: new Map() };
}

// Takes in the records that are there, unless all is to begin again.
async function collect(
  works: readonly Work[],
  { resume, overwrite, published, places = usual, onWarning }: ReproduceOptions,
  costs: Costs,
): Promise<void> {
  for (const { name, figure, scale, jobs, records } of works) {
    const here = await runsHere(jobs);
    if (here.length > 0 && !resume && !overwrite) {
      throw new UsageError(
        `Cannot reproduce ${name} (${scale}): ${here.length} of its runs ` +
          `are in ${join(places.here, name, scale)} already; go on with them ` +
          "with --resume, or begin them again with --overwrite",
      );
    }
    const known = await recordsPublished(places, jobs, figure);
    for (const { config, ms_per_step } of known.values()) {
      costs.learn(config, ms_per_step);
    }
    for (const job of here) {
      if (!overwrite) await checkSame(job);
      const record = await recordHere(job, figure);
      if (!record) continue;
      costs.learn(record.config, record.ms_per_step);
      if (!overwrite) records.set(job.name, record);
    }
    if (!published) continue;
    const standing = [...known].filter(([job]) => !records.has(job));
    for (const [job, record] of standing) records.set(job, record);
    if (standing.length > 0) {
      onWarning?.(
        `${name}: ${standing.length} of ${jobs.length} runs are published ` +
          "records, not runs of this machine",
      );
    }
  }
}

// The runs that are still to be trained, and those in training.
class Queue {
  readonly waiting: Job[];
  readonly #works: readonly Work[];
  readonly #costs: Costs;
  readonly #options: ReproduceOptions;
  readonly #training = new Map<Job, number>();
  #failed = 0;

  constructor(
    works: readonly Work[],
    costs: Costs,
    options: ReproduceOptions,
  ) {
    this.#works = works;
    this.#costs = costs;
    this.#options = options;
    this.waiting = works.flatMap(({ jobs, records }) =>
      jobs.filter(({ name }) => !records.has(name))
    );
  }

  get lanes(): number {
    return Math.min(this.#options.jobs ?? 2, this.waiting.length);
  }

  get standing(): Standing {
    const training = [...this.#training].map(([job, step]) => ({ job, step }));
    const left = [
      ...training.map(({ job, step }) => this.#costs.left(job.config, step)),
      ...this.waiting.map(({ config }) => this.#costs.left(config)),
    ];
    const finished = this.#works.map(({ records }) => records.size)
      .reduce((a, b) => a + b, 0);
    return {
      finished,
      of: finished + training.length + this.waiting.length + this.#failed,
      training,
      left: wallTime(left, Math.max(1, this.#options.jobs ?? 2)),
    };
  }

  /** Trains all, writing a figure whenever a run of it is done. */
  async train(
    write: (work: Work) => Promise<unknown>,
    failures: string[],
  ): Promise<void> {
    const { signal, program = "reproduce", onPlan } = this.#options;
    using threads = new DisposableStack();
    const lanes = Array.from(
      { length: this.lanes },
      () => threads.use(new Lane(program)),
    );
    const stop = () => lanes.forEach((lane) => lane.stop());
    signal?.addEventListener("abort", stop);
    try {
      await this.#measure(lanes);
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

  // A moment's training of each kind of run that has never been seen.
  async #measure(lanes: readonly Lane[]): Promise<void> {
    const { places = usual, signal } = this.#options;
    const folder = join(places.here, `.trial-${Deno.pid}`);
    const unknown = new Map<string, Job>();
    for (const job of this.waiting) {
      if (this.#costs.msPerStep(job.config) !== undefined) continue;
      unknown.set(this.#costs.keyOf(job.config), job);
    }
    const jobs = [...unknown.values()];
    try {
      await Promise.all(lanes.map(async (lane, i) => {
        for (;;) {
          const job = jobs.shift();
          if (!job || signal?.aborted) return;
          const ms = await lane.trial(job.config, join(folder, String(i)))
            // Why, is said when its turn comes.
            .catch(() => NaN);
          this.#costs.learn(job.config, ms);
        }
      }));
    } finally {
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    }
  }

  // Seed by seed, so that something whole is there early; within a figure, and
  // at the end within the last seed, the longest first, so that the lanes end
  // together.
  #sort(): void {
    const order = this.#works.map(({ name }) => name);
    const last = Math.max(...this.waiting.map(({ config }) => config.seed));
    const place = ({ config, figure }: Job) =>
      config.seed === last ? 0 : order.indexOf(figure);
    const left = ({ config }: Job) => this.#costs.left(config) || 0;
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
      const { config, run, name } = job;
      const work = this.#works.find(({ name }) => name === job.figure)!;
      this.#training.set(job, 0);
      try {
        const ms = await lane.train(config, run, overwrite, {
          onProgress: (step, ms) => {
            this.#training.set(job, step);
            this.#costs.follow(config, ms);
            onProgress?.(this.standing);
          },
          ...(onWarning && { onWarning }),
        });
        this.#costs.learn(config, ms);
        const record = await recordHere(job, work.figure);
        this.#training.delete(job);
        if (!record) continue; // stopped
        work.records.set(name, record);
        await write(work);
        onRun?.(job, record, this.standing);
      } catch (error) {
        this.#training.delete(job);
        this.#failed += 1;
        failures.push(`${job.figure} ${name}: ${(error as Error).message}`);
      }
    }
  }
}
