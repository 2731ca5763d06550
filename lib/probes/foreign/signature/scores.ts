/**
 * Numbers for each class: logits, probabilities, or the logarithms of these.
 *
 * @module
 */

import {
  type HostTensor,
  lastPosition,
  toNumbers,
} from "../../../numeric/tensor.ts";

/** A number for each class of each row. */
export interface Scores {
  /** How many rows. */
  readonly rows: number;
  /** How many classes. */
  readonly classes: number;
  /** Row by row, at the last position. */
  readonly data: Float64Array;
  /** Whether they are whole numbers by type: those are no probabilities. */
  readonly whole: boolean;
}

/** What numbers for classes are. */
export type Kind = "logits" | "probabilities" | "log-probabilities";

/** A value as scores: numbers, [rows, classes] or [rows, position, classes]. */
export function scoresOf(
  value: HostTensor,
  rows: number,
): Scores | undefined {
  const { dtype, shape } = value;
  const axes = shape.length === 2 || shape.length === 3;
  if (dtype === "bool" || !axes || shape[0] !== rows) return undefined;
  const classes = shape.at(-1)!;
  const data = toNumbers(lastPosition(value));
  return { rows, classes, data, whole: !dtype.startsWith("float") };
}

// float16's sums of a hundred terms, and what is added before a logarithm.
const NEAR = 2e-3;

/** What scores are, by their sums. */
export function kindOf(scores: Scores): Kind {
  const { data, whole } = scores;
  if (whole) return "logits";
  const sumsToOne = (f: (x: number) => number) =>
    everyRow(
      scores,
      (row) => Math.abs(row.reduce((s, x) => s + f(x), 0) - 1) < NEAR,
    );
  if (data.every((x) => x >= -NEAR) && sumsToOne((x) => x)) {
    return "probabilities";
  }
  if (data.every((x) => x <= NEAR) && sumsToOne(Math.exp)) {
    return "log-probabilities";
  }
  return "logits";
}

/** Whether scores are logits of which others are the softmax, or its logarithm. */
export function before(logits: Scores, others: Scores, kind: Kind): boolean {
  if (logits.classes !== others.classes) return false;
  return everyRow(logits, (z, row) => {
    const found = softmax(z);
    const given = rowOf(others, row);
    return found.every((p, i) =>
      Math.abs(
        p - (kind === "probabilities" ? given[i]! : Math.exp(given[i]!)),
      ) <
        NEAR
    );
  });
}

/** Whether labels are the places of the largest scores. */
export function sameChoices(labels: HostTensor, scores: Scores): boolean {
  const chosen = toNumbers(labels);
  return chosen.length === scores.rows &&
    everyRow(scores, (row, i) => {
      const score = row[chosen[i]!];
      return score !== undefined && row.every((x) => x <= score);
    });
}

const rowOf = ({ classes, data }: Scores, row: number) =>
  data.subarray(row * classes, (row + 1) * classes);

function everyRow(
  scores: Scores,
  holds: (row: Float64Array, index: number) => boolean,
): boolean {
  for (let row = 0; row < scores.rows; row++) {
    if (!holds(rowOf(scores, row), row)) return false;
  }
  return true;
}

function softmax(z: Float64Array): Float64Array {
  const largest = z.reduce((most, x) => Math.max(most, x), -Infinity);
  const exp = z.map((x) => Math.exp(x - largest));
  const sum = exp.reduce((s, x) => s + x, 0);
  return exp.map((x) => x / sum);
}
