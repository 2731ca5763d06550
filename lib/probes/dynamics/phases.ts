/**
 * The `phases` probe: memorisation, circuit formation, clean-up.
 *
 * @module
 */

import { short, table } from "../../base/terminal.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import type { ProbeSeries } from "../run_options.ts";
import {
  type KeySettings,
  keySettings,
  keysText,
  NO_KEYS,
} from "../fourier/key_frequencies.ts";
import { progress, type ProgressResult } from "../fourier/progress_measures.ts";
import type { RunProbe } from "../probe.ts";
import { THRESHOLD } from "../../runs/result.ts";

/** Least rise of the excluded loss, in nats, that a circuit is. */
const LEAST_RISE = 0.5;
/** The share of its rise that it has made when the circuit is formed. */
const FORMED = 0.9;

/** A checkpoint at which a phase ends. */
export interface PhaseEnd {
  /** Updates made before it. */
  readonly step: number;
  /** Cross-entropy of the train rows there, in nats. */
  readonly train_loss: number;
  /** Of the test rows, in nats. */
  readonly test_loss: number;
  /** Of all pairs from the key frequencies alone, in nats. */
  readonly restricted_loss: number;
  /** Of the train rows without the key frequencies, in nats. */
  readonly excluded_loss: number;
  /** Share of the logits' variance that the trig identity explains; null: none. */
  readonly trig_identity: number | null;
  /** Σ w². */
  readonly sum_of_squared_weights: number | null;
}

/**
 * The result: the checkpoints at which the phases end, null where that does not
 * happen. The rule, with E the excluded loss over the train rows:
 *
 * - **Memorisation** ends where E begins its largest rise, from any checkpoint to any
 *   later one: up to there it falls with the train loss. It ends nowhere if E never
 *   rises by 0.5 nats.
 * - **Circuit formation** ends where E has made 90 % of that rise.
 * - **Clean-up** ends at the first checkpoint from there on with a test accuracy of
 *   99 %; where that is the one that ends circuit formation, there is none to see at
 *   this distance of checkpoints.
 */
export interface PhasesResult {
  /** k, fixed by the last checkpoint. */
  readonly key_frequencies: readonly number[] | null;
  /** Where the train rows are known by heart, and the circuit does not matter yet. */
  readonly memorisation: PhaseEnd | null;
  /** Where the train rows depend on the circuit. */
  readonly circuit_formation: PhaseEnd | null;
  /** Where what was memorised is gone. */
  readonly cleanup: PhaseEnd | null;
}

/**
 * The three phases of Nanda et al. (arXiv 2301.05217), Section 5, by the rule of
 * {@link PhasesResult}; the paper has them by eye.
 */
export const phases: RunProbe<"phases", PhasesResult, KeySettings> = {
  of: "run",
  name: "phases",
  describe: "Memorisation, circuit formation, clean-up: where each ends",
  needs: "a run of an operation modulo p with at least three checkpoints",
  settings: keySettings,

  async compute(run, settings) {
    if (run.checkpoints.length < 3) {
      throw new NotApplicableError(
        `${run.path} has ${run.checkpoints.length} checkpoints, wanted three or ` +
          "more: train with --checkpoint-every",
      );
    }
    const series = await run.series(progress, settings);
    const [{ result: first }] = series as [(typeof series)[number]];
    if (first.key_frequencies === null) {
      throw new NotApplicableError(`Its key frequencies are ${NO_KEYS}`);
    }
    if (first.excluded === null || first.test === null) {
      throw new NotApplicableError(
        `Nothing says which rows ${run.path} was trained on, and which are ` +
          "left to test: --split does",
      );
    }
    return phasesOf(series);
  },

  text({ key_frequencies, ...ends }) {
    const row = (phase: string, end: PhaseEnd | null) =>
      end === null ? [phase, "never", "", "", "", "", ""] : [
        phase,
        String(end.step),
        short(end.train_loss),
        short(end.test_loss),
        short(end.restricted_loss),
        short(end.excluded_loss),
        short(end.sum_of_squared_weights),
      ];
    return [
      `key frequencies of the last checkpoint: ${keysText(key_frequencies)}`,
      ...table([
        [
          "phase",
          "ends at step",
          "train",
          "test",
          "restricted",
          "excluded",
          "Σ w²",
        ],
        row("memorisation", ends.memorisation),
        row("circuit formation", ends.circuit_formation),
        row("clean-up", ends.cleanup),
      ]),
    ];
  },
};

/**
 * The phases of a run, from its progress measures at each checkpoint.
 *
 * @param series What the probe `progress` found at each checkpoint, in order.
 */
export function phasesOf(series: ProbeSeries<ProgressResult>): PhasesResult {
  const E = series.map(({ result }) => result.excluded!.loss);
  const { from, rise } = largestRise(E);
  const formed = rise < LEAST_RISE
    ? -1
    : E.findIndex((x, i) => i > from && x >= E[from]! + FORMED * rise);
  const clean = formed < 0
    ? -1
    : series.findIndex(({ result }, i) =>
      i >= formed && result.test!.accuracy >= THRESHOLD
    );
  return {
    key_frequencies: series[0]!.result.key_frequencies,
    memorisation: formed < 0 ? null : endAt(series, from),
    circuit_formation: endAt(series, formed),
    cleanup: endAt(series, clean),
  };
}

// Where values rise most between one place and a later one. The least or the
// largest of all may lie where nothing has begun: E starts at ln p, and ends there.
function largestRise(
  values: readonly number[],
): { from: number; rise: number } {
  let [least, from, rise] = [0, 0, 0];
  values.forEach((x, i) => {
    if (x < values[least]!) least = i;
    if (x - values[least]! > rise) [from, rise] = [least, x - values[least]!];
  });
  return { from, rise };
}

function endAt(
  series: ProbeSeries<ProgressResult>,
  i: number,
): PhaseEnd | null {
  const at = series[i];
  if (!at) return null;
  const { step, result } = at;
  return {
    step,
    train_loss: result.train!.loss,
    test_loss: result.test!.loss,
    restricted_loss: result.restricted!.loss,
    excluded_loss: result.excluded!.loss,
    trig_identity: result.trig_identity,
    sum_of_squared_weights: result.sum_of_squared_weights,
  };
}
