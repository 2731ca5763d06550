/**
 * What there is to look at now, in a sentence.
 *
 * @module
 */

/** What is known of a network at a step. */
export interface Seen {
  readonly step: number;
  /** Shares of right answers, 0 to 1. */
  readonly train: number;
  readonly test: number;
  /** Share of the sampled train rows in Softmax Collapse, in the loss's precision. */
  readonly collapsed: number;
  /** The share of the table that its five strongest frequencies have. */
  readonly five: number;
  /** How many classes there are: what guessing comes to. */
  readonly classes: number;
}

// Above it a network is said to know.
const KNOWS = 0.99;
const percent = (share: number) => `${Math.floor(share * 100)} %`;

/**
 * Where a training stands, and what to look at.
 *
 * @param seen What is known of the network.
 */
export function sayingOf(seen: Seen): string {
  const { train, test, collapsed, five, classes } = seen;
  const shares = `train ${percent(train)}, test ${percent(test)}`;
  const circles =
    `Its five strongest frequencies carry ${percent(five)} of the ` +
    "first weights";
  if (test >= KNOWS) {
    return `It has grokked: ${shares}. ${circles}; look at the circles and at ` +
      "the stripes.";
  }
  if (train < KNOWS) {
    return train < 3 / classes
      ? `It guesses: ${shares}. Look at the train accuracy.`
      : `It is memorising: ${shares}. The pairs that it trains on are all that ` +
        "it learns yet.";
  }
  if (collapsed > 0.5) {
    return `It has memorised and its softmax has collapsed: ${shares}. For ` +
      `${
        percent(collapsed)
      } of the train pairs the loss's exponentials sum to ` +
      "exactly 1, so that nothing more is learnt of them.";
  }
  if (test > 0.5) {
    return `It is grokking: ${shares}. ${circles}: see the circles close.`;
  }
  return test > 5 / classes
    ? `It begins to generalise: ${shares}. ${circles}; look at the spectrum.`
    : `It has memorised: ${shares}. Nothing shows in the accuracy now; look at ` +
      "the spectrum, where frequencies grow.";
}
