/**
 * A worker that asks its share of the probes, in a thread of its own.
 *
 * @module
 */

import type { Answer, Order } from "./messages.ts";
import { askShare, nextOf, takeAll } from "./threads.ts";

const scope = globalThis as unknown as {
  postMessage(answer: Answer): void;
  onmessage: (event: { data: Order }) => void;
};

scope.onmessage = ({ data }) => void carryOut(data);

async function carryOut(order: Order): Promise<void> {
  const { share, options } = order;
  const tell = (answer: Answer) => scope.postMessage(answer);
  const next = nextOf(order);
  let unit = 0;
  try {
    await askShare(share, options, () => unit = next(), tell);
  } catch {
    // The thread that started this one asks it again, and throws; the others need
    // not go on.
    tell({ failed: unit });
    takeAll(order);
  }
  tell(null);
}
