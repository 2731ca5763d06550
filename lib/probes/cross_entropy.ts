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

/** A label's loss, and which class is largest, of rows of logits. */
export interface RowScores {
  /** −log softmax(z)_label of a row. */
  loss(row: number, label: number): number;
  /** The class of a row's largest logit. */
  readonly largest: Int32Array;
}

/**
 * What is needed of each row of logits to score it against any label.
 *
 * @param logits Row by row, `classes` to a row.
 * @param classes How many classes there are.
 */
export function rowScores(logits: Float64Array, classes: number): RowScores {
  const rows = logits.length / classes;
  const largest = new Int32Array(rows);
  const logSum = new Float64Array(rows);
  for (let row = 0, from = 0; row < rows; row++, from += classes) {
    let top = from;
    for (let i = from + 1; i < from + classes; i++) {
      if (logits[i]! > logits[top]!) top = i;
    }
    const most = logits[top]!;
    let sum = 0;
    for (let i = from; i < from + classes; i++) {
      sum += Math.exp(logits[i]! - most);
    }
    largest[row] = top - from;
    logSum[row] = Math.log(sum) + most;
  }
  return {
    largest,
    loss: (row, label) => logSum[row]! - logits[row * classes + label]!,
  };
}

/**
 * Loss and accuracy over some rows.
 *
 * @param scores Of every row.
 * @param rows Which rows.
 * @param labels The label of each of these.
 */
export function scoresOver(
  { loss, largest }: RowScores,
  rows: ArrayLike<number>,
  labels: ArrayLike<number>,
): Scores {
  let total = 0;
  let right = 0;
  for (let i = 0; i < rows.length; i++) {
    total += loss(rows[i]!, labels[i]!);
    if (largest[rows[i]!] === labels[i]) right++;
  }
  return { loss: total / rows.length, accuracy: right / rows.length };
}
