/**
 * What a plan varies or sets, and some of its runs do not read.
 *
 * @module
 */

import { type Config, idleKeys } from "../config/config.ts";
import { readersOf } from "../config/groups.ts";

/** The keys that say nothing in some runs. */
export class IdleKeys {
  readonly #found = new Map<string, { runs: number; readers?: string }>();
  #looked = 0;

  /**
   * Takes in a run.
   *
   * @param config Its config.
   * @param named What the plan says of it.
   */
  look(config: Config, named: object): void {
    this.#looked += 1;
    const idle: readonly string[] = idleKeys(config);
    for (const key of Object.keys(named)) {
      if (!idle.includes(key)) continue;
      const found = this.#found.get(key);
      if (found) {
        found.runs += 1;
        continue;
      }
      const readers = readersOf(key, config);
      this.#found.set(key, { runs: 1, ...(readers && { readers }) });
    }
  }

  /** A sentence for each. */
  get sentences(): string[] {
    return [...this.#found].map(([key, { runs, readers }]) => {
      const where = runs === this.#looked
        ? "any point"
        : `${runs} of ${this.#looked} points`;
      return `${key} has no effect in ${where}` +
        (readers === undefined ? "" : `: it belongs to ${readers}`);
    });
  }
}
