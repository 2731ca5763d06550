/**
 * What maps show of a cell.
 *
 * @module
 */

import { percent, short } from "../../base/terminal.ts";
import type { Cell as TableCell } from "../../report/figures/figure.ts";
import type { SweepRecord } from "../collecting/records.ts";
import type { Summary } from "../summaries/cells.ts";
import type { CensoredMedian } from "../summaries/estimates.ts";
import { areRegressions } from "../summaries/outcomes.ts";
import { medianText } from "./words.ts";

/** Something that is said of each cell. */
export interface Measure {
  /** What it is called in links and files. */
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** What the colours are. */
  readonly label: string;
  /** The number of a cell; null where there is none. */
  value(summary: Summary): number | null;
  /** What is written in a cell. */
  text(summary: Summary): string;
  /** Whether nothing came as long as anybody looked. */
  beyond?(summary: Summary): boolean;
  /** Numbers for a table, by their columns. */
  table(summary: Summary): Readonly<Record<string, TableCell>>;
  /** Whether it is a share, else a number of steps. */
  readonly share: boolean;
}

const censored = (
  id: string,
  title: string,
  caption: string,
  of: (summary: Summary) => CensoredMedian,
): Measure => ({
  id,
  title,
  caption,
  label: "steps, median",
  share: false,
  value: (summary) => of(summary).at,
  text: (summary) => medianText(of(summary)),
  beyond: (summary) => of(summary).over !== null,
  table: (summary) => ({ median: of(summary).at, over: of(summary).over }),
});

const final = (
  id: string,
  title: string,
  caption: string,
  label: string,
  of: (summary: Summary) => number | null,
): Measure => ({
  id,
  title,
  caption,
  label,
  share: true,
  value: of,
  text: (summary) => {
    const value = of(summary);
    return value === null ? "–" : percent(value, 0);
  },
  table: (summary) => ({ median: of(summary) }),
});

const loss = (
  set: string,
  of: (summary: Summary) => number | null,
): Measure => ({
  id: `${set}-loss`,
  title: `Loss of the ${set} rows at the end`,
  caption: "The median of the runs that are done.",
  label: `${set} loss, median`,
  share: false,
  value: of,
  text: (summary) => short(of(summary)),
  table: (summary) => ({ median: of(summary) }),
});

/** What is drawn of regressions, which have no accuracy. */
const LOSSES: readonly Measure[] = [
  loss("test", ({ testLoss }) => testLoss),
  loss("train", ({ trainLoss }) => trainLoss),
];

/**
 * What is drawn of a sweep's runs: of regressions their losses, and what is said of
 * grokking where their configs name a loss at which they count as learnt.
 */
export function measuresOf(records: readonly SweepRecord[]): Measure[] {
  if (!areRegressions(records)) return [...MEASURES];
  const said = records.some(({ ended }) =>
    typeof ended?.result?.loss_threshold === "number"
  );
  return [...LOSSES, ...(said ? MEASURES.slice(0, 3) : [])];
}

/** What is drawn of runs that have classes. */
export const MEASURES: readonly Measure[] = [
  {
    id: "grokked",
    title: "Share of the runs that grokked",
    caption: "Of those that came to an end, done or diverged: how many had a " +
      "test accuracy of 99 % at some evaluation; of a regression, a test loss " +
      "as low as its config's lossThreshold.",
    label: "share that grokked",
    share: true,
    value: ({ share }) => share,
    text: ({ grokked, known }) => `${grokked}/${known}`,
    table: ({ share, interval }) => ({
      share,
      low: interval?.[0] ?? null,
      high: interval?.[1] ?? null,
    }),
  },
  censored(
    "grokked-at",
    "When they grokked",
    "The step by which half of the runs had grokked; where fewer did, it is " +
      "above the last step that was looked at (Kaplan and Meier's median).",
    ({ grokkedAt }) => grokkedAt,
  ),
  censored(
    "delay",
    "From memorising to grokking",
    "Of the runs that memorised: after how many steps half of them had grokked, " +
      "or above how many that lies.",
    ({ delay }) => delay,
  ),
  final(
    "test-accuracy",
    "Test accuracy at the end",
    "The median of the runs that are done.",
    "test accuracy, median",
    ({ testAccuracy }) => testAccuracy,
  ),
  final(
    "collapse",
    "Softmax Collapse at the end",
    "Share of the train rows whose sum of exponentials is exactly 1 in the " +
      "loss's precision; the median of the runs that are done.",
    "collapsed rows, median",
    ({ collapse }) => collapse,
  ),
];
