/** A softmax's lost terms, row by row, where the rows come in chunks. */

import { assertEquals } from "@std/assert";
import { type HostTensor, hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { limits } from "../../../lib/probes/context/chunks.ts";
import type { ProbeContext } from "../../../lib/probes/context/context.ts";
import { measureSoftmax } from "../../../lib/probes/loss/softmax_rows.ts";

// Two classes: a row's logits are x and 0, so that of 200 the loss is exactly 0 where
// the label is the first, and 200 where it is the second.
const x = hostTensorOf("float32", [6, 1], [200, 200, 0, 200, 200, 0]);
const LABELS = Int32Array.of(0, 1, 0, 0, 0, 1);

function context(): ProbeContext {
  const known = new Map<unknown, unknown>();
  const model = {
    source: "file",
    outputNames: ["z"],
    run: ({ x }: Record<string, HostTensor>) => {
      const { data, shape: [rows] } = x!;
      const z = Array.from(data as Float32Array).flatMap((v) => [v, 0]);
      return Promise.resolve({ z: hostTensorOf("float32", [rows!, 2], z) });
    },
  };
  const part = { rows: Int32Array.from(LABELS.keys()), labels: LABELS };
  return {
    model,
    dataset: { inputs: LABELS },
    task: { labels: LABELS, split: () => ({ train: part, test: part }) },
    inputs: () => ({ x }),
    host: {},
    once<T>(key: unknown, make: () => T): T {
      if (!known.has(key)) known.set(key, make());
      return known.get(key) as T;
    },
  } as unknown as ProbeContext;
}

Deno.test("terms that are 0 are each row's own, in chunks of whatever size", async () => {
  const usual = { ...limits };
  try {
    for (const chunk of [2, 4, 6, 8]) {
      Object.assign(limits, { whole: 0, chunk });
      const mean = await measureSoftmax(context(), undefined, 1);
      assertEquals(mean("float32.zero_terms"), 3 / 6, `${chunk}`);
      assertEquals(mean("float32.softmax_collapse"), 4 / 6, `${chunk}`);
    }
  } finally {
    Object.assign(limits, usual);
  }
});
