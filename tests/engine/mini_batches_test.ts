/** Mini-batches: which rows a step sees. */

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { drawBatch } from "../../lib/engine/mini_batches.ts";

const ROWS = 11;
const SIZE = 4;
const PER_EPOCH = 2; // 3 of 11 rows sit out

// Rows whose inputs tell them apart, and whose labels go with them.
const train = {
  inputs: tf.tensor2d(Array.from({ length: ROWS }, (_, i) => [i, 10 * i])),
  labels: tf.tensor1d(Array.from({ length: ROWS }, (_, i) => i % 3), "int32"),
};

function batchAt(time: number, seed = 1) {
  const draw = { key: [seed, 7], time } as const;
  const { batch, epoch } = drawBatch(draw, train, SIZE);
  const inputs = batch.inputs.arraySync() as number[][];
  return {
    rows: inputs.map(([i]) => i!),
    inputs,
    labels: [...batch.labels.dataSync()],
    epoch: epoch.number.dataSync()[0],
    order: [...epoch.order.dataSync()],
  };
}

Deno.test("a batch is whole rows, in an order of the epoch's", () => {
  for (let time = 0; time < 6; time++) {
    const { rows, inputs, labels, epoch, order } = batchAt(time);
    assertEquals(inputs, rows.map((i) => [i, 10 * i]));
    assertEquals(labels, rows.map((i) => i % 3));
    assertEquals(epoch, Math.floor(time / PER_EPOCH));
    const from = (time % PER_EPOCH) * SIZE;
    assertEquals(rows, order.slice(from, from + SIZE));
  }
});

Deno.test("no row comes twice in an epoch, and each sits out at times", () => {
  const out = new Set<number>();
  for (let epoch = 0; epoch < 20; epoch++) {
    const seen = Array.from(
      { length: PER_EPOCH },
      (_, i) => batchAt(epoch * PER_EPOCH + i).rows,
    ).flat();
    assertEquals(new Set(seen).size, PER_EPOCH * SIZE);
    for (let row = 0; row < ROWS; row++) if (!seen.includes(row)) out.add(row);
  }
  assertEquals(out.size, ROWS);
});

Deno.test("batches are those of seed and step, and of nothing else", () => {
  assertEquals(batchAt(5), batchAt(5));
  assertNotEquals(batchAt(0).order, batchAt(PER_EPOCH).order);
  assertNotEquals(batchAt(0).order, batchAt(0, 2).order);
  assert(batchAt(0).order.join() === batchAt(1).order.join());
});
