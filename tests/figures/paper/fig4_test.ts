import { from, testClaims } from "../_claims.ts";

const reaches = (high: number, step = 0) => ({
  columns: { test_accuracy: from(step, high) },
});
const all = {
  add: reaches(0.98, 75_000),
  product: reaches(0.99, 95_000),
  parity: reaches(1, 30_000),
};

testClaims("fig4", {
  C1: { holds: all, fails: [{}, { ...all, product: reaches(0.9) }] },
  C9: {
    holds: { scalar: reaches(0.6), binary: reaches(0.2) },
    neither: [{}, { scalar: reaches(0.6), binary: reaches(0.005) }],
    fails: [
      { scalar: reaches(0.2), binary: reaches(0.6) },
      // In order, but hardly.
      { scalar: reaches(0.06), binary: reaches(0.03) },
    ],
  },
});
