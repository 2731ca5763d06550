/**
 * Panels that most figures have: a column of each arm over the steps.
 *
 * @module
 */

import type { Axis, Panel, Series } from "../charts/chart.ts";
import { curve } from "./readings.ts";
import type { Arm, Results } from "./figure.ts";

/** What an arm is called, in paths and in the legend. */
export type Named = Pick<Arm, "name" | "label">;

/** An axis of shares, from 0 to 100 %. */
export function shareAxis(label: string): Axis {
  return { label: `${label} (%)`, percent: true, domain: [0, 1] };
}

/**
 * A column of each arm, the arms in their colours.
 *
 * @param results The runs.
 * @param arms Which, in the order of the colours.
 * @param name The column.
 * @param first The colour of the first arm.
 */
export function linesOf(
  results: Results,
  arms: readonly Named[],
  name: string,
  first = 0,
): Series[] {
  return arms.map((arm, i) => ({
    name: arm.label,
    colour: first + i,
    points: curve(results, arm.name, name),
  }));
}

/**
 * A panel of a column over the steps.
 *
 * @param results The runs.
 * @param arms Which, in the order of the colours.
 * @param name The column.
 * @param title The panel's heading.
 * @param y The axis of the column.
 * @param published Published values.
 */
export function panelOf(
  results: Results,
  arms: readonly Named[],
  name: string,
  title: string,
  y: Axis,
  published: Panel["published"] = [],
): Panel {
  return {
    title,
    x: { label: "step" },
    y,
    series: linesOf(results, arms, name),
    published,
  };
}
