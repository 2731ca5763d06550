/**
 * What the host plans for a card's loop: where evaluations lie among the steps.
 *
 * @module
 */

import { type HostTensor, hostTensorOf } from "../../numeric/tensor.ts";
import { BLOCK } from "./card_steps.ts";

/** An evaluated step or none, then plain ones. */
export interface Segment {
  /** Updates made before it. */
  readonly first: number;
  /** Whether its first step is evaluated. */
  readonly evaluated: boolean;
  /** How many plain steps it has, at most {@link BLOCK}. */
  readonly plain: number;
}

/** Steps that are made in a call. */
export interface Steps {
  /** How many. */
  readonly count: number;
  /** Updates made before. */
  readonly first: number;
  /** Evaluate before updates whose number is a multiple. */
  readonly every: number;
}

/** The segments of a call, in order. */
export function segmentsOf({ count, first, every }: Steps): Segment[] {
  const segments: Segment[] = [];
  const end = first + count;
  for (let step = first; step < end;) {
    const evaluated = step % every === 0;
    const from = evaluated ? step + 1 : step;
    const due = every * (Math.floor(step / every) + 1);
    const to = Math.min(due, end, from + BLOCK);
    segments.push({ first: step, evaluated, plain: to - from });
    step = to;
  }
  return segments;
}

/** Segments as what a card's loop takes in beside the state. */
export function planInputs(
  segments: readonly Segment[],
): Record<string, HostTensor> {
  const column = (numbers: readonly number[], width = 1) =>
    hostTensorOf("int64", [segments.length, width], numbers);
  return {
    segments: hostTensorOf("int64", [], [segments.length]),
    evaluations: column(segments.map(({ evaluated }) => Number(evaluated))),
    runs: column(segments.map(({ plain }) => Number(plain > 0))),
    lengths: column(segments.map(({ plain }) => plain)),
    begins: column(
      segments.flatMap(({ first, evaluated }) => [
        first,
        first + Number(evaluated),
      ]),
      2,
    ),
  };
}
