/**
 * The `progress` probe: how much of a modular network is the algorithm of waves.
 *
 * @module
 */

import { percent, short, table } from "../../base/terminal.ts";
import { tensorOf } from "../../numeric/matrix.ts";
import { toNumbers } from "../../numeric/tensor.ts";
import { isLarge } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import {
  Scorer,
  type Scores,
  scoresInChunks,
  scoresOver,
} from "../context/cross_entropy.ts";
import { weightsIfKnown } from "../context/known_weights.ts";
import { rowScores, splitIfKnown, within } from "../context/row_groups.ts";
import type { Part, TaskSplit } from "../context/task.ts";
import type { Probe } from "../probe.ts";
import { cyclicOf } from "./anatomy.ts";
import { labelled, logitsLess } from "./interventions.ts";
import {
  chosenKeysOf,
  type KeySettings,
  keySettings,
  keysText,
} from "./key_frequencies.ts";
import { neuronMeasures } from "./neuron_projections.ts";
import { trigIdentity } from "./trig_identity.ts";
import { type LogitWaves, logitWavesOf } from "./waves.ts";

// Of very many rows not each of more frequencies is left out by itself.
const MOST_EACH = 16;

/** What concerns one frequency k. */
export interface FrequencyProgress {
  /** k. */
  readonly frequency: number;
  /** α_k of the trig identity. */
  readonly amplitude: number;
  /** Share of the logits' variance in α_k cos(w_k(a + b − c)), 0..1. */
  readonly explained: number | null;
  /**
   * Share in cos(w_k(a + b + c) + φ), 0..1: as much as in the former where the
   * network has one phase of the frequency alone, cos(w_k(a + b))·cos(w_k c), and
   * none where it has both of them alike.
   */
  readonly mirrored: number | null;
  /** Loss of its waves and the class means alone, over all pairs. */
  readonly restricted_loss: number;
  /**
   * Loss without its waves, over the train rows; null where those are unknown, and
   * where rows are too many to be had at once and key frequencies are more than
   * sixteen, each of which would run the network on all of them again.
   */
  readonly excluded_loss: number | null;
  /**
   * Share of the variance over (a, b) of u_kᵀ·(hidden activations) that is
   * cos(w_k(a + b)), 0..1; null where there is no neuron-logit map.
   */
  readonly neurons_on_cos: number | null;
  /** The same of v_kᵀ and sin(w_k(a + b)); null at k = n/2 too. */
  readonly neurons_on_sin: number | null;
}

/**
 * The result. n is the order of the task's group, w_k = 2πk/n, and losses are
 * softmax cross-entropy in float64, in nats, whatever the network was trained with.
 */
export interface ProgressResult {
  /**
   * k, fixed by the run's last checkpoint where there is a run; null where the
   * network has nothing of a name that they are read from. What is measured of them
   * is then null, too.
   */
  readonly key_frequencies: readonly number[] | null;
  /** Loss and accuracy over all pairs of the group. */
  readonly full: Scores;
  /** Over the train rows; null where nothing says which those are. */
  readonly train: Scores | null;
  /** Over the test rows. */
  readonly test: Scores | null;
  /**
   * Over all pairs, of the logits' projections on cos(w_k(a + b)) and
   * sin(w_k(a + b)) of all key frequencies and the mean of each class alone.
   */
  readonly restricted: Scores | null;
  /** Over the train rows, of the logits without these projections. */
  readonly excluded: Scores | null;
  /**
   * The share of the logits' variance in Σ_k α_k cos(w_k(a + b − c)) over the key
   * frequencies, 0..1, α_k by least squares. Of each row of logits the mean over
   * the group's classes is taken off first: no softmax sees it. Null where nothing
   * varies.
   */
  readonly trig_identity: number | null;
  /**
   * The share of the same variance that a + b and the class decide, 0..1: in the
   * mean over the pairs of the same answer.
   */
  readonly answer_share: number | null;
  /**
   * ‖W_L − Σ_k (cos_k u_kᵀ + sin_k v_kᵀ)‖/‖W_L‖ over the key frequencies, Frobenius
   * norms, of the neuron-logit map W_L with cos_k, sin_k along the classes: its
   * approximation of rank 2K. Null where the network has no such map.
   */
  readonly neuron_logit_residual: number | null;
  /** Each key frequency. */
  readonly frequencies: readonly FrequencyProgress[];
  /** Σ w² of each weight; null where not all weights can be read. */
  readonly squared_weights: Readonly<Record<string, number>> | null;
  /** Σ w² of all. */
  readonly sum_of_squared_weights: number | null;
}

/**
 * Restricted and excluded loss, the trig identity of the logits, the rank of the
 * neuron-logit map, what the neurons compute, Σ weights².
 *
 * Source: Nanda et al. (arXiv 2301.05217), Sections 4 and 5.
 */
export const progress: Probe<"progress", ProgressResult, KeySettings> = {
  of: "checkpoint",
  name: "progress",
  describe:
    "Restricted and excluded loss, trig identity, rank of W_L, sum of weights²",
  needs: "an operation modulo p; what the network lacks is left out",
  settings: keySettings,

  async compute(context, settings) {
    await using scorer = new Scorer(context.host);
    const chosen = await chosenKeysOf(context, settings);
    const keys = chosen ?? [];
    const waves = await logitWavesOf(context);
    const identity = trigIdentity(context, waves, keys);
    const parts = partsInGroup(context);
    const map = await neuronMeasures(context, keys);
    const frequencies = [];
    const each = keys.length <= MOST_EACH || !await isLarge(context);
    for (const [i, k] of keys.entries()) {
      frequencies.push({
        frequency: k,
        amplitude: identity.amplitudes[i]!,
        explained: identity.shares[i]!,
        mirrored: identity.mirrored[i]!,
        restricted_loss: (await restricted(context, waves, [k], scorer)).loss,
        excluded_loss: parts && each
          ? (await excluded(context, waves, [k], parts.train, scorer)).loss
          : null,
        neurons_on_cos: map?.onCos[i] ?? null,
        neurons_on_sin: map?.onSin[i] ?? null,
      });
    }
    const squares = squaredWeights(context);
    const scored = await rowScores(context, labelled(context), scorer);
    const over = ({ rows, labels }: Part) => scoresOver(scored, rows, labels);
    return {
      key_frequencies: chosen,
      full: over(everyPair(context)),
      train: parts && over(parts.train),
      test: parts && parts.test.rows.length > 0 ? over(parts.test) : null,
      restricted: chosen && await restricted(context, waves, keys, scorer),
      excluded: chosen && parts &&
        await excluded(context, waves, keys, parts.train, scorer),
      trig_identity: chosen && identity.explained,
      answer_share: identity.ofAnswer,
      neuron_logit_residual: chosen && (map?.residual ?? null),
      frequencies,
      squared_weights: squares,
      sum_of_squared_weights: squares &&
        Object.values(squares).reduce((a, b) => a + b, 0),
    };
  },

  curves: (result) => ({
    train_loss: result.train?.loss ?? null,
    test_loss: result.test?.loss ?? null,
    restricted_loss: result.restricted?.loss ?? null,
    excluded_loss: result.excluded?.loss ?? null,
    trig_identity: result.trig_identity,
    answer_share: result.answer_share,
    neuron_logit_residual: result.neuron_logit_residual,
    sum_of_squared_weights: result.sum_of_squared_weights,
  }),

  text(result) {
    const { key_frequencies: keys, full, train, test, excluded } = result;
    const share = (x: number | null) => x === null ? "–" : percent(x);
    const line = (what: string, { loss, accuracy }: Scores) =>
      `${what}: loss ${short(loss)}, accuracy ${percent(accuracy)}`;
    return [
      `key frequencies: ${keysText(keys)}`,
      line("all pairs", full),
      ...(train ? [line("train", train)] : []),
      ...(test ? [line("test", test)] : []),
      ...(result.restricted
        ? [
          line(
            "restricted to the key frequencies, all pairs",
            result.restricted,
          ),
          excluded
            ? line("without the key frequencies, train", excluded)
            : "without the key frequencies: which rows it was trained on is " +
              "unknown (--split says it)",
        ]
        : []),
      `Σ α cos(w(a + b − c)) explains ${
        share(result.trig_identity)
      } of the logits, a + b and the class ${share(result.answer_share)}`,
      ...(keys === null || result.neuron_logit_residual === null ? [] : [
        `W_L at rank ${2 * keys.length}: residual ` +
        share(result.neuron_logit_residual),
      ]),
      result.sum_of_squared_weights === null
        ? "sum of squared weights: not all weights can be read"
        : `sum of squared weights: ${short(result.sum_of_squared_weights)}`,
      ...(!keys?.length ? [] : table([
        [
          ...["k", "α", "explains", "mirrored", "restricted", "excluded"],
          ...["u·MLP", "v·MLP"],
        ],
        ...result.frequencies.map((row) => [
          String(row.frequency),
          short(row.amplitude),
          share(row.explained),
          share(row.mirrored),
          short(row.restricted_loss),
          short(row.excluded_loss),
          share(row.neurons_on_cos),
          share(row.neurons_on_sin),
        ]),
      ])),
    ];
  },
};

function squaredWeights(
  { model }: ProbeContext,
): Record<string, number> | null {
  const names = weightsIfKnown(model);
  if (!names) return null;
  return Object.fromEntries(names.map((name) => [
    name,
    toNumbers(model.tensor(name)).reduce((sum, w) => sum + w * w, 0),
  ]));
}

// The rows of the group among those to train on and to test.
function partsInGroup(context: ProbeContext): TaskSplit | null {
  return context.once("parts of the group", () => {
    const { answerOfRow } = cyclicOf(context);
    const inside = (part: Part) =>
      within(part, (row) => answerOfRow[row]! >= 0);
    const parts = splitIfKnown(context);
    return parts && { train: inside(parts.train), test: inside(parts.test) };
  });
}

function everyPair(context: ProbeContext): Part {
  const { rows } = cyclicOf(context);
  const { labels } = context.task;
  return { rows, labels: Int32Array.from(rows, (row) => labels[row]!) };
}

// A function of the answer alone, so a row for each answer is enough.
async function restricted(
  context: ProbeContext,
  waves: LogitWaves,
  keys: readonly number[],
  scorer: Scorer,
): Promise<Scores> {
  const { classes, classMeans } = waves;
  const data = waves.sum(keys).map((z, i) => z + classMeans[i % classes]!);
  // The class of an answer's index is its residue, whatever the operation.
  const { residues } = cyclicOf(context);
  const answers = residues.map((_, s) => s);
  const kept = { rows: data.length / classes, columns: classes, data };
  return scoresOver(await scorer.rows(tensorOf(kept)), answers, residues);
}

async function excluded(
  context: ProbeContext,
  waves: LogitWaves,
  keys: readonly number[],
  { rows, labels }: Part,
  scorer: Scorer,
): Promise<Scores> {
  const left = logitsLess(context, waves.sum(keys), rows);
  const scored = await scoresInChunks(scorer, left, [labels]);
  return scoresOver(scored, rows.map((_, i) => i), labels);
}
