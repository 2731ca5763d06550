import { always, type Arms, type Curve, from, testClaims } from "../_claims.ts";

const arms = (cos: Curve, train: Curve = from(500)): Arms =>
  Object.fromEntries(
    ["mlp", "mlp-biases", "transformer"].map((name) => [name, {
      columns: {
        cos_weight_neg_gradient: cos,
        train_accuracy: train,
        softmax_collapse: from(3000),
      },
    }]),
  );
const rises = arms(from(1000, 0.6));

testClaims("fig5", {
  C6: {
    holds: rises,
    fails: [
      arms(always(0.6)),
      // Too little, and only once the softmax has collapsed.
      arms(from(1000, 0.1)),
      arms(from(4000, 0.9)),
      { ...rises, transformer: arms(always(0))["mlp"]! },
    ],
    neither: [arms(from(1000, 0.6), always(0.9))],
  },
});
