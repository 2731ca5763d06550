import { always, type Arms, type Curve, from, testClaims } from "../_claims.ts";

const arms = (untouched: string, induced: string) =>
(
  plain: Curve,
  other: Curve,
): Arms => ({
  [untouched]: { columns: { test_accuracy: plain } },
  [induced]: { columns: { test_accuracy: other } },
});
const late = arms("plain", "induced");
const early = arms("adamw", "adamw-early");
// 8 % at the change, then so much.
const then = (high: number, at: number): Curve => (step) =>
  step > at ? high : 0.08;

testClaims("fig8", {
  C5: {
    holds: late(then(0.87, 8000), then(0.08, 8000)),
    fails: [
      late(then(0.87, 8000), then(0.87, 8000)),
      late(then(0.87, 8000), then(0.4, 8000)),
    ],
    neither: [late(always(0.08), always(0.08)), late(from(3000), from(3000))],
  },
  C26: {
    holds: early(then(0.87, 3000), then(0.08, 3000)),
    fails: [early(then(0.87, 3000), then(0.4, 3000))],
    // What comes after step 6,000 does not count.
    neither: [
      early(then(0.87, 8000), then(0.08, 8000)),
      early(from(300), from(300)),
    ],
  },
});
