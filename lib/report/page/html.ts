/**
 * Text as HTML: what is put into a template is escaped, unless it is a template
 * itself.
 *
 * @module
 */

import { shown } from "../../base/terminal.ts";

/** Markup. */
export class Html {
  /** Its text. */
  readonly text: string;

  /** Markup that was made elsewhere, and is safe as it is. */
  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: text is escaped, nothing is left out. */
export type Content =
  | Html
  | string
  | number
  | null
  | undefined
  | false
  | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Text that no browser takes for markup, between tags or in quotes, in which no
 * character turns round or hides what stands beside it.
 */
export function escaped(text: string): string {
  return lines(text).replace(/[&<>"']/g, (c) => ESCAPES[c]!);
}

// Ends of lines are the page's own, in scripts and in tables as text.
const lines = (text: string) => text.split("\n").map(shown).join("\n");

function textOf(content: Content): string {
  if (content instanceof Html) return content.text;
  if (Array.isArray(content)) return content.map(textOf).join("");
  if (content === null || content === undefined || content === false) return "";
  return escaped(String(content));
}

/** Markup from a template; attributes must stand in double quotes. */
export function html(
  strings: TemplateStringsArray,
  ...contents: readonly Content[]
): Html {
  const parts = strings.map((s, i) =>
    i < contents.length ? s + textOf(contents[i]) : s
  );
  return new Html(parts.join(""));
}

/**
 * A block of data for scripts; no browser runs it or looks for tags in it.
 *
 * @param id The element's id.
 * @param value What becomes JSON.
 */
export function jsonBlock(id: string, value: unknown): Html {
  // "</script" would end the block, "<!--" would begin a comment.
  const json = JSON.stringify(value).replaceAll("<", "\\u003c");
  return html`<script type="application/json" id="${id}">${new Html(
    json,
  )}</script>`;
}

/** A block of base64 text. */
export function base64Block(id: string, text: string): Html {
  return html`<script type="text/plain" id="${id}">${text}</script>`;
}
