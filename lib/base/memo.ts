/**
 * What is made once, and kept.
 *
 * @module
 */

/** Values by their keys, each made at the first asking. */
export class Memo {
  readonly #made = new Map<unknown, unknown>();
  readonly #last = new Map<string, { key: string; value: unknown }>();

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

  /**
   * The same, of which only the last is kept: what runs one after the other have in
   * common, however many kinds of runs come by.
   *
   * @param what What it is; that has the same type everywhere.
   * @param key What it is made of.
   * @param make Makes it where the key is another than at the asking before. A
   * promise that fails is kept as well.
   */
  last<T>(what: string, key: string, make: () => T): T {
    const before = this.#last.get(what);
    if (before?.key === key) return before.value as T;
    const value = make();
    this.#last.set(what, { key, value });
    return value;
  }

  /** Has a key's value made anew at the next asking. */
  forget(key: unknown): void {
    this.#made.delete(key);
  }
}
