import { always, type Curve, from, testClaims } from "../_claims.ts";

const arm = (absorbed: Curve, scale: Curve, train: Curve = from(500)) => ({
  sgd: {
    columns: {
      absorbed_updates: absorbed,
      logit_scale: scale,
      train_accuracy: train,
    },
  },
});
const grows: Curve = (step) => 1 + step;

testClaims("fig10", {
  C19: {
    holds: arm(from(2000, 0.5), grows),
    fails: [
      arm(always(0.5), grows),
      arm(from(2000, 0.05), grows),
      arm(from(2000, 0.5), always(3)),
    ],
    neither: [arm(from(2000, 0.5), grows, always(0.5))],
  },
});
