import { from, testClaims } from "../_claims.ts";

const at = (train: number, test: number) => ({
  columns: { train_accuracy: from(train), test_accuracy: from(test) },
});

testClaims("fig1", {
  C1: {
    holds: { stablemax: at(400, 40_000), softmax: at(400, Infinity) },
    fails: [
      { softmax: at(400, Infinity) },
      { stablemax: at(400, 40_000), softmax: at(400, 60_000) },
      {
        stablemax: { columns: { test_accuracy: from(0, 0.85) } },
        softmax: at(400, Infinity),
      },
      // Later than the published runs, if before this one's end.
      { stablemax: at(400, 80_500), softmax: at(400, Infinity) },
    ],
    // Softmax has not even memorised, or one of them diverged.
    neither: [
      { stablemax: at(400, 40_000) },
      {
        stablemax: at(400, 40_000),
        softmax: { ...at(400, Infinity), diverged_at: 500 },
      },
    ],
  },
  C16: {
    // Train full at 110, test at 120 to 250.
    holds: {
      "perp-softmax-float32": at(110, 200),
      "perp-stablemax-float64": at(160, 190),
      "perp-stablemax-float32": at(50, 290),
    },
    fails: [
      {
        "perp-softmax-float32": at(20, 40),
        "perp-stablemax-float64": at(160, 190),
      },
      { "perp-stablemax-float32": at(110, 120) },
    ],
    neither: [
      {
        "perp-softmax-float32": at(110, 200),
        "perp-stablemax-float64": at(110, 130),
      },
      {},
    ],
  },
});
