/**
 * The marks of claims' rules: what meets one exactly, and what just misses it.
 * (That rules hold, fail and wait at all is each figure's own test.)
 */

import { assertEquals } from "@std/assert";
import type { Decision } from "../../lib/figures/figure.ts";
import { figures } from "../../lib/figures/mod.ts";
import { always, type Arms, constructed, from } from "./_claims.ts";
import {
  behind,
  encodings,
  eps,
  fig1,
  fig12,
  fig13,
  fig14,
  fig16,
  fig1a,
  fig4,
  fig5,
  fig5Output,
  fig6,
  fig7,
  fig8,
  firstOf,
  firstOfEncoder,
  never,
  peaks,
  perp,
  test,
} from "./_arms.ts";

type Verdict = Decision["verdict"];

type Case = readonly [
  figure: string,
  claim: string,
  mark: string,
  arms: (x: number) => Arms,
  verdicts: readonly (readonly [x: number, verdict: Verdict])[],
];

const [holds, fails, inconclusive] = [
  "holds",
  "fails",
  "inconclusive",
] as const;

const CASES: readonly Case[] = [
  ["fig1", "C1", "StableMax at 95 %", (x) => fig1(from(40_000, x), never), [
    [0.95, holds],
    [0.949, fails],
  ]],
  ["fig1", "C1", "by step 80,000", (x) => fig1(from(x), never), [
    [80_000, holds],
    [80_001, fails],
  ]],
  ["fig1", "C1", "softmax below 10 %", (x) => fig1(from(40_000), always(x)), [
    [0.0999, holds],
    [0.1, fails],
  ]],
  ["fig1", "C16", "nearer by ln 1.1", fig1a, [
    [120, inconclusive],
    [123, holds],
  ]],
  ["fig1", "C16", "99.5 % is full", (x) => fig1a(123, x), [
    [0.995, holds],
    [0.9949, fails],
  ]],
  ["fig2", "C4", "10 % is more than chance", peaks, [
    [0.1, holds],
    [0.0999, inconclusive],
  ]],
  ["fig2", "C27", "10 % is more than chance", peaks, [
    [0.1, holds],
    [0.0999, inconclusive],
  ]],
  ["fig5", "C28", "0.9 to one digit", (x) => fig5Output(x), [
    [0.8499, fails],
    [0.8501, holds],
    [0.9499, holds],
    [0.9501, fails],
  ]],
  [
    "fig10",
    "C19",
    "10 points more are absorbed",
    (x) => ({
      sgd: {
        columns: {
          absorbed_updates: from(2000, x),
          logit_scale: (step) => 1 + step,
          train_accuracy: from(500),
        },
      },
    }),
    [[0.1, holds], [0.0999, fails]],
  ],
  ["fig12", "C12", "a Gini of 0.4", (x) => fig12(x, 0.1), [
    [0.4, holds],
    [0.399, fails],
  ]],
  ["fig12", "C12", "0.1 above a flat one", (x) => fig12(0.45, x), [
    [0.35, holds],
    [0.351, fails],
  ]],
  ["fig12", "C12", "95 % counts", (x) => fig12(0, 0, x), [
    [0.95, fails],
    [0.949, inconclusive],
  ]],
  ["fig13", "C13", "deeper below 50 %", (x) => fig13(1, x), [
    [0.4999, holds],
    [0.5, fails],
  ]],
  ["fig13", "C13", "one layer above 50 %", (x) => fig13(x, 0), [
    [0.5, holds],
    [0.4999, inconclusive],
  ]],
  ["fig14", "C20", "95 % collapsed", (x) => fig14(x, 0), [
    [0.95, holds],
    [0.949, fails],
  ]],
  ["fig14", "C20", "10 points higher", (x) => fig14(1, 0, x), [
    [0.1, holds],
    [0.0999, fails],
  ]],
  [
    "fig15",
    "C21",
    "100 % is full",
    (x) => ({
      "adamw-lr0.05-wd4": test(always(1)),
      "adamw-lr0.01-wd8": test(always(x)),
    }),
    [[0.9999, holds], [1, fails]],
  ],
  ["fig16", "C11", "half collapsed", (x) => fig16(x, 9000, 0), [
    [0.5, holds],
    [0.499, inconclusive],
  ]],
  ["fig16", "C11", "later, not as late", (x) => fig16(1, x, 0), [
    [2600, holds],
    [2000, fails],
  ]],
  ["fig16", "C11", "1 % with smoothing", (x) => fig16(1, 9000, x), [
    [0.01, holds],
    [0.0101, fails],
  ]],
  ["fig16", "C22", "from 10 to 99 %", (x) => fig16(1, 9000, 0, x), [
    [0.1, holds],
    [0.0999, fails],
    [0.9899, holds],
    [0.99, fails],
  ]],
  ["fig4", "C1", "95 % groks", fig4, [[0.95, holds], [0.949, fails]]],
  ["fig4", "C9", "10 points apart", (x) => encodings(x, 0.05), [
    [0.1, holds],
    [0.0999, fails],
  ]],
  ["fig4", "C29", "scalars at half", (x) => encodings(x, 0.9), [
    [0.5, holds],
    [0.4999, fails],
  ]],
  ["fig4", "C29", "base 2 at half", (x) => encodings(0.7, x), [
    [0.5, holds],
    [0.4999, fails],
  ]],
  ["fig4", "C29", "two-hot below 10 %", (x) => encodings(0.7, 0.9, x), [
    [0.0999, holds],
    [0.1, fails],
  ]],
  ["fig4", "C9", "1 point is no chance", (x) => encodings(0.6, x), [
    [0.01, holds],
    [0.0099, inconclusive],
  ]],
  ["fig5", "C6", "0.2 higher", fig5, [[0.2, holds], [0.1999, fails]]],
  ["fig6", "C7", "95 % within 500", (x) => fig6(x, 0), [
    [0.95, holds],
    [0.949, fails],
  ]],
  ["fig6", "C7", "AdamW below 10 %", (x) => fig6(1, x), [
    [0.0999, holds],
    [0.1, fails],
  ]],
  ["fig6", "C30", "99 % groks", firstOfEncoder, [
    [0.99, holds],
    [0.989, fails],
  ]],
  ["fig6", "C8", "99 % groks", firstOf, [[0.99, holds], [0.989, fails]]],
  ["fig7", "C18", "cosine above 0.5", (x) => fig7([1, x], [0, 1]), [
    [1.7, holds], // 0.507
    [1.8, fails], // 0.486
  ]],
  ["fig7", "C18", "half of that", (x) => fig7([3, 1], [1, x]), [
    [1.9, holds], // 0.466 of 0.949
    [1.8, fails], // 0.486
  ]],
  [
    "fig8",
    "C5",
    "20 points to gain",
    (x) => fig8("induced", behind(x), never),
    [[0.2, holds], [0.1999, inconclusive]],
  ],
  [
    "fig8",
    "C5",
    "less than a quarter",
    (x) => fig8("induced", behind(0.8), behind(x)),
    [[0.1999, holds], [0.2, fails]],
  ],
  [
    "fig8",
    "C26",
    "up to step 6,000",
    (x) => fig8("adamw-early", behind(0.8, x), never, "adamw"),
    [[6000, holds], [6100, inconclusive]],
  ],
  ["eps", "C14", "20 % say something", (x) => eps(x, 0.05), [
    [0.2, holds],
    [0.1999, inconclusive],
  ]],
  ["eps", "C14", "less than a half", (x) => eps(0.9, x), [
    [0.4499, holds],
    [0.45, fails],
  ]],
  ["eps", "C14", "half collapsed", (x) => eps(0.9, 0, x), [
    [0.4999, holds],
    [0.5, fails],
  ]],
  ["perp", "C15", "a factor of 1.5", (x) => perp(300, x), [
    [450, holds],
    [440, fails],
  ]],
  ["perp", "C15", "a factor of 1.5 less", (x) => perp(x, 300), [
    [450, holds],
    [440, fails],
  ]],
  ["perp", "C15", "95 % groks", (x) => perp(100, 300, x), [
    [0.95, holds],
    [0.949, fails],
  ]],
];

for (const [figure, id, mark, arms, verdicts] of CASES) {
  Deno.test(`${figure}: ${id}'s mark, ${mark}`, () => {
    const claim = figures[figure]!.claims.find((claim) => claim.id === id)!;
    assertEquals(
      verdicts.map(([x]) => {
        const { verdict } = claim.decide(constructed(figure, arms(x)));
        return [x, verdict];
      }),
      verdicts.map((one) => [...one]),
    );
  });
}
