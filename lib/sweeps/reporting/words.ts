/**
 * Cells in words.
 *
 * @module
 */

import { percent, short } from "../../base/terminal.ts";
import type { Cell, Summary } from "../summaries/cells.ts";
import type { CensoredMedian } from "../summaries/estimates.ts";
import type { LaidOut } from "./laid_out.ts";

/** Where a cell is: "lr 0.01, loss softmax"; "all runs" where nothing varies. */
export function placeText({ x, y, by }: LaidOut, { records }: Cell): string {
  const axes = [x, y, ...by].filter((axis) => axis !== undefined);
  const texts = axes.map((axis) => axis.levels[axis.of(records[0]!)]!.text);
  return texts.length > 0 ? texts.join(", ") : "all runs";
}

/** A median that may lie beyond what was seen. */
export function medianText({ at, over }: CensoredMedian): string {
  if (at !== null) return stepText(at);
  return over === null ? "–" : `> ${stepText(over)}`;
}

/** A number of steps. */
export function stepText(steps: number): string {
  return Number.isInteger(steps) ? steps.toLocaleString("en") : short(steps);
}

/** How many grokked of how many, and what that says of the share. */
export function shareText(
  { grokked, known, share, interval }: Summary,
): string {
  if (share === null) return "";
  const [low, high] = interval!.map((end) => percent(end, 0));
  return `${grokked} of ${known} grokked (${
    percent(share, 0)
  }, 95 % interval ` +
    `${low} to ${high})`;
}

const count = (n: number, what: string) => n > 0 ? [`${n} ${what}`] : [];

/** Runs that are not done, by how they stand. */
export function openText({ counts }: Summary): string[] {
  return [
    ...count(counts.diverged, "diverged"),
    ...count(counts.failed, "failed"),
    ...count(counts.training, "in training"),
    ...count(counts.waiting, "waiting"),
  ];
}

/** A cell in a sentence. */
export function cellText(layout: LaidOut, cell: Cell): string {
  const { summary, pools } = cell;
  const { share, grokkedAt } = summary;
  return `${placeText(layout, cell)}: ` + [
    ...(share === null ? [] : [
      shareText(summary),
      grokkedAt.at === null
        ? `fewer than half by step ${stepText(grokkedAt.over!)}`
        : `half by step ${stepText(grokkedAt.at)}`,
    ]),
    ...openText(summary),
    ...(pools.length > 0 ? [`pools over ${pools.join(", ")}`] : []),
  ].join("; ");
}
