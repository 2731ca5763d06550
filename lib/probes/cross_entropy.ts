/**
 * Softmax cross-entropy and accuracy in double precision, row by row.
 *
 * @module
 */

/** Loss and accuracy over some rows. */
export interface Scores {
  /** Mean softmax cross-entropy, in nats. */
  readonly loss: number;
  /** Share of the rows whose largest logit is the label's, 0..1. */
  readonly accuracy: number;
}

/**
 * Scores of logits.
 *
 * @param logits Row by row, `classes` to a row.
 * @param classes How many classes there are.
 * @param rows Which rows.
 * @param labels The label of each of these rows.
 * @param taken What is taken off a row's logits: puts the rest into its second
 * argument; by default nothing is.
 */
export function scores(
  logits: Float64Array,
  classes: number,
  rows: ArrayLike<number>,
  labels: ArrayLike<number>,
  taken?: (row: number, logits: Float64Array) => void,
): Scores {
  const z = new Float64Array(classes);
  let loss = 0;
  let right = 0;
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * classes;
    z.set(logits.subarray(from, from + classes));
    taken?.(rows[i]!, z);
    let largest = 0;
    for (let c = 1; c < classes; c++) if (z[c]! > z[largest]!) largest = c;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(z[c]! - z[largest]!);
    loss += Math.log(sum) + z[largest]! - z[labels[i]!]!;
    if (largest === labels[i]) right++;
  }
  return { loss: loss / rows.length, accuracy: right / rows.length };
}
