import { assertClose } from "../../_golden.ts";
import { assertEquals } from "@std/assert";
import {
  concentrationOf,
  learntAt,
  swingsOf,
} from "../../../lib/figures/beyond/row_swings.ts";
import { rankCorrelation } from "../../../lib/numeric/rank_correlation.ts";
import { testClaims } from "../_claims.ts";
import { opposingGroups, rowSwing } from "../_measures.ts";

const eta = (...args: Parameters<typeof opposingGroups>) => ({
  measures: { groups: opposingGroups(...args), swings: null },
});
const slingshot = (...args: Parameters<typeof rowSwing>) => ({
  measures: { groups: null, swings: rowSwing(...args) },
});

testClaims("opposing", {
  C40: {
    holds: { "eta0.45": eta(1, 1, 5000) },
    fails: [
      { "eta0.45": eta(0.98, 1, 5000) },
      { "eta0.45": eta(1, 0.98, 5000) },
      { "eta0.45": eta(1, 1, 999) },
    ],
  },
  C41: {
    holds: { "eta0.02": eta(0.3, 0.05, 10) },
    fails: [
      { "eta0.02": eta(0.29, 0.01, 10) },
      { "eta0.02": eta(0.9, 0.06, 10) },
    ],
  },
  C42: {
    holds: { "eta0.45": eta(1, 1, 5000, 0.1, -0.5) },
    fails: [
      { "eta0.45": eta(1, 1, 5000, 0.11, -0.9) },
      { "eta0.45": eta(1, 1, 5000, 0.01, -0.4) },
    ],
  },
  C43: {
    holds: { slingshot: slingshot(0.2, 0.1) },
    fails: [
      { slingshot: slingshot(0.19, 0) },
      { slingshot: slingshot(0.3, 0.4) },
    ],
    neither: [
      { slingshot: { measures: { groups: null, swings: null } } },
      { slingshot: slingshot(0.5, 0, 49) },
      { slingshot: slingshot(null, null) },
    ],
  },
});

Deno.test("rankCorrelation() is Spearman's, ties at their mean rank", () => {
  assertClose(
    [rankCorrelation([1, 2, 3, 4], [10, 20, 30, Infinity])!],
    [1],
    { relative: 1e-12, absolute: 0 },
    "ρ",
  );
  // NumPy: np.corrcoef of the mean ranks.
  assertClose(
    [rankCorrelation([1, 2, 2, 4, 5], [5, 1, 3, 2, 2])!],
    [-0.5263157894736843],
    { relative: 1e-12, absolute: 0 },
    "ρ",
  );
  assertEquals(rankCorrelation([1, 2, 3], [4, 4, 4]), null);
});

Deno.test("rows swing by Σ|Δℓ|, and are learnt from where they stay right", () => {
  const losses = [[0, 1], [3, 1], [1, 2]].map((at) => Float64Array.from(at));
  assertEquals(swingsOf(losses), [5, 1]);
  assertEquals(concentrationOf([5, 1]), 5 / 6);
  const right = [[true, false, false], [false, true, false], [
    true,
    true,
    false,
  ]];
  assertEquals(learntAt(right), [2, 1, Infinity]);
  assertEquals(learntAt([[true]]), [0]);
});
