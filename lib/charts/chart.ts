/**
 * What a chart is: panels side by side, one legend, bands of several runs, and
 * published values marked.
 *
 * @module
 */

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
  /** What it shows, for who does not see it. */
  readonly description?: string;
  /** What bands are; from the least to the most over the seeds, if left out. */
  readonly band?: string;
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

/** A colour of the palette, which begins again at its end. */
export const colourOf = (colour: number) => palette[colour % palette.length]!;
