/** Recorded steps on trial beside the loop. */

import { assertEquals } from "@std/assert";
import type { Metrics } from "../../lib/metrics/mod.ts";
import { difference, TriedSteps } from "../../lib/engine/onnx/tried_steps.ts";
import type { Stepper } from "../../lib/engine/stepped_band.ts";

/** A stepper that tells its loss, and what became of it. */
class Fake implements Stepper {
  closed = 0;
  calls = 0;
  constructor(readonly name: string, public loss: number | Error = 1) {}
  run(...[, first, count]: Parameters<Stepper["run"]>) {
    this.calls++;
    const { loss } = this;
    if (loss instanceof Error) return Promise.reject(loss);
    const losses = Array.from({ length: count }, (_, i) => loss + first + i);
    const turns = [{ losses, evaluations: [] }];
    return Promise.resolve({ turns, states: [{ [this.name]: undefined! }] });
  }
  close() {
    this.closed++;
    return Promise.resolve();
  }
}

function trial(tried: Fake | Error) {
  const [loop, again] = [new Fake("loop"), new Fake("again")];
  const steps = new TriedSteps(loop, () => Promise.resolve(again), () => {
    if (tried instanceof Error) throw tried;
    return tried;
  });
  const run = async (first: number, count: number) =>
    Object.keys((await steps.run([], first, count, 10)).states[0]!)[0];
  return { steps, run, loop, again };
}

Deno.test("the loop trains until recorded steps have shown that they do the same", async () => {
  const tried = new Fake("tried");
  const { steps, run, loop } = trial(tried);
  // Of the second call sixteen steps count.
  for (const [first, count] of [[0, 1], [1, 100], [101, 14]] as const) {
    assertEquals(await run(first, count), "loop");
  }
  assertEquals([loop.closed, tried.calls], [0, 3]);
  assertEquals(await run(115, 1), "loop");
  assertEquals(loop.closed, 1);
  assertEquals(await run(116, 10), "tried");
  await steps.close();
  assertEquals([loop.closed, tried.closed], [1, 1]);
});

Deno.test("recorded steps that do something else are left", async () => {
  const tried = new Fake("tried", 1.001);
  const { steps, run, loop } = trial(tried);
  assertEquals([await run(0, 100), await run(100, 5)], ["loop", "loop"]);
  assertEquals([tried.calls, tried.closed], [1, 1]);
  await steps.close();
  assertEquals([loop.closed, tried.closed], [1, 1]);
});

Deno.test("steps that cannot be recorded are run by the loop", async () => {
  const { steps, run, loop } = trial(new Error("no card"));
  assertEquals(await run(0, 100), "loop");
  await steps.close();
  assertEquals(loop.closed, 1);
});

Deno.test("the loop goes on where recorded steps fail after their trial", async () => {
  const tried = new Fake("tried");
  const { steps, run, loop, again } = trial(tried);
  await run(0, 16);
  await run(16, 16);
  assertEquals([loop.closed, await run(32, 1)], [1, "tried"]);
  tried.loss = new Error("lost");
  assertEquals(await run(33, 1), "again");
  assertEquals(await run(34, 1), "again");
  assertEquals([tried.closed, again.calls], [1, 2]);
  await steps.close();
  assertEquals([tried.closed, again.closed], [1, 1]);
});

Deno.test("losses and train losses may differ by rounding, until one is not finite", () => {
  const turn = (losses: number[], train?: number) => [{
    losses,
    evaluations: train === undefined
      ? []
      : [{ step: 0, metrics: { train_loss: train } as unknown as Metrics }],
  }];
  const ok = (...pair: [number[], number?][]) =>
    difference(turn(...pair[0]!), turn(...pair[1]!)) === undefined;
  assertEquals(ok([[1, 2]], [[1, 2 * (1 + 2 ** -13)]]), true);
  assertEquals(ok([[1, 2]], [[1, 2 * (1 + 2 ** -11)]]), false);
  assertEquals(ok([[1e-9]], [[1.1e-9]]), false);
  assertEquals(ok([[1, NaN, 3]], [[1, 2, 5]]), true);
  assertEquals(ok([[1, NaN]], [[1.1, NaN]]), false);
  assertEquals(ok([[1, 2]], [[1, NaN]]), false);
  assertEquals(ok([[1], 4], [[1], 4]), true);
  assertEquals(ok([[1], 4], [[1], 4.1]), false);
  assertEquals(ok([[1], 4], [[1]]), false);
  const far = [...Array(16).fill(1), 2];
  assertEquals(ok([far], [[...Array(17).fill(1)]]), true);
});
