/**
 * The points of a plan.
 *
 * @module
 */

import {
  type Config,
  ConfigError,
  type ConfigInput,
} from "../config/config.ts";
import { shown } from "../settings/checked.ts";
import { checkDraws, drawn } from "./draws.ts";
import { isPlace, keyOf, valueOf } from "./keys.ts";
import type { Point } from "./layout.ts";
import type { PlanPart, RandomDraws, SweepSpec } from "./spec.ts";

/** More runs than these are not planned at a time. */
export const MOST_RUNS = 1_000_000;

/** What the fields of a spec are called in messages; those of a part by its number. */
export type Naming = (field: keyof PlanPart, part?: number) => string;

/** As in a plan's file. */
export const asInFile: Naming = (field, part) =>
  part === undefined ? field : `parts.${part}.${field}`;

/** A part, laid out: its points, each without its seed. */
export interface Block {
  /** What all its points have. */
  readonly set: ConfigInput;
  /** The seeds of each; undefined for the config's one. */
  readonly seeds: readonly number[] | undefined;
  /** The keys that it varies, without the seeds'. */
  readonly axes: readonly string[];
  /** Those of them of which each value meets each of all others. */
  readonly crossed: readonly string[];
  /** How many points. */
  readonly count: number;
  /** The points. */
  points(): Generator<Point, void, void>;
}

/**
 * Lays out the parts of a plan, all of it looked at.
 *
 * @throws {ConfigError} if there is nothing in it, a key is unknown or said twice, a
 * value cannot be, or there are too many points.
 */
export function blocksOf(
  { set = {}, seeds, parts }: SweepSpec,
  naming: Naming = asInFile,
): Block[] {
  if (parts.length === 0) throw empty("parts");
  const all = valuesOf(set, naming("set"), true);
  checkSeeds(seeds, naming("seeds"));
  const blocks = parts.map((part, i) =>
    blockOf(part, { set: all, seeds }, (field) => naming(field, i), naming)
  );
  const runs = blocks.reduce(
    (sum, { count, seeds }) => sum + count * (seeds?.length ?? 1),
    0,
  );
  if (runs <= MOST_RUNS) return blocks;
  const text = (n: number) => n.toLocaleString("en");
  throw new ConfigError(
    `Cannot plan ${text(runs)} runs: at most ${text(MOST_RUNS)} at a time`,
  );
}

const empty = (what: string) =>
  new ConfigError(`${what} must name something to vary, got nothing`);

function blockOf(
  part: PlanPart,
  plan: { readonly set: Point; readonly seeds: PlanPart["seeds"] },
  own: (field: keyof PlanPart) => string,
  outer: Naming,
): Block {
  const set = valuesOf(part.set ?? {}, own("set"));
  checkSeeds(part.seeds, own("seeds"));
  const seeds = part.seeds ?? plan.seeds;
  const columns = Object.entries(part.grid ?? {}).map(([name, values]) =>
    column(name, values, own("grid"))
  );
  if (part.points?.length === 0) throw empty(own("points"));
  const points = part.points?.map((point) => valuesOf(point, own("points")));
  const pointKeys = [...new Set((points ?? []).flatMap(Object.keys))];
  const random = part.random && randomOf(part.random, own("random"));
  const drawKeys = Object.keys(random?.draw ?? {});
  const gridKeys = columns.map(([key]) => key);
  checkOnce([
    [outer("set"), Object.keys(plan.set)],
    [own("set"), Object.keys(set)],
    [own("grid"), gridKeys],
    [own("points"), pointKeys],
    [own("random"), drawKeys],
    [part.seeds ? own("seeds") : outer("seeds"), seeds ? ["seed"] : []],
  ]);
  const axes = [...gridKeys, ...pointKeys, ...drawKeys];
  if (axes.length === 0 && !seeds) {
    throw new ConfigError(
      "Cannot plan without anything to vary: name some values of a key " +
        `(${own("grid")}), or ${own("seeds")}`,
    );
  }
  const combinations = columns.reduce((n, [, values]) => n * values.length, 1);
  const count = combinations * (points ?? [0]).length * (random?.count ?? 1);
  return {
    set: { ...plan.set, ...set },
    seeds,
    axes,
    crossed: gridKeys,
    count,
    *points() {
      for (const draw of random ? drawn(random) : [{}]) {
        for (const point of points ?? [{}]) {
          for (let i = 0; i < combinations; i++) {
            yield { ...combination(columns, i), ...point, ...draw };
          }
        }
      }
    },
  };
}

// Random draws by the keys of a config, what can be said of them before.
function randomOf(random: RandomDraws, what: string): RandomDraws {
  checkDraws(random);
  const draw = Object.entries(random.draw).map(([name, how]) => {
    const key = varied(name, what);
    if ("choice" in how) {
      for (const value of how.choice) valueOf(key, value, what);
    }
    return [key, how] as const;
  });
  return { ...random, draw: Object.fromEntries(draw) };
}

type Column = readonly [key: keyof Config, values: readonly unknown[]];

// The i-th of all combinations, the last column's value changing fastest.
function combination(columns: readonly Column[], i: number): Point {
  const entries: [string, unknown][] = [];
  for (const [key, values] of columns.toReversed()) {
    entries.push([key, values[i % values.length]]);
    i = Math.floor(i / values.length);
  }
  return Object.fromEntries(entries.reverse());
}

function column(
  name: string,
  values: readonly unknown[],
  what: string,
): Column {
  const key = varied(name, what);
  if (values.length === 0) {
    throw new ConfigError(`${what} ${key} must have values, got none`);
  }
  const found = values.map((value) => valueOf(key, value, what));
  noneTwice(found, `${what} ${key}`);
  return [key, found];
}

function noneTwice(values: readonly unknown[], what: string): void {
  const seen = new Set<string>();
  for (const value of values) {
    const text = JSON.stringify(value);
    if (seen.has(text)) {
      throw new ConfigError(
        `${what} must have each value once, got ${shown(value)} twice`,
      );
    }
    seen.add(text);
  }
}

// The key of a name that a plan may vary.
function varied(name: string, what: string): keyof Config {
  const key = keyOf(name, what);
  if (!isPlace(key)) return key;
  throw new ConfigError(
    `${what} must not have ${key}: all runs of a sweep are computed at one ` +
      "place, which is set for all of them at once",
  );
}

// Values by the keys of a config, each of them possible.
function valuesOf(
  values: Readonly<Record<string, unknown>>,
  what: string,
  places = false,
): Point {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const key = (places ? keyOf : varied)(name, what);
      return [key, valueOf(key, value, what)];
    }),
  );
}

function checkSeeds(
  seeds: readonly number[] | undefined,
  what: string,
): void {
  if (!seeds) return;
  if (seeds.length === 0) throw empty(what);
  for (const seed of seeds) valueOf("seed", seed, what);
  noneTwice(seeds, what);
}

// What is said twice may be meant either way.
function checkOnce(
  places: readonly (readonly [what: string, keys: readonly string[]])[],
): void {
  const said = new Map<string, string>();
  for (const [what, keys] of places) {
    for (const key of keys) {
      const before = said.get(key);
      if (before !== undefined) {
        throw new ConfigError(
          `${key} must be said once, got it in ${before} and in ${what}`,
        );
      }
      said.set(key, what);
    }
  }
}
