/**
 * A worker that asks its share of the probes, in a thread of its own.
 *
 * @module
 */

import { workerScope } from "../../base/worker_scope.ts";
import { loadAll } from "../../extensions/load.ts";
import type { ProbingAnswer, ProbingOrder } from "./messages.ts";
import { askUnits, nextOf, takeAll } from "./threads.ts";

const scope = workerScope<ProbingOrder, ProbingAnswer>();

scope.onmessage = ({ data }) => void carryOut(data);

async function carryOut(order: ProbingOrder): Promise<void> {
  const { work, options, use } = order;
  const tell = (answer: ProbingAnswer) => scope.postMessage(answer);
  const next = nextOf(order);
  let unit = 0;
  try {
    await loadAll(use);
    await askUnits(work, options, () => unit = next(), tell);
  } catch {
    // The thread that started this one asks it again, and throws; the others need
    // not go on.
    tell({ failed: unit });
    takeAll(order);
  }
  tell(null);
}
