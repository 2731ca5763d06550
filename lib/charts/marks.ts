/**
 * What is drawn of series and of published values.
 *
 * @module
 */

import * as Plot from "./plot.ts";
import {
  type Axis,
  colourOf,
  type Point,
  type Published,
  type Series,
} from "./chart.ts";

/** The axes of a panel, as they are drawn. */
export interface Axes {
  /** The axis along. */
  readonly x: Axis;
  /** The axis up. */
  readonly y: Axis;
}

/** Whether a line joins the points. */
export const isJoined = (line: Series["line"]): line is keyof typeof DASHES =>
  line !== "none" && line !== "stems";

/** How long dashes and gaps are, by the kind of line. */
export const DASHES = {
  solid: undefined,
  dashed: "6 3",
  dotted: "2 3",
} as const;

// What a logarithmic axis cannot show is left out.
const shown = (value: number, { scale }: Axis) =>
  Number.isFinite(value) && (scale !== "log" || value > 0);

/** Points of a line that no line reaches: what is beside them is a gap, or nothing. */
function alone(points: readonly Point[]): Point[] {
  const there = (point: Point | undefined) =>
    point !== undefined && !Number.isNaN(point.y);
  return points.filter((point, i) =>
    there(point) && !there(points[i - 1]) && !there(points[i + 1])
  );
}

/** The band of a series; null where it has none. */
export function bandMark(
  { points, colour }: Series,
  { x, y }: Axes,
): Plot.Markish {
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
}

/** The line and the dots of a series. */
export function seriesMarks(
  { points, colour, line = "solid", dots }: Series,
  { x, y }: Axes,
): Plot.Markish[] {
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
}

/** The mark of a published value. */
export function publishedMark({ x, y, colour }: Published): Plot.Markish {
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
}
