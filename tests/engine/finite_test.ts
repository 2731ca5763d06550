/** Which step is the first whose state is not finite, and what is kept before it. */

import { assertEquals } from "@std/assert";
import type { Advance } from "../../lib/engine/engine.ts";
import { untilBroken } from "../../lib/engine/finite.ts";

type Evaluation = Advance["evaluations"][number];

/** A call of an engine from one step to another, evaluated after every update. */
function call(first: number, end: number): Advance {
  const steps = Array.from({ length: end - first }, (_, i) => first + i);
  return {
    losses: steps.map((step) => step / 2),
    evaluations: steps.map((step) => ({ step, metrics: {} }) as Evaluation),
  };
}

/** States that are not finite from a step on. */
const since = (first: number, end: number, from: number, loss = 1) => ({
  first,
  end,
  broken: (step: number) =>
    Promise.resolve(step >= from ? `weights.at${step}` : undefined),
  lossAt: () => Promise.resolve(loss),
});

for (let from = 3; from <= 10; from++) {
  Deno.test(`of a state that breaks after ${from} updates nothing is evaluated`, async () => {
    const all = call(2, 10);
    assertEquals(await untilBroken(all, since(2, 10, from)), {
      losses: Array.from({ length: from - 2 }, (_, i) => (2 + i) / 2),
      evaluations: all.evaluations.filter(({ step }) => step <= from - 1),
      diverged: from,
      broken: `weights.at${from}`,
    });
  });
}

Deno.test("what is finite to the end stays as it is", async () => {
  const all = call(2, 10);
  assertEquals(await untilBroken(all, since(2, 10, 11)), all);
  assertEquals(await untilBroken(call(5, 5), since(5, 5, 0)), call(5, 5));
});

Deno.test("behind a loss that is not finite no state is looked at", async () => {
  const all = { ...call(2, 10), diverged: 6 };
  assertEquals(await untilBroken(all, since(2, 10, 6)), all);
  const { diverged } = await untilBroken(all, since(2, 10, 5));
  assertEquals(diverged, 5);
});

Deno.test("where the loss shows it too, no tensor is named", async () => {
  const found = await untilBroken(call(2, 10), since(2, 10, 4, NaN));
  assertEquals([found.diverged, found.broken], [4, undefined]);
});
