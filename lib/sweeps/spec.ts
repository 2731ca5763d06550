/**
 * What to plan: grids, lists of points and random draws, joined. This is also what
 * `groklab sweep plan --file` reads.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import { UsageError } from "../base/errors.ts";
import { didYouMean, meant } from "../base/nearest.ts";
import type { ConfigInput } from "../config/config.ts";
import { shown } from "../settings/checked.ts";

/** How the values of a key are drawn. */
export type KeyDraw =
  /** Any number from the first to the second, each as likely. */
  | { readonly uniform: readonly [number, number] }
  /** The same of their logarithms; both above 0. */
  | { readonly logUniform: readonly [number, number] }
  /** A whole number from the first to the second, both among them. */
  | { readonly integer: readonly [number, number] }
  /** One of some values, each as likely. */
  | { readonly choice: readonly unknown[] };

/** Points drawn at random. */
export interface RandomDraws {
  /** How many. More of them begin with the same. */
  readonly count: number;
  /** Seed of the draws, 0 if left out; it has nothing to do with the runs' seeds. */
  readonly seed?: number | undefined;
  /** How each key is drawn, each from a stream of its own. */
  readonly draw: Readonly<Record<string, KeyDraw>>;
}

/** Some of a plan's points: each of the grid with each of the list and each draw. */
export interface PlanPart {
  /** What all its points have beside that. */
  readonly set?: ConfigInput | undefined;
  /** Its seeds; if left out, the plan's. */
  readonly seeds?: readonly number[] | undefined;
  /** The values of each key; every combination is a point. */
  readonly grid?: Readonly<Record<string, readonly unknown[]>> | undefined;
  /** Points as they are. */
  readonly points?: readonly Readonly<Record<string, unknown>>[] | undefined;
  /** Points drawn at random. */
  readonly random?: RandomDraws | undefined;
}

/** What to plan. */
export interface SweepSpec {
  /** What all points start from; everything else goes before it. */
  readonly config?: ConfigInput | undefined;
  /** What all points have. Where to compute can be said here only. */
  readonly set?: ConfigInput | undefined;
  /** The seeds with which each point is trained; if left out, the config's one. */
  readonly seeds?: readonly number[] | undefined;
  /** Its points are those of all parts; one that is in two of them is there once. */
  readonly parts: readonly PlanPart[];
}

/** A plan's file: the same, but that its config is a path, and it has a name. */
export interface PlanFile extends Omit<SweepSpec, "config"> {
  /** The sweep's name. */
  readonly name?: string | undefined;
  /** A run folder or its config.json, relative to the plan's file. */
  readonly config?: string | undefined;
}

const SEEDS = /^(\d+)(?:\.\.(\d+))?$/;
// More than these are a mistake, and would fill the memory.
const MOST_SEEDS = 1_000_000;

/**
 * The seeds that a text names: `0..15`, `0,3,7`, `0..3,8`.
 *
 * @throws {UsageError} if it names none.
 */
export function seedsOf(text: string, what = "--seeds"): number[] {
  const wrong = (why: string) =>
    new UsageError(`${what} must be like 0..15 or 0,3,7, got ${text}${why}`);
  if (/^\d+$/.test(text)) {
    throw wrong(
      `: for that one seed alone set seed to ${text}, for as many seeds ` +
        `write 0..${Math.max(0, Number(text) - 1)}`,
    );
  }
  const seeds: number[] = [];
  for (const part of text.split(",")) {
    const [, first, last = first] = SEEDS.exec(part.trim()) ?? [];
    if (first === undefined) throw wrong("");
    const [from, to] = [Number(first), Number(last)];
    if (from > to) throw wrong(`: ${from} is above ${to}`);
    if (to - from >= MOST_SEEDS) {
      throw wrong(`: at most ${MOST_SEEDS} seeds can be planned`);
    }
    for (let seed = from; seed <= to; seed++) seeds.push(seed);
  }
  return seeds;
}

const value = v.unknown();
const assignments = v.record(v.string(), value, "must be settings by key");
const seedList = v.union([
  v.pipe(v.string(), v.transform((text) => seedsOf(text, "seeds"))),
  v.array(v.number()),
], 'must be a text like "0..15", or a list of numbers');
const range = v.strictTuple(
  [v.number(), v.number()],
  "must be a list of two numbers, the least and the most",
);
const values = v.array(value, "must be a list of values");
const draw = v.union(
  [
    v.strictObject({ uniform: range }),
    v.strictObject({ logUniform: range }),
    v.strictObject({ integer: range }),
    v.strictObject({ choice: values }),
  ],
  "must be uniform, logUniform or integer with two numbers, or choice with values",
);
const draws = v.strictObject({
  count: v.number("must be a number"),
  seed: v.optional(v.number("must be a number")),
  draw: v.record(v.string(), draw, "must say how each key is drawn"),
}, "must have count and draw");
const part = v.strictObject({
  set: v.optional(assignments),
  seeds: v.optional(seedList),
  grid: v.optional(
    v.record(v.string(), values, "must be lists of values by key"),
  ),
  points: v.optional(v.array(assignments, "must be a list of points")),
  random: v.optional(draws),
}, "must be an object");
const plan = {
  set: v.optional(assignments),
  seeds: v.optional(seedList),
  parts: v.array(part, "must be a list of parts"),
};
const file = v.strictObject({
  name: v.optional(v.string("must be a text")),
  config: v.optional(v.string("must be a path")),
  ...plan,
}, "must be an object");
const spec = v.strictObject(
  { config: v.optional(assignments), ...plan },
  "must be an object",
);

/** What each object may hold, by how deep it lies. */
const KNOWN: Readonly<Record<number, readonly string[]>> = {
  3: Object.keys(part.entries),
  4: Object.keys(draws.entries),
};

/**
 * Holds what a plan's file says to its form.
 *
 * @param found The parsed contents.
 * @param path The file, for messages.
 * @throws {UsageError} naming the first thing that is not known, or not what it
 * must be.
 */
export function planFile(found: unknown, path: string): PlanFile {
  return formed(file, found, `Cannot plan what ${path} says: `) as PlanFile;
}

/** Holds what a program wants to plan to its form in the same way. */
export function checkedSpec(found: unknown): SweepSpec {
  return formed(spec, found, "Cannot plan: ") as SweepSpec;
}

function formed(
  schema: typeof file | typeof spec,
  found: unknown,
  start: string,
): unknown {
  const result = parsed(schema, found, start);
  if (result.success) return result.output;
  // A key that is misspelt may be the one that is missing.
  const isUnknown = (issue: v.BaseIssue<unknown>) =>
    issue.type === "strict_object" && issue.expected === "never";
  const issue = result.issues.find(isUnknown) ?? result.issues[0];
  const where = v.getDotPath(issue);
  if (isUnknown(issue)) {
    const key = String(issue.path!.at(-1)!.key);
    const known = KNOWN[issue.path!.length] ?? Object.keys(schema.entries);
    throw new UsageError(
      `${start}unknown key ${where}${didYouMean(meant(key, known))}: there ` +
        `are ${known.join(", ")}`,
    );
  }
  const got = issue.path === undefined ? issue.input : issue.path.at(-1)!.value;
  throw new UsageError(
    `${start}${where ?? "it"} ${
      got === undefined ? "is missing" : `${issue.message}, got ${shown(got)}`
    }`,
  );
}

function parsed(
  schema: typeof file | typeof spec,
  found: unknown,
  start: string,
): v.SafeParseResult<v.GenericSchema> {
  try {
    return v.safeParse<v.GenericSchema>(schema, found);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${start}${error.message}`);
  }
}
