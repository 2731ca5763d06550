/**
 * What a worker's own thread speaks to.
 *
 * @module
 */

/** A worker's global scope: what it is told, and what it tells. */
export interface WorkerScope<Order, Answer> {
  /** Tells who started it. */
  postMessage(answer: Answer): void;
  /** Is called with each order. */
  onmessage: (event: { readonly data: Order }) => void;
}

/** The scope of this thread, which must be a worker's. */
export function workerScope<Order, Answer>(): WorkerScope<Order, Answer> {
  const scope: unknown = globalThis;
  return scope as WorkerScope<Order, Answer>;
}
