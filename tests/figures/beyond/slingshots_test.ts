import { assertEquals } from "@std/assert";
import { spikesOf } from "../../../lib/figures/beyond/slingshots.ts";
import { from, testClaims } from "../_claims.ts";
import { spikes } from "../_measures.ts";

const run = (step: number, count = 0, first = 100) => ({
  columns: { test_accuracy: from(step) },
  measures: {
    spikes: spikes(count, first),
    groks: step === Infinity ? null : step,
  },
});
const never = Infinity;

testClaims("slingshots", {
  C17: {
    holds: { float32: run(5000, 3), float64: run(never) },
    fails: [
      { float32: run(9000, 3), float64: run(5000) },
      { float32: run(never, 3), float64: run(5000) },
      // Before float64, but without a spike, or with one afterwards.
      { float32: run(5000), float64: run(never) },
      { float32: run(5000, 1, 8000), float64: run(never) },
    ],
    neither: [{ float32: run(never, 3), float64: run(never) }],
  },
  C24: {
    holds: {
      float32: run(never, 5),
      slower: run(never, 1),
      longer: run(never),
    },
    fails: [
      { float32: run(never, 5), slower: run(never, 3) },
      { float32: run(never, 5), longer: run(never, 9) },
    ],
    neither: [{ float32: run(never), longer: run(never, 1) }],
  },
});

// Memorised from the sixth evaluation on; then a loss that falls, with leaps.
const rows = (leaps: Readonly<Record<number, number>>) =>
  Array.from({ length: 60 }, (_, i) => ({
    step: 10 * i,
    train_accuracy: i >= 5 ? 1 : 0.5,
    train_loss: leaps[i] ?? 10 ** (-i / 10),
  }));

Deno.test("spikesOf() finds leaps a hundred times above the median before", () => {
  assertEquals(spikesOf(rows({})), []);
  assertEquals(spikesOf(rows({ 40: 1 })), [400]);
  // The evaluations after it are the same spike, later ones another.
  assertEquals(spikesOf(rows({ 40: 1, 41: 2, 43: 1 })), [400]);
  assertEquals(spikesOf(rows({ 40: 1, 52: 3 })), [400, 520]);
  // Too small, by itself or beside what came before.
  assertEquals(spikesOf(rows({ 40: 0.009 })), []);
  assertEquals(spikesOf(rows({ 20: 0.9 })), []);
  // Not while it has yet to memorise, nor without enough to compare with.
  assertEquals(spikesOf(rows({ 3: 1e6, 8: 1e6 })), []);
});

Deno.test("spikesOf() of a run that does not memorise finds none", () => {
  const never = rows({ 40: 1 }).map((row) => ({ ...row, train_accuracy: 0.5 }));
  assertEquals(spikesOf(never), []);
});
