/**
 * What the live part shows: the answer, the logits as bars, the softmax in three
 * precisions.
 *
 * @module
 */

/// <reference lib="dom" />
import { maxOf, minOf } from "../../base/extremes.ts";
import { percent } from "../../base/terminal.ts";
import { byId } from "./blocks.ts";
import type { LiveData } from "./data.ts";
import {
  argMax,
  collapses,
  type Precision,
  PRECISIONS,
  probability,
  sumOfExponentials,
} from "./softmax.ts";

// Room for the numbers of the axis.
const LEFT = 52;
const SVG = "http://www.w3.org/2000/svg";
// As many digits as there is room for.
const shown = (x: number) =>
  (Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3)).replace("-", "−");

/** Shows the row that was typed. */
export function showRow(
  data: LiveData,
  row: readonly number[],
  label: number | undefined,
  logits: ArrayLike<number>,
): void {
  const said = argMax(logits);
  const { p, loss } = probability(logits, label ?? said, data.temperature);
  const right = label === undefined
    ? "the task has no such row"
    : said === label
    ? "right"
    : `wrong: it is ${label}`;
  byId("live-answer").textContent =
    `The network says ${said} (${right}). Softmax gives ` +
    `${label === undefined ? said : label} the probability ` +
    `${p.toPrecision(3)}, the cross-entropy is ` +
    `${loss === 0 ? "exactly 0" : loss.toPrecision(3)}.`;
  drawBars(data, logits, said, label);
  const csv = "class,logit\n" +
    Array.from(logits, (z, c) => `${c},${z}\n`).join("");
  const name = row.join("-");
  const link = byId<HTMLAnchorElement>("live-csv");
  link.href = `data:text/csv,${encodeURIComponent(csv)}`;
  link.download = `logits-${name}.csv`;
  for (const precision of PRECISIONS) {
    const sum = sumOfExponentials(logits, precision, data.temperature);
    byId(`live-sum-${precision}`).textContent = Number.isNaN(sum)
      ? "a logit is infinite"
      : sum === 1
      ? "exactly 1: collapsed"
      : `1 + ${(sum - 1).toPrecision(2)}`;
  }
}

type Attributes = Readonly<Record<string, string | number>>;

function addElement(
  svg: SVGSVGElement,
  name: string,
  attributes: Attributes,
  text: string | undefined,
): Element {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, String(value));
  }
  if (text !== undefined) element.textContent = text;
  svg.append(element);
  return element;
}

// Bars from zero, one for each class; those that matter have a sign beside their
// colour.
function drawBars(
  { classes }: LiveData,
  logits: ArrayLike<number>,
  said: number,
  label: number | undefined,
): void {
  const svg = byId<SVGSVGElement>("live-logits");
  const [height, edge] = [200, 18];
  const width = Math.max(svg.clientWidth, 280);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const z = Array.from(logits);
  const [least, most] = [Math.min(0, minOf(z)), Math.max(0, maxOf(z))];
  const span = most - least || 1;
  const y = (v: number) => edge + (most - v) / span * (height - 2 * edge);
  const step = (width - LEFT) / classes;
  svg.replaceChildren();
  const add = (name: string, attributes: Attributes, text?: string) =>
    addElement(svg, name, attributes, text);
  z.forEach((v, c) => {
    const what = c === label ? "label" : c === said ? "said" : "other";
    const bar = add("rect", {
      class: `bar ${what}`,
      x: LEFT + c * step,
      width: Math.max(step * 0.85, 0.5),
      y: Math.min(y(v), y(0)),
      height: Math.abs(y(v) - y(0)),
    });
    const title = document.createElementNS(SVG, "title");
    title.textContent = `class ${c}: logit ${v.toPrecision(6)}`;
    bar.append(title);
  });
  add("line", { class: "axis", x1: LEFT, x2: width, y1: y(0), y2: y(0) });
  for (const v of [least, 0, most]) {
    add("text", {
      x: LEFT - 4,
      y: y(v) + 4,
      "text-anchor": "end",
    }, v === 0 ? "0" : shown(v));
  }
  const sign = (c: number, text: string) =>
    add("text", {
      x: LEFT + (c + 0.4) * step,
      y: z[c]! < 0 ? y(z[c]!) + 13 : y(z[c]!) - 4,
      "text-anchor": "middle",
    }, text);
  if (said !== label) sign(said, "▲");
  if (label !== undefined) sign(label, "●");
  svg.setAttribute(
    "aria-label",
    `Logits of ${classes} classes, from ${shown(minOf(z))} to ` +
      `${shown(maxOf(z))}; the largest is class ${said}`,
  );
}

/** Shares over the counted rows. */
export interface Counts {
  rows: number;
  train: number;
  trainRight: number;
  testRight: number;
  readonly collapsed: Record<Precision, number>;
}

/** Nothing counted yet. */
export const noCounts = (): Counts => ({
  rows: 0,
  train: 0,
  trainRight: 0,
  testRight: 0,
  collapsed: { float16: 0, float32: 0, float64: 0 },
});

/** Counts some more rows. */
export function count(
  counts: Counts,
  logits: Float32Array | Float64Array,
  labels: ArrayLike<number>,
  train: ArrayLike<number>,
  { classes, temperature }: LiveData,
): void {
  for (let i = 0; i < logits.length / classes; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const right = Number(argMax(row) === labels[i]);
    counts.rows += 1;
    if (train[i]) {
      counts.train += 1;
      counts.trainRight += right;
    } else counts.testRight += right;
    for (const precision of PRECISIONS) {
      counts.collapsed[precision] += Number(
        collapses(row, precision, temperature),
      );
    }
  }
}

/** Shows the shares. */
export function showCounts(counts: Counts): void {
  const test = counts.rows - counts.train;
  byId("live-train").textContent = counts.train === 0
    ? "–"
    : percent(counts.trainRight / counts.train);
  byId("live-test").textContent = test === 0
    ? "–"
    : percent(counts.testRight / test);
  for (const precision of PRECISIONS) {
    const share = counts.collapsed[precision] / Math.max(counts.rows, 1);
    byId(`live-share-${precision}`).textContent = percent(share);
    byId<HTMLMeterElement>(`live-meter-${precision}`).value = share;
  }
}
