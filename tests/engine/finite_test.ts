/** Which step is the first whose state is not finite, and what is kept before it. */

import { assertEquals } from "@std/assert";
import type { Advance } from "../../lib/engine/engine.ts";
import { untilBroken, untilDiverged } from "../../lib/engine/finite.ts";

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

Deno.test("a loss that is not finite ends a call, of a batch as of all rows", () => {
  const all = call(2, 10);
  assertEquals(untilDiverged(all, 2), all);
  const before = (step: number) => ({
    losses: all.losses.slice(0, step - 2),
    evaluations: all.evaluations.slice(0, step - 2),
    diverged: step,
  });
  const rows = (step: number, loss: number) =>
    all.evaluations.map((one) =>
      one.step < step ? one : { ...one, metrics: { train_loss: loss } }
    ) as Evaluation[];
  const losses = all.losses.with(4, NaN);
  assertEquals(untilDiverged({ ...all, losses }, 2), before(6));
  for (const [step, first] of [[4, 4], [6, 6], [8, 6]] as const) {
    const evaluations = rows(step, Infinity);
    assertEquals(untilDiverged({ ...all, evaluations }, 2), before(step));
    assertEquals(untilDiverged({ losses, evaluations }, 2), before(first));
  }
  assertEquals(
    untilDiverged({ ...all, evaluations: rows(2, NaN) }, 2),
    before(2),
  );
  const finite = { ...all, evaluations: rows(2, 1e30) };
  assertEquals(untilDiverged(finite, 2), finite);
});
