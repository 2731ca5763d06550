/**
 * Spectra as charts: through training, of the last checkpoint's weights, of its
 * neurons.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import { chartSvg } from "../../charts/chart_svg.ts";
import { heatMapSvg, numberTicks } from "../../charts/heat_map.ts";
import { ask } from "../../probes/asking/probe_checkpoint.ts";
import { NotApplicableError } from "../../probes/context/not_applicable.ts";
import { cyclicOf, embeddingsOf } from "../../probes/fourier/anatomy.ts";
import { fourier, type LayerSpectrum } from "../../probes/fourier/fourier.ts";
import {
  sideBySide,
  type Spectrum,
  spectrum,
} from "../../probes/fourier/key_frequencies.ts";
import type { OpenedCheckpoint, ReportFigure } from "./figure.ts";

/** A spectrum at a step: the share of the power of each frequency, from k = 1. */
export interface SpectrumAt {
  readonly step: number;
  /** The group whose frequencies these are. */
  readonly group: string;
  readonly power: readonly number[];
}

/**
 * The spectrum of a checkpoint's embedding.
 *
 * @throws {NotApplicableError} if it has none.
 */
export function spectrumAt({ step, context }: OpenedCheckpoint): SpectrumAt {
  const embeddings = embeddingsOf(context);
  if (embeddings.length === 0) {
    throw new NotApplicableError(`${context.model.source} has no embedding`);
  }
  const { cos_norms, sin_norms } = spectrum(
    "embedding",
    sideBySide(embeddings),
  );
  const power = cos_norms.map((c, i) => c ** 2 + sin_norms[i]! ** 2);
  const all = power.reduce((a, b) => a + b, 0) || 1;
  const { kind, order } = cyclicOf(context);
  const group = kind === "additive"
    ? `Z_${order}`
    : `the ${order} residues that can be multiplied`;
  return { step, group, power: power.map((x) => x / all) };
}

/** Spectra of a run's checkpoints as a heat map, frequency by step. */
export function spectraFigure(
  spectra: readonly SpectrumAt[],
  label: string,
  id: string,
): ReportFigure {
  const frequencies = spectra[0]!.power.length;
  const cells = Array.from(
    { length: frequencies },
    (_, k) => spectra.map(({ power }) => power[k]!),
  );
  const every = Math.ceil(spectra.length / 5);
  const caption = "Share of the embedding's power that each frequency of " +
    `${spectra[0]!.group} has, without the constant, at each checkpoint. A ` +
    "network that generalises keeps a few bright rows.";
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
        domain: [0, Math.max(0.1, maxOf(cells.flat()))],
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

/** What the last checkpoint's weights and neurons are made of. */
export async function fourierFigures(
  { step, context, known }: OpenedCheckpoint,
  label: string,
  id: string,
): Promise<ReportFigure[]> {
  const { embedding, key_frequencies, order, layers } = known?.fourier ??
    await ask(fourier, context);
  const count = Math.floor(order / 2);
  const keys = key_frequencies === null
    ? "key frequencies are not known"
    : key_frequencies.length === 0
    ? "there is no key frequency"
    : key_frequencies.length > count / 2
    ? `${key_frequencies.length} of ${count} are key frequencies: no sparse ` +
      "structure"
    : `key frequencies are ${key_frequencies.join(", ")}`;
  return [
    ...(embedding ? [componentsFigure(embedding, keys, step, label, id)] : []),
    neuronsFigure(layers, count, keys, step, label, id),
  ];
}

function componentsFigure(
  { weight, cos_norms, sin_norms }: Spectrum,
  keys: string,
  step: number,
  label: string,
  id: string,
): ReportFigure {
  const points = (norms: readonly number[]) =>
    norms.map((y, i) => ({ x: i + 1, y }));
  const title = `Fourier components of the embedding: ${label}`;
  return {
    id: `${id}-components`,
    title,
    caption: `Norms of the components of ${weight}; ${keys}. Step ${step}.`,
    svg: chartSvg({
      title,
      panels: [{
        title: "",
        x: { label: "frequency k" },
        y: {
          label: "norm",
          domain: [0, maxOf([...cos_norms, ...sin_norms])],
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

function neuronsFigure(
  layers: readonly LayerSpectrum[],
  count: number,
  keys: string,
  step: number,
  label: string,
  id: string,
): ReportFigure {
  const title = `Neurons by frequency: ${label}`;
  const most = maxOf([
    1,
    ...layers.flatMap(({ clusters }) => clusters.map(({ neurons }) => neurons)),
  ]);
  return {
    id: `${id}-neurons`,
    title,
    caption:
      "How many neurons of each hidden layer have 85 % or more of their " +
      `variance over (a, b) in one frequency: ${
        layers.map(({ activation, clusters, shares }) =>
          `${
            clusters.reduce((sum, { neurons }) => sum + neurons, 0)
          } of ${shares.length} in ${activation}`
        ).join(", ")
      }; ${keys}. Step ${step}.`,
    svg: chartSvg({
      title,
      panels: [{
        title: "",
        x: { label: "frequency k", domain: [0, count + 1] },
        y: { label: "neurons", domain: [0, most] },
        // Of each layer a little to the right of that before.
        series: layers.map(({ activation, clusters }, i) => ({
          name: activation,
          colour: i,
          line: "stems" as const,
          points: clusters.map(({ frequency, neurons }) => ({
            x: frequency + 0.3 * i,
            y: neurons,
          })),
        })),
      }],
    }),
    data: {
      columns: ["activation", "neuron", "frequency", "share_of_variance"],
      rows: layers.flatMap(({ activation, frequencies, shares }) =>
        frequencies.map((k, neuron) => [activation, neuron, k, shares[neuron]!])
      ),
    },
  };
}
