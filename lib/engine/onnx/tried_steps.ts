/**
 * Recorded steps on trial: until they have shown that they train as the loop does,
 * the loop trains; and where they cannot, it goes on.
 *
 * @module
 */

import { notice } from "../../base/notices.ts";
import type { Advance } from "../engine.ts";
import type { Stepper } from "../stepped_band.ts";

/** How many steps must have agreed. */
const TRIED = 32;

// Of a call only its first losses are compared: rounding grows from step to step.
const COMPARED = 16;

// Half the digits of float32. What is rounded in another order differs in the last
// few; other memory, other rows or another step's number in the first.
const TOLERANCE = 2 ** -12;

/** Runs steps by the loop until another stepper has proved itself. */
export class TriedSteps implements Stepper {
  readonly #reopen: () => Promise<Stepper>;
  #loop: Stepper | undefined;
  #tried: Stepper | undefined;
  #agreed = 0;

  /**
   * Begins the trial.
   *
   * @param loop What runs the steps in any case.
   * @param reopen Opens it once more.
   * @param open Opens what is on trial.
   */
  constructor(
    loop: Stepper,
    reopen: () => Promise<Stepper>,
    open: () => Stepper,
  ) {
    this.#loop = loop;
    this.#reopen = reopen;
    try {
      this.#tried = open();
    } catch (error) {
      tell(error);
    }
  }

  async run(...asked: Parameters<Stepper["run"]>): ReturnType<Stepper["run"]> {
    const result = await this.#loop?.run(...asked);
    try {
      const found = await this.#tried?.run(...asked);
      if (found && !result) return found;
      if (found && result) await this.#compare(result.turns, found.turns);
    } catch (error) {
      tell(error);
      const tried = this.#tried!;
      this.#tried = undefined;
      await tried.close();
    }
    if (result) return result;
    this.#loop = await this.#reopen();
    return await this.#loop.run(...asked);
  }

  async close(): Promise<void> {
    await this.#tried?.close();
    await this.#loop?.close();
  }

  async #compare(
    wanted: readonly Advance[],
    found: readonly Advance[],
  ): Promise<void> {
    const why = difference(wanted, found);
    if (why !== undefined) throw new Error(why);
    this.#agreed += Math.min(wanted[0]!.losses.length, COMPARED);
    if (this.#agreed < TRIED) return;
    const loop = this.#loop!;
    this.#loop = undefined;
    await loop.close();
  }
}

function tell(error: unknown): void {
  const said = error instanceof Error ? error.message : String(error);
  notice(`steps are not recorded but run one by one: ${said}`);
}

/** Where the losses or metrics of runs differ by more than rounding, if they do. */
export function difference(
  wanted: readonly Advance[],
  found: readonly Advance[],
): string | undefined {
  for (const [r, { losses, evaluations }] of wanted.entries()) {
    const own = found[r]!;
    // Behind a loss that is not finite nothing means anything.
    const last = losses.findIndex((loss) => !Number.isFinite(loss));
    const count = Math.min(COMPARED, last < 0 ? losses.length : last);
    const bad = losses.slice(0, count)
      .findIndex((loss, i) => !isClose(loss, own.losses[i]!));
    if (bad >= 0) {
      return `their loss is ${own.losses[bad]} where that of the loop is ` +
        `${losses[bad]}`;
    }
    const [measured] = evaluations;
    if (!measured || last >= 0) continue;
    const { train_loss: loss } = measured.metrics;
    const other = own.evaluations[0]?.metrics.train_loss;
    if (loss !== undefined && !isClose(loss, other ?? NaN)) {
      return `their train loss is ${other} where that of the loop is ${loss}`;
    }
  }
}

const isClose = (a: number, b: number) =>
  Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
