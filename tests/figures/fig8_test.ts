import { always, type Arms, type Curve, from, testClaims } from "./_claims.ts";

const arms = (plain: Curve, induced: Curve): Arms => ({
  plain: { columns: { test_accuracy: plain } },
  induced: { columns: { test_accuracy: induced } },
});
// 8 % at step 6,000, then so much.
const then = (high: number): Curve => (step) => step > 8000 ? high : 0.08;

testClaims("fig8", {
  C5: {
    holds: arms(then(0.87), then(0.08)),
    fails: [arms(then(0.87), then(0.87)), arms(then(0.87), then(0.4))],
    neither: [arms(always(0.08), always(0.08)), arms(from(3000), from(3000))],
  },
});
