import { gap } from "../_measures.ts";
import { testClaims } from "../_claims.ts";

// A network by what it answers of train and test rows before, and what falls.
const run = ({ train = 1, test = 1, low = 0.8, lost = 0, ...unseen }: {
  train?: number;
  test?: number;
  low?: number;
  lost?: number;
  lowTest?: number;
  lostTest?: number;
}) => {
  const { lowTest = low, lostTest = lost } = unseen;
  return {
    measures: { gap: gap([train, low, lost], [test, lowTest, lostTest]) },
  };
};
const circuit = (falls: { low?: number; lost?: number } = {}) => run(falls);
const memory = (falls: { low?: number; lost?: number } = {}) =>
  run({ test: 0.1, ...falls });

const shares = (...low: readonly number[]) =>
  Object.fromEntries(
    [0, 1, 5, 20, 100].map((share, i) => [
      `grokked-${share}`,
      circuit({ low: low[i]! }),
    ]),
  );

testClaims("stability-gap", {
  C55: {
    holds: { "grokked-100": circuit({ low: 0.89, lost: 0.01 }) },
    fails: [
      { "grokked-100": circuit({ low: 0.91 }) },
      { "grokked-100": circuit({ lost: 0.02 }) },
    ],
    neither: [
      { "grokked-100": memory() },
      { "grokked-100": run({ train: 0.98 }) },
    ],
  },
  C56: {
    holds: { "grokked-100": run({ low: 1, lowTest: 0.85 }) },
    fails: [
      { "grokked-100": run({ lostTest: 0.3 }) },
      { "grokked-100": run({ lowTest: 0.95 }) },
    ],
    neither: [{ "grokked-100": memory() }],
  },
  C57: {
    holds: shares(0.1, 0.2, 0.3, 0.5, 0.8),
    fails: [shares(0.1, 0.1, 0.3, 0.5, 0.8), shares(0.1, 0.2, 0.3, 0.9, 0.8)],
    neither: [{ ...shares(0.1, 0.2, 0.3, 0.5, 0.8), "grokked-5": memory() }],
  },
  C58: {
    holds: {
      "grokked-100": circuit({ low: 0.8 }),
      "memory-100": memory({ low: 0.7 }),
      "long-100": memory({ low: 0.75 }),
    },
    fails: [
      {
        "grokked-100": circuit({ low: 0.8 }),
        "memory-100": memory({ low: 0.8 }),
        "long-100": memory({ low: 0.7 }),
      },
      {
        "grokked-100": circuit({ low: 0.8 }),
        "memory-100": memory({ low: 0.7 }),
        "long-100": memory({ low: 0.9 }),
      },
    ],
    neither: [{
      "grokked-100": circuit({ low: 0.8 }),
      "memory-100": memory({ low: 0.7 }),
      "long-100": circuit({ low: 0.7 }),
    }],
  },
  C59: {
    holds: {
      "grokked-20": circuit({ lost: 0.3 }),
      "memory-20": memory({ lost: 0.4 }),
    },
    fails: [{
      "grokked-20": circuit({ lost: 0.3 }),
      "memory-20": memory({ lost: 0.3 }),
    }],
    neither: [{
      "grokked-20": circuit({ lost: 0.3 }),
      "memory-20": run({ test: 0.5, lost: 0.4 }),
    }],
  },
});
