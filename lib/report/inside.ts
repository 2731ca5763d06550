/**
 * What a run's checkpoints look like inside: spectra through training, neurons,
 * logits over all pairs, attention, and what becomes of them as weights grow.
 *
 * @module
 */

import type { ProbeContext } from "../probes/context.ts";
import { fourier } from "../probes/fourier.ts";
import { logitScaling } from "../probes/logit_scaling.ts";
import { ask } from "../probes/probing.ts";
import { toNumbers } from "../onnx/tensor.ts";
import { chartSvg } from "./chart.ts";
import { brief, type Figure } from "./figure.ts";
import { heatMapSvg, numberTicks } from "./heat_map.ts";

/** A checkpoint that was opened. */
export interface Opened {
  /** Updates made before it. */
  readonly step: number;
  /** Its file and task. */
  readonly context: ProbeContext;
}

/** A spectrum at a step: the share of the power of each frequency, from k = 1. */
export interface SpectrumAt {
  readonly step: number;
  readonly power: readonly number[];
}

/** The spectrum of a checkpoint's embedding. */
export async function spectrumAt(
  { step, context }: Opened,
): Promise<SpectrumAt> {
  const { cos_norms, sin_norms } = await ask(fourier, context);
  const power = cos_norms.map((c, i) => c ** 2 + sin_norms[i]! ** 2);
  const all = power.reduce((a, b) => a + b, 0) || 1;
  return { step, power: power.map((x) => x / all) };
}

/** Spectra of a run's checkpoints as a heat map, frequency by step. */
export function spectraFigure(
  spectra: readonly SpectrumAt[],
  label: string,
  id: string,
): Figure {
  const frequencies = spectra[0]!.power.length;
  const cells = Array.from(
    { length: frequencies },
    (_, k) => spectra.map(({ power }) => power[k]!),
  );
  const every = Math.ceil(spectra.length / 5);
  const caption = "Share of the embedding's power that each frequency of Z_p " +
    "has, without the constant, at each checkpoint. A network that generalises " +
    "keeps a few bright rows.";
  return {
    id,
    title: `Fourier spectrum through training: ${label}`,
    caption,
    svg: heatMapSvg({
      title: `Fourier spectrum through training: ${label}`,
      colour: {
        label: "share of power",
        kind: "sequential",
        // Where nothing stands out, noise must not look as if it did.
        domain: [0, Math.max(0.1, ...cells.flat())],
      },
      panels: [{
        title: "",
        x: {
          label: "step of the checkpoint",
          ticks: spectra.flatMap(({ step }, i) =>
            i % every === 0 || i === spectra.length - 1 && i % every > every / 2
              ? [[i, String(step)] as const]
              : []
          ),
        },
        y: {
          label: "frequency k",
          ticks: numberTicks(frequencies, 6, 1),
        },
        cells,
      }],
    }),
    data: {
      columns: ["step", "frequency", "power_share"],
      rows: spectra.flatMap(({ step, power }) =>
        power.map((share, i) => [step, i + 1, share])
      ),
    },
  };
}

/** Norms of the cosine and sine components of the last checkpoint's embedding. */
export async function spectrumFigure(
  { step, context }: Opened,
  label: string,
  id: string,
): Promise<Figure> {
  const { cos_norms, sin_norms, key_frequencies, weight } = await ask(
    fourier,
    context,
  );
  const points = (norms: readonly number[]) =>
    norms.map((y, i) => ({ x: i + 1, y }));
  const title = `Fourier components of the embedding: ${label}`;
  return {
    id,
    title,
    caption: `Norms of the components of ${weight} at step ${step}; key ` +
      `frequencies, those above a quarter of the largest: ` +
      (key_frequencies.length > cos_norms.length / 2
        ? `${key_frequencies.length} of ${cos_norms.length}, no sparse structure`
        : key_frequencies.join(", ")) +
      ".",
    svg: chartSvg({
      title,
      panels: [{
        title: "",
        x: { label: "frequency k" },
        y: {
          label: "norm",
          domain: [0, Math.max(...cos_norms, ...sin_norms)],
        },
        series: [
          { name: "cos", colour: 0, dots: true, points: points(cos_norms) },
          {
            name: "sin",
            colour: 1,
            line: "dashed",
            dots: true,
            points: points(sin_norms),
          },
        ],
      }],
    }),
    data: {
      columns: ["frequency", "cos_norm", "sin_norm"],
      rows: cos_norms.map((cos, i) => [i + 1, cos, sin_norms[i]!]),
    },
  };
}

/** Numbers of every pair (a, b) as cells, rows of b from below. */
function cellsOf(
  context: ProbeContext,
  p: number,
  value: (row: number) => number,
): Float64Array[] {
  const cells = Array.from({ length: p }, () => new Float64Array(p).fill(NaN));
  context.dataset.inputs.forEach(([a, b], row) => {
    cells[b!]![a!] = value(row);
  });
  return cells;
}

const pairAxes = (p: number) => ({
  x: { label: "a", ticks: numberTicks(p) },
  y: { label: "b", ticks: numberTicks(p) },
});

/** The logit of class 0 over all pairs, and by how much the label is ahead. */
export async function logitsFigures(
  { step, context }: Opened,
  label: string,
  id: string,
): Promise<Figure[]> {
  const p = context.modular.modulus;
  const { dataset } = context;
  const { columns: classes, data: z } = await context.logits();
  const at = (row: number, c: number) => z[row * classes + c]!;
  const margin = (row: number) => {
    const y = dataset.labels[row]!;
    let best = -Infinity;
    for (let c = 0; c < classes; c++) {
      if (c !== y) best = Math.max(best, at(row, c));
    }
    return at(row, y) - best;
  };
  const figure = (
    part: string,
    title: string,
    caption: string,
    value: (row: number) => number,
  ): Figure => {
    const cells = cellsOf(context, p, value);
    const most = Math.max(
      ...cells.flatMap((row) => [...row].filter(Number.isFinite).map(Math.abs)),
    );
    return {
      id: `${id}-${part}`,
      title: `${title}: ${label}`,
      caption: `${caption} Step ${step}.`,
      svg: heatMapSvg({
        title: `${title}: ${label}`,
        colour: { label: part, kind: "diverging", domain: [-most, most] },
        panels: [{ title: "", ...pairAxes(p), cells }],
      }),
      data: {
        columns: ["a", "b", "label", part],
        rows: dataset.inputs.map(([a, b], row) => [
          a!,
          b!,
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
      (row) => at(row, 0),
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

/** How much the last token looks at a, head by head, over all pairs. */
export async function attentionFigures(
  { step, context }: Opened,
  label: string,
  id: string,
): Promise<Figure[]> {
  const { model, dataset } = context;
  const p = context.modular.modulus;
  const figures: Figure[] = [];
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
        return `${(100 * sum / rows).toFixed(0)} % ${"ab="[key] ?? key}`;
      });
      const block = hook.replace(/\.?attn\.hook_pattern/, "");
      const title = `Attention to a, ${block} head ${head}: ${label}`;
      figures.push({
        id: `${id}-${block.replace(/\W/g, "-")}-${head}`,
        title,
        caption:
          `The weight that the last token gives to a, for every (a, b); ` +
          `on the average ${means.join(", ")}. Step ${step}.`,
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
          rows: dataset.inputs.map(([a, b], row) => [
            a!,
            b!,
            brief(weight(row, head, 0)),
          ]),
        },
      });
    }
  }
  return figures;
}

/** Accuracy and collapse as all weights are scaled by α. */
export async function scalingFigure(
  { step, context }: Opened,
  label: string,
  id: string,
): Promise<Figure> {
  const { rows } = await ask(logitScaling, context);
  const precisions = ["float16", "float32", "float64"] as const;
  const title = `Weights scaled by α: ${label}`;
  return {
    id,
    title,
    caption:
      `Step ${step}, every row of the task. Share of the rows in Softmax ` +
      "Collapse, by precision, as every weight is multiplied by α. A row with a " +
      "logit that is infinite in float16 has no softmax there, and does not " +
      "count.",
    svg: chartSvg({
      title,
      panels: [{
        title: "",
        x: { label: "α", scale: "log" },
        y: { label: "collapse (%)", domain: [0, 1], percent: true },
        series: precisions.map((precision, colour) => ({
          name: precision,
          colour,
          dots: true,
          line: (["dotted", "dashed", "solid"] as const)[colour]!,
          points: rows.map(({ alpha, softmax_collapse }) => ({
            x: alpha,
            y: softmax_collapse[precision],
          })),
        })),
      }],
    }),
    data: {
      columns: ["alpha", "accuracy", "loss", "logit_scale", ...precisions],
      rows: rows.map((row) => [
        row.alpha,
        row.accuracy,
        row.loss,
        row.logit_scale,
        ...precisions.map((precision) => row.softmax_collapse[precision]),
      ]),
    },
  };
}
