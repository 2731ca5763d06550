/**
 * Over which rows measures are taken.
 *
 * @module
 */

import type { ProbeContext } from "./context.ts";
import {
  type LabelledChunk,
  type RowScores,
  type Scorer,
  type Scores,
  scoresInChunks,
  scoresOver,
} from "./cross_entropy.ts";
import { NotApplicableError } from "./not_applicable.ts";
import type { Part, TaskSplit } from "./task.ts";

/** Scores over all rows, and over the train and test rows where those are known. */
export interface PartScores {
  /** Over all rows that are looked at. */
  readonly all: Scores;
  /** Over those trained on; null where nothing says which. */
  readonly train: Scores | null;
  /** Over those tested. */
  readonly test: Scores | null;
}

/** A task's train and test rows, or null where nothing says which they are. */
export function splitIfKnown(context: ProbeContext): TaskSplit | null {
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

/** The labels that every row may be scored against: the task's, and the parts'. */
function labelsOf(context: ProbeContext): Int32Array[] {
  return context.once("labels of every row", () => {
    const { labels } = context.task;
    const given = new Int32Array(labels.length).fill(-1);
    const parts = splitIfKnown(context);
    for (const { rows, labels } of parts ? [parts.train, parts.test] : []) {
      rows.forEach((row, i) => given[row] = labels[i]!);
    }
    return [labels, given];
  });
}

/** Scores of every row of a task, from chunks of their logits. */
export function rowScores(
  context: ProbeContext,
  chunks: AsyncIterable<LabelledChunk>,
  scorer: Scorer,
): Promise<RowScores> {
  return scoresInChunks(scorer, chunks, labelsOf(context));
}

/**
 * Scores of logits of every row of a task.
 *
 * @param context The checkpoint.
 * @param chunks The rows' logits.
 * @param scorer Of the logits.
 */
export async function partScores(
  context: ProbeContext,
  chunks: AsyncIterable<LabelledChunk>,
  scorer: Scorer,
): Promise<PartScores> {
  const whole = everyRow(context);
  const parts = splitIfKnown(context);
  const scored = await rowScores(context, chunks, scorer);
  const of = ({ rows, labels }: Part) => scoresOver(scored, rows, labels);
  return {
    all: of(whole),
    train: parts && of(parts.train),
    test: parts && parts.test.rows.length > 0 ? of(parts.test) : null,
  };
}
