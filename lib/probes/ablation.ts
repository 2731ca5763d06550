/**
 * The `ablation` probe: loss and accuracy without a part.
 *
 * @module
 */

import { choice, type Setting, type Values } from "../config/setting.ts";
import { changeWeight, type Edit } from "../onnx/edits.ts";
import { percent, short, table } from "../text.ts";
import { cyclicOf, neuronHooksOf } from "./anatomy.ts";
import type { ProbeContext } from "./context.ts";
import { Scorer } from "./cross_entropy.ts";
import { lessWaves, type StandIn, without } from "./interventions.ts";
import {
  chosenKeysOf,
  type KeySettings,
  keySettings,
} from "./key_frequencies.ts";
import { tensorOf } from "./matrices.ts";
import { clustersOf, spectrum2dOf } from "./neurons.ts";
import { type PartScores, partScores } from "./parts.ts";
import { NotApplicableError, type Probe } from "./probe.ts";
import { headsOf } from "./residual_stream.ts";
import { logitWavesOf, wavesOf } from "./waves.ts";

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
      for (let head = 0; head < heads.count; head++) {
        const own = (i: number) => heads.of(i) === head;
        const edit = await without(context, `${path}.hook_z`, by, own);
        const scores = await run(context, edit, scorer);
        ablations.push({ kind: "head", part: `${path}.head.${head}`, scores });
      }
    }
    const modular = isModular(context);
    if (modular) {
      ablations.push(...await byFrequency(context, settings, scorer));
    }
    if (ablations.length === 0) {
      throw new NotApplicableError(
        `${context.model.source} has no attention heads and no sparse key ` +
          "frequencies: there is nothing to take out",
      );
    }
    const logits = tensorOf(await context.logits());
    const whole = await partScores(context, logits, scorer);
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
  const keys = await chosenKeysOf(context, settings);
  const count = Math.floor(cyclicOf(context).order / 2);
  if (keys.length > count / 2) return [];
  for (const hook of neuronHooksOf(context)) {
    const layer = await spectrum2dOf(context, hook);
    for (const cluster of clustersOf(layer, settings.neuronShare)) {
      const members = new Set(cluster.neurons);
      const edit = await without(
        context,
        hook,
        settings.ablateBy,
        (i) => members.has(i % layer.frequencies.length),
      );
      ablations.push({
        kind: "cluster",
        part: `${hook.replace(/\.hook_post$/, "")} k=${cluster.frequency} ` +
          `(${cluster.neurons.length} neurons)`,
        scores: await run(context, edit, scorer),
      });
    }
  }
  const logits = await context.logits();
  const waves = await logitWavesOf(context);
  for (const k of keys) {
    ablations.push({
      kind: "frequency of logits",
      part: `k=${k}`,
      scores: await partScores(
        context,
        tensorOf(lessWaves(context, logits, waves.projection(k))),
        scorer,
      ),
    });
  }
  const edit = embeddingEdit(context);
  for (const k of edit ? keys : []) {
    ablations.push({
      kind: "frequency of embedding",
      part: `k=${k}`,
      scores: await run(context, edit!(k), scorer),
    });
  }
  return ablations;
}

async function run(
  context: ProbeContext,
  edit: Edit,
  scorer: Scorer,
): Promise<PartScores> {
  const model = context.model.edited(edit);
  try {
    const [name] = model.outputNames;
    const { [name!]: logits } = await model.run(context.inputs(), [name!]);
    return await partScores(context, context.atLast(name!, logits!), scorer);
  } finally {
    await model.close();
  }
}

// The embeddings without a frequency, or undefined where they have no weight.
function embeddingEdit(
  context: ProbeContext,
): ((k: number) => Edit) | undefined {
  const { modulus, tokens } = context.modular;
  const { order: n, residues } = cyclicOf(context);
  const { model } = context;
  if (!tokens) return undefined;
  const W_E = model.weight("W_E");
  const weight = W_E ? "W_E" : "layers.0.W";
  const tables = W_E ? [0] : [0, modulus];
  const height = model.weight(weight)?.shape[0] ?? 0;
  if (height < tables.at(-1)! + modulus) return undefined;
  return (k) => {
    const { cos, sin } = wavesOf(k, n);
    return changeWeight(weight, (values, shape) => {
      const width = shape[1]!;
      for (const from of tables) {
        for (let j = 0; j < width; j++) {
          const at = (i: number) => (from + residues[i]!) * width + j;
          for (const wave of [cos, sin]) {
            let inner = 0;
            let norm = 0;
            wave.forEach((w, i) => {
              inner += w * values[at(i)]!;
              norm += w * w;
            });
            // At k = n/2 there is no sine, but what rounding leaves of it.
            if (norm < 0.5) continue;
            wave.forEach((w, i) => values[at(i)]! -= inner / norm * w);
          }
        }
      }
      return values;
    });
  };
}
