/**
 * Charts as SVG: panels side by side, one legend, bands of several runs, and
 * published values marked. On a white ground, so that they read the same in
 * light and dark pages.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { FONT, LETTER, sheetSvg, text, WIDTH } from "./sheet.ts";
import { logTicks } from "./ticks.ts";

/** One axis of a panel. */
export interface Axis {
  /** What is measured, with its unit. */
  readonly label: string;
  /** Linear, if left out. */
  readonly scale?: "linear" | "log";
  /** Its ends; those of the data, if left out. */
  readonly domain?: readonly [number, number];
  /** The numbers are shares, to be shown in per cent. */
  readonly percent?: boolean;
  /** Where numbers stand; a few round ones, if left out. */
  readonly ticks?: readonly number[];
}

/** A point of a series: in the middle of a band, if it has one. */
export interface Point {
  /** Position along x. */
  readonly x: number;
  /** Position along y; NaN is a gap. */
  readonly y: number;
  /** Lower edge of the band. */
  readonly low?: number;
  /** Upper edge of the band. */
  readonly high?: number;
}

/** Points that belong together. */
export interface Series {
  /**
   * What the legend says; the same name is the same entry in every panel, an
   * empty one has none.
   */
  readonly name: string;
  /** Which colour of the palette, from 0. */
  readonly colour: number;
  /**
   * How the points are joined, `none` for dots only, `stems` for dots that stand
   * on lines from 0; a line, if left out.
   */
  readonly line?: "solid" | "dashed" | "dotted" | "none" | "stems";
  /** Dots on the points too. */
  readonly dots?: boolean;
  /** The points, in the order in which they are joined. */
  readonly points: readonly Point[];
}

/** A published value: a point, or a level along the whole of the other axis. */
export interface Published {
  /** Position along x; left out for a level of y. */
  readonly x?: number;
  /** Position along y; left out for a moment in x. */
  readonly y?: number;
  /** The colour of the series that it is to be compared with. */
  readonly colour: number;
  /** What the legend calls it; that it was published, if left out. */
  readonly name?: string;
}

/** One pair of axes. */
export interface Panel {
  /** Its heading. */
  readonly title: string;
  /** The axis along. */
  readonly x: Axis;
  /** The axis up. */
  readonly y: Axis;
  /** What is drawn. */
  readonly series: readonly Series[];
  /** Published values. */
  readonly published?: readonly Published[];
}

/** A whole chart. */
export interface Chart {
  /** Its heading. */
  readonly title: string;
  /** What stands below the heading, small. */
  readonly subtitle?: string;
  /** Its panels, row by row. */
  readonly panels: readonly Panel[];
  /** Panels in a row; 3, if left out. */
  readonly perRow?: number;
}

/** Okabe and Ito's palette, which the colour-blind can tell apart, darkest first. */
export const palette: readonly string[] = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#56B4E9",
  "#E69F00",
  "#000000",
  "#8A8A00",
];

const colourOf = (colour: number) => palette[colour % palette.length]!;

const isJoined = (line: Series["line"]): line is keyof typeof DASHES =>
  line !== "none" && line !== "stems";

const DASHES = { solid: undefined, dashed: "6 3", dotted: "2 3" } as const;

const HEIGHT = 250;

/** Draws a chart; the same chart gives the same bytes. */
export function chartSvg(chart: Chart): string {
  return settled(sheetSvg(chart, {
    height: HEIGHT + 34,
    head(width) {
      const { svg, height } = legendOf(chart, width);
      return { svg, height: height + 8 };
    },
    panel: panelSvg,
  }));
}

// Plot numbers its clips through the life of the program, and writes
// coordinates with all their digits.
function settled(svg: string): string {
  const ids = new Map<string, string>();
  return svg.replaceAll(/plot-clip-\d+/g, (id) => {
    if (!ids.has(id)) ids.set(id, `clip-${ids.size + 1}`);
    return ids.get(id)!;
  }).replaceAll(
    /="[^"]*\.\d{3}[^"]*"/g,
    (attribute) =>
      attribute.replaceAll(/-?\d+\.\d{3,}/g, (x) => String(+(+x).toFixed(2))),
  );
}

function legendOf(
  { panels }: Chart,
  width: number,
): { svg: string; height: number } {
  const entries = new Map<string, string>();
  for (
    const { name, colour, line = "solid", dots } of panels.flatMap((
      { series },
    ) => series)
  ) {
    if (name === "" || entries.has(name)) continue;
    const stroke = colourOf(colour);
    const dotted = dots || !isJoined(line);
    const dash = isJoined(line) ? DASHES[line] : undefined;
    entries.set(
      name,
      (!isJoined(line)
        ? ""
        : `<line x1="0" x2="22" y1="-4" y2="-4" stroke="${stroke}" stroke-width="2"` +
          (dash ? ` stroke-dasharray="${dash}"/>` : "/>")) +
        (dotted ? `<circle cx="11" cy="-4" r="3" fill="${stroke}"/>` : ""),
    );
  }
  for (
    const { x, y, name } of panels.flatMap(({ published = [] }) => published)
  ) {
    if (x !== undefined && y !== undefined) {
      entries.set(
        name ?? "published",
        `<path d="M11,-9 16,-4 11,1 6,-4Z" fill="#fff" stroke="#222" stroke-width="1.5"/>`,
      );
    } else {
      entries.set(
        name ?? "published level or step",
        `<line x1="0" x2="22" y1="-4" y2="-4" stroke="#222" stroke-dasharray="1 3" stroke-width="1.5"/>`,
      );
    }
  }
  if (
    panels.some(({ series }) =>
      series.some(({ points }) =>
        points.some(({ low, high }) => low !== undefined && low !== high)
      )
    )
  ) {
    entries.set(
      "band: least to most over the seeds",
      `<rect x="0" y="-9" width="22" height="10" fill="#888" fill-opacity="0.3"/>`,
    );
  }
  let [x, row] = [0, 0];
  const items = [...entries].map(([name, mark]) => {
    const space = 28 + name.length * 11 * LETTER + 22;
    if (x > 0 && x + space > width) [x, row] = [0, row + 1];
    const item = `<g transform="translate(${x},${12 + row * 17})">${mark}` +
      text(28, 0, name, 11) + "</g>";
    x += space;
    return item;
  });
  return {
    svg: items.join(""),
    height: entries.size === 0 ? 0 : 17 * (row + 1),
  };
}

// What a logarithmic axis cannot show is left out.
const shown = (value: number, { scale }: Axis) =>
  Number.isFinite(value) && (scale !== "log" || value > 0);

// What has no logarithm is not on a logarithmic axis; where nothing has one, as of
// a single evaluation at step 0, the axis is linear.
function axisOf(axis: Axis, values: readonly number[]): Axis {
  const finite = values.filter(Number.isFinite);
  const none = finite.length > 0 && finite.every((value) => value <= 0);
  return axis.scale === "log" && !axis.domain && none
    ? { ...axis, scale: "linear" }
    : axis;
}

/** Points of a line that no line reaches: what is beside them is a gap, or nothing. */
function alone(points: readonly Point[]): Point[] {
  const there = (point: Point | undefined) =>
    point !== undefined && !Number.isNaN(point.y);
  return points.filter((point, i) =>
    there(point) && !there(points[i - 1]) && !there(points[i + 1])
  );
}

function panelSvg(panel: Panel): string {
  const { series, published = [] } = panel;
  const every = series.flatMap(({ points }) => points);
  const x = axisOf(panel.x, [
    ...every.map((point) => point.x),
    ...published.map((point) => point.x ?? NaN),
  ]);
  const y = axisOf(panel.y, every.map((point) => point.y));
  const { document } = parseHTML("<html></html>") as unknown as {
    document: never;
  };
  const marks = [
    Plot.frame({ stroke: "#bbb" }),
    ...series.map(({ points, colour }) => {
      const band = points.filter((p) => shown(p.x, x)).map((p) =>
        p.low !== undefined && shown(p.low, y) && shown(p.high!, y)
          ? p
          : { ...p, low: NaN, high: NaN }
      );
      if (band.every(({ low }) => Number.isNaN(low))) return null;
      return Plot.areaY(band, {
        x: "x",
        y1: "low",
        y2: "high",
        fill: colourOf(colour),
        fillOpacity: 0.2,
        clip: true,
      });
    }),
    ...series.flatMap(({ points, colour, line = "solid", dots }) => {
      // What cannot be shown is a gap in the line.
      const joined = points.filter((p) => shown(p.x, x))
        .map((p) => shown(p.y, y) ? p : { ...p, y: NaN });
      const own = joined.filter((p) => !Number.isNaN(p.y));
      const dotted = dots || !isJoined(line) ? own : alone(joined);
      const bars = alone(joined).filter(({ low, high }) =>
        low !== undefined && shown(low, y) && high! > low
      );
      const stroke = colourOf(colour);
      return [
        ...(line === "stems"
          ? [Plot.ruleX(own, { x: "x", y: "y", stroke, strokeWidth: 1.5 })]
          : []),
        ...(!isJoined(line) ? [] : [
          Plot.line(joined, {
            x: "x",
            y: "y",
            stroke,
            strokeWidth: 1.8,
            clip: true,
            ...(DASHES[line] && { strokeDasharray: DASHES[line] }),
          }),
        ]),
        // Where no line is, the band is none either.
        ...(bars.length > 0
          ? [Plot.ruleX(bars, {
            x: "x",
            y1: "low",
            y2: "high",
            stroke,
            strokeOpacity: 0.4,
            strokeWidth: 3,
          })]
          : []),
        ...(dotted.length > 0 || dots || !isJoined(line)
          ? [Plot.dot(dotted, { x: "x", y: "y", fill: stroke, r: 2.5 })]
          : []),
      ];
    }),
    ...published.map(({ x, y, colour }) => {
      const stroke = colourOf(colour);
      if (x === undefined) {
        return Plot.ruleY([y!], {
          stroke,
          strokeDasharray: "1 3",
          strokeWidth: 1.5,
        });
      }
      if (y === undefined) {
        return Plot.ruleX([x], {
          stroke,
          strokeDasharray: "1 3",
          strokeWidth: 1.5,
        });
      }
      return Plot.dot([{ x, y }], {
        x: "x",
        y: "y",
        symbol: "diamond",
        r: 5,
        fill: "#fff",
        stroke,
        strokeWidth: 1.8,
      });
    }),
  ];
  const svg = Plot.plot({
    document,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 50,
    marginBottom: 38,
    marginTop: 22,
    marginRight: 24,
    style: { fontSize: "10.5px", fontFamily: FONT, color: "#222" },
    x: {
      ...optionsOf(x),
      ticks: ticksOf(x, every.map((p) => p.x)),
      labelAnchor: "center",
      labelArrow: "none",
    },
    y: {
      ...optionsOf(y),
      ticks: ticksOf(y, every.map((p) => p.y)),
      grid: true,
      labelArrow: "none",
    },
    marks,
  });
  // Plot draws for pages; inside a drawing, what it needs of a page is stated.
  return svg.outerHTML.replace(/<style>[^]*?<\/style>/, "")
    .replace(/ class="[^"]*"/g, "");
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// 0.01 to 10,000 as they are, powers of ten beyond.
function powerText(value: number): string {
  const power = Math.log10(value);
  if (power > -3 && power < 5) return value.toLocaleString("en-US");
  if (!Number.isInteger(Math.round(power * 1e9) / 1e9)) {
    return Number(value.toPrecision(2)).toExponential();
  }
  const digits = String(Math.abs(Math.round(power)));
  return "10" + (power < 0 ? "⁻" : "") +
    [...digits].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");
}

// Numbers of an axis: those that were chosen, or so many linear ones, or round ones
// of a logarithmic axis, of what it shows.
function ticksOf(
  { scale, ticks, domain }: Axis,
  values: readonly number[],
): number[] | number {
  if (ticks) return [...ticks];
  return scale === "log" ? logTicks(domain ?? values) ?? 4 : 5;
}

function optionsOf(
  { label, scale = "linear", domain, percent = false }: Axis,
) {
  return {
    label,
    type: scale,
    percent,
    ...(domain &&
      { domain: percent ? domain.map((d) => 100 * d) : [...domain] }),
    ...(scale === "log" && {
      tickFormat: powerText,
    }),
  };
}
