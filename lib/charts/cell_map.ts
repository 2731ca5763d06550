/**
 * Heat maps of few cells, each with a word in it and a place to go to: what
 * became of runs along two settings.
 *
 * @module
 */

import { maxOf } from "../base/extremes.ts";
import { coloursOf, rampImage, type Rgb } from "./heat_map.ts";
import {
  cut,
  escaped,
  inLines,
  LETTER,
  sheetSvg,
  text,
  WIDTH,
} from "./sheet.ts";

/** A cell. */
export interface MapCell {
  /** Its column, from 0. */
  readonly x: number;
  /** Its row from below, from 0. */
  readonly y: number;
  /** What its colour says; null where it is another sign. */
  readonly value: number | null;
  /** How one without a value is drawn: grey, crossed out, or only outlined. */
  readonly sign?: "beyond" | "crossed" | "outlined";
  /** What stands in it, where it has room. */
  readonly text: string;
  /** What stands below, small. */
  readonly note?: string;
  /** All of it in words. */
  readonly title: string;
  /** Where it leads. */
  readonly href?: string;
}

/** One pair of axes. */
export interface CellPanel {
  /** Its heading. */
  readonly title: string;
  readonly x: CellLevels;
  readonly y: CellLevels;
  /** The cells that there are. */
  readonly cells: readonly MapCell[];
}

/** An axis of cells. */
export interface CellLevels {
  /** What changes along it; empty where nothing does. */
  readonly label: string;
  /** What stands at each column, or at each row from below. */
  readonly levels: readonly string[];
}

/** A whole map. */
export interface CellMap {
  /** Its heading. */
  readonly title: string;
  /** What stands below the heading, small. */
  readonly subtitle?: string;
  /** What it shows, for who does not see it. */
  readonly description: string;
  /** What the colours mean. */
  readonly colour: {
    readonly label: string;
    /** The numbers at the ends. */
    readonly domain: readonly [number, number];
    /** Whether colours go by logarithms. */
    readonly log?: boolean;
    /** A number as the label has it. */
    show(value: number): string;
  };
  /** What the other signs mean, those that are there. */
  readonly signs: readonly string[];
  readonly panels: readonly CellPanel[];
  /** Panels in a row; 3, if left out. */
  readonly perRow?: number;
}

const EDGE = { right: 8, top: 4 };
const SIZE = 10.5;
// Pages have another one in the dark.
const GREY = "#d9d9d9";

/** Draws a map; the same map gives the same bytes. */
export function cellMapSvg(map: CellMap): string {
  const colours = scaleOf(map.colour);
  const heights = map.panels.map((panel) => layoutOf(panel).height);
  return sheetSvg(map, {
    height: maxOf(heights) + 34,
    head: () => headOf(map, colours),
    // What tells panels apart may stand at the end.
    heading: ({ title }) => inLines(title, WIDTH - 8, 12),
    panel: (panel) => panelSvg(panel, colours),
  });
}

function scaleOf({ domain, log }: CellMap["colour"]): (value: number) => Rgb {
  const to = log ? Math.log : Number;
  const [least, most] = domain.map(to) as [number, number];
  const colours = coloursOf({
    kind: "sequential",
    // Of a single number the middle.
    domain: least < most ? [least, most] : [least - 1, least + 1],
  });
  return (value) => colours(to(value));
}

function headOf(
  { colour, signs, panels }: CellMap,
  colours: (value: number) => Rgb,
): { svg: string; height: number } {
  const coloured = panels.some(({ cells }) =>
    cells.some(({ value }) => value !== null)
  );
  const ramp = coloured ? rampOf(colour, colours) : "";
  const top = coloured ? 26 : 9;
  return {
    svg: ramp +
      signs.map((sign, i) => text(0, top + 14 * i, sign, SIZE, "400", "#555"))
        .join(""),
    height: top - 2 + 14 * signs.length,
  };
}

function rampOf(
  { label, domain: [least, most], log, show }: CellMap["colour"],
  colours: (value: number) => Rgb,
): string {
  const steps = Array.from(
    { length: 64 },
    (_, i) =>
      log
        ? least * (most / least) ** (i / 63)
        : least + (most - least) * i / 63,
  );
  const ends = least < most ? `${show(least)} to ${show(most)}` : show(least);
  const how = log && least < most ? " (log)" : "";
  return rampImage(steps, colours) +
    text(128, 9, `${label}, ${ends}${how}`, 11);
}

/** Where the cells of a panel are. */
interface Layout {
  readonly left: number;
  readonly width: number;
  readonly row: number;
  readonly turned: boolean;
  readonly below: number;
  readonly height: number;
}

function layoutOf({ x, y }: CellPanel): Layout {
  const longest = ({ levels }: CellLevels) =>
    maxOf(levels.map(({ length }) => length)) * SIZE * LETTER;
  const left = Math.min(130, longest(y) + 8) + (y.label === "" ? 0 : 16);
  const width = (WIDTH - left - EDGE.right) / x.levels.length;
  const count = y.levels.length;
  const row = count <= 3 ? 46 : count <= 6 ? 38 : count <= 12 ? 28 : 18;
  const turned = longest(x) > width - 4;
  const below = (turned ? Math.min(90, longest(x) * 0.75 + 12) : 16) +
    (x.label === "" ? 0 : 16);
  return {
    left,
    width,
    row,
    turned,
    below,
    height: EDGE.top + count * row + below,
  };
}

function panelSvg(
  panel: CellPanel,
  colours: (value: number) => Rgb,
): string {
  const layout = layoutOf(panel);
  const { left, width, row, turned, height } = layout;
  const { x, y } = panel;
  const bottom = EDGE.top + y.levels.length * row;
  const middle = (left + WIDTH - EDGE.right) / 2;
  const xTicks = x.levels.map((level, i) => {
    const at = left + (i + 0.5) * width;
    return turned
      ? `<text font-size="${SIZE}" text-anchor="end" transform="translate(${
        n(at + 4)
      },${n(bottom + 12)}) rotate(-40)">${
        escaped(cut(level, 118, SIZE))
      }</text>`
      : centred(at, bottom + 13, level, SIZE);
  });
  const yTicks = y.levels.map((level, i) =>
    `<text x="${n(left - 6)}" y="${
      n(bottom - (i + 0.5) * row + 4)
    }" font-size="${SIZE}" text-anchor="end">${
      escaped(cut(level, 122, SIZE))
    }</text>`
  );
  const label = y.label === "" ? "" : `<text font-size="${SIZE}" ` +
    `text-anchor="middle" transform="translate(10,${
      n((EDGE.top + bottom) / 2)
    }) rotate(-90)">${escaped(y.label)}</text>`;
  return panel.cells.map((cell) => cellSvg(cell, layout, bottom, colours))
    .concat(xTicks, yTicks, label).join("") +
    (x.label === "" ? "" : centred(middle, height - 6, x.label, SIZE));
}

const n = (x: number) => String(Number(x.toFixed(1)));

const centred = (
  x: number,
  y: number,
  content: string,
  size: number,
  fill = "#222",
) =>
  `<text x="${n(x)}" y="${n(y)}" font-size="${size}" text-anchor="middle" ` +
  `fill="${fill}">${escaped(content)}</text>`;

// A word in the largest letters that fit, or none.
function fitted(content: string, width: number): number | undefined {
  return [12, SIZE, 9, 7.5].find((size) =>
    content.length * size * LETTER <= width - 2
  );
}

function cellSvg(
  cell: MapCell,
  { left, width, row }: Layout,
  bottom: number,
  colours: (value: number) => Rgb,
): string {
  const box = {
    x: left + cell.x * width,
    y: bottom - (cell.y + 1) * row,
    w: width - 1.5,
    h: row - 1.5,
  };
  const rgb = cell.value === null ? undefined : colours(cell.value);
  const ink = rgb ? (isLight(rgb) ? "#111" : "#fefefe") : "#222";
  const inner = `<title>${escaped(cell.title)}</title>` +
    boxSvg(cell, box, rgb) + wordsSvg(cell, box, ink);
  return cell.href === undefined
    ? `<g>${inner}</g>`
    : `<a href="${cell.href}">${inner}</a>`;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function boxSvg(
  { sign }: MapCell,
  { x, y, w, h }: Box,
  rgb: Rgb | undefined,
): string {
  const rect = (attributes: string) =>
    `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" ` +
    `${attributes}/>`;
  if (rgb) return rect(`fill="rgb(${rgb.join(",")})"`);
  if (sign === "beyond") return rect(`fill="${GREY}"`);
  const outline = 'fill="none" stroke="#bbb"';
  return sign === "crossed"
    ? rect(outline) +
      `<path d="M${n(x)},${n(y)}l${n(w)},${n(h)}m0,${n(-h)}l${n(-w)},${
        n(h)
      }" ` +
      `${outline}/>`
    : rect(`${outline} stroke-dasharray="3 3"`);
}

function wordsSvg(
  { text, note = "" }: MapCell,
  { x, y, w, h }: Box,
  ink: string,
): string {
  const [middle, centre] = [x + w / 2, y + h / 2];
  const size = fitted(text, w);
  if (size === undefined) return "";
  const small = h > 26 && note !== "" ? fitted(note, w) : undefined;
  const up = small === undefined ? 0 : 6;
  return centred(middle, centre + size * 0.36 - up, text, size, ink) +
    (small === undefined
      ? ""
      : centred(middle, centre + 12, note, Math.min(small, 9), ink));
}

// Relative luminance, as the contrast of letters is reckoned by.
function isLight([red, green, blue]: Rgb): boolean {
  const [r, g, b] = [red, green, blue].map((c) => (c / 255) ** 2.2);
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b! > 0.18;
}
