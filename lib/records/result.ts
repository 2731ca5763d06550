/**
 * What is kept of an entry's runs: a small file beside its recipe, of which the table
 * is made.
 *
 * @module
 */

import { join } from "node:path";
import { describing, isAbsent, writeWhole } from "../base/files.ts";
import { parseObject } from "../base/json.ts";
import * as v from "../base/valibot.ts";
import type { Config } from "../config/config.ts";
import type { Json } from "../figures/figure.ts";
import type { Outcome } from "./standing.ts";
import type { Timing } from "./timing.ts";

/** The names of files in an entry's folder. */
export const FILES = { recipe: "recipe.json", result: "result.json" } as const;

/** What `result.json` holds. */
export interface Result {
  /** The whole config of seed 0: of which settings it is the result. */
  readonly config: Config;
  /** What each seed came to. */
  readonly outcomes: readonly Outcome[];
  /** Seeds that diverged. */
  readonly diverged: readonly number[];
  /** What the runs were made with. */
  readonly made: readonly Json[];
  /** What a step takes; null where nobody has timed it yet. */
  readonly timing: Timing | null;
}

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const step = v.nullable(whole);
const outcome = v.strictTuple([whole, step, step]);
// What the page says of a config.
const TEXTS = ["precision", "lossPrecision"];
const NUMBERS = ["steps", "evalEvery"];
const schema = v.strictObject({
  config: v.pipe(
    // As it stands, its keys in their order.
    v.record(v.string(), v.unknown()),
    v.check((config) => TEXTS.every((key) => typeof config[key] === "string")),
    v.check((config) => NUMBERS.every((key) => Number.isInteger(config[key]))),
  ),
  outcomes: v.pipe(v.array(outcome), v.minLength(1)),
  diverged: v.array(whole),
  made: v.array(v.unknown()),
  timing: v.nullable(
    v.strictObject({
      one: v.number(),
      two: v.number(),
      at: v.string(),
      load: v.nullable(v.number()),
    }),
  ),
});

/**
 * Reads the result in an entry's folder.
 *
 * @returns Undefined where there is none.
 * @throws {SyntaxError} if it is none.
 * @throws {FileError} if it cannot be read.
 */
export async function readResult(folder: string): Promise<Result | undefined> {
  const path = join(folder, FILES.result);
  const text = await describing(
    `read ${path}`,
    () =>
      Deno.readTextFile(path).catch((error) => {
        if (!isAbsent(error)) throw error;
        return undefined;
      }),
  );
  if (text === undefined) return undefined;
  const wanted = "what an entry's runs came to";
  const found = v.safeParse(schema, parseObject(text, path, wanted));
  if (!found.success) {
    const [issue] = found.issues;
    throw new SyntaxError(
      `Cannot read ${path}: ${
        v.getDotPath(issue) ?? "it"
      } is not what it must ` +
        `be (wanted ${issue.expected}, got ${issue.received}); wanted ${wanted}`,
    );
  }
  const { outcomes, ...rest } = found.output;
  return {
    ...rest as unknown as Omit<Result, "outcomes">,
    outcomes: outcomes.map(([seed, memorised, grokked]) => ({
      seed,
      memorised,
      grokked,
    })),
  };
}

/** A result as its file has it: a line for each seed, so that diffs are short. */
export function resultText({ outcomes, ...rest }: Result): string {
  const lines = outcomes.map(({ seed, memorised, grokked }) =>
    `    ${JSON.stringify([seed, memorised, grokked])}`
  );
  return `{\n  "outcomes": [\n${lines.join(",\n")}\n  ],\n` +
    Object.entries(rest).map(([key, value]) =>
      `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`
    ).join(",\n") + "\n}\n";
}

/** Writes a result into an entry's folder. */
export function writeResult(folder: string, result: Result): Promise<void> {
  return writeWhole(join(folder, FILES.result), resultText(result));
}

/** How many seeds are in two results, and how many of these with the same steps. */
export interface Likeness {
  /** Seeds in both. */
  readonly of: number;
  /** Those that memorised and grokked at the same steps. */
  readonly same: number;
}

/**
 * Compares what seeds came to with what is published of the same settings.
 *
 * @param config The config of seed 0.
 * @param outcomes What the seeds came to.
 * @param published What is published.
 * @returns Undefined where that is of other settings.
 */
export function likeness(
  config: Config,
  outcomes: readonly Outcome[],
  published: Result,
): Likeness | undefined {
  if (JSON.stringify(config) !== JSON.stringify(published.config)) return;
  const text = ({ memorised, grokked }: Outcome) => `${memorised} ${grokked}`;
  const known = new Map(
    published.outcomes.map((each) => [each.seed, text(each)]),
  );
  const both = outcomes.filter(({ seed }) => known.has(seed));
  return {
    of: both.length,
    same: both.filter((each) => known.get(each.seed) === text(each)).length,
  };
}
