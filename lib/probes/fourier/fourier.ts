/**
 * The `fourier` probe: which frequencies a network computes with.
 *
 * @module
 */

import type { Setting } from "../../settings/setting.ts";
import { percent, short } from "../../base/terminal.ts";
import {
  cyclicOf,
  embeddingsOf,
  neuronHooksOf,
  neuronLogitMapOf,
  unembeddingOf,
} from "./anatomy.ts";
import {
  type KeyFrequencies,
  keyFrequenciesOf,
  keysText,
  sideBySide,
  type Spectrum,
  spectrum,
} from "./key_frequencies.ts";
import {
  clustersOf,
  neuronShare,
  type Spectrum2d,
  spectrum2dOf,
} from "./neurons.ts";
import type { Probe } from "../probe.ts";

/** The result. What the network has no weight or activation for is null. */
export interface FourierResult extends KeyFrequencies {
  /** p. */
  readonly modulus: number;
  /** The group that the frequencies are of; a product's is multiplicative. */
  readonly group: "additive" | "multiplicative";
  /** n: p, or p − 1. Frequencies are 1, …, ⌊n/2⌋. */
  readonly order: number;
  /** Of W_E, or of both halves of a perceptron's first layer side by side. */
  readonly embedding: Spectrum | null;
  /** Of the halves, or of W_E alone. */
  readonly embedding_parts: readonly Spectrum[];
  /** Of W_U along the classes. */
  readonly unembedding: Spectrum | null;
  /**
   * Of the neuron-logit map W_L along the classes: W_out·W_U, or the perceptron's
   * last layer.
   */
  readonly neuron_logit_map: Spectrum | null;
  /** Of each hidden layer over (a, b), first to last, with its neurons. */
  readonly layers: readonly LayerSpectrum[];
  /** Of the logits over (a, b). */
  readonly logits: Spectrum2d;
}

/** A hidden layer over (a, b). */
export interface LayerSpectrum extends Spectrum2d {
  /** How many neurons belong to each frequency. */
  readonly clusters: readonly {
    readonly frequency: number;
    readonly neurons: number;
  }[];
  /** Neurons that are the same for all pairs. */
  readonly silent: number;
}

/**
 * Spectra of the weights over the task's group, of activations and logits over
 * (a, b), and the key frequencies by three rules. Products are sums of discrete
 * logarithms: their spectra are over the multiplicative group.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4 and Appendix.
 */
export const fourier: Probe<
  "fourier",
  FourierResult,
  { readonly neuronShare: Setting<number> }
> = {
  of: "checkpoint",
  name: "fourier",
  describe:
    "Spectra of weights, neurons and logits; key frequencies by three rules",
  needs: "an operation modulo p; what the network lacks is left out",
  settings: { neuronShare },

  async compute(context, { neuronShare }) {
    const { kind, order } = cyclicOf(context);
    const embeddings = embeddingsOf(context);
    const names = embeddings.map(({ name }) => name).join(" | ");
    const unembedding = unembeddingOf(context);
    const map = neuronLogitMapOf(context);
    const layers: LayerSpectrum[] = [];
    for (const hook of neuronHooksOf(context)) {
      const layer = await spectrum2dOf(context, hook);
      layers.push({
        ...layer,
        clusters: clustersOf(layer, neuronShare)
          .map(({ frequency, neurons }) => ({
            frequency,
            neurons: neurons.length,
          })),
        silent: layer.shares.filter((share) => share === null).length,
      });
    }
    return {
      modulus: context.modular.modulus,
      group: kind,
      order,
      ...await keyFrequenciesOf(context, neuronShare),
      embedding: embeddings.length > 0
        ? spectrum(names, sideBySide(embeddings))
        : null,
      embedding_parts: embeddings.map((part) => spectrum(part.name, part)),
      unembedding: unembedding ? spectrum(unembedding.name, unembedding) : null,
      neuron_logit_map: map ? spectrum(map.name, map) : null,
      layers,
      logits: await spectrum2dOf(context, "logits"),
    };
  },

  curves: (result) => ({
    key_frequencies: result.key_frequencies?.length ?? null,
    agreement: result.agreement,
    gini_embedding: result.embedding?.gini ?? null,
    gini_neuron_logit_map: result.neuron_logit_map?.gini ?? null,
  }),

  text(result) {
    const { order, key_frequencies, rules, agreement, layers } = result;
    const count = Math.floor(order / 2);
    const keys = (ks: readonly number[] | null) => keysOutOf(ks, count);
    const named = {
      "hidden neurons": rules.neurons,
      "the neuron-logit map": rules.neuron_logit_map,
      "the embedding": rules.embedding,
    };
    const spectra = [
      ...result.embedding_parts,
      ...[result.unembedding, result.neuron_logit_map].filter((s) =>
        s !== null
      ),
    ];
    const there = Object.values(named).filter((ks) => ks !== null).length;
    const by = ["", ", by the one rule that applies"][there] ??
      ", by two rules or more";
    return [
      `modulus ${result.modulus}, ${result.group} group of order ${order}`,
      `key frequencies${by}: ${keys(key_frequencies)}` +
      (agreement === null ? "" : `; the rules agree to ${percent(agreement)}`),
      ...Object.entries(named).map(([rule, ks]) =>
        `  by ${rule}: ${ks === null ? "not there" : keys(ks)}`
      ),
      ...spectra.map(({ weight, power_share, gini, key_frequencies }) =>
        `${weight}: ${key_frequencies.length} of ${count} frequencies have ` +
        `${percentOrDash(power_share)} of the power; Gini ${short(gini)}`
      ),
      ...layers.map(({ activation, clusters, silent, shares }) =>
        `${activation}: ${
          clusters.reduce((sum, { neurons }) => sum + neurons, 0)
        } of ${shares.length} neurons belong to a frequency` +
        (silent > 0 ? `, ${silent} are silent` : "") +
        (clusters.length > 0 && clusters.length <= 12
          ? `: ${
            clusters.map(({ frequency, neurons }) => `${frequency}×${neurons}`)
              .join(", ")
          }`
          : "")
      ),
    ];
  },
};

const percentOrDash = (x: number | null) => x === null ? "–" : percent(x);

// Most of all frequencies are no key to anything.
function keysOutOf(keys: readonly number[] | null, count: number): string {
  return keys !== null && keys.length > count / 2
    ? `${keys.length} of ${count}, no sparse structure`
    : keysText(keys);
}
