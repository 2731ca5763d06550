/**
 * Where what belongs to figures lies.
 *
 *     reproductions/fig2/full/ARM-seed0/   a run folder, as of deno task train
 *     reproductions/fig2/quick/ARM-seed0/  the same of the quick form
 *     reproductions/fig2/figure.svg        of whichever form was made last
 *     reproductions/fig2/table.md
 *     reproductions/fig2/verdict.json
 *     docs/reproduction.md                 the page of what is published
 *     docs/reproduction/fig2/…             figure.svg, table.md, verdict.json
 *     docs/reproduction/fig2/records/full/ARM-seed0.json
 *
 * @module
 */

import { maxOf } from "../base/extremes.ts";
import { join } from "node:path";
import { type Config, defaults, resolveConfig } from "../config/config.ts";
import {
  type Arm,
  EVALUATIONS,
  type Figure,
  type Scale,
} from "../figures/figure.ts";

/** Where runs and what is made of them lie. */
export interface Places {
  /** Of this checkout's own runs. */
  readonly here: string;
  /** Of what is published with the code. */
  readonly published: string;
}

/** The places in the repository. */
export const places: Places = {
  here: "reproductions",
  published: join("docs", "reproduction"),
};

/** What is published with a figure's records. */
export function recordsFolder(
  { published }: Places,
  figure: string,
  scale: Scale,
): string {
  return join(published, figure, "records", scale);
}

/** One run of a figure. */
export interface Job {
  /** The figure's name. */
  readonly figure: string;
  /** The arm's name. */
  readonly arm: string;
  /** Full or quick. */
  readonly scale: Scale;
  /** What is trained. */
  readonly config: Config;
  /** Its name in paths. */
  readonly name: string;
  /** Its run folder. */
  readonly run: string;
}

/**
 * How many seeds there are of a figure: so many as usual, or as many more as the
 * names of its runs, or of their records, tell.
 */
export function seedsOf(names: readonly string[], usual: number): number {
  const seeds = names.map((name) => {
    const digits = /-seed(\d+)(\.json)?$/.exec(name)?.[1];
    return digits === undefined ? 0 : Number(digits) + 1;
  });
  return Math.max(usual, maxOf(seeds));
}

/**
 * The runs of a figure, seed by seed, an arm as often as it is to have seeds.
 *
 * @param name The figure's name.
 * @param figure The figure.
 * @param scale Full or quick.
 * @param seeds How many, of every arm or of each.
 * @param here Where runs lie.
 * @param place Where to compute: keys of a config.
 * @throws {ConfigError} if an arm's config is not valid.
 */
export function jobsOf(
  name: string,
  figure: Figure,
  scale: Scale,
  seeds: number | ((arm: Arm) => number),
  here: string,
  place: Partial<Pick<Config, "device" | "threads">> = {},
): Job[] {
  const count = (arm: Arm) => typeof seeds === "number" ? seeds : seeds(arm);
  const jobOf = ({ name: arm, config, quick }: Arm, seed: number): Job => {
    const own = {
      ...config,
      ...(scale === "quick" && quick),
      ...place,
      seed,
    };
    const { steps = defaults.steps } = own;
    const run = `${arm}-seed${seed}`;
    return {
      figure: name,
      arm,
      scale,
      config: resolveConfig({
        evalEvery: Math.max(1, Math.round(steps / EVALUATIONS)),
        ...own,
      }),
      name: run,
      run: join(here, name, scale, run),
    };
  };
  return Array.from(
    { length: maxOf([0, ...figure.arms.map(count)]) },
    (_, seed) =>
      figure.arms.filter((arm) => seed < count(arm))
        .map((arm) => jobOf(arm, seed)),
  ).flat();
}
