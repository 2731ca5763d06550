/**
 * Where a training starts, if not from random weights, and what changes on the
 * way: the keys `from` and `switches`.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import { didYouMean } from "../base/nearest.ts";
import { checkArgument, planCheck } from "../base/options.ts";
import { keysMeant } from "../settings/meant.ts";
import type { Setting } from "../settings/setting.ts";

/** The checkpoint whose weights a training starts with. */
export interface From {
  /** The checkpoint's file. */
  readonly path: string;
  /** Updates made before; the steps are counted on from there. */
  readonly step: number;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  /** SHA-256 of the optimizer's file beside it; null to start that afresh. */
  readonly optimizer: string | null;
}

/** What another loss, precision or optimizer is taken at. */
export interface Switch {
  /** The number of the first update that is made with it. */
  readonly at: number;
  /** The keys that change, with their new values. */
  readonly config: Readonly<Record<string, unknown>>;
}

const step = v.pipe(
  v.number("must have whole numbers of steps"),
  v.check(
    (x) => Number.isSafeInteger(x) && x >= 0,
    "must have whole numbers of steps",
  ),
);
const hash = v.pipe(
  v.string("must have SHA-256 sums"),
  v.regex(/^[0-9a-f]{64}$/, "must have SHA-256 sums of 64 hexadecimal digits"),
);

/** Where a training starts. */
export const from: Setting<From | null> = {
  schema: v.nullable(
    v.strictObject({
      path: v.string("must name a file"),
      step,
      sha256: hash,
      optimizer: v.nullable(hash),
    }, "must be null, or path, step, sha256 and optimizer of a checkpoint"),
  ),
  preset: null,
  value: "",
  kind: "none",
  help: "the checkpoint to start from",
};

/** What changes on the way, in the order of the steps. */
export const switches: Setting<readonly Switch[]> = {
  schema: v.array(
    v.strictObject({
      at: step,
      config: v.record(
        v.string(),
        v.unknown(),
        "must have a part of a config as what changes",
      ),
    }, "must be of the form { at, config }"),
    "must be a list of { at, config }",
  ),
  preset: [],
  value: "",
  kind: "none",
  help: "what changes at which step",
};

/** The keys that say from where and how far a training goes, and what changes on the way. */
export interface TrainingPlan {
  /** Where it starts; null for random weights. */
  readonly from: From | null;
  /** What changes on the way, in the order of the steps. */
  readonly switches: readonly Switch[];
  /** Updates to make, those before the start included. */
  readonly steps: number;
}

/** Updates that were made before the first of a training. */
export function firstStep({ from }: Pick<TrainingPlan, "from">): number {
  return from?.step ?? 0;
}

/**
 * The config in force for an update: the switches up to it are made, those
 * behind it are left.
 *
 * ```ts
 * import { configAt, resolveConfig } from "@groklab/groklab/train";
 * import { assertEquals } from "@std/assert";
 *
 * const config = resolveConfig({
 *   switches: [{ at: 100, config: { loss: "softmax" } }],
 * });
 * assertEquals(configAt(config, 99).loss, "stablemax");
 * assertEquals(configAt(config, 100).loss, "softmax");
 * ```
 *
 * @param config A whole config.
 * @param step Updates made before.
 * @throws {TypeError} if it is no config as resolveConfig() gives it.
 */
export function configAt<C extends TrainingPlan>(config: C, step: number): C {
  checkArgument("configAt()", "config", config, planCheck);
  const { switches } = config;
  const made = switches.filter(({ at }) => at <= step);
  return made.length === 0 ? config : Object.assign(
    {},
    config,
    ...made.map(({ config }) => config),
    { switches: switches.slice(made.length) },
  );
}

/** The step up to which the config in force at a step stays: a switch's, or the last. */
export function untilSwitch(
  { switches, steps }: Pick<TrainingPlan, "switches" | "steps">,
  step: number,
): number {
  return switches.find(({ at }) => at > step)?.at ?? steps;
}

/**
 * What is wrong with a training's plan, in words that begin with a flag;
 * undefined where nothing is.
 *
 * @param config A config, checked but for this.
 * @param allowed The keys that may change on the way.
 * @param problemOf What is wrong with a config in force later on.
 */
export function planProblem<C extends TrainingPlan>(
  config: C,
  allowed: readonly string[],
  problemOf: (config: C) => string | undefined,
): string | undefined {
  const { switches, steps } = config;
  const first = firstStep(config);
  if (steps <= first) {
    return `--steps must be above the step ${first} of the checkpoint to ` +
      `start from, got ${steps}: steps are counted on from there`;
  }
  let last = first;
  for (const { at, config: change } of switches) {
    if (at <= last || at >= steps) {
      return `--switch-at must rise within ${first + 1}..${steps - 1}, ` +
        `between the first step and the last, got ${at}`;
    }
    last = at;
    // A whole config.json may be meant, of which most is as before.
    const same = (key: string) =>
      JSON.stringify(change[key]) ===
        JSON.stringify(config[key as keyof C]);
    const keys = Object.keys(change);
    const other = keys.find((key) => !allowed.includes(key) && !same(key));
    if (other !== undefined || keys.length === 0) {
      return `--to must name what may change at step ${at}, ` +
        `got ${other ?? "nothing"}${
          other === undefined ? "" : didYouMean(keysMeant(other, allowed))
        }: choose from ${allowed.join(", ")}`;
    }
    const problem = problemOf(configAt(config, at));
    if (problem !== undefined) return `From step ${at} on, ${problem}`;
  }
}
