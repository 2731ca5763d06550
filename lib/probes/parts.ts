/**
 * Over which rows measures are taken.
 *
 * @module
 */

import type { HostTensor } from "../onnx/tensor.ts";
import type { ProbeContext } from "./context.ts";
import { type Scorer, type Scores, scoresOver } from "./cross_entropy.ts";
import { NotApplicableError } from "./probe.ts";
import type { Part } from "./task.ts";

/** Train and test rows, or null where nothing says which they are. */
export interface Parts {
  /** The rows to train on. */
  readonly train: Part;
  /** The rows to test. */
  readonly test: Part;
}

/** Scores over all rows, and over the train and test rows where those are known. */
export interface PartScores {
  /** Over all rows that are looked at. */
  readonly all: Scores;
  /** Over those trained on; null where nothing says which. */
  readonly train: Scores | null;
  /** Over those tested. */
  readonly test: Scores | null;
}

/** A task's parts, or null where nothing says which they are. */
export function partsOf(context: ProbeContext): Parts | null {
  try {
    return context.task.split();
  } catch (error) {
    if (error instanceof NotApplicableError) return null;
    throw error;
  }
}

/** The rows of a part that are wanted. */
export function within(
  { rows, labels }: Part,
  wanted: (row: number) => boolean,
): Part {
  const kept = [...rows.keys()].filter((i) => wanted(rows[i]!));
  return {
    rows: Int32Array.from(kept, (i) => rows[i]!),
    labels: Int32Array.from(kept, (i) => labels[i]!),
  };
}

/** Every row of a task, with its labels. */
export function everyRow(context: ProbeContext): Part {
  const { labels } = context.task;
  return { rows: labels.map((_, row) => row), labels };
}

/**
 * Scores of logits of every row of a task.
 *
 * @param context The checkpoint.
 * @param logits [rows, classes].
 * @param scorer Of the logits.
 */
export async function partScores(
  context: ProbeContext,
  logits: HostTensor,
  scorer: Scorer,
): Promise<PartScores> {
  const whole = everyRow(context);
  const parts = partsOf(context);
  const scored = await scorer.rows(logits);
  const of = ({ rows, labels }: Part) => scoresOver(scored, rows, labels);
  return {
    all: of(whole),
    train: parts && of(parts.train),
    test: parts && parts.test.rows.length > 0 ? of(parts.test) : null,
  };
}
