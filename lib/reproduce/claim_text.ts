/**
 * What a claim came to, in words.
 *
 * @module
 */

import { percent } from "../base/terminal.ts";
import type { Provenance, StepMedian, Tally } from "../figures/figure.ts";
import { stepText } from "../figures/readings.ts";

/** A share with its interval: "67 % (21 % to 94 %)"; a dash where there is none. */
export function shareText({ share, interval }: Tally): string {
  if (share === null || interval === null) return "–";
  const [low, high] = interval;
  return `${percent(share, 0)} (${percent(low, 0)} to ${percent(high, 0)})`;
}

/** How many seeds are there of how many: "3 of 5". */
export function seedsText({ there, wanted }: Tally): string {
  return `${there} of ${Math.max(there, wanted)}`;
}

/** With how many seeds a claim is so, and how many are there. */
export function tallyText(tally: Tally): string {
  const { so, saying } = tally;
  const share = saying === 0
    ? "none says anything"
    : `so with ${so} of the ${saying} that ` +
      `${saying === 1 ? "says" : "say"} something, ${shareText(tally)}`;
  return `${share}; ${seedsText(tally)} are there`;
}

/** Medians of steps with their intervals; never is spelt out. */
export function stepsText(steps: readonly StepMedian[]): string {
  return steps.map(({ what, median, interval: [low, high] }) =>
    `${what} ${stepText(median)}` +
    (low === high ? "" : ` (${stepText(low)} to ${stepText(high)})`)
  ).join("; ");
}

const WORDED: Readonly<Record<Provenance["worded"], string>> = {
  paper: "the paper",
  users: "users of its code",
  groklab: "us",
};

/** Who worded a claim. */
export function wordedText({ worded }: Provenance): string {
  return WORDED[worded];
}
