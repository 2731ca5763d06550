/**
 * Trainings whose loss or state was not finite any more, in words.
 *
 * @module
 */

import { tensorText } from "../engine/finite.ts";
import type { TrainResult } from "../runs/result.ts";

/** Training that stopped because the loss or the state was not finite any more. */
export class DivergedError extends Error {
  /** What tells it from other errors. */
  override name = "DivergedError";
  /** Of several runs, how those ended that did not diverge. */
  readonly results: readonly TrainResult[];

  /**
   * Says that training stopped.
   *
   * @param message Where, and what is left.
   * @param results How the runs beside it ended, if there are any.
   */
  constructor(message: string, results: readonly TrainResult[] = []) {
    super(message);
    this.results = results;
  }
}

/** A run whose loss or state was not finite: how it ended, or that it never began. */
export type Failure =
  | TrainResult
  | { readonly seed: number; readonly broken: string | undefined };

/**
 * The error that a training ends with of which runs diverged.
 *
 * @param failures Those.
 * @param results How the others ended.
 * @param band Whether it trained replicas; else one run, which is its own.
 */
export function divergedError(
  failures: readonly Failure[],
  results: readonly TrainResult[],
  band: boolean,
): DivergedError {
  if (!band) return new DivergedError(aloneText(failures[0]!));
  return new DivergedError(
    "Training stopped where the train loss or the state is not finite: " +
      `${failures.map(failureText).join("; ")}. The other ${results.length} ` +
      `of ${failures.length + results.length} runs are whole`,
    results,
  );
}

/** What was not finite at a step: the loss, or a tensor of the state. */
export function brokenText(broken: string | null | undefined): string {
  return broken ? tensorText(broken) : "the train loss";
}

function aloneText(failure: Failure): string {
  if (!("config" in failure)) {
    return `Training cannot start: ${startText(failure.broken)}`;
  }
  const { diverged_at, diverged_in, steps, checkpoint } = failure;
  return `Training stopped: ${brokenText(diverged_in)} is not finite at step ` +
    `${diverged_at}; the last finite state, step ${steps}, is in ${checkpoint}`;
}

function startText(broken: string | undefined): string {
  return broken === undefined
    ? "the train loss of the initial weights is not finite"
    : `${tensorText(broken)} that it starts with is not finite` +
      (broken.startsWith("optimizer.")
        ? "; --fresh-optimizer leaves it behind"
        : "");
}

function failureText(failure: Failure): string {
  if (!("config" in failure)) {
    const { seed, broken } = failure;
    return broken === undefined
      ? `seed ${seed} at its initial weights`
      : `seed ${seed} at its start, in ${tensorText(broken)}`;
  }
  const { config, diverged_at, diverged_in, steps, checkpoint } = failure;
  const where = diverged_in ? `, in ${tensorText(diverged_in)}` : "";
  return `seed ${config.seed} at step ${diverged_at}${where} (its last finite ` +
    `state, step ${steps}, is in ${checkpoint})`;
}
