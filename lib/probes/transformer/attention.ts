/**
 * The `attention` probe: where a transformer looks, and what each part of it adds to
 * the logits.
 *
 * @module
 */

import { append } from "../../base/extremes.ts";
import { percent, short, table } from "../../base/terminal.ts";
import type { Matrix } from "../../numeric/matrix.ts";
import { finite, mean } from "../../numeric/statistics.ts";
import { type HostTensor, toNumbers } from "../../numeric/tensor.ts";
import { atOnce } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import { Scorer, type Scores, scoresOver } from "../context/cross_entropy.ts";
import { everyRow } from "../context/row_groups.ts";
import type { Probe } from "../probe.ts";
import { type DirectAttribution, directAttribution } from "./attribution.ts";
import {
  attentionLayers,
  ROUNDING,
  unembedded,
  type Unembedding,
  unembedding,
  UNNAMED,
} from "./residual_stream.ts";

/** How a head attends, over all rows of the task. */
export interface HeadPattern {
  /** The layer. */
  readonly layer: number;
  /** The head. */
  readonly head: number;
  /** Mean weight of each query on each key, [query][key]; rows sum to 1. */
  readonly mean: readonly (readonly number[])[];
  /** Standard deviation of these weights over the rows, [query][key]. */
  readonly deviation: readonly (readonly number[])[];
  /**
   * Mean over the rows of −Σ a ln a / ln m for each query, with m the keys that it
   * sees in any row: 1 where it attends to all alike, 0 where to one; null where it
   * sees one.
   */
  readonly uniformity: readonly (number | null)[];
}

/** What the residual stream says at a place, read through the unembedding. */
export interface LensRow {
  /** The activation. */
  readonly activation: string;
  /** The position, from 0. */
  readonly position: number;
  /** Loss and accuracy of the logits that it would give, over all rows. */
  readonly scores: Scores;
}

/** The result. */
export interface AttentionResult {
  /** Each head. */
  readonly heads: readonly HeadPattern[];
  /**
   * Softmax cross-entropy, in nats, and accuracy of x·W_U (+ b_U), behind the last
   * LayerNorm where there is one, for the residual stream x before, within and
   * behind each layer, at each position; null with the reason beside it.
   */
  readonly logit_lens: readonly LensRow[] | null;
  /** Why there is no logit lens, or null. */
  readonly lens_missing: string | null;
  /** What each part adds to the label's logit; null with the reason beside it. */
  readonly direct: DirectAttribution | null;
  /** Why there is no direct attribution, or null. */
  readonly direct_missing: string | null;
}

/**
 * Attention patterns over all rows of the task, the logit lens at each position,
 * and direct logit attribution of heads and neurons.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4; nostalgebraist, "interpreting
 * GPT: the logit lens" (2020); Elhage et al., "A Mathematical Framework for
 * Transformer Circuits" (2021), for direct contributions.
 */
export const attention: Probe<"attention", AttentionResult> = {
  of: "checkpoint",
  name: "attention",
  describe:
    "Attention patterns, logit lens by position, direct logit attribution",
  needs: "a transformer with hooks, and a task",

  async compute(context) {
    const layers = attentionLayers(context);
    await atOnce(context, "attention");
    await context.activations(
      Array.from({ length: layers }, (_, i) => streamOf(context, i)).flat(),
    );
    const heads: HeadPattern[] = [];
    for (let layer = 0; layer < layers; layer++) {
      const name = `blocks.${layer}.attn.hook_pattern`;
      append(heads, patterns(layer, await context.activation(name)));
    }
    const out = unembedding(context, layers);
    const seen = out ? await lens(context, layers, out) : NO_W_U;
    const direct = typeof seen === "string"
      ? seen
      : await directAttribution(context, layers, out!);
    return {
      heads,
      logit_lens: typeof seen === "string" ? null : seen,
      lens_missing: typeof seen === "string" ? seen : null,
      direct: typeof direct === "string" ? null : direct,
      direct_missing: typeof direct === "string" ? direct : null,
    };
  },

  curves: ({ heads, logit_lens }) => ({
    uniformity: finite(mean(
      heads.map(({ uniformity }) => uniformity.at(-1) ?? null)
        .filter((x) => x !== null),
    )),
    last_lens_loss: logit_lens?.at(-1)?.scores.loss ?? null,
  }),

  text({ heads, logit_lens, lens_missing, direct, direct_missing }) {
    const keys = heads[0]!.mean.length;
    return [
      "attention of the last position, mean ± standard deviation over all rows",
      ...table([
        [
          "head",
          ...Array.from({ length: keys }, (_, key) => `to ${key}`),
          "uniform",
        ],
        ...heads.map(({ layer, head, mean, deviation, uniformity }) => [
          `${layer}.${head}`,
          ...mean.at(-1)!.map((x, key) =>
            `${x.toFixed(3)} ± ${deviation.at(-1)![key]!.toFixed(3)}`
          ),
          short(uniformity.at(-1)),
        ]),
      ]),
      ...(logit_lens === null ? [`no logit lens: ${lens_missing}`] : [
        "logit lens",
        ...table([
          ["activation", "position", "loss", "accuracy"],
          ...logit_lens.map(({ activation, position, scores }) => [
            activation,
            String(position),
            short(scores.loss),
            percent(scores.accuracy),
          ]),
        ]),
      ]),
      ...(direct === null ? [`no direct attribution: ${direct_missing}`] : [
        `the label's logit is ${
          short(direct.total)
        } above the mean of all; of it`,
        ...table(direct.parts.map(({ part, logit }) => [part, short(logit)])),
      ]),
    ];
  },
};

function streamOf({ model }: ProbeContext, layer: number): string[] {
  return [
    "attn.hook_pattern",
    "attn.hook_z",
    "hook_resid_pre",
    "hook_resid_mid",
    "hook_resid_post",
    "mlp.hook_post",
  ].map((name) => `blocks.${layer}.${name}`).filter((name) => model.has(name));
}

function patterns(layer: number, pattern: HostTensor): HeadPattern[] {
  const [rows, heads, queries, keys] = pattern.shape as [
    number,
    number,
    number,
    number,
  ];
  const a = toNumbers(pattern);
  const at = (row: number, head: number, query: number, key: number) =>
    a[((row * heads + head) * queries + query) * keys + key]!;
  const overRows = (f: (row: number) => number) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += f(row);
    return sum / rows;
  };
  const indices = (n: number) => Array.from({ length: n }, (_, i) => i);
  return indices(heads).map((head) => {
    const means = indices(queries).map((q) =>
      indices(keys).map((k) => overRows((row) => at(row, head, q, k)))
    );
    const deviation = means.map((byKey, q) =>
      byKey.map((m, k) =>
        Math.sqrt(overRows((row) => (at(row, head, q, k) - m) ** 2))
      )
    );
    const uniformity = means.map((byKey, q) => {
      const seen = byKey.filter((m) => m > 0).length;
      if (seen < 2) return null;
      return overRows((row) =>
        entropy(indices(keys).map((k) => at(row, head, q, k)))
      ) / Math.log(seen);
    });
    return { layer, head, mean: means, deviation, uniformity };
  });
}

const entropy = (weights: readonly number[]) =>
  weights.reduce((sum, a) => a > 0 ? sum - a * Math.log(a) : sum, 0);

const NO_W_U = "there is no weight W_U";

// Or why there is none.
async function lens(
  context: ProbeContext,
  layers: number,
  out: Unembedding,
): Promise<LensRow[] | string> {
  const whole = everyRow(context);
  await using scorer = new Scorer(context.host);
  const result: LensRow[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const names = streamOf(context, layer).filter((name) =>
      name.includes("hook_resid") &&
      // Behind one layer is before the next.
      (layer === layers - 1 || !name.endsWith("post"))
    );
    for (const activation of names) {
      const x = await context.activation(activation);
      const positions = x.shape[1]!;
      const z = await unembedded(x, out, context.host);
      if (
        activation === `blocks.${layers - 1}.hook_resid_post` &&
        !areLogits(z, positions, await context.logits())
      ) {
        return `${activation} through the unembedding is not the logits: ` +
          UNNAMED;
      }
      const scored = await scorer.rows(z);
      for (let position = 0; position < positions; position++) {
        const rows = whole.rows.map((row) => row * positions + position);
        result.push({
          activation,
          position,
          scores: scoresOver(scored, rows, whole.labels),
        });
      }
    }
  }
  return result;
}

// Whether the last of some positions has the logits of its row.
function areLogits(
  { data }: HostTensor,
  positions: number,
  logits: Matrix,
): boolean {
  const { columns } = logits;
  let [largest, apart] = [0, 0];
  logits.data.forEach((z, i) => {
    const row = Math.floor(i / columns) * positions + positions - 1;
    largest = Math.max(largest, Math.abs(z));
    apart = Math.max(
      apart,
      Math.abs(z - Number(data[row * columns + i % columns])),
    );
  });
  return apart <= ROUNDING * largest;
}
