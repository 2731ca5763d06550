/**
 * A session that is kept for whoever wants the same model next.
 *
 * @module
 */

import { sha256 } from "../../base/sums.ts";
import type { SessionOptions } from "./options.ts";
import { openSession, type Session } from "./session.ts";

/**
 * Keeps the session of the last model: preparing one takes ONNX Runtime 20 ms for
 * the steps of a small network, which is as long as ten of them.
 */
export class KeptSession {
  #kept: { readonly key: string; readonly session: Session } | undefined;
  // It is one user's at a time: another's is its own, and not kept.
  #inUse = false;

  /**
   * A session of a model, which was there or is prepared now.
   *
   * @param model The bytes of the model.
   * @param options Where it runs.
   * @returns The session, until it is closed; then the next may have it.
   * @throws {Error} as openSession() does.
   */
  async open(model: Uint8Array, options: SessionOptions): Promise<Session> {
    if (this.#inUse) return await openSession(model, options);
    const key = `${sha256(model)} ${JSON.stringify(options)}`;
    this.#inUse = true;
    try {
      if (this.#kept?.key !== key) {
        await this.#kept?.session.close();
        this.#kept = undefined;
        this.#kept = { key, session: await openSession(model, options) };
      }
    } catch (error) {
      this.#inUse = false;
      throw error;
    }
    let closed = false;
    return {
      ...this.#kept.session,
      close: () => {
        if (!closed) this.#inUse = false;
        closed = true;
        return Promise.resolve();
      },
    };
  }
}
