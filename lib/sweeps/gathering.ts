/**
 * The runs of a plan, one after the other: which are new, which are there, and
 * which cannot be.
 *
 * @module
 */

import {
  type Config,
  ConfigError,
  type ConfigInput,
  configKeys,
  configSettings,
  definitionsOf,
  resolveConfig,
} from "../config/config.ts";
import { drawsBits } from "../config/generator.ts";
import { shown } from "../settings/checked.ts";
import { Costs } from "../train/threads/cost.ts";
import { runId } from "./ids.ts";
import type { Place, PlannedRun, Point } from "./layout.ts";
import { IdleKeys } from "./idle.ts";
import type { Block } from "./points.ts";

/** Runs to make whose steps take equally long. */
export interface Kind {
  /** The config of one of them. */
  readonly config: Config;
  /** How many. */
  runs: number;
  /** Steps of all of them. */
  steps: number;
}

// So many reasons are told.
const TOLD = 3;

// Of so many points it is seen whether what they name says anything.
const LOOKED_AT = 1000;

/** The runs of a plan. */
export class Gathering {
  /** Different runs. */
  readonly ids: Set<string> = new Set<string>();
  /** Those of them that were planned before, with their configs. */
  readonly before: Map<string, Config> = new Map<string, Config>();
  /** Those of them that were not. */
  added = 0;
  /** Runs that are the same as another of the plan. */
  repeated = 0;
  /** Runs that cannot be. */
  impossible = 0;
  /** All, the impossible ones too. */
  all = 0;
  readonly #there = new Map<string, string>();
  readonly #reasons = new Map<string, { point: Point; runs: number }>();
  readonly #kinds = new Map<string, Kind>();
  readonly #costs = new Costs();
  readonly #idle = new IdleKeys();

  /** Runs that are in the folder already, of any plan. */
  get there(): number {
    return this.#there.size;
  }

  /** Takes in a run that is in the folder already. */
  know({ id, config }: PlannedRun): void {
    this.#there.set(nameNow(id, config), id);
  }

  /**
   * The runs of some points that are not there.
   *
   * @param blocks The points.
   * @param config What they start from.
   * @param place Where they are computed.
   */
  *fresh(
    blocks: readonly Block[],
    config: ConfigInput,
    place: Place,
  ): Generator<PlannedRun, void, void> {
    const count = blocks.reduce((n, { count }) => n + count, 0);
    const every = Math.ceil(count / LOOKED_AT);
    let n = 0;
    for (const { set, seeds, points } of blocks) {
      for (const point of points()) {
        this.all += seeds?.length ?? 1;
        const start = { ...config, ...set, ...point, ...place };
        const whole = this.#resolved(start, point, seeds);
        if (!whole) continue;
        if (n++ % every === 0) this.#idle.look(whole, { ...set, ...point });
        // Nothing that a config is held to depends on its seed.
        const runs = seeds?.map((seed) => ({
          point: { ...point, seed },
          config: { ...whole, seed },
        })) ?? [{ point, config: whole }];
        for (const run of runs) {
          const planned = this.#take(run);
          if (planned) yield planned;
        }
      }
    }
  }

  #resolved(
    start: ConfigInput,
    point: Point,
    seeds: readonly number[] | undefined,
  ): Config | undefined {
    try {
      return resolveConfig(seeds ? { ...start, seed: seeds[0]! } : start);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const runs = seeds?.length ?? 1;
      this.impossible += runs;
      const { message } = error;
      const told = this.#reasons.get(message);
      if (told) told.runs += runs;
      else if (this.#reasons.size < TOLD) {
        this.#reasons.set(message, { point, runs });
      }
    }
  }

  // A run that is new, with its name; undefined of one that is there.
  #take(
    { point, config }: Omit<PlannedRun, "id">,
  ): PlannedRun | undefined {
    const id = runId(config);
    if (this.ids.has(id)) {
      this.repeated += 1;
      return undefined;
    }
    this.ids.add(id);
    const there = this.#there.get(id);
    if (there !== undefined) {
      this.before.set(there, config);
      return undefined;
    }
    this.added += 1;
    this.toMake(config);
    return { id, point, config };
  }

  /** Counts a run that is to be made. */
  toMake(config: Config): void {
    const key = this.#costs.keyOf(config);
    const kind = this.#kinds.get(key);
    if (kind) {
      kind.runs += 1;
      kind.steps += config.steps;
    } else this.#kinds.set(key, { config, runs: 1, steps: config.steps });
  }

  /** What is to be made, those of which there are most first. */
  get kinds(): Kind[] {
    return [...this.#kinds.values()].sort((a, b) => b.runs - a.runs);
  }

  /** Keys that say nothing in some of the runs, in a sentence each. */
  get idle(): string[] {
    return this.#idle.sentences;
  }

  /** Why there are impossible runs, in words: a few of them, how many others. */
  get reasons(): string {
    const told = [...this.#reasons];
    const others = told.reduce((n, [, { runs }]) => n - runs, this.impossible);
    const texts = told.map(([reason, { point, runs }]) =>
      `${pointText(point) || "each"}: ${reason}` +
      (runs > 1 ? ` (${runs} runs)` : "")
    );
    return texts.join("; ") + (others > 0 ? `; and ${others} others` : "");
  }
}

/** A point in words: "lr 0.1, loss mse". */
export function pointText(point: Point): string {
  return Object.entries(point)
    .map(([key, value]) =>
      `${key} ${typeof value === "string" ? value : shown(value)}`
    )
    .join(", ");
}

// What a run that is there would be called if it were planned now: keys may have
// come since, each with a default.
function nameNow(id: string, config: Config): string {
  try {
    // Keys without a default are there where they say something; a generator is
    // one, which is named wherever something is drawn.
    const isNow = configKeys.every((key) =>
      Object.hasOwn(config, key) ||
      (key === "generator"
        ? drawsBits(config, definitionsOf(config).model) === false
        : configSettings[key].preset === undefined)
    );
    if (isNow) return id;
    return runId(resolveConfig(config));
  } catch {
    return id;
  }
}
