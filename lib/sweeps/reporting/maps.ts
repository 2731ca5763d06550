/**
 * Maps of what became of runs, a measure each.
 *
 * @module
 */

import { maxOf, minOf } from "../../base/extremes.ts";
import { percent } from "../../base/terminal.ts";
import { cellMapSvg, type MapCell } from "../../charts/cell_map.ts";
import type {
  Cell as TableCell,
  ReportFigure,
} from "../../report/figures/figure.ts";
import type { SweepAxis } from "../summaries/axes.ts";
import type { Cell } from "../summaries/cells.ts";
import { type LaidOut, type Panel, placeIn } from "./laid_out.ts";
import type { Measure } from "./measures.ts";
import { cellText, stepText } from "./words.ts";

/** The maps of a measure: all panels on a sheet, or a figure for each. */
export function mapsOf(
  layout: LaidOut,
  measure: Measure,
  apart: boolean,
): ReportFigure[] {
  const { panels } = layout;
  if (!apart || panels.length === 1) {
    return [mapOf(layout, measure, panels, apart, "")];
  }
  return panels.map((panel, i) =>
    mapOf(layout, measure, [panel], true, `-${i + 1}`)
  );
}

// Links lead to places of the page.
function mapOf(
  layout: LaidOut,
  measure: Measure,
  panels: readonly Panel[],
  links: boolean,
  end: string,
): ReportFigure {
  const { id, title, caption, label, share } = measure;
  const single = panels.length === 1;
  // A panel that is a figure of its own has its heading above it.
  const alone = single && end !== "";
  const shown = panels.map((panel) => ({
    title: alone ? "" : panel.title,
    x: levelsOf(layout.x),
    y: levelsOf(layout.y),
    cells: panel.cells.map((cell) => mapCell(layout, measure, cell, links)),
  }));
  // One scale for all panels, wherever they are.
  const values = layout.cells.map(({ summary }) => measure.value(summary))
    .filter((value) => value !== null);
  const [least, most] = values.length === 0
    ? [0, 1]
    : [minOf(values), maxOf(values)];
  const svg = cellMapSvg({
    title: alone ? panels[0]!.title : title,
    ...(layout.pooled.length > 0 &&
      { subtitle: `Cells pool over ${layout.pooled.join(", ")}.` }),
    description: `${caption} ${
      panels.flatMap(({ cells }) =>
        cells.map((cell) =>
          `${cellText(layout, cell)}: ${measure.text(cell.summary)}`
        )
      ).slice(0, single ? 40 : 0).join(". ")
    }`,
    colour: {
      label,
      domain: share ? [0, 1] : [least, most],
      log: !share && least > 0 && most / least >= 3,
      show: share ? (x) => percent(x, 0) : stepText,
    },
    signs: signsOf(shown.flatMap(({ cells }) => cells)),
    panels: shown,
    perRow: perRowOf(layout),
  });
  return {
    id: id + end,
    title: single && panels[0]!.title !== ""
      ? `${title}: ${panels[0]!.title}`
      : title,
    caption,
    svg,
    data: tableOf(layout, measure, panels),
  };
}

// A row of panels is what the first key makes, if all of it fits.
function perRowOf({ by, panels }: LaidOut): number {
  const first = by[0]?.levels.length ?? 1;
  return by.length > 1 && first > 1 && first <= 4 && panels.length % first === 0
    ? first
    : 3;
}

function levelsOf(axis: SweepAxis | undefined) {
  return axis === undefined ? { label: "", levels: [""] } : {
    label: axis.key + (axis.binned ? ", from" : "") +
      (axis.log ? " (log)" : ""),
    levels: axis.levels.map(({ label }) => label),
  };
}

function mapCell(
  layout: LaidOut,
  measure: Measure,
  cell: Cell,
  links: boolean,
): MapCell {
  const { summary } = cell;
  const { counts, share } = summary;
  const [x, y] = placeIn(layout, cell);
  const value = measure.value(summary);
  const open = counts.training + counts.waiting;
  const notes = [
    ...(counts.diverged > 0 ? [`${counts.diverged} div.`] : []),
    ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
    ...(open > 0 ? [`${open} open`] : []),
  ];
  const place = {
    x,
    y,
    title: `${cellText(layout, cell)}. ${measure.title}: ${
      value === null && share === null ? "–" : measure.text(summary)
    }`,
    ...(links && { href: `#${cellId(layout, cell)}` }),
  };
  if (value !== null || measure.beyond?.(summary)) {
    return {
      ...place,
      value,
      ...(value === null && { sign: "beyond" as const }),
      text: measure.text(summary),
      ...(notes.length > 0 && { note: notes.join(" ") }),
    };
  }
  const over = counts.diverged + counts.failed > 0 && open === 0;
  return {
    ...place,
    value,
    sign: over && share === null ? "crossed" : "outlined",
    text: share === null ? notes[0] ?? "–" : "–",
    ...(share === null && notes.length > 1 &&
      { note: notes.slice(1).join(" ") }),
  };
}

const SIGNS = [
  ["beyond", "grey, with >: fewer than half had by then"],
  ["crossed", "crossed out: all diverged (div.) or failed"],
  ["outlined", "dashed: not ended (open), or none memorised (–)"],
] as const;

function signsOf(cells: readonly MapCell[]): string[] {
  return SIGNS.filter(([sign]) => cells.some((cell) => cell.sign === sign))
    .map(([, text]) => text);
}

/** Where the page has a cell's runs. */
export function cellId({ cells }: LaidOut, cell: Cell): string {
  return `cell-${cells.indexOf(cell) + 1}`;
}

function tableOf(
  { x, y, by }: LaidOut,
  measure: Measure,
  panels: readonly Panel[],
): ReportFigure["data"] {
  const axes = [x, y, ...by].filter((axis) => axis !== undefined);
  const cells = panels.flatMap(({ cells }) => cells);
  const columns = Object.keys(measure.table(cells[0]!.summary));
  return {
    columns: [
      ...axes.map(({ key }) => key),
      ...["runs", "done", "diverged", "failed", "open", "grokked"],
      ...columns,
    ],
    rows: cells.map(({ records, summary }) => {
      const { counts, grokked } = summary;
      const measured = measure.table(summary);
      return [
        ...axes.map((axis) =>
          levelText(axis, records[0]!.values[axis.key], axis.of(records[0]!))
        ),
        records.length,
        counts.done,
        counts.diverged,
        counts.failed,
        counts.training + counts.waiting,
        grokked,
        ...columns.map((name) => measured[name] ?? null),
      ];
    }),
  };
}

// A number in full, unless several lie in the level.
function levelText(axis: SweepAxis, value: unknown, level: number): TableCell {
  return typeof value === "number" && !axis.binned
    ? value
    : axis.levels[level]!.label;
}
