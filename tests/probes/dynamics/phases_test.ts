/** Phases of curves whose turning points are known. */

import { assertEquals } from "@std/assert";
import { phasesOf, type ProgressResult } from "../../../lib/probes/mod.ts";

/** A run of which at every checkpoint only these numbers matter. */
function seriesOf(
  excluded: readonly number[],
  testAccuracy: readonly number[],
) {
  return excluded.map((loss, i) => ({
    step: 100 * i,
    result: {
      key_frequencies: [3],
      train: { loss: 0, accuracy: 1 },
      test: { loss: 1, accuracy: testAccuracy[i]! },
      restricted: { loss: 2, accuracy: 0 },
      excluded: { loss, accuracy: 0 },
      trig_identity: 0.5,
      sum_of_squared_weights: 7,
    } as unknown as ProgressResult,
  }));
}

const steps = (found: ReturnType<typeof phasesOf>) =>
  [found.memorisation, found.circuit_formation, found.cleanup]
    .map((end) => end?.step ?? null);

Deno.test("phases end at the least excluded loss, at 90 % of its rise, at 99 %", () => {
  // It falls from log p to 0.2, rises to 5.2: 90 % of the way is 4.7.
  const excluded = [4.6, 1, 0.2, 0.3, 3, 4.6, 4.8, 5.2, 5.1];
  const accuracy = [0, 0, 0, 0, 0.2, 0.5, 0.8, 0.98, 0.995];
  assertEquals(steps(phasesOf(seriesOf(excluded, accuracy))), [200, 600, 800]);
});

Deno.test("phases are found where E begins above all that it rises to", () => {
  // Checkpoints lie so dense that some still are where training began.
  const excluded = [4.9, 4.85, 2, 0.2, 0.3, 3, 4.5, 4.7, 4.72];
  const accuracy = [0, 0, 0, 0, 0, 0.2, 0.9, 1, 1];
  assertEquals(steps(phasesOf(seriesOf(excluded, accuracy))), [300, 600, 700]);
});

Deno.test("a circuit that never forms has no phases", () => {
  const found = phasesOf(seriesOf([4.6, 1, 0.1, 0.1, 0.5], [0, 0, 0, 0, 0]));
  assertEquals(steps(found), [null, null, null]);
});

Deno.test("a run that is not over yet has no end of the clean-up", () => {
  const found = phasesOf(
    seriesOf([4.6, 0.1, 2, 4, 4.1], [0, 0, 0.1, 0.3, 0.4]),
  );
  assertEquals(steps(found), [100, 300, null]);
});
