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

// A cosine of the output layer, too: 0.6 at step 0, 0.9 at step 3000.
const ramp = (start: number, slope: number): Curve => (step) =>
  start + slope * step;
const OUTPUT = {
  "mlp": "layers.2.W",
  "mlp-biases": "layers.2.W",
  "transformer": "W_U",
};
const paper = (cos: Curve, output: Curve, train?: Curve): Arms =>
  Object.fromEntries(
    Object.entries(arms(cos, train)).map(([name, { columns }]) => [name, {
      columns: {
        ...columns,
        [`cos_weight_neg_gradient.${OUTPUT[name as keyof typeof OUTPUT]}`]:
          output,
      },
    }]),
  );

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
  C28: {
    holds: paper(ramp(0.5, 1e-4), ramp(0.6, 1e-4)),
    fails: [
      // It falls, or stays; output layers get below 0.9 at most, or above it.
      paper(ramp(0.9, -1e-4), always(0.9)),
      paper(always(0.5), always(0.9)),
      paper(ramp(0.5, 1e-4), always(0.84)),
      paper(ramp(0.5, 1e-4), always(0.96)),
      { ...paper(ramp(0.5, 1e-4), always(0.9)), mlp: arms(always(0))["mlp"]! },
    ],
    neither: [
      paper(ramp(0.5, 1e-4), always(0.9), always(0.9)),
      // Collapsed before it has memorised.
      paper(ramp(0.5, 1e-4), always(0.9), from(4000)),
    ],
  },
});
