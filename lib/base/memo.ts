/**
 * What is made once, and kept.
 *
 * @module
 */

/** Values by their keys, each made at the first asking. */
export class Memo {
  readonly #made = new Map<unknown, unknown>();

  /**
   * What a key stands for.
   *
   * @param key Names it; the same key has the same type everywhere.
   * @param make Makes it at the first asking. A promise that fails is kept as well.
   */
  get<T>(key: unknown, make: () => T): T {
    if (!this.#made.has(key)) this.#made.set(key, make());
    return this.#made.get(key) as T;
  }

  /** Has a key's value made anew at the next asking. */
  forget(key: unknown): void {
    this.#made.delete(key);
  }
}
