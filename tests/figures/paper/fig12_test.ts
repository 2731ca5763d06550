import { from, testClaims } from "../_claims.ts";
import { spectrum } from "../_measures.ts";

const groks = (gini: number) => ({
  columns: { test_accuracy: from(100) },
  measures: { spectrum: spectrum(gini) },
});
const memorises = (gini: number) => ({
  measures: { spectrum: spectrum(gini) },
});

testClaims("fig12", {
  C12: {
    holds: { stablemax: groks(0.6), perp: groks(0.5), softmax: memorises(0.2) },
    fails: [
      { stablemax: groks(0.3), perp: groks(0.5), softmax: memorises(0.1) },
      { stablemax: groks(0.6), perp: groks(0.5), softmax: memorises(0.5) },
    ],
    neither: [{
      stablemax: memorises(0.6),
      perp: memorises(0.6),
      softmax: memorises(0.1),
    }],
  },
});
