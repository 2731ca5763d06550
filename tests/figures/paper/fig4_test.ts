import { encodings } from "../_arms.ts";
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
    holds: { scalar: reaches(0.6), "base-2": reaches(0.2) },
    neither: [
      {},
      { scalar: reaches(0.6), "base-2": reaches(0.005) },
      // The random code is no part of it.
      { scalar: reaches(0.6), binary: reaches(0.2) },
    ],
    fails: [
      { scalar: reaches(0.2), "base-2": reaches(0.6) },
      // In order, but hardly.
      { scalar: reaches(0.06), "base-2": reaches(0.03) },
    ],
  },
  C29: {
    holds: encodings(0.6, 0.9),
    neither: [{ ...encodings(0.6, 0.9), "two-hot": reaches(0) }],
    fails: [
      encodings(0.6, 0),
      encodings(0, 0.9),
      encodings(0.6, 0.9, 0.6),
      { ...encodings(0.6, 0), binary: reaches(0.9) },
    ],
  },
});
