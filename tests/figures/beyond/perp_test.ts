import { type Arms, from, testClaims } from "../_claims.ts";

// Steps of grokking of ⊥AdamW and of ⊥SGD, for each of two variants.
const arms = (
  one: string,
  other: string,
  [a, b]: readonly [number, number],
  [c, d]: readonly [number, number],
): Arms =>
  Object.fromEntries(
    ([
      [`adamw-${one}`, a],
      [`adamw-${other}`, b],
      [`sgd-${one}`, c],
      [`sgd-${other}`, d],
    ] as const).map(([name, step]) => [
      name,
      { columns: { test_accuracy: from(step) } },
    ]),
  );
const never = Infinity;

testClaims("perp", {
  C15: {
    holds: arms("tensor", "global", [100, 200], [300, 300]),
    fails: [
      arms("tensor", "global", [100, 120], [300, 300]),
      arms("tensor", "global", [100, 120], [never, never]),
    ],
    neither: [arms("tensor", "global", [never, never], [never, never])],
  },
  C23: {
    holds: arms("tensor", "tensor-short", [100, 100], [300, never]),
    fails: [arms("tensor", "tensor-short", [100, 100], [300, 400])],
    neither: [arms("tensor", "tensor-short", [never, never], [never, never])],
  },
});
