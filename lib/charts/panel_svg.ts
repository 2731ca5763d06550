/**
 * One pair of axes with what is drawn in it.
 *
 * @module
 */

import * as Plot from "./plot.ts";
import type { Axis, Panel } from "./chart.ts";
import { bandMark, publishedMark, seriesMarks } from "./marks.ts";
import { plotSvg } from "./plot_svg.ts";
import { FONT, WIDTH } from "./sheet.ts";
import { logTicks } from "./ticks.ts";

/** How high a panel is, in pixels. */
export const PANEL_HEIGHT = 250;

// What has no logarithm is not on a logarithmic axis; where nothing has one, as of
// a single evaluation at step 0, the axis is linear.
function axisOf(axis: Axis, values: readonly number[]): Axis {
  const finite = values.filter(Number.isFinite);
  const none = finite.length > 0 && finite.every((value) => value <= 0);
  return axis.scale === "log" && !axis.domain && none
    ? { ...axis, scale: "linear" }
    : axis;
}

/** Draws a panel. */
export function panelSvg(panel: Panel): string {
  const { series, published = [] } = panel;
  const every = series.flatMap(({ points }) => points);
  const x = axisOf(panel.x, [
    ...every.map((point) => point.x),
    ...published.map((point) => point.x ?? NaN),
  ]);
  const y = axisOf(panel.y, every.map((point) => point.y));
  return plotSvg({
    width: WIDTH,
    height: PANEL_HEIGHT,
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
    marks: [
      Plot.frame({ stroke: "#bbb" }),
      ...series.map((one) => bandMark(one, { x, y })),
      ...series.flatMap((one) => seriesMarks(one, { x, y })),
      ...published.map(publishedMark),
    ],
  });
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
