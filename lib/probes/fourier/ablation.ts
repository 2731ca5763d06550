/**
 * The `ablation` probe: loss and accuracy without a part.
 *
 * @module
 */

import { append } from "../../base/extremes.ts";
import { percent, short, table } from "../../base/terminal.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { patch } from "../../onnx/inspect/edits.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { choice, type Setting, type Values } from "../../settings/setting.ts";
import { logitsWith } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import { Scorer } from "../context/cross_entropy.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import { type PartScores, partScores } from "../context/row_groups.ts";
import type { Probe } from "../probe.ts";
import { headsOf } from "../transformer/residual_stream.ts";
import { cyclicOf, neuronHooksOf } from "./anatomy.ts";
import { embeddingsWithout } from "./embeddings_without.ts";
import {
  labelled,
  logitsLess,
  type StandIn,
  without,
} from "./interventions.ts";
import {
  chosenKeysOf,
  type KeySettings,
  keySettings,
} from "./key_frequencies.ts";
import { clustersOf, spectrum2dOf } from "./neurons.ts";
import { logitWavesOf } from "./waves.ts";

/** The network without a part. */
export interface Ablation {
  /** What kind of part. */
  readonly kind:
    | "head"
    | "cluster"
    | "frequency of logits"
    | "frequency of embedding";
  /** Which: `blocks.0.attn.head.2`, `layers.0 k=14 (12 neurons)`, `k=14`. */
  readonly part: string;
  /** Loss and accuracy without it. */
  readonly scores: PartScores;
}

/**
 * The result. Losses are softmax cross-entropy, in nats; `all` is over every row of
 * the task.
 */
export interface AblationResult {
  /** What stands in the place of heads and neurons. */
  readonly by: StandIn;
  /** The network as it is. */
  readonly whole: PartScores;
  /** Without each part. */
  readonly ablations: readonly Ablation[];
}

/** What the probe can be told. */
export type AblationSettings = KeySettings & {
  /** What stands in the place of heads and neurons. */
  readonly ablateBy: Setting<StandIn>;
};

/**
 * Each head, each cluster of neurons of one frequency, each key frequency taken out,
 * and the rest of the network run again.
 *
 * A head's z and a cluster's activations become their means over all rows of the
 * task (position by position), or zero. A frequency is taken out of the logits (its
 * waves of the answer, as in the excluded loss), and out of the embedding (its cosine
 * and sine over the residues). Of more than half of the frequencies none is, and no
 * cluster: they are no sparse structure.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4.4.
 */
export const ablation: Probe<"ablation", AblationResult, AblationSettings> = {
  of: "checkpoint",
  name: "ablation",
  describe:
    "Loss and accuracy without each head, neuron cluster, key frequency",
  needs: "heads, or hidden layers of an operation modulo p",
  costly: "runs the network once for every part that it takes out",
  settings: {
    ...keySettings,
    ablateBy: choice(
      ["mean", "zero"],
      "mean",
      "<what>",
      "what stands in place of ablated heads and neurons: mean or zero",
    ),
  },

  async compute(context, settings) {
    const by = settings.ablateBy;
    const ablations: Ablation[] = [];
    await using scorer = new Scorer(context.host);
    for (const layer of layersOf(context)) {
      const heads = await headsOf(context, layer);
      const path = `blocks.${layer}.attn`;
      const parts = Array.from({ length: heads.count }, (_, head): Part => ({
        kind: "head",
        part: `${path}.head.${head}`,
        has: (i) => heads.of(i) === head,
      }));
      const hook = `${path}.hook_z`;
      append(
        ablations,
        await withoutEach(context, hook, by, parts, scorer),
      );
    }
    const modular = isModular(context);
    if (modular) {
      append(ablations, await byFrequency(context, settings, scorer));
    }
    if (ablations.length === 0) {
      throw new NotApplicableError(
        `${context.model.source} has no attention heads and no sparse key ` +
          "frequencies: there is nothing to take out",
      );
    }
    const whole = await partScores(context, labelled(context), scorer);
    return { by, whole, ablations };
  },

  text({ by, whole, ablations }) {
    const cells = ({ all, train, test }: PartScores) => [
      short(all.loss),
      percent(all.accuracy),
      ...(train && test
        ? [
          short(train.loss),
          percent(train.accuracy),
          short(test.loss),
          percent(test.accuracy),
        ]
        : []),
    ];
    const split = whole.train && whole.test
      ? ["train loss", "accuracy", "test loss", "accuracy"]
      : [];
    return [
      `in place of heads and neurons: ${
        by === "mean" ? "their means" : "zero"
      }`,
      ...table([
        ["without", "loss", "accuracy", ...split],
        ["nothing", ...cells(whole)],
        ...ablations.map(({ kind, part, scores }) => [
          `${kind} ${part}`,
          ...cells(scores),
        ]),
      ]),
    ];
  },
};

// Of a file without attention none.
function layersOf({ model }: ProbeContext): number[] {
  const layers: number[] = [];
  const has = (name: string) =>
    model.has(`blocks.${layers.length}.attn.hook_${name}`);
  while (has("pattern") && has("z")) layers.push(layers.length);
  return layers;
}

function isModular(context: ProbeContext): boolean {
  try {
    return cyclicOf(context).order > 0;
  } catch (error) {
    if (error instanceof NotApplicableError) return false;
    throw error;
  }
}

async function byFrequency(
  context: ProbeContext,
  settings: Values<AblationSettings>,
  scorer: Scorer,
): Promise<Ablation[]> {
  const ablations: Ablation[] = [];
  const keys = await chosenKeysOf(context, settings) ?? [];
  const count = Math.floor(cyclicOf(context).order / 2);
  if (keys.length > count / 2) return [];
  for (const hook of neuronHooksOf(context)) {
    const layer = await spectrum2dOf(context, hook);
    const width = layer.frequencies.length;
    const parts = clustersOf(layer, settings.neuronShare)
      .map(({ frequency, neurons }): Part => {
        const members = new Set(neurons);
        return {
          kind: "cluster",
          part: `${hook.replace(/\.hook_post$/, "")} k=${frequency} ` +
            `(${neurons.length} neurons)`,
          has: (i) => members.has(i % width),
        };
      });
    append(
      ablations,
      await withoutEach(context, hook, settings.ablateBy, parts, scorer),
    );
  }
  const waves = await logitWavesOf(context);
  for (const k of keys) {
    const left = logitsLess(context, waves.projection(k));
    ablations.push({
      kind: "frequency of logits",
      part: `k=${k}`,
      scores: await partScores(context, left, scorer),
    });
  }
  // What is prepared for its runs goes with it.
  const model = context.model.edited();
  try {
    for (const [k, weights] of embeddingsWithout(context, keys)) {
      ablations.push({
        kind: "frequency of embedding",
        part: `k=${k}`,
        scores: await run(context, model, scorer, weights),
      });
    }
  } finally {
    await model.close();
  }
  return ablations;
}

/** Elements of an activation's rows that are taken out together. */
type Part = Pick<Ablation, "kind" | "part"> & {
  /** Whether an element is one of them, by its index in the row. */
  has(i: number): boolean;
};

async function withoutEach(
  context: ProbeContext,
  hook: string,
  by: StandIn,
  parts: readonly Part[],
  scorer: Scorer,
): Promise<Ablation[]> {
  const nothing = await without(context, hook, by, () => false);
  const label = `${hook}/ablation`;
  const model = context.model.edited(patch(hook, nothing, label));
  const ablations: Ablation[] = [];
  try {
    for (const { kind, part, has } of parts) {
      const { keep, add } = await without(context, hook, by, has);
      const weights = { [`${label}/keep`]: keep, [`${label}/add`]: add };
      const scores = await run(context, model, scorer, weights);
      ablations.push({ kind, part, scores });
    }
  } finally {
    await model.close();
  }
  return ablations;
}

type Tensors = Readonly<Record<string, HostTensor>>;

async function run(
  context: ProbeContext,
  model: ProbeModel,
  scorer: Scorer,
  weights: Tensors,
): Promise<PartScores> {
  const chunks = logitsWith(context, model, weights);
  return await partScores(context, chunks, scorer);
}
