/**
 * The sheet that every drawing of this folder is: a heading, what explains the
 * signs, panels in rows.
 *
 * @module
 */

import { maxOf } from "../base/extremes.ts";
import { shown } from "../base/terminal.ts";

/** Width of a panel, in pixels, as all lengths here. */
export const WIDTH = 340;
const GAP = 18;
const MARGIN = 16;
// From a line of a panel's heading to the next.
const HEADING = 15;
/** The fonts of all letters. */
export const FONT =
  "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
/** Width of a letter, of its height; wide enough for any of the fonts. */
export const LETTER = 0.62;

/** What a sheet shows. */
export interface Sheet<P extends { readonly title: string }> {
  /** Its heading. */
  readonly title: string;
  /** What stands below the heading, small. */
  readonly subtitle?: string;
  /**
   * What it shows, for who does not see it: the drawing says its title and this
   * itself then.
   */
  readonly description?: string;
  /** The panels. */
  readonly panels: readonly P[];
  /** Panels in a row; 3, if left out. */
  readonly perRow?: number;
}

/** How a kind of sheet is drawn. */
export interface Drawing<P> {
  /** Height of a panel with its heading and what is left free below. */
  readonly height: number;
  /** What explains the signs, for a width, and its height. */
  head(width: number): { readonly svg: string; readonly height: number };
  /** The lines of a panel's heading; its title alone, if left out. */
  heading?(panel: P): readonly string[];
  /** A panel without its heading. */
  panel(panel: P): string;
}

/** Draws a sheet. */
export function sheetSvg<P extends { readonly title: string }>(
  { title, subtitle, description, panels, perRow = 3 }: Sheet<P>,
  drawing: Drawing<P>,
): string {
  const columns = Math.max(1, Math.min(perRow, panels.length));
  const rows = Math.ceil(panels.length / columns);
  const width = 2 * MARGIN + columns * WIDTH + (columns - 1) * GAP;
  const inner = width - 2 * MARGIN;
  const parts: string[] = [];
  let y = MARGIN + 14;
  for (const line of wrapped(title, inner, 15)) {
    parts.push(text(MARGIN, y, line, 15, "600"));
    y += 19;
  }
  for (const line of wrapped(subtitle ?? "", inner, 11)) {
    parts.push(text(MARGIN, y, line, 11, "400", "#555"));
    y += 15;
  }
  const head = drawing.head(inner);
  parts.push(`<g transform="translate(${MARGIN},${y})">${head.svg}</g>`);
  y += head.height;
  const headings = panels.map((panel) =>
    drawing.heading?.(panel) ?? [panel.title]
  );
  // Panels of a row, and rows, stay in line.
  const more = HEADING *
    Math.max(0, maxOf(headings.map((it) => it.length)) - 1);
  const row = drawing.height + more;
  panels.forEach((panel, i) => {
    const left = MARGIN + (i % columns) * (WIDTH + GAP);
    const top = y + Math.floor(i / columns) * row;
    parts.push(
      headings[i]!.map((line, k) =>
        text(left + 4, top + 12 + HEADING * k, line, 12, "600")
      ).join("\n"),
      `<g transform="translate(${left},${top + 18 + more})">` +
        drawing.panel(panel) + "</g>",
    );
  });
  const height = y + rows * row + 4;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ` +
    `${height}" width="${width}" height="${height}" font-family="${FONT}" ` +
    `fill="#222">\n` +
    (description === undefined
      ? ""
      : `<title>${escaped(title)}</title>\n<desc>${
        escaped(description)
      }</desc>\n`) +
    `<rect width="${width}" height="${height}" fill="#fff"/>\n` +
    parts.join("\n") + "\n</svg>\n";
}

/** Text between the tags of a drawing. */
export const escaped = (s: string): string =>
  shown(s).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(
    ">",
    "&gt;",
  );

/**
 * As much of a text as has room.
 *
 * @param content The text.
 * @param width How wide it may be.
 * @param size Its height.
 */
export function cut(content: string, width: number, size: number): string {
  const most = Math.max(1, Math.floor(width / (size * LETTER)));
  return content.length <= most ? content : `${content.slice(0, most - 1)}…`;
}

/** A line of text. */
export function text(
  x: number,
  y: number,
  content: string,
  size: number,
  weight = "400",
  fill = "#222",
): string {
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" ` +
    `fill="${fill}">${escaped(content)}</text>`;
}

/**
 * A text in lines that have room, one of nothing where it is empty; of a word that
 * has none as much as has.
 *
 * @param content The text.
 * @param width How wide a line may be.
 * @param size Its height.
 */
export function inLines(
  content: string,
  width: number,
  size: number,
): string[] {
  const lines = wrapped(content, width, size);
  return lines.length === 0
    ? [content]
    : lines.map((line) => cut(line, width, size));
}

// Text in lines that fit a width.
function wrapped(
  content: string,
  width: number,
  size: number,
): string[] {
  const most = Math.floor(width / (size * LETTER));
  const lines: string[] = [];
  for (const word of content.split(" ").filter((word) => word !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
