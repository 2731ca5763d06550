/**
 * What Plot draws, as text.
 *
 * @module
 */

import * as Plot from "./plot.ts";
import { parseHTML } from "linkedom";

/** Draws a plot that can stand inside a drawing. */
export function plotSvg(options: Plot.PlotOptions): string {
  // linkedom's types know of no document that Plot would take.
  const page: unknown = parseHTML("<html></html>");
  const { document } = page as { document: never };
  const svg = Plot.plot({ ...options, document });
  // Plot draws for pages; inside a drawing, what it needs of a page is stated.
  return svg.outerHTML.replace(/<style>[^]*?<\/style>/, "")
    .replace(/ class="[^"]*"/g, "");
}
