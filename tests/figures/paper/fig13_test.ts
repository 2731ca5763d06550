import { always, type Arms, type Curve, from, testClaims } from "../_claims.ts";

const arms = (
  test: readonly [one: Curve, two: Curve, three: Curve, decay: Curve],
  train: Curve = from(500),
): Arms =>
  Object.fromEntries(
    ["one", "two", "three", "two-decay"].map((name, i) => [name, {
      columns: { test_accuracy: test[i]!, train_accuracy: train },
    }]),
  );
const [yes, no] = [from(5000, 0.99), always(0.01)];

testClaims("fig13", {
  C13: {
    holds: arms([yes, no, no, yes]),
    fails: [arms([yes, yes, no, yes]), arms([yes, no, yes, yes])],
    neither: [arms([no, no, no, no]), arms([yes, no, no, yes], always(0.5))],
  },
});
