import { always, type Arms, from, testClaims } from "../_claims.ts";

const arms = (collapse: readonly number[], peaks: readonly number[]): Arms =>
  Object.fromEntries(
    [0.6, 0.7].flatMap((fraction) =>
      [16, 32, 64].map((bits, i) => [`float${bits}-${fraction}`, {
        columns: {
          softmax_collapse: from(collapse[i]!),
          test_accuracy: always(peaks[i]!),
        },
      }])
    ),
  );
const more = arms([1000, 2000, 5000], [0.1, 0.3, 0.5]);

testClaims("fig9", {
  C3: { holds: more, fails: [arms([2000, 1000, 5000], [0.1, 0.3, 0.5])] },
  C4: { holds: more, fails: [arms([1000, 2000, 5000], [0.5, 0.3, 0.5])] },
  C27: { holds: more, fails: [arms([1000, 2000, 5000], [0.5, 0.3, 0.5])] },
});
