import { type Arms, from, testClaims } from "../_claims.ts";

const at = (step: number, high = 1) => ({
  columns: { train_accuracy: from(100), test_accuracy: from(step, high) },
});
const both = (perp: number, decay: number, plain: number): Arms =>
  Object.fromEntries(
    ["add", "subtract"].flatMap((task) => [
      [`${task}-perp`, at(perp)],
      [`${task}-decay`, at(decay)],
      [`${task}-plain`, at(plain)],
    ]),
  );
const encoder = (perp: number, decay: number, plain: number): Arms => ({
  "encoder-perp": at(perp),
  "encoder-decay": at(decay),
  "encoder-plain": at(plain),
});
const perps = { "mlp-perp-adamw": at(390, 0.99), "mlp-perp-sgd": at(400) };
const plain = { "mlp-adamw": at(Infinity) };

testClaims("fig6", {
  C30: {
    holds: encoder(600, 1400, Infinity),
    fails: [
      encoder(1400, 600, Infinity),
      encoder(600, 1400, 1000),
      // Nanda's transformer is no part of it.
      { ...both(700, 1300, Infinity), ...encoder(1400, 600, Infinity) },
    ],
    neither: [
      encoder(600, Infinity, Infinity),
      both(700, 1300, Infinity),
      // AdamW has not even memorised.
      { ...encoder(600, 1400, Infinity), "encoder-plain": {} },
    ],
  },
  C8: {
    holds: both(700, 1300, Infinity),
    fails: [
      both(1300, 700, Infinity),
      both(Infinity, 700, Infinity),
      { ...both(700, 1300, Infinity), "subtract-plain": at(100) },
    ],
    // Of two that never do neither is the first.
    neither: [both(700, Infinity, Infinity), {}],
  },
  C7: {
    holds: { ...perps, ...plain },
    fails: [
      plain,
      { ...perps, ...plain, "mlp-perp-adamw": at(200, 0.8) },
      { ...perps, "mlp-adamw": at(300, 0.5) },
    ],
    // AdamW has not even memorised.
    neither: [perps],
  },
});
