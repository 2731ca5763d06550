/**
 * Direct logit attribution: what each part of a transformer adds to the logits
 * through the unembedding alone.
 *
 * @module
 */

import { short } from "../../base/terminal.ts";
import { asMatrix, type Matrix, product } from "../../numeric/matrix.ts";
import { type HostTensor, toNumbers } from "../../numeric/tensor.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import type { ProbeContext } from "../context/context.ts";
import {
  headsOf,
  ROUNDING,
  type Unembedding,
  UNNAMED,
} from "./residual_stream.ts";
import { mean } from "../../numeric/statistics.ts";

/** What a part adds. */
export interface PartLogit {
  /** The part: `embedding`, `position`, `blocks.0.attn.head.2`, `blocks.0.mlp`. */
  readonly part: string;
  /** What it adds to the label's logit less the mean of all, mean over the rows. */
  readonly logit: number;
}

/** What the parts add to the label's logit, over all rows of the task. */
export interface DirectAttribution {
  /** The label's logit less the mean of all logits, mean over the rows. */
  readonly total: number;
  /** What each part adds; they sum to the total, biases being parts too. */
  readonly parts: readonly PartLogit[];
  /** What each neuron adds, by layer. */
  readonly neurons: readonly {
    /** The hook behind the neurons. */
    readonly activation: string;
    /** A number for each neuron. */
    readonly logits: readonly number[];
  }[];
}

/**
 * With D the columns of W_U less their mean, a part that adds v to the residual
 * stream at the last position adds v·D_y to the label's logit less the mean.
 *
 * @param context The checkpoint.
 * @param layers How many layers it has.
 * @param out Its unembedding.
 * @returns The attribution, or why there is none.
 */
export async function directAttribution(
  context: ProbeContext,
  layers: number,
  out: Unembedding,
): Promise<DirectAttribution | string> {
  if (out.norm) {
    return "a LayerNorm stands before the unembedding, behind which parts are no " +
      "sum";
  }
  const { model, task: { labels } } = context;
  const D = aboveMean(asMatrix(out.W_U), out.scale);
  const parts: PartLogit[] = [];
  const neurons: DirectAttribution["neurons"][number][] = [];
  const add = (part: string, byUnit: Float64Array) =>
    parts.push({ part, logit: byUnit.reduce((a, b) => a + b, 0) });
  const last = async (hook: string) => vectors(await context.activation(hook));

  const stream = model.has("hook_embed")
    ? { embedding: "hook_embed", position: "hook_pos_embed" }
    : { "residual stream before": "blocks.0.hook_resid_pre" };
  for (const [part, hook] of Object.entries(stream)) {
    if (model.has(hook)) add(part, byUnit(await last(hook), D, labels));
  }
  for (let layer = 0; layer < layers; layer++) {
    const path = `blocks.${layer}`;
    const lacking = lackOf(model, path);
    if (lacking) return lacking;
    const heads = await headsOf(context, layer);
    const W_O = model.weight(`${path}.attn.W_O`)!;
    const z = byUnit(
      vectors(heads.z),
      product(flattened(W_O), D),
      labels,
    );
    for (let head = 0; head < heads.count; head++) {
      const width = z.length / heads.count;
      const own = z.subarray(head * width, (head + 1) * width);
      add(`${path}.attn.head.${head}`, own);
    }
    const post = `${path}.mlp.hook_post`;
    const W_out = asMatrix(model.weight(`${path}.mlp.W_out`)!);
    const each = byUnit(await last(post), product(W_out, D), labels);
    add(`${path}.mlp`, each);
    neurons.push({ activation: post, logits: [...each] });
    for (const name of ["attn.b_O", "mlp.b_out"]) {
      const b = model.weight(`${path}.${name}`);
      if (b) add(`${path}.${name}`, byUnit(oneRow(b), D, labels));
    }
  }
  if (out.b_U) {
    const above = aboveMean(oneRow(out.b_U), out.scale);
    add("b_U", byUnit({ rows: 1, columns: 1, data: ONE }, above, labels));
  }
  const total = margin(await context.logits(), labels);
  return missing(parts, total) ?? { total, parts, neurons };
}

// What a layer lacks, of what its parts are told by.
function lackOf(model: ProbeModel, path: string): string | undefined {
  const pairs = [["attn.W_O", "attn.hook_z"], ["mlp.W_out", "mlp.hook_post"]];
  for (const [weight, hook] of pairs) {
    if (!model.weight(`${path}.${weight}`) || !model.has(`${path}.${hook}`)) {
      return `there is no ${path}.${weight} or no ${path}.${hook}`;
    }
  }
}

// What is said of parts that are not all.
function missing(
  parts: readonly PartLogit[],
  total: number,
): string | undefined {
  const sum = parts.reduce((sum, { logit }) => sum + logit, 0);
  const sizes = parts.reduce((sum, { logit }) => sum + Math.abs(logit), 0);
  if (!(Math.abs(sum - total) > ROUNDING * sizes)) return undefined;
  const [found, wanted] = [short(sum), short(total)];
  return `its parts sum to ${found} and the logits say ${wanted}: ${UNNAMED}`;
}

const ONE = Float64Array.of(1);

// Of each row the mean over the columns taken off.
function aboveMean({ rows, columns, data }: Matrix, scale: number): Matrix {
  const result = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns);
    const middle = mean(row);
    row.forEach((x, j) => result[i * columns + j] = scale * (x - middle));
  }
  return { rows, columns, data: result };
}

// [head, d_head, d_model] lies as [head · d_head, d_model] does.
function flattened({ shape, data }: HostTensor): Matrix {
  const columns = shape.at(-1)!;
  return { rows: data.length / columns, columns, data: toNumbers({ data }) };
}

const oneRow = ({ data }: HostTensor): Matrix => ({
  rows: 1,
  columns: data.length,
  data: toNumbers({ data }),
});

// Of every row the last position, its axes behind one flat: [batch, pos, …] →
// [batch, width]. A table of positions, [pos, d_model], has one row.
function vectors({ shape, data }: HostTensor): Matrix {
  const table = shape.length === 2;
  const rows = table ? 1 : shape[0]!;
  const positions = shape[table ? 0 : 1]!;
  const columns = data.length / rows / positions;
  const picked = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const from = (i * positions + positions - 1) * columns;
    for (let j = 0; j < columns; j++) {
      picked[i * columns + j] = Number(data[from + j]);
    }
  }
  return { rows, columns, data: picked };
}

// Mean over the rows of x_j·D_{j, label}, for each unit j; where x has one row it is
// every row's.
function byUnit(
  { rows, columns, data }: Matrix,
  D: Matrix,
  labels: Int32Array,
): Float64Array {
  const result = new Float64Array(columns);
  for (let i = 0; i < labels.length; i++) {
    const from = rows === 1 ? 0 : i * columns;
    for (let j = 0; j < columns; j++) {
      result[j]! += data[from + j]! * D.data[j * D.columns + labels[i]!]!;
    }
  }
  return result.map((x) => x / labels.length);
}

function margin({ columns, data }: Matrix, labels: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns);
    sum += row[labels[i]!]! - row.reduce((a, b) => a + b, 0) / columns;
  }
  return sum / labels.length;
}
