/**
 * What all pages have around what they say.
 *
 * @module
 */

import { type Html, Html as Markup, html } from "./html.ts";
import { pageCss, type PagePolicy, policyOf } from "./style.ts";

/** A page, and what stands around it. */
export interface Frame extends PagePolicy {
  /** Its title. */
  readonly title: string;
  /** Styles that only this page has. */
  readonly css?: string;
  /** Its parts: the id of each one's heading, and what the list of them says. */
  readonly parts: readonly (readonly [id: string, name: string])[];
  /** What it says. */
  readonly main: Html;
}

/** A whole page as text: one HTML file that asks nothing of a network. */
export async function framed(frame: Frame): Promise<string> {
  const { title, css = "", parts, main, script, beside, following } = frame;
  const text = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${policyOf(frame)}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title} – groklab</title>
        <style>
    ${new Markup(await pageCss() + css)}
    </style>
      </head>
      <body>
    <a class="skip" href="#main">To the report</a>
    <header><h1>${title}</h1><button type="button" id="theme" hidden>Dark</button></header>
    <nav aria-label="Parts"><ul>${parts.map(([id, name]) =>
      html`<li><a href="#${id}">${name}</a></li>`
    )}</ul></nav>
    <main id="main"${following !== undefined &&
      html`
        data-follow="${following}"
      `}>
    ${main}
    </main>
    ${beside &&
      html`<script src="${beside}"></script>`}
    <script type="module">${new Markup(script)}</script>
      </body>
    </html>
  `;
  return text.text.trimStart();
}
