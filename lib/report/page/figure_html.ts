/**
 * A figure of a page.
 *
 * @module
 */

import { csvOf, jsonOf, type ReportFigure } from "../figures/figure.ts";
import { type Html, Html as Markup, html } from "./html.ts";

// Commas and the like may stand in an address as they are: three bytes less each.
const dataUrl = (type: string, text: string) =>
  `data:${type};charset=utf-8,${
    text.replace(/[^!$&-;=@-Z_a-z~]/g, encodeURIComponent)
  }`;

/** A figure with its caption, and its numbers to take away. */
export function figureHtml(
  { id, title, caption, svg, data }: ReportFigure,
): Html {
  const wide = Number(/ width="(\d+)"/.exec(svg)?.[1]) > 500;
  // What an image holds nobody can go to.
  const role = svg.includes("<a ") ? "group" : "img";
  const labelled = svg.replace(
    "<svg ",
    () =>
      html`
        <svg role="${role}" aria-label="${title}. ${caption}"
      `.text,
  );
  return html`<figure id="${id}" class="${wide ? "wide" : ""}">
${new Markup(labelled)}
<figcaption>${caption} <span class="downloads"><a download="${id}.csv"
href="${dataUrl("text/csv", csvOf(data))}" aria-label="${title}, as CSV">CSV</a>
<a download="${id}.json" href="${dataUrl("application/json", jsonOf(data))}"
aria-label="${title}, as JSON">JSON</a></span></figcaption></figure>`;
}
