/**
 * Records, in words.
 *
 * @module
 */

import { percent, shown } from "../../lib/base/terminal.ts";
import type { Entry } from "../../lib/records/entry.ts";
import type { Likeness } from "../../lib/records/result.ts";
import type { Found } from "../../lib/records/seeds.ts";
import { standingOf, stepText } from "../../lib/records/standing.ts";
import { isRun, type Listed, ranked } from "../../lib/records/table.ts";
import { SEEDS } from "../../lib/records/task.ts";
import type { Timing } from "../../lib/records/timing.ts";
import { trackNames, tracks } from "../../lib/records/tracks.ts";
import { verdictOf } from "../../lib/records/verdict.ts";

/** What a step takes. */
export function timingText({ one, two, load }: Timing): string {
  return `${one} ms a step on one core, ${two} ms on two` +
    (load === null ? "" : ` (load before: ${load.toFixed(1)})`);
}

/** What is said beside what the seeds came to. */
export interface Beside {
  /** What a step takes. */
  readonly timing: Timing | undefined;
  /** How far they are what is published. */
  readonly published: Likeness | undefined;
}

/** What the seeds of a recipe came to. */
export function foundText(
  { recipe }: Entry,
  folder: string,
  { outcomes, diverged, missing }: Found,
  { timing, published }: Beside,
): string {
  const title = shown(`${recipe.name}: ${recipe.title}, ${recipe.who}`);
  const lacks = missing.length === 0 ? [] : [
    `  not there yet: ${missing.length} of ${
      outcomes.length + missing.length
    } seeds`,
  ];
  if (outcomes.length === 0) return [title, ...lacks].join("\n");
  const standing = standingOf(outcomes);
  const { median, interval, seeds, grokked, share, memorised } = standing;
  const [low, high] = interval;
  const { stated, holds, reasons, tracks } = verdictOf(recipe, standing);
  const at = (ms: number) => `${(ms * median! / 1000).toPrecision(2)} s`;
  return [
    title,
    `  99 % held from step ${
      stepText(median)
    } in the median of ${seeds} seeds ` +
    `(95 %: ${stepText(low)} to ${stepText(high)})`,
    `  ${grokked} of ${seeds} grokked (95 %: ${percent(share[0], 0)} to ` +
    `${percent(share[1], 0)})` +
    (diverged.length > 0 ? `, ${diverged.length} diverged` : ""),
    `  memorised at step ${stepText(memorised)}`,
    ...lacks,
    ...timing
      ? [
        `  ${timingText(timing)}` +
        (median === null ? "" : `: ${at(timing.one)} and ${at(timing.two)}`),
      ]
      : [],
    ...published
      ? [
        `  published: ${published.same} of ${published.of} seeds at the same steps`,
      ]
      : [],
    `  tracks: ${tracks.join(", ")}`,
    ...reasons.map((why) => `  but: ${why}`),
    ...stated === undefined
      ? []
      : [`  states ${stepText(stated)}: ${holds ? "holds" : "does not hold"}`],
    `  runs: ${shown(folder)}`,
  ].join("\n");
}

/** The table, track by track. */
export function tableText(entries: readonly Listed[]): string {
  const parts = trackNames.map((name) => {
    const rows = ranked(entries, name).map(({ recipe, standing }, i) => {
      const { median, interval: [low, high], seeds, grokked } = standing;
      return `  ${String(i + 1).padStart(2)}  ${
        stepText(median).padStart(6)
      }  ` +
        `${stepText(low)} to ${stepText(high)}`.padEnd(17) +
        `${grokked} of ${seeds}`.padEnd(10) +
        `${recipe.name}: ${recipe.title}, ${recipe.who}` +
        (seeds < SEEDS ? ` (${seeds} seeds so far)` : "");
    });
    return [tracks[name].title, ...rows.length > 0 ? rows : ["  no entry yet"]]
      .map(shown).join("\n");
  });
  const waiting = entries.filter((entry) => !isRun(entry))
    .map(({ recipe }) => shown(`  ${recipe.name}: ${recipe.title}`));
  return [
    ...parts,
    ...waiting.length > 0 ? [["Not run yet", ...waiting].join("\n")] : [],
  ].join("\n\n");
}
