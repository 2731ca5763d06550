/**
 * What a network does with every pair (a, b), as heat maps: logits, margins,
 * attention.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import { toNumbers } from "../../numeric/tensor.ts";
import { cyclicOf } from "../../probes/fourier/anatomy.ts";
import { logitChunks } from "../../probes/context/chunks.ts";
import type { ProbeContext } from "../../probes/context/context.ts";
import { logitWavesOf } from "../../probes/fourier/waves.ts";
import { percent } from "../../base/terminal.ts";
import { brief, type OpenedCheckpoint, type ReportFigure } from "./figure.ts";
import { heatMapSvg, numberTicks } from "../../charts/heat_map.ts";

/** Numbers of every pair (a, b) as cells, rows of b from below. */
function cellsOf(
  { modular }: ProbeContext,
  p: number,
  value: (row: number) => number,
): Float64Array[] {
  const cells = Array.from({ length: p }, () => new Float64Array(p).fill(NaN));
  modular.a.forEach((a, row) => cells[modular.b[row]!]![a] = value(row));
  return cells;
}

const pairAxes = (p: number) => ({
  x: { label: "a", ticks: numberTicks(p) },
  y: { label: "b", ticks: numberTicks(p) },
});

// Rows of a table beside a picture: of more every second, third, … a and b.
const MOST_ROWS = 2 ** 17;

const stride = (p: number) => Math.ceil(p / Math.sqrt(MOST_ROWS));

const noteOf = (every: number) =>
  every === 1
    ? ""
    : ` The picture has all; its table those that are multiples of ${every}.`;

function thinnedPairs(a: Int32Array, b: Int32Array, p: number) {
  const every = stride(p);
  const rows = Array.from(a.keys())
    .filter((row) => a[row]! % every === 0 && b[row]! % every === 0);
  return { rows, note: noteOf(every) };
}

// Of each row the logit of class 0, and the label's less the largest other.
async function ofEveryPair(
  context: ProbeContext,
): Promise<{ first: Float64Array; margin: Float64Array }> {
  const { labels } = context.task;
  const first = new Float64Array(labels.length);
  const margin = new Float64Array(labels.length);
  for await (const { first: from, logits } of logitChunks(context)) {
    const { columns, data } = logits;
    for (let i = 0; i < logits.rows; i++) {
      const row = from + i;
      let best = -Infinity;
      for (let c = 0; c < columns; c++) {
        if (c !== labels[row]) best = Math.max(best, data[i * columns + c]!);
      }
      first[row] = data[i * columns]!;
      margin[row] = data[i * columns + labels[row]!]! - best;
    }
  }
  return { first, margin };
}

/** The logit of class 0 over all pairs, and by how much the label is ahead. */
export async function logitsFigures(
  { step, context }: OpenedCheckpoint,
  label: string,
  id: string,
): Promise<ReportFigure[]> {
  const { modulus: p, a, b } = context.modular;
  const { dataset } = context;
  const { first, margin } = await ofEveryPair(context);
  const kept = thinnedPairs(a, b, p);
  const figure = (
    part: string,
    title: string,
    caption: string,
    values: Float64Array,
  ): ReportFigure => {
    const value = (row: number) => values[row]!;
    const cells = cellsOf(context, p, value);
    const most = maxOf(
      cells.map((row) => maxOf(row.filter(Number.isFinite).map(Math.abs))),
    );
    return {
      id: `${id}-${part}`,
      title: `${title}: ${label}`,
      caption: `${caption} Step ${step}.${kept.note}`,
      svg: heatMapSvg({
        title: `${title}: ${label}`,
        colour: { label: part, kind: "diverging", domain: [-most, most] },
        panels: [{ title: "", ...pairAxes(p), cells }],
      }),
      data: {
        columns: ["a", "b", "label", part],
        rows: kept.rows.map((row) => [
          a[row]!,
          b[row]!,
          dataset.labels[row]!,
          brief(value(row)),
        ]),
      },
    };
  };
  return [
    figure(
      "logit",
      "Logit of class 0",
      "The logit of class 0 for every (a, b). Stripes are waves of a and b, the " +
        "network's circuit; noise is memory.",
      first,
    ),
    figure(
      "margin",
      "Margin",
      "The label's logit less the largest other, for every (a, b); below zero " +
        "the network is wrong.",
      margin,
    ),
  ];
}

/** The mean logits by answer and class: where waves travel, and where they stand. */
export async function answersFigure(
  { step, context }: OpenedCheckpoint,
  label: string,
  id: string,
): Promise<ReportFigure> {
  const { residues } = cyclicOf(context);
  const { byAnswer, classes, order: n } = await logitWavesOf(context);
  const means = Array.from(
    { length: n },
    (_, s) =>
      residues.reduce((sum, c) => sum + byAnswer[s * classes + c]!, 0) / n,
  );
  const every = stride(n);
  // Rows of classes from below, in the order of the group's indices.
  const cells = Array.from(
    residues,
    (c) =>
      Float64Array.from(means, (mean, s) => byAnswer[s * classes + c]! - mean),
  );
  const most = maxOf(cells.map((row) => maxOf(row.map(Math.abs))));
  const title = `Logits by answer and class: ${label}`;
  return {
    id: `${id}-answers`,
    title,
    caption:
      "The mean logit of every class over the pairs of every answer, less " +
      "the mean of all classes. " +
      "Stripes that rise are waves that travel, a function of a + b − c; a " +
      `lattice is waves that stand, half of them mirrored. Step ${step}.` +
      noteOf(every),
    svg: heatMapSvg({
      title,
      colour: { label: "logit", kind: "diverging", domain: [-most, most] },
      panels: [{
        title: "",
        x: { label: "answer", ticks: numberTicks(n) },
        y: { label: "class", ticks: numberTicks(n) },
        cells,
      }],
    }),
    data: {
      columns: ["answer", "class", "logit"],
      rows: cells.flatMap((row, c) =>
        c % every > 0 ? [] : Array.from(row.keys())
          .filter((s) => s % every === 0)
          .map((s) => [residues[s]!, residues[c]!, brief(row[s]!)])
      ),
    },
  };
}

/** How much the last token looks at a, head by head, over all pairs. */
export async function attentionFigures(
  { step, context }: OpenedCheckpoint,
  label: string,
  id: string,
): Promise<ReportFigure[]> {
  const { model } = context;
  const { modulus: p, a, b } = context.modular;
  const kept = thinnedPairs(a, b, p);
  const figures: ReportFigure[] = [];
  const hooks = model.hookNames.filter((name) => /hook_pattern$/.test(name));
  for (const hook of hooks) {
    const { shape, data } = await context.activation(hook);
    const [rows, heads, queries, keys] = shape as [
      number,
      number,
      number,
      number,
    ];
    const values = toNumbers({ data });
    const weight = (row: number, head: number, key: number) =>
      values[((row * heads + head) * queries + queries - 1) * keys + key]!;
    for (let head = 0; head < heads; head++) {
      const means = Array.from({ length: keys }, (_, key) => {
        let sum = 0;
        for (let row = 0; row < rows; row++) sum += weight(row, head, key);
        return `${percent(sum / rows, 0)} ${"ab="[key] ?? key}`;
      });
      const block = hook.replace(/\.?attn\.hook_pattern/, "");
      const title = `Attention to a, ${block} head ${head}: ${label}`;
      figures.push({
        id: `${id}-${block.replace(/\W/g, "-")}-${head}`,
        title,
        caption:
          `The weight that the last token gives to a, for every (a, b); ` +
          `on the average ${means.join(", ")}. Step ${step}.${kept.note}`,
        svg: heatMapSvg({
          title,
          colour: { label: "weight", kind: "sequential", domain: [0, 1] },
          panels: [{
            title: "",
            ...pairAxes(p),
            cells: cellsOf(context, p, (row) => weight(row, head, 0)),
          }],
        }),
        data: {
          columns: ["a", "b", "weight"],
          rows: kept.rows.map((row) => [
            a[row]!,
            b[row]!,
            brief(weight(row, head, 0)),
          ]),
        },
      });
    }
  }
  return figures;
}
