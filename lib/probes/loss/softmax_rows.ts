/**
 * What a softmax makes of the train rows' logits, row by row.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { type Loss, softmaxCrossEntropy } from "../../losses/mod.ts";
import { collapsed } from "../../losses/softmax.ts";
import { logitExtremes } from "../../metrics/logits.ts";
import type { OfRows } from "../../metrics/mod.ts";
import { lostExponentials } from "../../metrics/underflow.ts";
import { tensorOf } from "../../numeric/matrix.ts";
import { mean } from "../../numeric/statistics.ts";
import { hostTensorOf, toNumbers } from "../../numeric/tensor.ts";
import { compile, runTraced } from "../../onnx/runtime/compile.ts";
import type { Session } from "../../onnx/runtime/session.ts";
import { toPrecision, widen } from "../../trace/precision.ts";
import { logitChunks } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";

/** What a softmax is looked at in. */
export const PRECISIONS = ["float16", "float32", "float64"] as const;

// Of very many rows; each has two dozen numbers of its own for each of its logits.
const ROWS_AT_ONCE = 1024;

/**
 * The metrics' own functions, on the train rows' logits: what each row has by
 * itself, chunk by chunk, and the means of that.
 *
 * @returns The means by name.
 */
export async function measureSoftmax(
  context: ProbeContext,
  loss: Loss | undefined,
  temperature: number,
): Promise<(name: string) => number | undefined> {
  const { rows, labels } = context.task.split().train;
  const all = new Map<string, Float64Array>();
  const sessions = new Map<number, Promise<Session>>();
  let classes = 0;
  const chunks = logitChunks(context, rows, ROWS_AT_ONCE);
  for await (const { first, logits } of chunks) {
    classes = logits.columns;
    const own = labels.subarray(first, first + logits.rows);
    const feeds = {
      logits: tensorOf(logits),
      labels: hostTensorOf("int64", [logits.rows], own),
    };
    const session = sessions.get(logits.rows) ?? compile(
      ({ logits, labels }) =>
        ofRows(logits as tf.Tensor2D, labels as tf.Tensor1D, loss, temperature),
      feeds,
      context.host,
    );
    sessions.set(logits.rows, session);
    for (const [name, x] of Object.entries(await (await session).run(feeds))) {
      if (!all.has(name)) all.set(name, new Float64Array(rows.length));
      all.get(name)!.set(toNumbers(x), first);
    }
  }
  for (const session of sessions.values()) await (await session).close();
  const means = new Map([...all].map(([name, x]) => [name, mean(x)]));
  const given = [...all].filter(([name]) => name.startsWith(ROWS))
    .map(([name, x]) => [name.slice(ROWS.length), x] as const);
  const metrics = await runTraced(
    (rows) => {
      let next = 0;
      const byRow = () => rows[next++] as tf.Tensor1D;
      return logitExtremes({ classes, byRow }, temperature);
    },
    Object.fromEntries(
      given.map(([name, x]) => [name, hostTensorOf("float64", [x.length], x)]),
    ),
    context.host,
  );
  for (const [name, x] of Object.entries(metrics)) {
    means.set(name, toNumbers(x)[0]!);
  }
  return (name) => means.get(name);
}

// What the metrics of the logits ask of each row, by number.
const ROWS = "rows.";

// What each row of logits has by itself, [n] in double precision.
function ofRows(
  z: tf.Tensor2D,
  y: tf.Tensor1D,
  loss: Loss | undefined,
  temperature: number,
) {
  const numbers = (flags: tf.Tensor) => widen(tf.cast(flags, "float32"));
  const zero = (terms: tf.Tensor) =>
    numbers(tf.equal(terms, tf.zerosLike(terms)));
  const softmax = softmaxCrossEntropy({ temperature });
  const own = (loss?.precisions ?? []).map((precision) => [
    precision,
    zero(loss!.terms(z, y, precision)),
  ]);
  const asked: Record<string, tf.Tensor> = {};
  const byRow = (f: OfRows<tf.Tensor1D>) => {
    const x = f(z, y);
    asked[Object.keys(asked).length] = widen(x);
    return x;
  };
  logitExtremes({ classes: z.shape[1], byRow }, temperature);
  // The share of each row; all rows have as many classes.
  const share = (f: OfRows<tf.Tensor2D>) => tf.mean(numbers(f(z, y)), 1);
  return {
    logit_scale: tf.max(tf.abs(z), 1),
    rows: asked,
    ...Object.fromEntries(PRECISIONS.map((precision) => [precision, {
      softmax_collapse: numbers(collapsed(z, precision, temperature)),
      zero_terms: zero(softmax.terms(z, y, precision)),
      overflow: numbers(tf.any(tf.isInf(widen(toPrecision(z, precision))), 1)),
      ...lostExponentials(share, precision, temperature),
    }])),
    own: Object.fromEntries(own),
  };
}
