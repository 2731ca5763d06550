import { always, type Arms, from, testClaims } from "../_claims.ts";

const arms = (plain: number, hot: number, smooth = 0, test = 0.5): Arms => ({
  softmax: { columns: { softmax_collapse: from(plain) } },
  temperature: { columns: { softmax_collapse: from(hot) } },
  smoothing: {
    columns: {
      softmax_collapse: from(1000, smooth),
      test_accuracy: always(test),
    },
  },
});

testClaims("fig16", {
  C11: {
    holds: arms(2000, 9000),
    fails: [
      arms(2000, Infinity),
      arms(2000, 1000),
      arms(2000, 9000, 0.3),
    ],
    neither: [arms(Infinity, Infinity)],
  },
  C22: {
    holds: arms(2000, 9000),
    fails: [arms(2000, 9000, 0, 1), arms(2000, 9000, 0, 0.01)],
  },
});
