/**
 * Heat maps as SVG, beside the charts of `chart.ts`: cells as one picture inside
 * the axes, so that p × p of them stay small.
 *
 * @module
 */

import * as Plot from "./plot.ts";
import { encode } from "fast-png";
import { plotSvg } from "./plot_svg.ts";
import { FONT, sheetSvg, text, WIDTH } from "./sheet.ts";

/** An axis of cells. */
export interface CellAxis {
  /** What is counted along it. */
  readonly label: string;
  /** Which cells have a tick, counted from 0, and what stands there. */
  readonly ticks: readonly (readonly [cell: number, text: string])[];
}

/** One pair of axes. */
export interface HeatPanel {
  /** Its heading. */
  readonly title: string;
  readonly x: CellAxis;
  readonly y: CellAxis;
  /** Rows from below, each from the left; NaN is a gap. */
  readonly cells: readonly ArrayLike<number>[];
}

/** A whole heat map. */
export interface HeatMap {
  /** Its heading. */
  readonly title: string;
  /** What stands below the heading, small. */
  readonly subtitle?: string;
  /** What the colours mean. */
  readonly colour: {
    readonly label: string;
    /** From nothing to much, or from below zero to above. */
    readonly kind: "sequential" | "diverging";
    /** The numbers at the ends. */
    readonly domain: readonly [number, number];
  };
  readonly panels: readonly HeatPanel[];
  /** Panels in a row; 3, if left out. */
  readonly perRow?: number;
}

const HEIGHT = 290;
const EDGE = { left: 50, right: 14, top: 8, bottom: 38 };
const INNER = [
  WIDTH - EDGE.left - EDGE.right,
  HEIGHT - EDGE.top - EDGE.bottom,
] as const;

// Both can be told apart by the colour-blind, and in grey.
const SCHEMES = { sequential: "viridis", diverging: "puor" } as const;

/** Draws a heat map; the same map gives the same bytes. */
export function heatMapSvg(map: HeatMap): string {
  const colours = coloursOf(map.colour);
  return sheetSvg(map, {
    height: HEIGHT + 24,
    head: () => ({ svg: ramp(map.colour, colours), height: 34 }),
    panel: (panel) => panelSvg(panel, colours),
  });
}

/** Red, green and blue, each in 0..255. */
export type Rgb = readonly [number, number, number];

const GREY: Rgb = [190, 190, 190];

/** Numbers as colours; what is no number is grey. */
export function coloursOf(
  { kind, domain }: Pick<HeatMap["colour"], "kind" | "domain">,
): (value: number) => Rgb {
  const scale = Plot.scale({
    color: {
      type: "linear",
      scheme: SCHEMES[kind],
      domain: [...domain],
      clamp: true,
    },
  });
  return (value) =>
    Number.isFinite(value) ? rgbOf(scale.apply(value) as string) : GREY;
}

// "#440154" or "rgb(68, 1, 84)".
function rgbOf(colour: string): Rgb {
  const [red, green, blue] = colour.startsWith("#")
    ? [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16))
    : (colour.match(/\d+/g) ?? []).map(Number);
  return [red!, green!, blue!];
}

// Pixels from above, each a cell.
function pictureOf(
  rows: readonly ArrayLike<number>[],
  colours: (value: number) => Rgb,
): string {
  const [height, width] = [rows.length, rows[0]?.length ?? 0];
  const data = new Uint8Array(3 * width * height);
  rows.forEach((row, y) => {
    for (let x = 0; x < width; x++) {
      data.set(colours(row[x]!), 3 * (y * width + x));
    }
  });
  const png = encode({ width, height, data, channels: 3 });
  return `data:image/png;base64,${png.toBase64()}`;
}

function ramp(
  { label, domain: [least, most] }: HeatMap["colour"],
  colours: (value: number) => Rgb,
): string {
  const steps = Array.from(
    { length: 128 },
    (_, i) => least + (most - least) * i / 127,
  );
  const ends = `${shown(least)} to ${shown(most)}`;
  return rampImage(steps, colours) + text(128, 9, `${label}, ${ends}`, 11);
}

/** Colours from left to right, of the numbers that are given. */
export function rampImage(
  steps: readonly number[],
  colours: (value: number) => Rgb,
): string {
  return `<image width="120" height="10" preserveAspectRatio="none" href="${
    pictureOf([steps], colours)
  }"/>`;
}

const shown = (x: number) =>
  Number(x.toPrecision(3)).toString().replace("-", "−");

function panelSvg(
  { x, y, cells }: HeatPanel,
  colours: (value: number) => Rgb,
): string {
  const [width, height] = INNER;
  const axis = ({ label, ticks }: CellAxis, length: number) => ({
    type: "linear" as const,
    domain: [0, length],
    label,
    labelAnchor: "center" as const,
    labelArrow: "none" as const,
    ticks: ticks.map(([cell]) => cell + 0.5),
    tickFormat: (at: number) =>
      ticks.find(([cell]) => cell + 0.5 === at)?.[1] ?? "",
  });
  return plotSvg({
    width: WIDTH,
    height: HEIGHT,
    marginLeft: EDGE.left,
    marginRight: EDGE.right,
    marginTop: EDGE.top,
    marginBottom: EDGE.bottom,
    style: { fontSize: "10.5px", fontFamily: FONT, color: "#222" },
    x: axis(x, cells[0]?.length ?? 1),
    y: axis(y, cells.length),
    marks: [
      Plot.image([0], {
        src: [pictureOf(cells.toReversed(), colours)],
        frameAnchor: "middle",
        width,
        height,
        preserveAspectRatio: "none",
        imageRendering: "pixelated",
      }),
    ],
  });
}

/**
 * Ticks for numbered cells: round numbers, about as many as wanted.
 *
 * @param count How many cells.
 * @param wanted About how many ticks.
 * @param from The number of the first cell.
 */
export function numberTicks(
  count: number,
  wanted = 5,
  from = 0,
): [number, string][] {
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000]
    .find((step) => count / step <= wanted + 1) ?? count;
  return Array.from({ length: count }, (_, i) => i + from)
    .filter((n) => n % step === 0)
    .map((n) => [n - from, String(n)]);
}
