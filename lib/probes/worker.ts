/**
 * A worker that asks its share of the probes, in a thread of its own.
 *
 * @module
 */

import { type Answer, askShare, nextOf, type Order } from "./shares.ts";

const scope = globalThis as unknown as {
  postMessage(answer: Answer): void;
  onmessage: (event: { data: Order }) => void;
};

scope.onmessage = ({ data }) => {
  const { share, options } = data;
  const tell = (answer: Answer) => scope.postMessage(answer);
  // What it cannot answer the thread that started it asks again.
  void askShare(share, options, nextOf(data), tell)
    .catch(() => {})
    .then(() => tell(null));
};
