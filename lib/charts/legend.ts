/**
 * The legend of a chart.
 *
 * @module
 */

import { type Chart, colourOf, type Published, type Series } from "./chart.ts";
import { DASHES, isJoined } from "./marks.ts";
import { LETTER, text } from "./sheet.ts";

/**
 * The legend of everything that a chart draws, each name once.
 *
 * @param chart The chart.
 * @param width How wide it may be.
 */
export function legendOf(
  { panels, band }: Chart,
  width: number,
): { svg: string; height: number } {
  const entries = new Map<string, string>();
  for (const series of panels.flatMap(({ series }) => series)) {
    const { name } = series;
    if (name !== "" && !entries.has(name)) {
      entries.set(name, lineSample(series));
    }
  }
  for (const value of panels.flatMap(({ published = [] }) => published)) {
    const [name, mark] = publishedEntry(value);
    entries.set(name, mark);
  }
  if (panels.some(({ series }) => series.some(hasBand))) {
    entries.set(
      `band: ${band ?? "least to most over the seeds"}`,
      `<rect x="0" y="-9" width="22" height="10" fill="#888" fill-opacity="0.3"/>`,
    );
  }
  let [x, row] = [0, 0];
  const items = [...entries].map(([name, mark]) => {
    const space = 28 + name.length * 11 * LETTER + 22;
    if (x > 0 && x + space > width) [x, row] = [0, row + 1];
    const item = `<g transform="translate(${x},${12 + row * 17})">${mark}` +
      text(28, 0, name, 11) + "</g>";
    x += space;
    return item;
  });
  return {
    svg: items.join(""),
    height: entries.size === 0 ? 0 : 17 * (row + 1),
  };
}

function lineSample({ colour, line = "solid", dots }: Series): string {
  const stroke = colourOf(colour);
  const dotted = dots || !isJoined(line);
  const dash = isJoined(line) ? DASHES[line] : undefined;
  return (!isJoined(line)
    ? ""
    : `<line x1="0" x2="22" y1="-4" y2="-4" stroke="${stroke}" stroke-width="2"` +
      (dash ? ` stroke-dasharray="${dash}"/>` : "/>")) +
    (dotted ? `<circle cx="11" cy="-4" r="3" fill="${stroke}"/>` : "");
}

function publishedEntry({ x, y, name }: Published): [string, string] {
  return x !== undefined && y !== undefined
    ? [
      name ?? "published",
      `<path d="M11,-9 16,-4 11,1 6,-4Z" fill="#fff" stroke="#222" stroke-width="1.5"/>`,
    ]
    : [
      name ?? "published level or step",
      `<line x1="0" x2="22" y1="-4" y2="-4" stroke="#222" stroke-dasharray="1 3" stroke-width="1.5"/>`,
    ];
}

const hasBand = ({ points }: Series) =>
  points.some(({ low, high }) => low !== undefined && low !== high);
