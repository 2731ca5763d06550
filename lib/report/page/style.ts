/**
 * How pages look, and what a browser lets them do.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { palette } from "../../charts/chart.ts";

// The palette in the dark, each colour as far from the ground as by day.
const DARK = [
  "#4da3e0",
  "#ff8c42",
  "#2cc79a",
  "#e3a0c8",
  "#9ad8ff",
  "#ffc24d",
  "#f2f2f2",
  "#cfcf4a",
];

const paletteCss = palette.map((colour, i) =>
  `figure svg [stroke="${colour}"]{stroke:light-dark(${colour},${DARK[i]})}` +
  `figure svg [fill="${colour}"]{fill:light-dark(${colour},${DARK[i]})}`
).join("\n");

const sha256 = (text: string) =>
  `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The styles of a page: its own, and the colours of drawings by day and night. */
export async function pageCss(): Promise<string> {
  const css = await Deno.readTextFile(new URL("../page.css", import.meta.url));
  return css + paletteCss;
}

/** What a page has that a browser must let it. */
export interface PagePolicy {
  /** The script. */
  readonly script: string;
  /** The name of a script beside the page that holds the runtime. */
  readonly beside?: string;
  /** Set where a server sends the page while a run is trained. */
  readonly following?: string;
  /** Whether it has a worker, whose script it makes itself. */
  readonly works?: boolean;
}

/** What a browser lets a page do. */
export function policyOf(
  { script, beside, following, works }: PagePolicy,
): string {
  return [
    "default-src 'none'",
    "img-src data:",
    "style-src 'unsafe-inline'",
    // What is not one of these scripts does not run, wherever it comes from.
    // (Of a script beside a page that is a file, browsers check no sum.)
    `script-src ${sha256(script)} ${beside ? "'self' " : ""}'wasm-unsafe-eval'`,
    `connect-src ${following === undefined ? "'none'" : "'self'"}`,
    ...(works ? ["worker-src blob:"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}
