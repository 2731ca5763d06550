import { always, type Arms, from, testClaims } from "../_claims.ts";

const at = (step: number) => ({ columns: { test_accuracy: from(step) } });
const all = (weightDecay: number, step: number): Arms =>
  Object.fromEntries(
    [0.002, 0.005, 0.01, 0.02, 0.05].map((lr) => [
      `adamw-lr${lr}-wd${weightDecay}`,
      at(step),
    ]),
  );
const some = { "adamw-lr0.05-wd4": at(150) };

testClaims("fig15", {
  C7: {
    holds: { ...some, "perp-lr0.01-wd0": at(120) },
    fails: [
      { ...some, "perp-lr0.01-wd0": at(300) },
      some,
      // The best of all settings counts.
      { ...some, "adamw-lr0.02-wd2": at(100), "perp-lr0.01-wd0": at(120) },
    ],
    neither: [{
      "perp-lr0.01-wd0": { columns: { test_accuracy: always(0.9) } },
    }],
  },
  C25: {
    holds: { ...some, "perp-lr0.01-wd0": at(120) },
    fails: [
      // With weight decay it would be sooner, which does not count.
      {
        ...some,
        "perp-lr0.01-wd0": at(300),
        "perp-lr0.01-wd2": at(100),
      },
      // A setting that diverged is one that does not get there.
      { ...some, "perp-lr0.05-wd0": { diverged_at: 10 } },
    ],
    neither: [{
      "perp-lr0.01-wd0": { columns: { test_accuracy: always(0.9) } },
    }],
  },
  C21: {
    holds: some,
    fails: [{ ...some, "adamw-lr0.01-wd8": at(200) }, all(8, 300)],
    neither: [{ "perp-lr0.01-wd0": at(120) }],
  },
});
