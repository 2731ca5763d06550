import { from, testClaims } from "../_claims.ts";

const groks = { columns: { test_accuracy: from(5000) } };
const almost = {
  columns: { train_accuracy: from(100), test_accuracy: from(5000, 0.9) },
};
const softmax = almost;

testClaims("fig11", {
  C10: {
    holds: { penalty: groks, taylor: groks, softmax },
    fails: [
      { penalty: groks, softmax },
      { taylor: groks, softmax },
      { penalty: groks, taylor: almost, softmax },
      {
        penalty: groks,
        taylor: groks,
        softmax: { columns: { ...softmax.columns, test_accuracy: from(9000) } },
      },
    ],
    neither: [{ penalty: groks, taylor: groks }],
  },
});
