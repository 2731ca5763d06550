import { type Arms, from, testClaims } from "../_claims.ts";

const never = Infinity;
const lost = (steps: Readonly<Record<string, number>>): Arms =>
  Object.fromEntries(
    Object.entries(steps).map(([name, step]) => [
      name,
      { columns: { softmax_collapse: from(step, 0.6) } },
    ]),
  );
const groks = (steps: Readonly<Record<string, number>>): Arms =>
  Object.fromEntries(
    Object.entries(steps).map(([name, step]) => [
      name,
      { columns: { test_accuracy: from(step) } },
    ]),
  );

testClaims("remedies", {
  C52: {
    holds: lost({
      "mlp-none": 1000,
      "transformer-none": 2000,
      "mlp-z-loss": never,
      "transformer-z-loss": never,
    }),
    fails: [
      lost({ "mlp-none": 1000, "mlp-z-loss": 2000, "transformer-none": 1000 }),
      lost({ "mlp-none": 1000, "mlp-z-loss": 2000 }),
    ],
    neither: [lost({ "mlp-none": 1000 }), lost({ "mlp-z-loss": 1000 })],
  },
  C53: {
    holds: groks({ "mlp-perp": 1000, "transformer-perp": 1500 }),
    fails: [
      groks({ "mlp-perp": 1000 }),
      groks({ "mlp-perp": 100, "transformer-perp": 100, "mlp-strong": 3000 }),
      groks({}),
    ],
  },
  C54: {
    holds: lost({ "transformer-none": 2000 }),
    fails: [lost({ "transformer-none": 2000, "transformer-qk-norm": 2500 })],
    neither: [lost({ "transformer-qk-norm": 2500 })],
  },
});
