/**
 * Accuracy over training, of some cells: the median of the runs and their quartiles.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import type { Panel, Series } from "../../charts/chart.ts";
import { chartSvg } from "../../charts/chart_svg.ts";
import { cut, WIDTH } from "../../charts/sheet.ts";
import { bandOf, thinned } from "../../report/figures/curves.ts";
import type { ReportFigure } from "../../report/figures/figure.ts";
import { shownValue } from "../../report/runs.ts";
import type { MetricsRow } from "../../runs/run_folder.ts";
import type { SweepRecord } from "../collecting/records.ts";
import { rowsOf } from "../collecting/rows.ts";
import { type Point, runPath } from "../layout.ts";
import { textOf } from "../summaries/axes.ts";
import type { Cell } from "../summaries/cells.ts";
import { areRegressions } from "../summaries/outcomes.ts";
import type { LaidOut } from "./laid_out.ts";
import { placeText, shareText } from "./words.ts";

/** More cells than these have no curves. */
const MOST_CELLS = 12;

const BAND =
  "the median of the cell's runs, and in the band the middle half of them, from " +
  "the first quartile to the third.";

const curvesOf = (measure: "accuracy" | "loss") =>
  [
    { key: `test_${measure}`, name: "test", line: "solid" },
    { key: `train_${measure}`, name: "train", line: "dashed" },
  ] as const;

// What curves show, and of regressions.
const ACCURACY = {
  id: "accuracy",
  title: "Accuracy over training",
  caption: `Share of the rows whose largest logit is the label's: ${BAND}`,
  y: { label: "accuracy (%)", domain: [0, 1], percent: true },
  curves: curvesOf("accuracy"),
} as const;
const LOSS = {
  id: "loss",
  title: "Loss over training",
  caption: `Mean of the loss that was trained on: ${BAND}`,
  y: { label: "loss", scale: "log" },
  curves: curvesOf("loss"),
} as const;

/**
 * The cells that have curves: those that are asked for, else the one of the largest
 * share that grokked (of several, of the earliest median), one in the middle, and
 * the one of the least share (of several, of the least test accuracy).
 *
 * @throws {UsageError} if no run, or too many cells, are where a point says.
 */
export function chosenCells(
  { cells, varying }: LaidOut,
  points: readonly Point[] | undefined,
): Cell[] {
  if (points) {
    const chosen = new Set(
      points.flatMap((point) => at(cells, varying, point)),
    );
    if (chosen.size <= MOST_CELLS) return [...chosen];
    throw new UsageError(
      `cells must name at most ${MOST_CELLS} cells, got ${chosen.size}: ` +
        "say more keys of each",
    );
  }
  const done = cells.filter(({ summary }) =>
    summary.counts.done > 0 && summary.share !== null
  );
  const share = ({ summary }: Cell) => summary.share!;
  const step = ({ summary }: Cell) => summary.grokkedAt.at ?? Infinity;
  const accuracy = ({ summary }: Cell) => summary.testAccuracy ?? 0;
  const sorted = done.toSorted((a, b) =>
    share(b) - share(a) || order(step(a), step(b)) || accuracy(b) - accuracy(a)
  );
  const mixed = sorted.filter((cell) => share(cell) > 0 && share(cell) < 1)
    .toSorted((a, b) => Math.abs(share(a) - 0.5) - Math.abs(share(b) - 0.5));
  const middle = mixed[0] ?? sorted[Math.floor(sorted.length / 2)];
  const three = [sorted[0], middle, sorted.at(-1)];
  return [...new Set(three)].filter((cell) => cell !== undefined);
}

// Infinity less itself is no number.
const order = (a: number, b: number) => a < b ? -1 : a > b ? 1 : 0;

function at(
  cells: readonly Cell[],
  varying: readonly string[],
  point: Point,
): Cell[] {
  const keys = Object.keys(point);
  const other = keys.find((key) => !varying.includes(key));
  if (other !== undefined) {
    throw new UsageError(
      `cell must have keys in which the runs differ, got ${other}: choose ` +
        `from ${varying.join(", ")}`,
    );
  }
  const found = cells.filter(({ records }) =>
    records.some(({ values }) =>
      keys.every((key) => textOf(values[key]) === textOf(point[key]))
    )
  );
  if (found.length > 0) return found;
  throw new UsageError(
    `cell must be one that has runs, got ${
      keys.map((key) => `${key}=${shownValue(point[key])}`).join(",")
    }`,
  );
}

/** A cell with the evaluations of its runs. */
interface Curve {
  readonly cell: Cell;
  readonly runs: readonly {
    readonly record: SweepRecord;
    readonly rows: readonly MetricsRow[];
  }[];
}

/** Curves of cells, read. */
export interface Curves {
  readonly layout: LaidOut;
  readonly curves: readonly Curve[];
}

/**
 * Reads the evaluations of some cells; cells without any are left out.
 *
 * @param folder The sweep's.
 * @param layout Its runs.
 * @param cells The cells.
 * @param problems Where it is said what is damaged.
 */
export async function readCurves(
  folder: string,
  layout: LaidOut,
  cells: readonly Cell[],
  problems: string[],
): Promise<Curves> {
  const curves: Curve[] = [];
  for (const cell of cells) {
    const runs = await Promise.all(cell.records.map(async (record) => ({
      record,
      rows: await rowsOf(runPath(folder, record.id), problems),
    })));
    const begun = runs.filter(({ rows }) => rows.length > 0);
    if (begun.length > 0) curves.push({ cell, runs: begun });
  }
  return { layout, curves };
}

/** The figures: all cells on a sheet, or one for each. */
export function bandFigures(
  { layout, curves }: Curves,
  apart: boolean,
): ReportFigure[] {
  if (curves.length === 0) return [];
  if (!apart || curves.length === 1) return [figureOf(layout, curves, "")];
  return curves.map((curve, i) => figureOf(layout, [curve], `-${i + 1}`));
}

function figureOf(
  layout: LaidOut,
  curves: readonly Curve[],
  end: string,
): ReportFigure {
  const { id, title, caption: what, ...shown } = areRegressions(layout.records)
    ? LOSS
    : ACCURACY;
  const places = curves.map(({ cell }) => placeText(layout, cell));
  const single = curves.length === 1;
  const caption = single ? `${what} ${captionOf(curves[0]!)}` : what;
  const svg = chartSvg({
    title: single ? places[0]! : title,
    description: caption,
    band: "the middle half of the runs",
    panels: curves.map((curve, i) =>
      panelOf(curve, shown, single ? "" : cut(places[i]!, WIDTH - 8, 12))
    ),
  });
  return {
    id: `${id}${end}`,
    title: single ? `${title}: ${places[0]}` : title,
    caption,
    svg,
    data: {
      columns: ["run", "step", ...shown.curves.map(({ key }) => key)],
      rows: curves.flatMap(({ runs }) =>
        runs.flatMap(({ record: { id }, rows }) =>
          rows.map((row) => [
            id,
            row.step,
            ...shown.curves.map(({ key }) => row[key] ?? null),
          ])
        )
      ),
    },
  };
}

function captionOf({ cell, runs }: Curve): string {
  const { summary, pools } = cell;
  const count = `${runs.length} ${runs.length === 1 ? "run" : "runs"}`;
  return `${count}` +
    (summary.share === null ? "" : `; ${shareText(summary)}`) +
    (pools.length > 0 ? `; pools over ${pools.join(", ")}` : "") + ".";
}

function panelOf(
  { runs }: Curve,
  { y, curves }: Pick<typeof ACCURACY | typeof LOSS, "y" | "curves">,
  title: string,
): Panel {
  const rows = runs.map(({ rows }) => rows as readonly unknown[]) as Parameters<
    typeof bandOf
  >[0];
  return {
    title,
    x: { label: "step", scale: "log" },
    y,
    series: curves.map(({ key, name, line }, i): Series => ({
      name,
      colour: i,
      line,
      points: thinned(bandOf(rows, key, [0.25, 0.75])),
    })),
  };
}
