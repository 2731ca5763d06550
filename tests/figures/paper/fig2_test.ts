import { always, type Arms, from, testClaims } from "../_claims.ts";

// Steps of half collapse and peaks of float16, float32 and float64, the same
// with 60 and with 70 %; what is reached after the collapse does not count.
function arms(
  collapse: readonly number[],
  peaks: readonly number[],
  behind: readonly number[] = [1, 1, 1],
): Arms {
  return Object.fromEntries(
    [0.6, 0.7].flatMap((fraction) =>
      [16, 32, 64].map((bits, i) => [`float${bits}-${fraction}`, {
        columns: {
          softmax_collapse: from(collapse[i]!),
          test_accuracy: (step: number) =>
            step <= collapse[i]! ? peaks[i]! : behind[i]!,
        },
      }])
    ),
  );
}
const paper = arms([2000, 3000, 7000], [0.15, 0.29, 0.53]);
// Runs of one accuracy throughout, collapsed from the start.
const whole = (peaks: readonly number[]) => arms([0, 0, 0], peaks, peaks);
const memorised = from(400);

testClaims("fig2", {
  C2: {
    holds: { "float32-0.4": { columns: { train_accuracy: memorised } } },
    fails: [{
      "float32-0.4": {
        columns: { train_accuracy: memorised, test_accuracy: from(9000, 0.2) },
      },
    }],
    neither: [{ "float32-0.4": { columns: { train_accuracy: always(0.5) } } }],
  },
  C3: {
    holds: paper,
    fails: [
      arms([2000, 2000, 7000], [0, 0, 0]),
      arms([3000, 2000, 7000], [0, 0, 0]),
      { ...paper, "float64-0.7": paper["float16-0.7"]! },
    ],
    // Which of two that never come is later?
    neither: [arms([2000, Infinity, Infinity], [0, 0, 0])],
  },
  C4: {
    holds: paper,
    fails: [
      arms([2000, 3000, 7000], [0.15, 0.15, 0.53]),
      arms([2000, 3000, 7000], [0.29, 0.15, 0.53]),
    ],
    // Nothing generalised: that is no order.
    neither: [arms([2000, 3000, 7000], [0.03, 0.02, 0.04])],
  },
  C27: {
    holds: whole([0.15, 0.29, 0.53]),
    fails: [
      // What counts is the whole run: behind collapse all are right here.
      paper,
      whole([0.15, 0.15, 0.53]),
      whole([0.29, 0.15, 0.53]),
    ],
    neither: [whole([0.03, 0.02, 0.04])],
  },
});
