/** What claims came to, in words. */

import { assertEquals } from "@std/assert";
import type { Tally } from "../../lib/figures/figure.ts";
import {
  seedsText,
  shareText,
  stepsText,
  tallyText,
  wordedText,
} from "../../lib/reproduce/claim_text.ts";

const tally: Tally = {
  wanted: 5,
  there: 3,
  saying: 3,
  so: 2,
  share: 2 / 3,
  interval: [0.2077, 0.9385],
};
const none: Tally = { ...tally, saying: 0, so: 0, share: null, interval: null };

Deno.test("shareText() and seedsText() say of how many", () => {
  assertEquals(shareText(tally), "67 % (21 % to 94 %)");
  assertEquals(shareText(none), "–");
  assertEquals(seedsText(tally), "3 of 5");
  // More than there are to be.
  assertEquals(seedsText({ ...tally, wanted: 2 }), "3 of 3");
});

Deno.test("tallyText() tells seeds that say nothing from those that are not there", () => {
  assertEquals(
    tallyText(tally),
    "so with 2 of the 3 that say something, 67 % (21 % to 94 %); 3 of 5 are there",
  );
  assertEquals(
    tallyText({ ...tally, saying: 1, so: 1, share: 1, interval: [0.2, 1] }),
    "so with 1 of the 1 that says something, 100 % (20 % to 100 %); 3 of 5 are " +
      "there",
  );
  assertEquals(tallyText(none), "none says anything; 3 of 5 are there");
});

Deno.test("stepsText() spells never out, and an interval where there is one", () => {
  assertEquals(
    stepsText([
      { what: "a", seeds: 3, median: 1234.5, interval: [100, null] },
      { what: "b", seeds: 3, median: null, interval: [null, null] },
      { what: "c", seeds: 1, median: 50, interval: [50, 50] },
    ]),
    "a 1,235 (100 to never); b never; c 50",
  );
});

Deno.test("wordedText() names who worded a claim", () => {
  const who = (worded: "paper" | "users" | "groklab") =>
    wordedText({ worded, written: "before", told: "" });
  assertEquals([who("paper"), who("users"), who("groklab")], [
    "the paper",
    "users of its code",
    "us",
  ]);
});
