import { always, type Arms, testClaims } from "../_claims.ts";

const RATES = 9;

// Losses of 5 at first, then parabolas over the rates of two curvatures.
const losses = (
  part: "train" | "test",
  plain: number,
  normed: number,
): Arms =>
  Object.fromEntries(
    ([["plain", plain], ["qk-norm", normed]] as const).flatMap(
      ([variant, curvature]) =>
        [32, 64, 128, 256].flatMap((width) =>
          Array.from({ length: RATES }, (_, i) => [
            `${variant}-${width}-lr${i}`,
            {
              columns: {
                [`${part}_cross_entropy`]: (step: number) =>
                  step === 0 ? 5 : 1 + curvature * (i - 4) ** 2,
              },
            },
          ])
        ),
    ),
  );

// A run of the plain arm that diverged counts as the loss at initialisation.
const diverged = (arms: Arms): Arms => ({
  ...arms,
  "plain-32-lr8": { ...arms["plain-32-lr8"], diverged_at: 100 },
});

testClaims("proxies", {
  C50: {
    holds: diverged(losses("train", 0.1, 0.1)),
    fails: [losses("train", 0.1, 0.2), losses("train", 0.1, 0.1)],
    neither: [{
      "plain-32-lr0": { columns: { train_cross_entropy: always(0) } },
    }],
  },
  C51: {
    holds: losses("test", 0.2, 0.1),
    fails: [losses("test", 0.1, 0.11)],
    neither: [losses("train", 0.2, 0.1)],
  },
});
