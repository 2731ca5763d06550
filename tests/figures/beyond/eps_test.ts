import { from, testClaims } from "../_claims.ts";

const arms = (small: number, large: number, collapse = 0, largest = large) => ({
  "eps1e-25": { columns: { test_accuracy: from(5000, small) } },
  "eps1e-8": {
    columns: {
      test_accuracy: from(5000, large),
      softmax_collapse: from(9000, collapse),
    },
  },
  "eps1e-5": { columns: { test_accuracy: from(5000, largest) } },
});

testClaims("eps", {
  C14: {
    holds: arms(0.9, 0.1),
    fails: [arms(0.9, 0.8), arms(0.9, 0.1, 0.7), arms(0.9, 0.1, 0, 0.8)],
    neither: [arms(0.1, 0.01)],
  },
});
