import { from, testClaims } from "./_claims.ts";

const groks = { columns: { test_accuracy: from(5000) } };
const almost = { columns: { test_accuracy: from(5000, 0.9) } };

testClaims("fig11", {
  C10: {
    holds: { penalty: groks, taylor: groks, softmax: almost },
    fails: [
      { penalty: groks },
      { taylor: groks },
      { penalty: groks, taylor: almost },
      { penalty: groks, taylor: groks, softmax: groks },
    ],
  },
});
